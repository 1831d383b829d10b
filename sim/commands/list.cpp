// straggle list: what a configuration can name.
#include <fmt/format.h>

#include <iostream>

#include "sim/commands/arguments.h"
#include "sim/commands/command.h"
#include "sim/run/report.h"
#include "sim/run/table.h"
#include "sim/schemes/gradient_codes.h"

namespace straggle {
namespace {

constexpr const char* list_help = R"(usage: straggle list [schemes|codes|compute|networks|columns]

One line for each: its name in a configuration, what it is; the fields it takes. `columns` are those of the result files,
with their units; they are listed only when asked for.

example: straggle list schemes
)";

}  // namespace

int list_command(const std::vector<std::string>& words) {
  const Arguments arguments(words, {}, 1);
  if (arguments.help()) {
    std::cout << list_help;
    return fine;
  }
  const std::vector<std::string> plug_ins = {"schemes", "codes", "compute", "networks"};
  const std::vector<std::string> wanted = arguments.positional().empty() ? plug_ins : arguments.positional();
  using Lines = std::vector<std::vector<std::string>>;
  const auto lines_of = [](const auto& entries) {
    Lines lines;
    for (const auto& [name, plugin] : entries) lines.push_back({"  " + name, plugin.summary});
    return lines;
  };
  for (const std::string& kind : wanted) {
    Lines lines;
    if (kind == "schemes") {
      lines = lines_of(Registry<SchemePlugin>::instance().entries());
    } else if (kind == "codes") {
      for (const NamedCode& code : named_codes()) lines.push_back({"  " + code.name, code.summary});
    } else if (kind == "compute") {
      lines = lines_of(Registry<ComputePlugin>::instance().entries());
    } else if (kind == "networks") {
      lines = lines_of(Registry<NetworkPlugin>::instance().entries());
    } else if (kind == "columns") {
      for (const auto& [file, columns] : {std::pair("results.csv", result_columns({.critical = true})),
                                          std::pair("samples.csv", sample_columns({.critical = true}))}) {
        lines.clear();
        for (const ResultColumn& column : columns)
          lines.push_back({"  " + column.name, column.unit, column.meaning});
        std::cout << file << "\n" << align(lines, 3);
      }
      continue;
    } else {
      std::vector<std::string> kinds = plug_ins;
      kinds.push_back("columns");
      const auto near = nearest_name(kind, kinds);
      throw ConfigError(fmt::format("list {}: must be {}{}", kind, quoted_list(kinds),
                                    near ? fmt::format(" (did you mean \"{}\"?)", *near) : ""));
    }
    std::cout << kind << "\n" << align(lines, 2);
  }
  return fine;
}

}  // namespace straggle
