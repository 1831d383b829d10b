#include "sim/commands/arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <thread>

namespace straggle {

namespace po = boost::program_options;

std::uint64_t parse_count(const std::string& option, const std::string& text, std::uint64_t least) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || text.empty() || value < least)
    throw ConfigError(fmt::format("--{} {}: must be a whole number, at least {}", option, text, least));
  return value;
}

std::size_t parse_point(const std::string& text, std::size_t points) {
  const std::uint64_t index = parse_count("point", text, 0);
  if (index >= points)
    throw ConfigError(fmt::format("--point {}: the sweep has points 0 to {}", index, points - 1));
  return index;
}

std::string shell_word(const std::string& text) {
  const bool plain = !text.empty() && text.find_first_not_of(
                                          "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                          "0123456789_-+=./:,@%") == std::string::npos;
  if (plain) return text;
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? "'\\''" : std::string(1, c);
  return result + "'";
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
    std::string name = error.get_option_name();
    name.erase(0, name.find_first_not_of('-'));
    std::vector<std::string> names = known_;
    names.push_back("help");
    const auto near = nearest_name(name, names);
    throw ConfigError(fmt::format("--{}: there is no such option{}", name,
                                  near ? fmt::format(" (did you mean --{}?)", *near) : ""));
  } catch (const po::error& error) {
    throw ConfigError(error.what());
  }
  if (this->positional().size() > most_positional)
    throw ConfigError(fmt::format("{}: one argument too many", this->positional()[most_positional]));
}

std::vector<std::string> Arguments::all(const std::string& option) const {
  return map_.contains(option) ? map_[option].as<std::vector<std::string>>() : std::vector<std::string>{};
}

std::optional<std::string> Arguments::last(const std::string& option) const {
  const auto values = all(option);
  return values.empty() ? std::nullopt : std::optional(values.back());
}

std::optional<std::uint64_t> Arguments::count(const std::string& option, std::uint64_t least) const {
  const auto text = last(option);
  return text ? std::optional(parse_count(option, *text, least)) : std::nullopt;
}

std::string Arguments::config(const char* command) const {
  if (positional().empty())
    throw ConfigError(
        fmt::format("{0}: which configuration? (straggle {0} CONFIG; straggle {0} --help)", command));
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
