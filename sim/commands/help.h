// What the program says of itself: from the tables of its commands.
#pragma once

#include <string>
#include <vector>

#include "sim/commands/command.h"

namespace straggle {

constexpr const char* program_title = "a simulator for straggler-aware gradient aggregation";
constexpr const char* program_exit_codes =
    "Exit code: 0 fine, 1 an expectation or an exactness check failed, 2 something to mend in the call, the "
    "configuration or the system, 128 and the signal's number where it was stopped.";
constexpr const char* program_example =
    "straggle run configs/first.json --set /compute/shift=0.05 --trials 5000";

/// The paragraphs of a text, with one space between words.
std::vector<std::string> paragraphs(const std::string& text);
/// Words put into lines of at most help_width columns, the second and the following ones indented.
std::string fill(const std::string& words, std::size_t indent);
constexpr std::size_t help_width = 120;

/// What `straggle help` prints.
std::string help_of_program();
/// What `straggle COMMAND --help` prints.
std::string help_of(const Command& command);

}  // namespace straggle
