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

namespace {

/// What behind the word that is none of `known` says what it has to be.
std::string near_to(const std::string& word, const std::vector<std::string>& known, const char* quote) {
  const auto near = nearest_name(word, known);
  return near ? fmt::format(" (did you mean {0}{1}{0}?)", quote, *near) : "";
}

/// What Boost calls the words without an option. It would take it for an option, too.
constexpr const char* positional_key = "positional";

}  // namespace

Arguments::Arguments(const Command& command, const std::vector<std::string>& words)
    : command_(command), options_(command.options) {
  options_.push_back(help_option());
  po::options_description description;
  for (const Option& option : options_) {
    const std::string name = option.name + (option.letter ? std::string{',', option.letter} : "");
    if (option.value.empty())
      description.add_options()(name.c_str(), "");
    else
      description.add_options()(name.c_str(), po::value<std::vector<std::string>>());
  }
  description.add_options()(positional_key, po::value<std::vector<std::string>>());
  po::positional_options_description positional;
  positional.add(positional_key, -1);
  namespace style = po::command_line_style;
  try {
    const auto parsed = po::command_line_parser(words)
                            .options(description)
                            .positional(positional)
                            .style(style::unix_style & ~style::allow_guessing)
                            .run();
    for (const auto& option : parsed.options)
      if (option.string_key == positional_key && option.position_key < 0) refuse("--" + option.string_key);
    po::store(parsed, map_);
  } catch (const po::unknown_option& error) {
    refuse(error.get_option_name());
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
  const std::size_t most = !command.positional ? 0 : command.positional->repeated ? words.size() : 1;
  if (!map_.contains(positional_key)) return;
  const auto& given = map_[positional_key].as<std::vector<std::string>>();
  if (given.size() > most)
    throw ConfigError(fmt::format("{}: one argument too many", printable(given[most], 100)));
}

void Arguments::refuse(const std::string& option) const {
  // As it was typed: a short one is not called a long one.
  const std::string word = option.substr(std::min(option.find_first_not_of('-'), option.size()));
  std::vector<std::string> names, meant;
  for (const Option& known : options_) names.push_back(known.name);
  if (const auto near = nearest_name(word, names); near && word.size() > 1) {
    meant = {"--" + *near};
  } else if (!option.starts_with("--") && !word.empty()) {
    for (const std::string& name : names)
      if (name[0] == word[0]) meant.push_back("--" + name);
  }
  throw ConfigError(fmt::format(
      "{}{}: there is no such option{}", option.starts_with("--") ? "--" : "-", printable(word, 100),
      meant.empty() ? "" : fmt::format(" (did you mean {}?)", fmt::join(meant, " or "))));
}

const Option& Arguments::option_named(const std::string& name) const {
  for (const Option& option : options_)
    if (option.name == name) return option;
  throw std::logic_error(fmt::format("{} has no option --{}", command_.name, name));
}

bool Arguments::given(const std::string& flag) const {
  return map_.contains(option_named(flag).name);
}

std::vector<std::string> Arguments::all(const std::string& option) const {
  return given(option) ? map_[option].as<std::vector<std::string>>() : std::vector<std::string>{};
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

std::string Arguments::choice(const std::string& option) const {
  const std::vector<std::string>& known = option_named(option).choices;
  const std::string wanted = last(option).value_or(known.front());
  if (std::find(known.begin(), known.end(), wanted) != known.end()) return wanted;
  throw ConfigError(fmt::format("--{} {}: must be {} or {}{}", option, printable(wanted, 100),
                                fmt::join(known.begin(), known.end() - 1, ", "), known.back(),
                                near_to(wanted, known, "")));
}

std::vector<std::string> Arguments::positional() const {
  if (map_.contains(positional_key)) return map_[positional_key].as<std::vector<std::string>>();
  if (command_.positional && !command_.positional->optional)
    throw ConfigError(fmt::format("{0}: {1} (straggle {0} {2}; straggle {0} --help)", command_.name,
                                  command_.positional->question, form_of(*command_.positional)));
  return {};
}

std::string Arguments::name() const {
  const std::string name = positional().at(0);
  if (name.empty())
    throw ConfigError(fmt::format("{}: the name of the {} is empty", command_.name,
                                  command_.positional->offer == Offer::folders ? "folder" : "configuration"));
  return name;
}

std::optional<std::string> Arguments::choice() const {
  const std::vector<std::string> given = positional();
  if (given.empty()) return std::nullopt;
  const std::vector<std::string>& known = command_.positional.value().choices;
  if (std::find(known.begin(), known.end(), given[0]) != known.end()) return given[0];
  throw ConfigError(fmt::format("{} {}: must be {}{}", command_.name, printable(given[0], 100),
                                quoted_list(known), near_to(given[0], known, "\"")));
}

Overrides Arguments::overrides() const {
  return {.set = all("set"), .trials = count("trials", 1), .seed = count("seed", 0)};
}

unsigned Arguments::threads() const {
  const std::uint64_t wanted =
      count("threads", 1).value_or(std::max(1u, std::thread::hardware_concurrency()));
  if (wanted > 4096) throw ConfigError("--threads: must be at most 4096");
  return static_cast<unsigned>(wanted);
}

}  // namespace straggle
