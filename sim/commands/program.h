// From the words of the command line to a command.
#pragma once

#include <string>
#include <vector>

namespace straggle {

/// Finds the command, reads its words by its table and runs it, or prints its help. Returns what the process
/// ends with; a ConfigError says what to mend in the call.
int run_program(const std::vector<std::string>& words);

/// The same as a whole program: takes the standard descriptors, prints what goes wrong, whatever it is, and
/// returns what the process ends with. The only place that prints errors.
int run_and_report(const std::vector<std::string>& words);

}  // namespace straggle
