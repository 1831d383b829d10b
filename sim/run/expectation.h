// What a configuration expects of its results ("expect"), and how expectations and claims say which points of
// a sweep they are about.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/config.h"
#include "sim/run/point.h"

namespace straggle {

/// The least-squares slope of a metric along a swept pointer.
struct Slope {
  std::string x;
  bool log = false;  ///< of the logarithms of both: the order of growth
};

/// A number that must come out: a scheme's metric at a point, or its slope over several.
struct ExpectedValue {
  std::string label;  ///< of the scheme
  std::vector<std::size_t> points;
  std::optional<Slope> slope;
  std::string metric;
  double value = 0;
  double half_unit = 0;          ///< of the last digit that matters (half_unit_of())
  std::optional<double> within;  ///< relative; without it 4 standard errors
  std::string source;
};

/// The field "expect", and "at" of its entries and of those of claims.
const Field& expect_field();
const Field& at_field();

/// Half a unit of the last digit of a number as it is written, 0.05 for 1.2 and 0.5 for 40; of a float its
/// shortest text counts (1.20 is 1.2, and 40.00 is 40.0). At least half a unit of the eighth significant
/// digit: no more of a result is printed.
double half_unit_of(const Json& number);

/// The points whose swept values are those of an entry's "at". Nothing, and a mistake of the entry, when it
/// names what is not swept: none of `axes`.
std::optional<std::vector<std::size_t>> read_at(ConfigReader& entry, const std::vector<std::string>& axes,
                                                const std::vector<Point>& points);

/// Reads "expect", with what is wrong as mistakes.
std::vector<ExpectedValue> read_expected(ConfigReader& root, const std::vector<std::string>& axes,
                                         const std::vector<Point>& points);

}  // namespace straggle
