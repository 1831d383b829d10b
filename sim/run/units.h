// In which units the fields of a configuration are, and what it has instead of numbers in them.
#pragma once

#include <string>
#include <string_view>

#include "sim/base/field.h"

namespace straggle {

/// The unit of a field by the last name of its pointer: that of `1/s` for /compute/rate. None where it has
/// none, or another one in another place.
Unit unit_of(std::string_view pointer);
/// The same as it is written behind numbers; empty for none.
std::string field_unit(std::string_view pointer);

/// Makes numbers of the texts with units in a part of a configuration that no reader looks at.
void use_base_units(Json& value, std::string_view pointer);

}  // namespace straggle
