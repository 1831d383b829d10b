// JSON values as text: as a message shows them, and as a command line gives them.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace straggle {

/// Keeps the order in which the user wrote the keys.
using Json = nlohmann::ordered_json;

/// A value as a message shows it: JSON on one line, escaped, cut after some 60 bytes.
std::string shown(const Json& value);

/// The value behind `--set POINTER=`: JSON, as limited as a file's (see parse_json()), or else a text.
/// `where` is for messages. Throws a ConfigError.
Json parse_value(const std::string& text, const std::string& where);

}  // namespace straggle
