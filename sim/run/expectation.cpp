#include "sim/run/expectation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_set>

#include "sim/base/json_text.h"
#include "sim/base/text.h"
#include "sim/run/columns.h"

namespace straggle {
namespace {

constexpr double most_expected_points = 1e7;  // expectations times points

/// Equal, or numbers that differ by rounding only.
bool same_value(const Json& a, const Json& b) {
  if (!a.is_number() || !b.is_number()) return a == b;
  const double x = a.get<double>(), y = b.get<double>();
  return std::abs(x - y) <= 1e-9 * std::max(std::abs(x), std::abs(y));
}

/// Reads "slope", if there is one.
std::optional<Slope> read_slope(ConfigReader& entry, const std::vector<std::string>& axes) {
  if (!entry.has("slope")) return std::nullopt;
  ConfigReader reader = entry.object("slope");
  Slope slope;
  slope.x = reader.text("x");
  if (std::find(axes.begin(), axes.end(), slope.x) == axes.end())
    reader.mistake("x", fmt::format("must be a swept pointer, but is \"{}\" ({})", printable(slope.x, 200),
                                    axes.empty() ? "nothing is swept" : "swept: " + quoted_list(axes)));
  slope.log = reader.boolean_or("log", false);
  reader.complete();
  if (!entry.has("within"))
    entry.mistake("within",
                  "is missing: points share their random numbers, so a slope has no standard error");
  return slope;
}

}  // namespace

std::vector<std::string> expected_names() {
  std::vector<std::string> names = metric_names();
  names.insert(names.end(), {"p50", "p95", "p99"});
  return names;
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
  const Json at = entry.has("at") ? *entry.raw("at") : Json::object();
  entry.raw("at");
  if (!at.is_object()) {
    entry.mistake("at", "must be an object of swept pointers and their values");
    return std::nullopt;
  }
  bool known = true;
  for (const auto& [path, value] : at.items())
    if (std::find(axes.begin(), axes.end(), path) == axes.end()) {
      entry.mistake("at", fmt::format("names \"{}\", which is not swept ({})", printable(path, 200),
                                      axes.empty() ? "nothing is" : "swept: " + quoted_list(axes)));
      known = false;
    }
  if (!known) return std::nullopt;
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
  std::vector<ConfigReader> entries = root.objects_or_none("expect");
  if (static_cast<double>(entries.size()) * static_cast<double>(points.size() + labels.size()) >
      most_expected_points) {
    root.mistake("expect", fmt::format("has {} entries, too many for a sweep of {} points", entries.size(),
                                       points.size()));
    return result;
  }
  for (ConfigReader& entry : entries) {
    ExpectedValue expected;
    expected.label = entry.word("scheme", labels);
    expected.metric = entry.word("metric", expected_names());
    expected.value = entry.number("value", {});
    if (const Json* value = entry.raw("value"); value && value->is_number())
      expected.half_unit = half_unit_of(*value);
    expected.source = entry.text("source");
    if (entry.has("within"))
      expected.within = entry.number("within", above(0, "a share of the value"));
    else
      entry.raw("within");
    expected.slope = read_slope(entry, axes);
    if (const auto matching = read_at(entry, axes, points)) {
      if (expected.slope && matching->size() < 2) {
        entry.mistake("at", fmt::format("leaves {} of the {} points to fit a slope to; it takes two",
                                        matching->size(), points.size()));
      } else if (!expected.slope && matching->size() != 1) {
        entry.mistake("at", fmt::format("must select exactly one point of the sweep, but selects {} of {}",
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
        entry.mistake("scheme", fmt::format("\"{}\" is not at that point", expected.label));
        break;
      }
      if (expected.slope)
        for (const std::size_t point : expected.points)
          for (const auto& [path, value] : points[point].axes)
            if (path == expected.slope->x &&
                (!value.is_number() || (expected.slope->log && value.get<double>() <= 0))) {
              entry.mistake("slope",
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
