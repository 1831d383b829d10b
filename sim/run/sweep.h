// What a sweep changes from point to point, as its axes, and how a value is put into a configuration.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/base/config.h"

namespace straggle {

/// One dimension of the sweep: the pointers that move together, and the rows of values they take.
struct SweepAxis {
  std::vector<std::string> paths;
  std::vector<std::vector<Json>> rows;
};

/// Puts an axis' rows into its entry of "sweep", where they have become others.
void write_rows(const SweepAxis& axis, Json& entry);

/// Whether a pointer leads to something. The library throws for some places that no array has, such as that
/// without a number.
bool leads_into(const Json& config, const Json::json_pointer& pointer);

/// Sets the value at a pointer whose parent must exist. Returns what is wrong, or nothing.
std::optional<std::string> set_value(Json& config, const std::string& path, const Json& value);

/// The field "sweep".
const Field& sweep_field();

/// Reads "sweep", with what is wrong as mistakes. `config` is without its sweep and its expectations.
std::vector<SweepAxis> read_sweep(ConfigReader& root, const Json& config);

/// A swept value as results.csv and the tables have it: a text without its quotes.
std::string plain(const Json& value);

}  // namespace straggle
