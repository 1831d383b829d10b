#include "sim/run/results.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <string_view>

#include "sim/base/config.h"

namespace straggle {

std::optional<std::size_t> ResultsHeader::find(const std::string& column) const {
  const auto found = std::find(columns.begin(), columns.end(), column);
  if (found == columns.end()) return std::nullopt;
  return static_cast<std::size_t>(found - columns.begin());
}

ResultsReader::ResultsReader(const std::string& file) : file_(file), stream_(file, std::ios::binary) {
  std::error_code error;
  if (std::filesystem::is_directory(file, error))
    throw ConfigError(fmt::format("{}: is a folder, not a results file", file));
  if (!stream_) throw ConfigError(fmt::format("{}: cannot be opened for reading", file));
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
  if (!found) throw ConfigError(fmt::format("{}: has no column \"{}\"", file_, name));
  return *found;
}

bool ResultsReader::next(std::vector<std::string>& fields) {
  std::string line;
  do {
    if (!read_line(line)) return false;
    row_line_ = line_;
  } while (line.empty());
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
  return true;
}

void ResultsReader::fail(const std::string& what) const {
  throw ConfigError(fmt::format("{}:{}: {}", file_, row_line_, what));
}

bool ResultsReader::read_line(std::string& line) {
  if (!std::getline(stream_, line)) {
    if (stream_.bad()) throw ConfigError(fmt::format("{}: cannot be read", file_));
    return false;
  }
  ++line_;
  if (line.ends_with('\r')) line.pop_back();
  return true;
}

ResultsTable read_results(const std::string& file) {
  ResultsReader reader(file);
  ResultsTable table{.header = reader.header(), .rows = {}};
  for (std::vector<std::string> fields; reader.next(fields);) table.rows.push_back(fields);
  return table;
}

}  // namespace straggle
