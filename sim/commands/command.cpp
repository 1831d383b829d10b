#include "sim/commands/command.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/config.h"
#include "sim/base/text.h"

namespace straggle {

std::vector<Command> commands() {
  std::vector<Command> all;
  for (const auto& [name, command] : Registry<Command>::instance().entries()) all.push_back(command);
  std::stable_sort(all.begin(), all.end(),
                   [](const Command& one, const Command& other) { return one.place < other.place; });
  return all;
}

const Command& command_named(const std::string& name) {
  const Registry<Command>& registry = Registry<Command>::instance();
  if (const Command* command = registry.find(name)) return *command;
  const auto near = nearest_name(name, registry.names());
  throw ConfigError(fmt::format("{}: there is no such command{}; see straggle --help", printable(name),
                                near ? fmt::format(" (did you mean {}?)", *near) : ""));
}

std::string form_of(const Option& option) {
  return (option.letter ? fmt::format("-{}, ", option.letter) : "") + "--" + option.name +
         (option.value.empty() ? "" : " " + option.value);
}

std::string form_of(const Positional& positional) {
  return (positional.value.empty() ? fmt::format("{}", fmt::join(positional.choices, "|"))
                                   : positional.value) +
         (positional.repeated ? "..." : "");
}

std::string usage_of(const Command& command) {
  constexpr std::size_t few = 4;
  std::string usage = "straggle " + command.name;
  if (command.positional)
    usage += " " + (command.positional->optional ? "[" + form_of(*command.positional) + "]"
                                                 : form_of(*command.positional));
  for (const Option& option : command.options) {
    if (command.options.size() > few && !option.in_usage) continue;
    const std::string name = option.letter ? std::string{'-', option.letter} : "--" + option.name;
    usage += fmt::format(" [{}{}{}]{}", name, option.value.empty() ? "" : " ", option.value,
                         option.repeated ? "..." : "");
  }
  return usage + (command.options.size() > few ? " [OPTIONS]" : "");
}

std::string meaning_of(const Option& option) {
  constexpr std::string_view place = "{choices}";
  std::string meaning = option.help;
  const std::size_t at = meaning.find(place);
  if (at == std::string::npos) return meaning;
  std::vector<std::string> words = option.choices;
  words.front() += " (default)";
  return meaning.replace(
      at, place.size(),
      fmt::format("{} or {}", fmt::join(words.begin(), words.end() - 1, ", "), words.back()));
}

Option help_option() {
  return {.name = "help", .value = "", .help = "explains the command", .letter = 'h'};
}

Option set_option() {
  return {.name = "set",
          .value = "POINTER=VALUE",
          .help = "change the configuration: a JSON pointer and a JSON value; may be repeated",
          .repeated = true};
}

Option trials_option() {
  return {"trials", "N", "the same as --set /trials=N"};
}

Option seed_option() {
  return {"seed", "N", "the same as --set /seed=N"};
}

Option threads_option() {
  return {"threads", "N", "threads at work; default: all cores; the results do not depend on it"};
}

Positional configuration() {
  return {.value = "CONFIG", .question = "which configuration?", .offer = Offer::configurations};
}

}  // namespace straggle
