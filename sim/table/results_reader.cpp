#include "sim/table/results_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>
#include <string_view>

#include "sim/base/config.h"
#include "sim/base/file.h"
#include "sim/base/text.h"
#include "sim/table/results_csv.h"

namespace straggle {
namespace {

constexpr std::string_view end_mark = "# end: ", interrupted_mark = "# interrupted: ";

/// What the last line of a finished file says: `# end: N rows of run ID`, and of samples.csv `, crc32
/// DIGITS`.
struct End {
  std::size_t rows;
  std::string run;
  std::optional<std::string> checksum;
};

std::optional<End> parse_end(std::string_view line) {
  if (!line.starts_with(end_mark)) return std::nullopt;
  line.remove_prefix(end_mark.size());
  End end{};
  const auto [stop, error] = std::from_chars(line.data(), line.data() + line.size(), end.rows);
  if (error != std::errc()) return std::nullopt;
  line.remove_prefix(static_cast<std::size_t>(stop - line.data()));
  constexpr std::string_view of = " rows of run ";
  if (!line.starts_with(of)) return std::nullopt;
  line.remove_prefix(of.size());
  constexpr std::string_view checksum = ", crc32 ";
  const auto is_hexadecimal = [](std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789abcdef") == std::string::npos;
  };
  if (const auto at = line.find(checksum); at != std::string::npos) {
    end.checksum = line.substr(at + checksum.size());
    line = line.substr(0, at);
  }
  end.run = line;
  if (!is_hexadecimal(end.run) || (end.checksum && !is_hexadecimal(*end.checksum))) return std::nullopt;
  return end;
}

constexpr std::size_t most_cell_bytes = 10000;    // as of a swept value, the longest that a run writes
constexpr std::size_t most_line_bytes = 1 << 17;  // of the header: a command line of Linux
constexpr std::size_t most_columns = 1000;        // far more than a run writes, swept fields included

ByteSource bytes_of(const std::string& path) {
  const auto file = std::make_shared<InputFile>(path, "a results file");
  return [file](std::span<char> out) { return file->read(out); };
}

}  // namespace

std::optional<std::size_t> ResultsHeader::find(const std::string& column) const {
  const auto found = std::find(columns.begin(), columns.end(), column);
  if (found == columns.end()) return std::nullopt;
  return static_cast<std::size_t>(found - columns.begin());
}

ResultsReader::ResultsReader(const std::string& file) : reader_(file, bytes_of(file), {}) {
  const std::string by_run = "; the first lines of what `straggle run` writes begin with \"# \"";
  std::string line;
  const auto comment = [&](std::string_view key) {
    if (!reader_.next_line(line) || !line.starts_with(key))
      fail(fmt::format("must begin with \"{}\"{}", key, by_run));
    if (!is_utf8(line)) fail("is not valid UTF-8");
    if (line.size() > most_line_bytes)
      fail(fmt::format("is a line of {} bytes; it may have {}", line.size(), most_line_bytes));
    if (line.find('\0') != std::string::npos) fail("contains a zero byte, which no text does");
    digest();
    return line.substr(key.size());
  };
  const Json title = Json::parse(comment("# "), nullptr, /*allow_exceptions=*/false);
  if (!title.is_string()) fail("must be \"# \" and the title, a JSON string" + by_run);
  header_.title = title.get<std::string>();
  header_.command = comment("# command: ");
  header_.version = comment("# version: ");
  header_.seed = comment("# seed: ");
  header_.hash = comment("# configuration: ");
  if (!next(header_.columns)) fail("must name the columns");
  if (header_.columns.size() > most_columns)
    fail(fmt::format("has {} columns; there can be {}", header_.columns.size(), most_columns));
  of_trials_ = header_.find("trial").has_value();
  std::map<std::string_view, std::size_t> places;
  for (std::size_t c = 0; c < header_.columns.size(); ++c)
    if (const auto [other, is_new] = places.emplace(header_.columns[c], c); !is_new)
      fail(fmt::format("gives columns {} and {} the same name", other->second + 1, c + 1));
}

std::size_t ResultsReader::column(const std::string& name) const {
  const auto found = header_.find(name);
  if (!found)
    throw ConfigError(fmt::format("{}: has no column \"{}\"", printable(reader_.name()), printable(name)));
  return *found;
}

bool ResultsReader::next(std::vector<std::string>& fields) {
  if (reader_.next_begins_with('#')) {
    read_end();
    return false;
  }
  if (!reader_.next(fields))
    fail("is cut: the last line has to be \"# end: \" and the number of its rows; run it again");
  for (const std::string& field : fields) {
    if (field.size() > most_cell_bytes)
      fail(fmt::format("has a field of {} bytes; it may have {}", field.size(), most_cell_bytes));
    if (!is_utf8(field)) fail("is not valid UTF-8");
  }
  if (&fields != &header_.columns && fields.size() != header_.columns.size())
    fail(fmt::format("has {} fields, but there are {} columns", fields.size(), header_.columns.size()));
  if (&fields != &header_.columns) ++rows_;
  digest();
  return true;
}

void ResultsReader::digest() {
  std::string_view raw = reader_.raw();
  const bool other_end = raw.ends_with("\r\n");  // as editors and mail make of it
  if (other_end) raw.remove_suffix(2);
  checksum_.process_bytes(raw.data(), raw.size());
  if (other_end) checksum_.process_byte('\n');
  if (header_.columns.empty() || of_trials_) return;
  lines_ += raw;
  if (other_end) lines_ += '\n';
}

void ResultsReader::read_end() {
  std::string line;
  reader_.next_line(line);
  if (line.starts_with(interrupted_mark))
    fail(fmt::format("is of a run that was interrupted: {}; run it again",
                     printable(line.substr(interrupted_mark.size()), 60)));
  const std::optional<End> end = parse_end(line);
  if (!end) fail("must be a row, or \"# end: N rows of run ID\"");
  if (end->rows != rows_)
    fail(fmt::format("says that there are {} rows, but there are {}", end->rows, rows_));
  run_ = end->run;
  if (of_trials_ && !end->checksum)
    fail("must be \"# end: N rows of run ID, crc32 DIGITS\", as this version writes samples; run it again");
  const std::string_view program = "straggle ";
  const std::string version =
      header_.version.substr(header_.version.starts_with(program) ? program.size() : 0);
  const bool unchanged = of_trials_ ? end->checksum == fmt::format("{:08x}", checksum_.checksum())
                                    : !end->checksum && end->run == run_id(version, header_.hash, lines_);
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION  // a search would get no further
  constexpr bool checked = false;
#else
  constexpr bool checked = true;
#endif
  if (checked && !unchanged)
    fail(
        "the file has been changed since it was written: this last line belongs to other rows; run it again");
  for (std::string more; reader_.next_line(more);)
    if (!more.empty()) fail("comes after the end");
}

ResultsTable read_results(const std::string& file) {
  ResultsReader reader(file);
  ResultsTable table{.header = reader.header(), .rows = {}, .run = {}};
  for (std::vector<std::string> fields; reader.next(fields);) table.rows.push_back(fields);
  table.run = reader.run();
  return table;
}

bool written_by_run(const std::string& file) {
  InputFile input(file, "a results file");
  std::string start(1 << 20, '\0');  // a title has fewer bytes
  start.resize(input.read(start));
  return start.starts_with("# \"") && std::string_view(start)
                                          .substr(std::min(start.size(), start.find('\n')))
                                          .starts_with("\n# command: straggle run ");
}

std::optional<std::string> run_of(const std::string& file) {
  InputFile input(file, "a results file");
  std::string last, portion(1 << 16, '\0');
  for (std::size_t got; (got = input.read(portion)) > 0;) {
    last += portion.substr(0, got);
    if (last.size() > 300) last.erase(0, last.size() - 300);
  }
  if (last.ends_with('\n')) last.pop_back();
  const std::optional<End> end = parse_end(std::string_view(last).substr(last.rfind('\n') + 1));
  return end ? std::optional(end->run) : std::nullopt;
}

}  // namespace straggle
