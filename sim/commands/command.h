// A command as data: one file each registers itself, and its table of options makes the parser, the help, the
// completion of shells and the man page.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/base/registry.h"

namespace straggle {

/// What the process ends with; 128 and the signal where it was asked to stop.
enum ExitCode { fine = 0, missed = 1, mendable = 2 };

/// What a shell offers in the place of a value, where it is not one of a few words.
enum class Offer { nothing, files, folders, configurations, commands };

/// An option, once for parser, help, completion and man page.
struct Option {
  std::string name;   ///< `out` for --out
  std::string value;  ///< what stands for its value, `DIR`; empty: a flag, which takes none
  std::string help;   ///< what it does and its default; {choices} stands for the words in `choices`
  char letter = 0;    ///< its short form, `o` for -o
  Offer offer = Offer::nothing;
  std::vector<std::string> choices = {};  ///< the words it takes, or some of them; the first is the default
  bool repeated = false;                  ///< every one of several counts, not the last
  bool in_usage = false;                  ///< shown in the usage line also beside many others
};

/// What stands on the command line without an option.
struct Positional {
  std::string value;          ///< what stands for it, `CONFIG`; empty: its choices
  std::string question = {};  ///< asks for it where it is missing: `which configuration?`
  Offer offer = Offer::nothing;
  std::vector<std::string> choices = {};  ///< the words it may be
  bool optional = false, repeated = false;
};

class Arguments;

struct Command {
  std::string name;
  std::string summary;      ///< its line in the program's help
  std::string description;  ///< paragraphs, with an empty line between; other line ends are spaces
  std::optional<Positional> positional = {};
  std::vector<Option> options = {};  ///< --help, which all have, left out
  std::string example;               ///< a call that works in the program's source tree
  /// Prints, and returns an ExitCode; a ConfigError says what to mend.
  int (*run)(const Arguments& arguments) = nullptr;
  int place = 100;  ///< commands are listed by it, those of one place by name
};

/// A namespace-scope object of this type in the command's file registers it.
struct CommandRegistration : Registration<Command> {
  explicit CommandRegistration(const Command& command) : Registration(command.name, command) {}
};

/// All of them, as they are listed.
std::vector<Command> commands();
/// The command of that name; a ConfigError where there is none.
const Command& command_named(const std::string& name);

/// `-o, --output FILE`.
std::string form_of(const Option& option);
/// `CONFIG`, `PATH...`, `bash|zsh`.
std::string form_of(const Positional& positional);
/// `straggle run CONFIG [OPTIONS]`; the options themselves where they are few.
std::string usage_of(const Command& command);
/// What an option does, with its choices in words: `table (default), csv or json`.
std::string meaning_of(const Option& option);

/// --help, which every command has.
Option help_option();
/// Those that several commands share. Arguments::overrides() reads the first three, threads() the last.
Option set_option();
Option trials_option();
Option seed_option();
Option threads_option();
/// CONFIG, which Arguments::name() reads.
Positional configuration();

}  // namespace straggle
