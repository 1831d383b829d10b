// The fields of a configuration all together, those of plug-ins included, and what is written from them: the
// JSON schema for editors, and the units of fields.
#pragma once

#include <string>
#include <string_view>

#include "sim/base/field.h"

namespace straggle {

/// The whole configuration, but for the fields of compute models, networks and schemes.
Form configuration_form();

/// The JSON schema (draft-07) of configurations. Beside its own keywords it says "unit" of numbers and
/// "enumDescriptions" of words.
Json configuration_schema();
/// The same as the text of configs/schema.json.
std::string configuration_schema_text();

/// The unit of a field by the last name of its pointer: "1/s" for /compute/rate. Empty where it has none, or
/// another one in another place.
std::string field_unit(std::string_view pointer);

}  // namespace straggle
