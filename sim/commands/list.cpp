// straggle list: what a configuration can name.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "sim/base/text.h"
#include "sim/commands/arguments.h"
#include "sim/commands/command.h"
#include "sim/run/columns.h"
#include "sim/run/schema.h"
#include "sim/schemes/gradient_codes.h"
#include "sim/table/table.h"

namespace straggle {
namespace {

struct Entry {
  std::string name, summary;
};

template <class Plugin>
std::vector<Entry> plug_ins() {
  std::vector<Entry> entries;
  for (const auto& [name, plugin] : Registry<Plugin>::instance().entries())
    entries.push_back({name, summary_with_fields(plugin.summary, plugin.fields)});
  return entries;
}

std::vector<Entry> codes() {
  std::vector<Entry> entries;
  for (const Word& code : named_codes())
    entries.push_back({code.name, summary_with_fields(code.meaning, {})});
  return entries;
}

/// The kinds of what a configuration names, and what there is of each.
const std::vector<std::pair<std::string, std::vector<Entry> (*)()>> kinds = {
    {"schemes", plug_ins<SchemePlugin>},
    {"codes", codes},
    {"compute", plug_ins<ComputePlugin>},
    {"networks", plug_ins<NetworkPlugin>}};

std::vector<std::string> names_of_kinds() {
  std::vector<std::string> names;
  for (const auto& [name, entries] : kinds) names.push_back(name);
  names.push_back("columns");
  names.push_back("schema");
  return names;
}

std::vector<std::pair<std::string, std::vector<ResultColumn>>> result_files() {
  std::vector<ResultColumn> results = result_columns({.critical = true}, true);
  const std::vector<ResultColumn> quantiles = quantile_columns("TALLY", "-");
  results.insert(results.end() - 1, quantiles.begin(), quantiles.end());  // before that of the precision
  return {{"results.csv", results}, {"samples.csv", sample_columns({.critical = true})}};
}

int list_command(const Arguments& arguments) {
  const bool json = arguments.choice("format") == "json";
  const std::string wanted = arguments.choice().value_or("");
  if (wanted == "schema") {
    std::cout << configuration_schema_text();
    return fine;
  }
  Json all = Json::object();
  for (const auto& [kind, entries] : kinds) {
    if (!wanted.empty() && wanted != kind) continue;
    std::vector<std::vector<std::string>> lines;
    Json& listed = all[kind] = Json::array();
    for (const Entry& entry : entries()) {
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

const CommandRegistration registration({
    .name = "list",
    .summary = "the schemes, codes, compute models and networks there are",
    .description =
        R"(One line for each: its name in a configuration, what it is; the fields it takes. `columns` are those of the
result files, with their units; they are listed only when asked for, and in JSON. `schema` is the JSON schema of
configurations, with the plug-ins of this program.)",
    .positional = {{.value = "", .choices = names_of_kinds(), .optional = true}},
    .options =
        {{.name = "format",
          .value = "FORMAT",
          .help = R"({choices}: {"schemes": [{"name": ..., "summary": ...}, ...], ...}; of columns )"
                  R"({"results.csv": [{"name": ..., "unit": ..., "meaning": ...}, ...], "samples.csv": ...})",
          .choices = {"table", "json"}}},
    .example = "straggle list schemes",
    .run = list_command,
    .place = 6,
});

}  // namespace
}  // namespace straggle
