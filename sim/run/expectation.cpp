#include "sim/run/expectation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_set>

#include "sim/base/json_text.h"
#include "sim/base/quantity.h"
#include "sim/base/text.h"
#include "sim/run/columns.h"
#include "sim/run/units.h"

namespace straggle {
namespace {

constexpr double most_expected_points = 1e7;  // expectations times points

/// What is measured: a mean, or a quantile of the completion time.
std::vector<Word> expected_metrics() {
  std::vector<Word> words;
  for (const Metric& metric : metrics()) words.push_back({metric.name, metric.meaning});
  const auto needs = [](int trials) {
    return fmt::format("Without \"within\", {} trials are needed.", trials);
  };
  words.push_back({"p50", "Median of the completion times. " + needs(15)});
  words.push_back({"p95", "Their 95 % quantile. " + needs(202)});
  words.push_back({"p99", "Their 99 % quantile. " + needs(1031)});
  return words;
}

const Field scheme_field = Field::text("scheme", "The label of a scheme.");
const Field& metric_field() {
  static const Field field = Field::word(
      "metric", expected_metrics(), "What is measured: a mean over the completed trials, or a quantile.");
  return field;
}
const Field slope_x = Field::text("x", "The swept pointer along which to fit.").with({{"pattern", "^/"}});
const Field slope_log =
    Field::boolean("log", "Fit the logarithms of both: the order of growth.").or_else(false);
const Field slope_field =
    Field::object(
        "slope", {.fields = {slope_x, slope_log}},
        "The value is not the metric at one point but its least-squares slope over all points that \"at\" "
        "selects; needs \"within\".")
        .optional();
const Field value_field = Field::number("value", {}, "What must come out.");
const Field within_field =
    Field::number(
        "within", above(0, "a share of the value"),
        "Share of the value the result may be off by, such as 0.02 for a value printed in a paper. Where "
        "the time has an infinite variance, time and speedup need it: they have no standard error. "
        "Default: 4 standard errors; without spread half a unit of the value's last digit (0.05 for 1.2, "
        "0.5 for 40; 4.00 is 4.0 and 0.10 is 0.1 in JSON; never less than of the eighth significant "
        "digit). One trial alone takes it as well.")
        .optional();
const Field source_field =
    Field::text("source", "Where the value comes from: a closed form, an integration, a table of a paper.");

/// Equal, or numbers that differ by rounding only.
bool same_value(const Json& a, const Json& b) {
  // Whatever the order of keys is.
  if (!a.is_number() || !b.is_number()) return nlohmann::json(a) == nlohmann::json(b);
  const double x = a.get<double>(), y = b.get<double>();
  return std::abs(x - y) <= 1e-9 * std::max(std::abs(x), std::abs(y));
}

/// Reads "slope", if there is one.
std::optional<Slope> read_slope(ConfigReader& entry, const std::vector<std::string>& axes) {
  if (!entry.has(slope_field)) return std::nullopt;
  ConfigReader reader = entry.object(slope_field);
  Slope slope;
  slope.x = reader.text(slope_x);
  if (std::find(axes.begin(), axes.end(), slope.x) == axes.end())
    reader.mistake(slope_x,
                   fmt::format("must be a swept pointer, but is \"{}\" ({})", printable(slope.x, 200),
                               axes.empty() ? "nothing is swept" : "swept: " + quoted_list(axes)));
  slope.log = reader.boolean(slope_log);
  reader.complete();
  if (!entry.has(within_field))
    entry.mistake(within_field,
                  "is missing: points share their random numbers, so a slope has no standard error");
  return slope;
}

}  // namespace

const Field& at_field() {
  static const Field field =
      Field::any(
          "at",
          "Swept pointers and their values, so many that exactly one point of the sweep has them (with "
          "\"slope\", two or more).")
          .with({{"type", "object"}})
          .or_else(Json::object());
  return field;
}

const Field& expect_field() {
  static const Field field =
      Field::objects(
          "expect",
          {.definition = "expectation",
           .description = "A number that must come out. Without \"within\" a mean must be within 4 standard "
                          "errors of it, where the trials have no spread within half a unit of its last "
                          "digit, and a quantile in the interval of the same confidence.",
           .fields = {scheme_field, at_field(), metric_field(), slope_field, value_field, within_field,
                      source_field}},
          "Numbers that must come out, for `straggle verify`.")
          .or_else(Json::array());
  return field;
}

double half_unit_of(const Json& number) {
  const std::string text = number.dump();
  const std::size_t exponent_at = text.find_first_of("eE"), dot = text.find('.');
  int exponent = exponent_at == std::string::npos ? 0 : std::stoi(text.substr(exponent_at + 1));
  const std::size_t end = std::min(exponent_at, text.size());
  if (dot != std::string::npos) exponent -= static_cast<int>(end - dot - 1);
  const double value = std::abs(number.get<double>());
  if (value > 0) exponent = std::max(exponent, static_cast<int>(std::floor(std::log10(value))) - 7);
  return 0.5 * std::pow(10.0, exponent);
}

std::optional<std::vector<std::size_t>> read_at(ConfigReader& entry, const std::vector<std::string>& axes,
                                                const std::vector<Point>& points) {
  const Json* const given = entry.raw(at_field());
  Json at = given ? *given : Json::object();
  if (!at.is_object()) {
    entry.mistake(at_field(), "must be an object of swept pointers and their values");
    return std::nullopt;
  }
  bool known = true;
  for (const auto& [path, value] : at.items())
    if (std::find(axes.begin(), axes.end(), path) == axes.end()) {
      entry.mistake(at_field(), fmt::format("names \"{}\", which is not swept ({})", printable(path, 200),
                                            axes.empty() ? "nothing is" : "swept: " + quoted_list(axes)));
      known = false;
    }
  for (const auto& [path, value] : at.items()) {
    if (value.is_structured()) use_base_units(value, path);
    if (!value.is_string() || !takes_quantities(unit_of(path))) continue;
    const Quantity quantity = read_quantity(value.get<std::string>(), unit_of(path));
    if (quantity.value) {
      value = *quantity.value;
    } else if (!quantity.wrong.empty()) {
      entry.mistake(at_field(), fmt::format("at \"{}\" {}", printable(path, 200), quantity.wrong));
      known = false;
    }
  }
  if (!known) return std::nullopt;
  if (given) entry.set_default(entry.pointer_to(at_field().name), at);
  std::vector<std::size_t> matching;
  for (const Point& point : points)
    if (std::all_of(point.axes.begin(), point.axes.end(), [&](const auto& axis) {
          return !at.contains(axis.first) || same_value(at.at(axis.first), axis.second);
        }))
      matching.push_back(point.index);
  return matching;
}

std::vector<ExpectedValue> read_expected(ConfigReader& root, const std::vector<std::string>& axes,
                                         const std::vector<Point>& points) {
  std::vector<ExpectedValue> result;
  std::vector<std::string> labels;
  std::unordered_set<std::string> known;
  for (const Point& point : points)
    for (const SchemeSetup& setup : point.schemes)
      if (known.insert(setup.label).second) labels.push_back(setup.label);
  std::vector<ConfigReader> entries = root.objects(expect_field());
  if (static_cast<double>(entries.size()) * static_cast<double>(points.size() + labels.size()) >
      most_expected_points) {
    root.mistake(expect_field(), fmt::format("has {} entries, too many for a sweep of {} points",
                                             entries.size(), points.size()));
    return result;
  }
  for (ConfigReader& entry : entries) {
    ExpectedValue expected;
    expected.label = entry.word(scheme_field, labels);
    expected.metric = entry.word(metric_field());
    expected.value = entry.number(value_field);
    if (const Json* value = entry.raw(value_field); value && value->is_number())
      expected.half_unit = half_unit_of(*value);
    expected.source = entry.text(source_field);
    entry.raw(within_field);
    if (entry.has(within_field)) expected.within = entry.number(within_field);
    expected.slope = read_slope(entry, axes);
    if (const auto matching = read_at(entry, axes, points)) {
      if (expected.slope && matching->size() < 2) {
        entry.mistake(at_field(), fmt::format("leaves {} of the {} points to fit a slope to; it takes two",
                                              matching->size(), points.size()));
      } else if (!expected.slope && matching->size() != 1) {
        entry.mistake(at_field(),
                      fmt::format("must select exactly one point of the sweep, but selects {} of {}",
                                  matching->size(), points.size()));
      } else {
        expected.points = *matching;
      }
      for (const std::size_t point : expected.points) {
        const auto& schemes = points[point].schemes;
        if (expected.label.empty() ||
            std::any_of(schemes.begin(), schemes.end(),
                        [&](const SchemeSetup& setup) { return setup.label == expected.label; }))
          continue;
        entry.mistake(scheme_field, fmt::format("\"{}\" is not at that point", expected.label));
        break;
      }
      if (expected.slope)
        for (const std::size_t point : expected.points)
          for (const auto& [path, value] : points[point].axes)
            if (path == expected.slope->x &&
                (!value.is_number() || (expected.slope->log && value.get<double>() <= 0))) {
              entry.mistake(slope_field,
                            fmt::format("needs {} values at {}, but one is {}",
                                        expected.slope->log ? "positive" : "numeric", path, shown(value)));
              break;
            }
    }
    entry.complete();
    result.push_back(std::move(expected));
  }
  return result;
}

}  // namespace straggle
