// straggle help: the program or one of its commands explained.
#include "sim/commands/help.h"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <sstream>

#include "sim/commands/arguments.h"

namespace straggle {
namespace {

int help_command(const Arguments& arguments);

const CommandRegistration registration(
    {.name = "help",
     .summary = "explain the program, or a command",
     .description = "The same as `straggle COMMAND --help`, or `straggle --help` where no "
                    "command is named.",
     .positional = {{.value = "COMMAND", .offer = Offer::commands, .optional = true}},
     .example = "straggle help run",
     .run = help_command});

/// Two columns, the second one filled.
std::string in_columns(const std::vector<std::pair<std::string, std::string>>& lines) {
  std::size_t width = 0;
  for (const auto& [left, right] : lines) width = std::max(width, left.size());
  std::string text;
  for (const auto& [left, right] : lines)
    text += fill(fmt::format("  {:{}}  {}", left, width, right), width + 4) + "\n";
  return text;
}

int help_command(const Arguments& arguments) {
  const std::vector<std::string> about = arguments.positional();
  std::cout << (about.empty() ? help_of_program() : help_of(command_named(about.front())));
  return fine;
}

}  // namespace

std::vector<std::string> paragraphs(const std::string& text) {
  std::vector<std::string> result;
  std::istringstream lines(text);
  bool open = false;  // the last one goes on
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    bool any = false;
    for (std::string word; words >> word; any = true) {
      if (!open) result.emplace_back();
      result.back() += (open ? " " : "") + word;
      open = true;
    }
    open = open && any;
  }
  return result;
}

std::string fill(const std::string& words, std::size_t indent) {
  std::string result, line = words;
  while (line.size() > help_width) {
    std::size_t end = line.rfind(' ', help_width);
    const std::size_t begin = line.find_first_not_of(' ');
    if (end == std::string::npos || end < begin) end = line.find(' ', begin);  // the word alone is too long
    if (end == std::string::npos) break;
    result += line.substr(0, end) + "\n";
    line = std::string(indent, ' ') + line.substr(end + 1);
  }
  return result + line;
}

std::string help_of_program() {
  std::vector<std::pair<std::string, std::string>> lines;
  for (const Command& command : commands()) {
    const bool named = command.positional && !command.positional->optional;
    lines.emplace_back(command.name + (named ? " " + form_of(*command.positional) : ""), command.summary);
  }
  return fmt::format(
      "straggle: {}\n\nusage: straggle COMMAND [ARGUMENTS]\n\n{}\n{}\n\nexample: {}\n", program_title,
      in_columns(lines),
      fill(fmt::format("`straggle help COMMAND` or `straggle COMMAND --help` tells more, `straggle "
                       "version` what this is. {}",
                       program_exit_codes),
           0),
      program_example);
}

std::string help_of(const Command& command) {
  std::string text = "usage: " + usage_of(command) + "\n\n";
  for (const std::string& paragraph : paragraphs(command.description)) text += fill(paragraph, 0) + "\n\n";
  std::vector<std::pair<std::string, std::string>> lines;
  for (const Option& option : command.options) lines.emplace_back(form_of(option), meaning_of(option));
  if (!lines.empty()) text += in_columns(lines) + "\n";
  return text + "example: " + command.example + "\n";
}

}  // namespace straggle
