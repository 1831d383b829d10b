// straggle completion: what the Tab key of a shell offers, as a script made of the tables of the commands.
#include <fmt/format.h>

#include <iostream>

#include "sim/commands/arguments.h"
#include "sim/commands/command.h"

namespace straggle {
namespace {

int completion_command(const Arguments& arguments);

const CommandRegistration registration({
    .name = "completion",
    .summary = "the script that completes straggle's words in a shell",
    .description =
        R"(Prints a script after which Tab completes commands, options, the words an option takes, and files. For the
shell at hand: `source <(straggle completion bash)`, and the same with zsh behind its compinit. For every one to come:
that line in ~/.bashrc or ~/.zshrc; or the script as a file, where bash's package bash-completion looks for it
(~/.local/share/bash-completion/completions/straggle), and zsh (_straggle in a folder of its fpath).)",
    .positional = {{.value = "", .question = "for which shell?", .choices = {"bash", "zsh"}}},
    .example = "straggle completion bash",
    .run = completion_command,
});

std::string replaced(std::string text, std::string_view place, const std::string& by) {
  return text.replace(text.find(place), place.size(), by);
}

std::vector<Option> all_options(const Command& command) {
  std::vector<Option> options = command.options;
  options.push_back(help_option());
  return options;
}

std::string names_of_commands() {
  std::string names;
  for (const Command& command : commands()) names += (names.empty() ? "" : " ") + command.name;
  return names;
}

/// Bash's word for what a value is: one of the words of a list, or one of the cases of the script.
std::string bash_value(Offer offer, const std::vector<std::string>& choices) {
  if (!choices.empty()) return fmt::format("words='{}'", fmt::join(choices, " "));
  switch (offer) {
    case Offer::files:
      return "names=files";
    case Offer::folders:
      return "names=folders";
    case Offer::configurations:
      return "names=configurations";
    case Offer::commands:
      return "words=$commands";
    case Offer::nothing:
      break;
  }
  return ":";
}

// The words of a line are looked at from left to right, since what a word is depends on those before it. Bash
// takes --format=csv for three words, and so --set /trials=5 for four.
constexpr const char* bash_script = R"script(# Completion for bash, of `straggle completion bash`.
_straggle() {
  local word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]} commands='<commands>'
  local options='' valued='' words='' names='' option='' given=0 i
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    mapfile -t COMPREPLY < <(compgen -W "$commands --help --version" -- "$word")
    return
  fi
  if [[ $command == --help || $command == -h ]]; then command=help; fi
  case $command in
<options>    *) return ;;
  esac
  for ((i = 2; i < COMP_CWORD; ++i)); do
    if [[ -n $option ]]; then
      if [[ ${COMP_WORDS[i]} == = ]]; then continue; fi
      option=''
      if [[ ${COMP_WORDS[i + 1]} == = ]]; then
        ((i += 2))
        if ((i >= COMP_CWORD)); then return; fi
      fi
    elif [[ " $valued " == *" ${COMP_WORDS[i]} "* ]]; then
      option=${COMP_WORDS[i]}
    elif [[ ${COMP_WORDS[i]} != -?* ]]; then
      ((++given))
    fi
  done
  if [[ $word == = ]]; then word=''; fi
  if [[ -n $option ]]; then
    case $command:$option in
<values>    esac
  elif [[ $word == -* ]]; then
    words=$options
  else
    case $command:$given in
<positional>      *) words=$options ;;
    esac
  fi
  case $names in
    files) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    folders) mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
    configurations) mapfile -t COMPREPLY < <(compgen -d -- "$word"; compgen -f -X '!*.json' -- "$word") ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word") ;;
  esac
  if [[ -n $names ]]; then compopt -o filenames 2>/dev/null; fi
}
complete -F _straggle straggle
)script";

std::string completion_for_bash() {
  std::string options, values, positional;
  for (const Command& command : commands()) {
    std::string names, valued;
    for (const Option& option : all_options(command)) {
      std::string forms = "--" + option.name;
      names += (names.empty() ? "" : " ") + forms;
      if (option.value.empty()) continue;
      if (option.letter) forms += fmt::format(" -{}", option.letter);
      valued += (valued.empty() ? "" : " ") + forms;
      const std::string value = bash_value(option.offer, option.choices);
      if (value == ":") continue;
      values += fmt::format("      {}:--{}", command.name, option.name);
      if (option.letter) values += fmt::format(" | {}:-{}", command.name, option.letter);
      values += ") " + value + " ;;\n";
    }
    options += fmt::format("    {}) options='{}' valued='{}' ;;\n", command.name, names, valued);
    if (command.positional)
      positional +=
          fmt::format("      {}:{}) {} ;;\n", command.name, command.positional->repeated ? "*" : "0",
                      bash_value(command.positional->offer, command.positional->choices));
  }
  std::string script = replaced(bash_script, "<commands>", names_of_commands());
  script = replaced(script, "<options>", options);
  script = replaced(script, "<values>", values);
  return replaced(script, "<positional>", positional);
}

/// A word of a shell, whatever is in it.
std::string zsh_word(const std::string& text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? "'\\''" : std::string(1, c);
  return result + "'";
}

/// The text with a backslash before what separates the parts of a description in zsh.
std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text)
    result += std::string(c == '[' || c == ']' || c == ':' || c == '\\' ? "\\" : "") + c;
  return result;
}

/// What an option does, short enough for a list.
std::string gist_of(const Option& option) {
  constexpr std::size_t most = 80;
  std::string gist = meaning_of(option);
  gist = gist.substr(0, gist.find(';'));
  return gist.size() <= most ? gist : gist.substr(0, gist.rfind(' ', most)) + " ...";
}

std::string zsh_value(const std::string& value, Offer offer, const std::vector<std::string>& choices) {
  const std::string start = ":" + escaped(value) + ":";
  if (!choices.empty()) return start + fmt::format("({})", fmt::join(choices, " "));
  switch (offer) {
    case Offer::files:
      return start + "_files";
    case Offer::folders:
      return start + "_files -/";
    case Offer::configurations:
      return start + "_files -g \"*.json\"";
    case Offer::commands:
      return start + "(" + names_of_commands() + ")";
    case Offer::nothing:
      break;
  }
  return start + " ";
}

constexpr const char* zsh_script = R"script(#compdef straggle
# Completion for zsh, of `straggle completion zsh`.
_straggle() {
  local context state state_descr line
  local -A opt_args
  local -a commands
  commands=(
<commands>  )
  if (( CURRENT == 2 )); then
    if [[ $PREFIX == -* ]]; then
      compadd -- --help --version
    else
      _describe -t commands command commands
    fi
    return
  fi
  shift words
  (( CURRENT -= 1 ))
  case $words[1] in
<cases>  esac
}
if [[ $funcstack[1] == _straggle ]]; then _straggle "$@"; else compdef _straggle straggle; fi
)script";

std::string completion_for_zsh() {
  std::string listed, cases;
  for (const Command& command : commands()) {
    listed += "    " + zsh_word(command.name + ":" + command.summary) + "\n";
    cases +=
        fmt::format("    {})\n      _arguments", command.name == "help" ? "help|--help|-h" : command.name);
    for (const Option& option : all_options(command)) {
      const std::string equals = option.value.empty() ? "" : "=", plus = option.value.empty() ? "" : "+";
      std::string rest = "[" + escaped(gist_of(option)) + "]";
      if (!option.value.empty()) rest += zsh_value(option.value, option.offer, option.choices);
      const std::string form = "--" + option.name + equals;
      cases += " \\\n        ";
      if (option.letter)
        cases += fmt::format("'{}'{{-{}{},{}}}{}",
                             option.repeated ? "*" : fmt::format("(-{} --{})", option.letter, option.name),
                             option.letter, plus, form, zsh_word(rest));
      else
        cases += zsh_word((option.repeated ? "*" : "") + form + rest);
    }
    if (const auto& positional = command.positional)
      cases += " \\\n        " + zsh_word((positional->repeated   ? "*"
                                           : positional->optional ? "1:"
                                                                  : "1") +
                                          zsh_value(positional->value.empty() ? "word" : positional->value,
                                                    positional->offer, positional->choices));
    cases += "\n      ;;\n";
  }
  return replaced(replaced(zsh_script, "<commands>", listed), "<cases>", cases);
}

int completion_command(const Arguments& arguments) {
  std::cout << (arguments.choice() == "zsh" ? completion_for_zsh() : completion_for_bash());
  return fine;
}

}  // namespace
}  // namespace straggle
