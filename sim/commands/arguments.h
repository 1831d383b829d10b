// The words of a command line, read by the table of their command; mistakes in them are a ConfigError.
#pragma once

#include <boost/program_options.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/commands/command.h"
#include "sim/run/experiment.h"

namespace straggle {

/// A whole number below 2^64, also written as 2e3 or 1.5e3. Nothing where it is anything else.
std::optional<std::uint64_t> parse_whole(std::string_view text);

/// A whole number, at least `least`, of option `--OPTION TEXT`.
std::uint64_t parse_count(const std::string& option, const std::string& text, std::uint64_t least);

/// A point of the sweep, of option `--point TEXT`.
std::size_t parse_point(const std::string& text, std::size_t points);

/// What the command line changes in the configuration, as options.
std::string options_of(const Overrides& overrides);

/// The words behind a command's name, read by its table. An option that is asked for has to stand there: a
/// std::logic_error otherwise.
class Arguments {
 public:
  Arguments(const Command& command, const std::vector<std::string>& words);

  bool help() const { return given("help"); }
  bool given(const std::string& flag) const;
  std::vector<std::string> all(const std::string& option) const;
  std::optional<std::string> last(const std::string& option) const;
  /// As last(), of an option that names a file or a folder: an empty name is refused.
  std::optional<std::string> name(const std::string& option) const;
  std::optional<std::uint64_t> count(const std::string& option, std::uint64_t least) const;
  /// One of the option's choices; the first of them where it is not given.
  std::string choice(const std::string& option) const;

  /// What stands there without an option; asked for where there is nothing and has to be something.
  std::vector<std::string> positional() const;
  /// The one of positional() that names a configuration or a folder: an empty name is refused.
  std::string name() const;
  /// The one of positional(), one of its choices; nothing where it may be left out, and is.
  std::optional<std::string> choice() const;

  Overrides overrides() const;
  unsigned threads() const;

 private:
  const Option& option_named(const std::string& name) const;
  /// Of an option as it was typed.
  [[noreturn]] void refuse(const std::string& option) const;

  const Command& command_;
  std::vector<Option> options_;  // help too
  boost::program_options::variables_map map_;
};

}  // namespace straggle
