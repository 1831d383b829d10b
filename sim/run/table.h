// What a sweep has found as a table for people.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "sim/run/row.h"

namespace straggle {

/// The decimal places to which a mean is known: those of the first two digits of half its confidence
/// interval. Nothing where there is no spread, or what rounding leaves of none.
std::optional<int> places_of(double mean, double error);

/// A table for people, at most `width` columns wide: what does not fit is left out, and the table says so.
std::string to_table(const Experiment& experiment, const std::vector<Row>& rows, std::size_t width);

/// Lines of cells as aligned columns: the first `left` of them flush left, the others flush right.
std::string align(const std::vector<std::vector<std::string>>& lines, std::size_t left);

}  // namespace straggle
