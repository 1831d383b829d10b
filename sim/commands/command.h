// The commands of the program, one file each.
#pragma once

#include <string>
#include <vector>

namespace straggle {

/// What the process ends with; 128 and the signal where it was asked to stop.
enum ExitCode { fine = 0, missed = 1, mendable = 2 };

/// Each takes the words behind its name, prints, and returns an ExitCode; a ConfigError says what to mend.
int run_command(const std::vector<std::string>& words);
int verify_command(const std::vector<std::string>& words);
int check_command(const std::vector<std::string>& words);
int replay_command(const std::vector<std::string>& words);
int report_command(const std::vector<std::string>& words);
int list_command(const std::vector<std::string>& words);

}  // namespace straggle
