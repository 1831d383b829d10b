// The words of a command line, parsed; mistakes in them are a ConfigError.
#pragma once

#include <boost/program_options.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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

/// The parsed arguments of one command.
class Arguments {
 public:
  /// `options` lists the long options, each with one value, and `flags` those without; `most_positional` is
  /// how many other words are allowed.
  Arguments(const std::vector<std::string>& words, const std::vector<std::string>& options,
            std::size_t most_positional, const std::vector<std::string>& flags = {});

  bool help() const { return given("help"); }
  bool given(const std::string& flag) const { return map_.contains(flag); }
  std::vector<std::string> all(const std::string& option) const;
  std::vector<std::string> positional() const { return all("positional"); }
  std::optional<std::string> last(const std::string& option) const;
  /// As last(), of an option that names a file or a folder: an empty name is refused.
  std::optional<std::string> name(const std::string& option) const;
  std::optional<std::uint64_t> count(const std::string& option, std::uint64_t least) const;

  /// --format, one of `known`; the first of them where it is not given.
  std::string format(const std::vector<std::string>& known) const;
  /// The configuration that `command` is given.
  std::string config(const char* command) const;
  Overrides overrides() const;
  unsigned threads() const;

 private:
  std::string no_such_option(const std::string& option) const;
  std::optional<std::uint64_t> count_if_known(const std::string& option, std::uint64_t least) const;

  std::vector<std::string> known_;
  boost::program_options::variables_map map_;
};

}  // namespace straggle
