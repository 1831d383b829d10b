#include "sim/run/results.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>

#include "sim/base/config.h"
#include "sim/base/text.h"

namespace straggle {
namespace {

constexpr std::string_view end_mark = "# end: ", interrupted_mark = "# interrupted: ";

/// What the last line of a finished file says: `# end: N rows of run ID`.
struct End {
  std::size_t rows;
  std::string run;
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
  end.run = line.substr(of.size());
  const bool is_id = !end.run.empty() && end.run.find_first_not_of("0123456789abcdef") == std::string::npos;
  return is_id ? std::optional(end) : std::nullopt;
}

}  // namespace

std::optional<std::size_t> ResultsHeader::find(const std::string& column) const {
  const auto found = std::find(columns.begin(), columns.end(), column);
  if (found == columns.end()) return std::nullopt;
  return static_cast<std::size_t>(found - columns.begin());
}

ResultsReader::ResultsReader(const std::string& file) : file_(file, "a results file") {
  const std::string by_run = "; the first lines of what `straggle run` writes begin with \"# \"";
  std::string line;
  const auto comment = [&](std::string_view key) {
    row_line_ = line_ + 1;
    if (!read_line(line) || !line.starts_with(key))
      fail(fmt::format("must begin with \"{}\"{}", key, by_run));
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
  for (const std::string& column : header_.columns)
    if (std::count(header_.columns.begin(), header_.columns.end(), column) > 1)
      fail(fmt::format("names column \"{}\" twice", column));
}

std::size_t ResultsReader::column(const std::string& name) const {
  const auto found = header_.find(name);
  if (!found) throw ConfigError(fmt::format("{}: has no column \"{}\"", printable(file_.path()), name));
  return *found;
}

bool ResultsReader::next(std::vector<std::string>& fields) {
  std::string line;
  do {
    row_line_ = line_ + 1;
    if (!read_line(line))
      fail("is cut: the last line has to be \"# end: \" and the number of its rows; run it again");
  } while (line.empty());
  if (line.starts_with('#')) {
    read_end(line);
    return false;
  }
  fields.clear();
  for (std::size_t at = 0;;) {
    std::string& field = fields.emplace_back();
    if (at < line.size() && line[at] == '"') {
      for (++at;; ++at) {
        while (at == line.size()) {  // the field goes on in the next line
          std::string more;
          if (!read_line(more)) fail("has a quotation mark that is never closed");
          line += "\n" + more;
        }
        if (line[at] == '"' && (++at == line.size() || line[at] != '"')) break;
        field += line[at];
      }
      if (at < line.size() && line[at] != ',') fail("has text behind a closing quotation mark");
    } else {
      const std::size_t comma = std::min(line.find(',', at), line.size());
      field = line.substr(at, comma - at);
      at = comma;
    }
    if (at == line.size()) break;
    ++at;
  }
  if (&fields != &header_.columns && fields.size() != header_.columns.size())
    fail(fmt::format("has {} fields, but there are {} columns", fields.size(), header_.columns.size()));
  if (&fields != &header_.columns) ++rows_;
  return true;
}

void ResultsReader::read_end(const std::string& line) {
  if (line.starts_with(interrupted_mark))
    fail(fmt::format("is of a run that was interrupted: {}; run it again",
                     printable(line.substr(interrupted_mark.size()), 60)));
  const std::optional<End> end = parse_end(line);
  if (!end) fail("must be a row, or \"# end: N rows of run ID\"");
  if (end->rows != rows_)
    fail(fmt::format("says that there are {} rows, but there are {}", end->rows, rows_));
  for (std::string more; read_line(more);) {
    row_line_ = line_;
    if (!more.empty()) fail("comes after the end");
  }
  run_ = end->run;
}

void ResultsReader::fail(const std::string& what) const {
  throw ConfigError(fmt::format("{}:{}: {}", printable(file_.path()), row_line_, what));
}

bool ResultsReader::read_line(std::string& line) {
  constexpr std::size_t portion = 1 << 16;
  std::size_t end = buffer_.find('\n', used_);
  while (end == std::string::npos) {
    buffer_.erase(0, used_);
    used_ = 0;
    const std::size_t had = buffer_.size();
    buffer_.resize(had + portion);
    buffer_.resize(had + file_.read({buffer_.data() + had, portion}));
    if (buffer_.empty()) return false;
    end = buffer_.find('\n', had);
    if (end == std::string::npos && buffer_.size() < had + portion) end = buffer_.size();  // of the file too
  }
  line = buffer_.substr(used_, end - used_);
  used_ = std::min(end + 1, buffer_.size());
  ++line_;
  if (line.ends_with('\r')) line.pop_back();
  return true;
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
