// Numbers with their unit as text: "2 ms", "10 Gbit/s", "64 MiB". They stand for a number of the base unit,
// and nothing but the reader sees them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/field.h"

namespace straggle {

/// Whether a field in this unit takes texts.
bool takes_quantities(Unit unit);

/// An example of one: `2 ms`.
std::string example_of(Unit unit);

/// The units that may stand in a text for such a field: s, ms, us, ... as they are written.
std::vector<std::string> symbols_of(Unit unit);

/// What a text says.
struct Quantity {
  std::optional<Json> value;  ///< in the base unit, rounded once; a whole number as such
  Unit unit = Unit::none;     ///< what it counts, where the text has a unit that there is
  std::string wrong;          ///< if there is no value, of a text that begins like one: what is wrong
  std::string symbol;         ///< its unit as it stands there
  bool asked = false;         ///< what is wrong ends with a question for the unit that was meant
};

/// Reads a text for a field in this unit.
Quantity read_quantity(std::string_view text, Unit unit);
/// The same where any unit may stand.
Quantity read_any_quantity(std::string_view text);

/// Puts the numbers that a reader has made of texts into a copy of what it has read: what has the same place
/// in `read` and is a number there.
void adopt_quantities(Json& written, const Json& read);

/// The regular expression of texts for a field in this unit, and of those in any unit, for the schema.
std::string quantity_pattern(Unit unit);
std::string any_quantity_pattern();

}  // namespace straggle
