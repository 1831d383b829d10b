#include "sim/commands/program.h"

#include <iostream>

#include "sim/commands/arguments.h"
#include "sim/commands/help.h"

namespace straggle {

int run_program(const std::vector<std::string>& words) {
  if (words.empty()) {
    std::cerr << help_of_program();
    return mendable;
  }
  std::string name = words.front();
  if (name == "--help" || name == "-h") name = "help";
  if (name == "--version") name = "version";
  const Command& command = command_named(name);
  const Arguments arguments(command, {words.begin() + 1, words.end()});
  if (!arguments.help()) return command.run(arguments);
  std::cout << help_of(command);
  return fine;
}

}  // namespace straggle
