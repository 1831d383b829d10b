#include "sim/commands/arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <thread>

#include "sim/base/text.h"

namespace straggle {

namespace po = boost::program_options;

std::optional<std::uint64_t> parse_whole(std::string_view text) {
  // digits [. digits] [e [+] digits], to the last digit: through a double large ones would be rounded.
  const auto digits_from = [&](std::size_t begin) {
    return text.substr(begin, std::min(text.find_first_not_of("0123456789", begin), text.size()) - begin);
  };
  const std::string_view whole = digits_from(0);
  if (whole.empty()) return std::nullopt;
  std::string digits(whole);
  std::size_t at = whole.size(), exponent = 0;
  if (at < text.size() && text[at] == '.') {
    std::string_view fraction = digits_from(at + 1);
    if (fraction.empty()) return std::nullopt;
    at += 1 + fraction.size();
    fraction = fraction.substr(0, fraction.find_last_not_of('0') + 1);
    digits += fraction;
  }
  const std::size_t places = digits.size() - whole.size();
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && text[at] == '+') ++at;
    const std::string_view power = digits_from(at);
    if (power.empty()) return std::nullopt;
    at += power.size();
    const auto [stop, error] = std::from_chars(power.data(), power.data() + power.size(), exponent);
    if (error != std::errc()) exponent = std::numeric_limits<std::size_t>::max();
  }
  if (at != text.size() || places > exponent) return std::nullopt;
  digits.erase(0, digits.find_first_not_of('0'));
  if (digits.empty()) return 0;
  if (exponent - places > 20) return std::nullopt;
  digits.append(exponent - places, '0');
  std::uint64_t value = 0;
  const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return error == std::errc() ? std::optional(value) : std::nullopt;
}

std::uint64_t parse_count(const std::string& option, const std::string& text, std::uint64_t least) {
  const std::optional<std::uint64_t> value = parse_whole(text);
  if (!value || *value < least)
    throw ConfigError(
        fmt::format("--{} {}: must be a whole number, at least {} and below 2^64, such as 2000 or 2e3",
                    option, printable(text, 100), least));
  return *value;
}

std::size_t parse_point(const std::string& text, std::size_t points) {
  const std::uint64_t index = parse_count("point", text, 0);
  if (index >= points)
    throw ConfigError(fmt::format("--point {}: the sweep has points 0 to {}", index, points - 1));
  return index;
}

std::string options_of(const Overrides& overrides) {
  std::string options;
  for (const std::string& set : overrides.set) options += " --set " + shell_word(set);
  if (overrides.trials) options += fmt::format(" --trials {}", *overrides.trials);
  if (overrides.seed) options += fmt::format(" --seed {}", *overrides.seed);
  return options;
}

Arguments::Arguments(const std::vector<std::string>& words, const std::vector<std::string>& options,
                     std::size_t most_positional, const std::vector<std::string>& flags)
    : known_(flags) {
  po::options_description description;
  description.add_options()("help,h", "");
  for (const std::string& flag : flags) description.add_options()(flag.c_str(), "");
  for (const std::string& option : options) {  // `output,o`: with a short form
    description.add_options()(option.c_str(), po::value<std::vector<std::string>>());
    known_.push_back(option.substr(0, option.find(',')));
  }
  description.add_options()("positional", po::value<std::vector<std::string>>());
  po::positional_options_description positional;
  positional.add("positional", -1);
  namespace style = po::command_line_style;
  try {
    po::store(po::command_line_parser(words)
                  .options(description)
                  .positional(positional)
                  .style(style::unix_style & ~style::allow_guessing)
                  .run(),
              map_);
  } catch (const po::unknown_option& error) {
    throw ConfigError(no_such_option(error.get_option_name()));
  } catch (const po::invalid_command_line_syntax& error) {
    std::string name = error.get_option_name();
    name = "--" + name.substr(std::min(name.find_first_not_of('-'), name.size()));
    switch (error.kind()) {
      case po::invalid_command_line_syntax::missing_parameter:
      case po::invalid_command_line_syntax::empty_adjacent_parameter:
        throw ConfigError(fmt::format("{}: needs a value behind it", printable(name, 100)));
      case po::invalid_command_line_syntax::extra_parameter:
        throw ConfigError(fmt::format("{}: takes no value", printable(name, 100)));
      default:
        throw ConfigError(printable(error.what(), 300));
    }
  } catch (const po::error& error) {
    throw ConfigError(printable(error.what(), 300));
  }
  if (this->positional().size() > most_positional)
    throw ConfigError(
        fmt::format("{}: one argument too many", printable(this->positional()[most_positional], 100)));
}

std::string Arguments::no_such_option(const std::string& option) const {
  // As it was typed: a short one is not called a long one.
  const std::string word = option.substr(std::min(option.find_first_not_of('-'), option.size()));
  std::vector<std::string> names = known_, meant;
  names.push_back("help");
  if (const auto near = nearest_name(word, names); near && word.size() > 1) {
    meant = {"--" + *near};
  } else if (!option.starts_with("--") && !word.empty()) {
    for (const std::string& name : names)
      if (name[0] == word[0]) meant.push_back("--" + name);
  }
  return fmt::format("{}{}: there is no such option{}", option.starts_with("--") ? "--" : "-",
                     printable(word, 100),
                     meant.empty() ? "" : fmt::format(" (did you mean {}?)", fmt::join(meant, " or ")));
}

std::vector<std::string> Arguments::all(const std::string& option) const {
  return map_.contains(option) ? map_[option].as<std::vector<std::string>>() : std::vector<std::string>{};
}

std::optional<std::string> Arguments::last(const std::string& option) const {
  const auto values = all(option);
  return values.empty() ? std::nullopt : std::optional(values.back());
}

std::optional<std::string> Arguments::name(const std::string& option) const {
  const auto name = last(option);
  if (name && name->empty())
    throw ConfigError(fmt::format("--{}: the name is empty; give one, or leave the option out", option));
  return name;
}

std::optional<std::uint64_t> Arguments::count(const std::string& option, std::uint64_t least) const {
  const auto text = last(option);
  return text ? std::optional(parse_count(option, *text, least)) : std::nullopt;
}

std::string Arguments::format(const std::vector<std::string>& known) const {
  const std::string wanted = last("format").value_or(known.front());
  if (std::find(known.begin(), known.end(), wanted) != known.end()) return wanted;
  const auto near = nearest_name(wanted, known);
  throw ConfigError(fmt::format("--format {}: must be {} or {}{}", printable(wanted, 100),
                                fmt::join(known.begin(), known.end() - 1, ", "), known.back(),
                                near ? fmt::format(" (did you mean {}?)", *near) : ""));
}

std::string Arguments::config(const char* command) const {
  if (positional().empty())
    throw ConfigError(
        fmt::format("{0}: which configuration? (straggle {0} CONFIG; straggle {0} --help)", command));
  if (positional().front().empty())
    throw ConfigError(fmt::format("{}: the name of the configuration is empty", command));
  return positional().front();
}

Overrides Arguments::overrides() const {
  return {.set = all("set"), .trials = count_if_known("trials", 1), .seed = count_if_known("seed", 0)};
}

unsigned Arguments::threads() const {
  const std::uint64_t wanted =
      count("threads", 1).value_or(std::max(1u, std::thread::hardware_concurrency()));
  if (wanted > 4096) throw ConfigError("--threads: must be at most 4096");
  return static_cast<unsigned>(wanted);
}

std::optional<std::uint64_t> Arguments::count_if_known(const std::string& option, std::uint64_t least) const {
  return map_.contains(option) ? count(option, least) : std::nullopt;
}

}  // namespace straggle
