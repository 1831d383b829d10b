#include "sim/base/csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "sim/base/config.h"
#include "sim/base/text.h"

namespace straggle {
namespace {

constexpr std::size_t portion = 1 << 16;  // bytes that are asked for at a time

bool ends_line(int byte) {
  return byte == '\n' || byte == '\r';
}

}  // namespace

CsvReader::CsvReader(std::string name, ByteSource source, CsvDialect dialect)
    : name_(std::move(name)), source_(std::move(source)), dialect_(dialect) {
  if (ahead(0) == 0xef && ahead(1) == 0xbb && ahead(2) == 0xbf) at_ += 3;
}

void CsvReader::fail(const std::string& what) const {
  throw ConfigError(fmt::format("{}:{}: {}", printable(name_), begin_, what));
}

/// Makes the byte so many places ahead known; false behind the end.
bool CsvReader::fill(std::size_t places) {
  while (!exhausted_ && at_ + places >= filled_) {
    const std::size_t passed = at_ - taken_;
    buffer_.erase(0, passed);
    filled_ -= passed;
    at_ = taken_;
    buffer_.resize(filled_ + portion);
    const std::size_t got = source_({buffer_.data() + filled_, portion});
    filled_ += got;
    exhausted_ = got < portion;
  }
  return at_ + places < filled_;
}

void CsvReader::begin() {
  begin_ = line_;
  taken_ = 0;
}

void CsvReader::take(std::size_t bytes) {
  at_ += bytes;
  taken_ += bytes;
  if (taken_ > dialect_.longest)
    fail(fmt::format("is longer than the {} bytes that a row may have", dialect_.longest));
}

void CsvReader::skip_blanks() {
  // A tab separates, or may do so.
  const bool tabs = dialect_.separator != '\t' && dialect_.separator != 0;
  while (ahead() == ' ' || (tabs && ahead() == '\t')) take(1);
}

/// Passes over the end of a line, if there is one here.
bool CsvReader::skip_line_end() {
  if (!ends_line(ahead())) return false;
  take(ahead() == '\r' && ahead(1) == '\n' ? 2 : 1);
  ++line_;
  return true;
}

void CsvReader::skip_comment() {
  while (ahead() != end && !ends_line(ahead())) {
    const char* const from = buffer_.data() + at_;
    take(static_cast<std::size_t>(std::find_if(from, known_end(), ends_line) - from));
  }
}

bool CsvReader::next_begins_with(char byte) {
  do begin();
  while (skip_line_end());
  return ahead() == static_cast<unsigned char>(byte);
}

bool CsvReader::next_line(std::string& line) {
  begin();
  line.clear();
  if (ahead() == end) return false;
  while (ahead() != end && !ends_line(ahead())) {
    const char* const from = buffer_.data() + at_;
    const char* const to = std::find_if(from, known_end(), ends_line);
    line.append(from, to);
    take(static_cast<std::size_t>(to - from));
  }
  skip_line_end();
  return true;
}

void CsvReader::find_separator() {
  constexpr char candidates[] = {',', ';', '\t'};
  std::size_t counts[] = {0, 0, 0};
  bool quoted = false;
  for (std::size_t place = 0; place <= dialect_.longest; ++place) {
    const int byte = ahead(place);
    if (byte == end || (ends_line(byte) && !quoted)) break;
    if (byte == '"') quoted = !quoted;
    for (std::size_t c = 0; c < std::size(candidates) && !quoted; ++c)
      if (byte == candidates[c]) ++counts[c];
  }
  dialect_.separator = candidates[std::max_element(std::begin(counts), std::end(counts)) - counts];
}

void CsvReader::read_quoted(std::string& field) {
  take(1);
  while (true) {
    const int byte = ahead();
    if (byte == end) fail("has a quotation mark that is never closed");
    if (byte == 0) fail("contains a zero byte, which no text does");
    if (byte == '"') {
      take(1);
      if (ahead() != '"') break;
    }
    field += static_cast<char>(byte);
    if (byte == '\n' || (byte == '\r' && ahead(1) != '\n')) ++line_;
    take(1);
  }
  if (dialect_.trim) skip_blanks();
  const int byte = ahead();
  if (byte != end && byte != dialect_.separator && !ends_line(byte))
    fail("has text behind a closing quotation mark");
}

void CsvReader::read_plain(std::string& field) {
  const auto ends_field = [&](char c) { return c == dialect_.separator || ends_line(c) || c == 0; };
  while (ahead() != end && !ends_field(buffer_[at_])) {
    const char* const from = buffer_.data() + at_;
    const char* const to = std::find_if(from, known_end(), ends_field);
    field.append(from, to);
    take(static_cast<std::size_t>(to - from));
  }
  if (ahead() == 0) fail("contains a zero byte, which no text does");
  if (dialect_.trim) field.erase(field.find_last_not_of(" \t") + 1);
}

bool CsvReader::next(std::vector<std::string>& fields) {
  do {  // pass over what is no record
    begin();
    if (dialect_.trim) skip_blanks();
    if (dialect_.comments && ahead() == '#') skip_comment();
  } while (skip_line_end());
  if (ahead() == end) return false;
  if (dialect_.separator == 0) find_separator();
  for (std::size_t count = 1;; ++count) {
    if (fields.size() < count) fields.emplace_back();
    std::string& field = fields[count - 1];
    field.clear();
    if (dialect_.trim) skip_blanks();
    ahead() == '"' ? read_quoted(field) : read_plain(field);
    if (ahead() == dialect_.separator) {
      take(1);
      continue;
    }
    skip_line_end();
    fields.resize(count);
    return true;
  }
}

}  // namespace straggle
