// The fields of a configuration all together, those of plug-ins included, as the JSON schema for editors.
#pragma once

#include <string>

#include "sim/base/field.h"

namespace straggle {

/// The whole configuration, but for the fields of compute models, networks and schemes.
Form configuration_form();

/// The JSON schema (draft-07) of configurations. Beside its own keywords it says "unit" of numbers and
/// "enumDescriptions" of words.
Json configuration_schema();
/// The same as the text of configs/schema.json.
std::string configuration_schema_text();

}  // namespace straggle
