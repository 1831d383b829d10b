// straggle list: what a configuration can name.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "sim/base/text.h"
#include "sim/commands/arguments.h"
#include "sim/commands/command.h"
#include "sim/run/columns.h"
#include "sim/schemes/gradient_codes.h"
#include "sim/table/table.h"

namespace straggle {
namespace {

constexpr const char* list_help =
    R"(usage: straggle list [schemes|codes|compute|networks|columns] [--format FORMAT]

One line for each: its name in a configuration, what it is; the fields it takes. `columns` are those of the result files,
with their units; they are listed only when asked for, and in JSON.

  --format FORMAT  table (default) or json: {"schemes": [{"name": ..., "summary": ...}, ...], ...}; of columns
                   {"results.csv": [{"name": ..., "unit": ..., "meaning": ...}, ...], "samples.csv": ...}

example: straggle list schemes
)";

struct Entry {
  std::string name, summary;
};

/// The kinds of what a configuration names, in order, and what there is of each.
std::vector<std::pair<std::string, std::vector<Entry>>> plug_ins() {
  const auto entries_of = [](const auto& plugins) {
    std::vector<Entry> entries;
    for (const auto& [name, plugin] : plugins) entries.push_back({name, plugin.summary});
    return entries;
  };
  std::vector<Entry> codes;
  for (const NamedCode& code : named_codes()) codes.push_back({code.name, code.summary});
  return {{"schemes", entries_of(Registry<SchemePlugin>::instance().entries())},
          {"codes", codes},
          {"compute", entries_of(Registry<ComputePlugin>::instance().entries())},
          {"networks", entries_of(Registry<NetworkPlugin>::instance().entries())}};
}

std::vector<std::pair<std::string, std::vector<ResultColumn>>> result_files() {
  return {{"results.csv", result_columns({.critical = true})},
          {"samples.csv", sample_columns({.critical = true})}};
}

}  // namespace

int list_command(const std::vector<std::string>& words) {
  const Arguments arguments(words, {"format"}, 1);
  if (arguments.help()) {
    std::cout << list_help;
    return fine;
  }
  const bool json = arguments.format({"table", "json"}) == "json";
  std::vector<std::string> kinds;
  for (const auto& [kind, entries] : plug_ins()) kinds.push_back(kind);
  kinds.push_back("columns");
  std::string wanted;
  if (!arguments.positional().empty()) {
    wanted = arguments.positional().front();
    if (std::find(kinds.begin(), kinds.end(), wanted) == kinds.end()) {
      const auto near = nearest_name(wanted, kinds);
      throw ConfigError(fmt::format("list {}: must be {}{}", printable(wanted, 100), quoted_list(kinds),
                                    near ? fmt::format(" (did you mean \"{}\"?)", *near) : ""));
    }
  }
  Json all = Json::object();
  for (const auto& [kind, entries] : plug_ins()) {
    if (!wanted.empty() && wanted != kind) continue;
    std::vector<std::vector<std::string>> lines;
    Json& listed = all[kind] = Json::array();
    for (const Entry& entry : entries) {
      lines.push_back({"  " + entry.name, entry.summary});
      listed.push_back({{"name", entry.name}, {"summary", entry.summary}});
    }
    if (!json) std::cout << kind << "\n" << align(lines, 2);
  }
  if (wanted == "columns" || (json && wanted.empty()))
    for (const auto& [file, columns] : result_files()) {
      std::vector<std::vector<std::string>> lines;
      Json& listed = all["columns"][file] = Json::array();
      for (const ResultColumn& column : columns) {
        lines.push_back({"  " + column.name, column.unit, column.meaning});
        listed.push_back({{"name", column.name},
                          {"unit", column.unit == "-" ? Json() : Json(column.unit)},
                          {"meaning", column.meaning}});
      }
      if (!json) std::cout << file << "\n" << align(lines, 3);
    }
  if (json) std::cout << all.dump(2) << "\n";
  return fine;
}

}  // namespace straggle
