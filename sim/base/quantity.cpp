#include "sim/base/quantity.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>

namespace straggle {
namespace {

/// One unit is 10^ten · 2^two of the base unit: both can be done without rounding.
struct Scale {
  std::string symbol;
  Unit unit;
  int ten = 0, two = 0;
};

const std::vector<Scale>& scales() {
  static const std::vector<Scale> all = [] {
    std::vector<Scale> list = {
        {"s", Unit::seconds},           {"ms", Unit::seconds, -3}, {"us", Unit::seconds, -6},
        {"\u00b5s", Unit::seconds, -6},  // the micro sign, and the Greek letter that looks the same
        {"\u03bcs", Unit::seconds, -6}, {"ns", Unit::seconds, -9}, {"1/s", Unit::per_second},
        {"/s", Unit::per_second},       {"Hz", Unit::per_second},  {"kHz", Unit::per_second, 3},
        {"MHz", Unit::per_second, 6},
    };
    const struct {
      const char* symbol;
      int ten, two;
    } prefixes[] = {{"", 0, 0},    {"k", 3, 0},   {"M", 6, 0},   {"G", 9, 0},  {"T", 12, 0},
                    {"Ki", 0, 10}, {"Mi", 0, 20}, {"Gi", 0, 30}, {"Ti", 0, 40}};
    for (const auto& [per, unit] : {std::pair{"", Unit::bytes}, std::pair{"/s", Unit::bytes_per_second}}) {
      list.push_back({std::string("bytes") + per, unit});
      for (const auto& [prefix, ten, two] : prefixes) {
        list.push_back({prefix + std::string("B") + per, unit, ten, two});
        list.push_back({prefix + std::string("bit") + per, unit, ten, two - 3});
      }
    }
    return list;
  }();
  return all;
}

/// The units of a field in words.
std::string units_in_words(Unit unit) {
  const std::string prefixed = ", the last two also with k, M, G, T, Ki, Mi, Gi or Ti before them";
  switch (unit) {
    case Unit::seconds:
      return R"("s", "ms", "us" or "ns")";
    case Unit::per_second:
      return R"("1/s", "/s", "Hz", "kHz" or "MHz")";
    case Unit::bytes:
      return R"("bytes", "B" or "bit")" + prefixed;
    case Unit::bytes_per_second:
      return R"("bytes/s", "B/s" or "bit/s")" + prefixed;
    case Unit::none:
    case Unit::mini_batches:
      break;
  }
  return "";
}

std::string lower_case(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return result;
}

/// The units that another spelling means.
std::vector<std::string> meant_by(std::string_view symbol, Unit unit) {
  // What others write: Mb and Mbps are of bits, unless somebody meant bytes.
  std::vector<std::string> spellings = {std::string(symbol)};
  if (symbol.ends_with("bps")) spellings = {std::string(symbol.substr(0, symbol.size() - 2)) + "it/s"};
  if (symbol.ends_with("Bps")) spellings = {std::string(symbol.substr(0, symbol.size() - 2)) + "/s"};
  for (const std::string_view per : {"", "/s"})
    if (symbol.ends_with("b" + std::string(per)))
      spellings.push_back(std::string(symbol.substr(0, symbol.size() - per.size())) + "it" +
                          std::string(per));
  for (const std::string_view second : {"sec", "secs", "second", "seconds"})
    if (symbol.ends_with(second))
      spellings.push_back(std::string(symbol.substr(0, symbol.size() - second.size() + 1)));
  std::vector<std::string> near;
  const std::vector<std::string> symbols = symbols_of(unit);
  for (const std::string& spelling : spellings)
    for (const std::string& known : symbols)
      if (lower_case(known) == lower_case(spelling) &&
          std::find(near.begin(), near.end(), known) == near.end())
        near.push_back(known);
  return near;
}

/// How many characters from the beginning are a number as JSON writes it.
std::size_t length_of_number(std::string_view text) {
  std::size_t at = 0;
  const auto digit = [&](std::size_t i) { return i < text.size() && text[i] >= '0' && text[i] <= '9'; };
  const auto digits = [&](std::size_t i) {
    while (digit(i)) ++i;
    return i;
  };
  if (at < text.size() && text[at] == '-') ++at;
  if (!digit(at)) return 0;
  at = text[at] == '0' ? at + 1 : digits(at);
  if (at < text.size() && text[at] == '.' && digit(at + 1)) at = digits(at + 1);
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    const std::size_t sign = at + 1 < text.size() && (text[at + 1] == '+' || text[at + 1] == '-') ? 1 : 0;
    if (digit(at + 1 + sign)) at = digits(at + 1 + sign);
  }
  return at;
}

/// A decimal number times 10^ten · 2^two, rounded once; nothing beyond the range of double.
std::optional<double> scaled(std::string_view number, int ten, int two) {
  const std::size_t mark = number.find_first_of("eE");
  long exponent = 0;
  if (mark != std::string_view::npos) {
    const char* first = number.data() + mark + 1;
    if (*first == '+') ++first;
    if (std::from_chars(first, number.data() + number.size(), exponent).ec != std::errc())
      return std::nullopt;
    if (std::abs(exponent) > 1'000'000) return std::nullopt;
  }
  const std::string shifted = fmt::format("{}e{}", number.substr(0, mark), exponent + ten);
  double value = 0;
  if (std::from_chars(shifted.data(), shifted.data() + shifted.size(), value).ec != std::errc())
    return std::nullopt;
  value = std::ldexp(value, two);
  if (!std::isfinite(value)) return std::nullopt;
  return value + 0.0;  // -0 is 0
}

Json whole_if_it_is(double value) {
  constexpr double exact_integers = 9007199254740992;
  if (value == std::floor(value) && std::abs(value) <= exact_integers)
    return static_cast<std::int64_t>(value);
  return value;
}

}  // namespace

bool takes_quantities(Unit unit) {
  return unit != Unit::none && unit != Unit::mini_batches;
}

std::string example_of(Unit unit) {
  switch (unit) {
    case Unit::seconds:
      return "2 ms";
    case Unit::per_second:
      return "3 1/s";
    case Unit::bytes:
      return "64 MiB";
    case Unit::bytes_per_second:
      return "10 Gbit/s";
    case Unit::none:
    case Unit::mini_batches:
      break;
  }
  return "";
}

std::vector<std::string> symbols_of(Unit unit) {
  std::vector<std::string> symbols;
  for (const Scale& scale : scales())
    if (scale.unit == unit) symbols.push_back(scale.symbol);
  return symbols;
}

Quantity read_any_quantity(std::string_view text) {
  Quantity quantity;
  const std::size_t end = length_of_number(text);
  if (end == 0) return quantity;
  std::string_view symbol = text.substr(end);
  if (symbol.starts_with(' ')) symbol.remove_prefix(1);
  quantity.symbol = symbol;
  if (symbol == text.substr(end) && symbol.starts_with("/")) {  // 2001/s: 200 of 1/s?
    quantity.wrong =
        fmt::format("is {}, in which a space has to part the number from its unit", shown(std::string(text)));
    return quantity;
  }
  const auto scale =
      std::find_if(scales().begin(), scales().end(), [&](const Scale& one) { return one.symbol == symbol; });
  if (scale == scales().end()) {
    quantity.wrong =
        fmt::format("is {}, {}", shown(std::string(text)),
                    symbol.empty() ? "a text without a unit" : "which has a unit that there is not");
    return quantity;
  }
  quantity.unit = scale->unit;
  if (const auto value = scaled(text.substr(0, end), scale->ten, scale->two))
    quantity.value = whole_if_it_is(*value);
  else
    quantity.wrong = fmt::format("is {}, beyond what doubles hold", shown(std::string(text)));
  return quantity;
}

Quantity read_quantity(std::string_view text, Unit unit) {
  Quantity quantity = read_any_quantity(text);
  if (quantity.unit == unit || (!quantity.value && quantity.wrong.empty())) return quantity;
  if (unit == Unit::per_second && quantity.symbol == "/s") return quantity;  // only the space is missing
  quantity.value.reset();
  if (quantity.symbol.empty()) {
    quantity.wrong =
        fmt::format("is {}, a text without a unit, which may be {}; without one it is a number, not a text",
                    shown(std::string(text)), units_in_words(unit));
  } else {
    quantity.wrong =
        fmt::format("is {}, but its unit may be {}", shown(std::string(text)), units_in_words(unit));
    std::string meant;
    for (const std::string& near : meant_by(quantity.symbol, unit))
      meant += fmt::format("{}\"{}\"", meant.empty() ? "" : " or ", near);
    quantity.asked = !meant.empty();
    if (quantity.asked) quantity.wrong += fmt::format(" (did you mean {}?)", meant);
  }
  return quantity;
}

void adopt_quantities(Json& written, const Json& read) {
  if (written.is_string() && read.is_number()) {
    const Quantity quantity = read_any_quantity(written.get_ref<const std::string&>());
    if (quantity.value && *quantity.value == read) written = read;
  } else if (written.is_object() && read.is_object()) {
    for (const auto& [key, value] : written.items())
      if (read.contains(key)) adopt_quantities(value, read.at(key));
  } else if (written.is_array() && read.is_array() && written.size() == read.size()) {
    for (std::size_t i = 0; i < written.size(); ++i) adopt_quantities(written[i], read[i]);
  }
}

namespace {

const char* const number_pattern = R"(^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?)";

/// That of a unit alone.
std::string unit_pattern(Unit unit) {
  const std::string sizes = " ?(bytes|(k|[MGT]|[KMGT]i)?(B|bit))";
  switch (unit) {
    case Unit::seconds:
      return " ?(m|u|n|\u00b5|\u03bc)?s";
    case Unit::per_second:
      return "( 1?/s| ?[kM]?Hz)";
    case Unit::bytes:
      return sizes;
    case Unit::bytes_per_second:
      return sizes + "/s";
    case Unit::none:
    case Unit::mini_batches:
      break;
  }
  return "";
}

}  // namespace

std::string quantity_pattern(Unit unit) {
  return number_pattern + unit_pattern(unit) + "$";
}

std::string any_quantity_pattern() {
  return fmt::format("{}({}|{}|{}(/s)?)$", number_pattern, unit_pattern(Unit::seconds),
                     unit_pattern(Unit::per_second), unit_pattern(Unit::bytes));
}

}  // namespace straggle
