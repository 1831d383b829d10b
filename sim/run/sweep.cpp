#include "sim/run/sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <set>
#include <utility>

#include "sim/base/json_text.h"
#include "sim/base/quantity.h"
#include "sim/base/text.h"
#include "sim/run/units.h"

namespace straggle {
namespace {

constexpr std::size_t most_points = 100000;
constexpr std::size_t most_rows = 1000000;      // a row is a scheme at a point
constexpr std::size_t most_swept = 100;         // pointers
constexpr std::size_t most_cell_bytes = 10000;  // of a swept value; see ResultsReader

const Json pointer_rules = {
    {"description",
     "JSON pointer to what is swept, such as /compute/rate or /schemes/0/load; the object "
     "it is in must exist."},
    {"type", "string"},
    {"pattern", "^(/([^/~]|~[01])*)+$"},
    {"not", {{"pattern", R"(^/(sweep|expect|title|\$schema)(/|$))"}}}};
const Field path_field = Field::text("path", "").optional().with(pointer_rules);
const Field paths_field = Field::any("paths", "JSON pointers to what moves together.")
                              .optional()
                              .with({{"type", "array"}, {"minItems", 1}, {"items", pointer_rules}});
const Field values_field = Field::any("values", "The values; with \"paths\" rows of one value for each path.")
                               .optional()
                               .with({{"type", "array"}, {"minItems", 1}});
/// Also a text with a unit, that of the field at the path.
Json or_any_quantity() {
  return {{"type", {"number", "string"}}, {"pattern", any_quantity_pattern()}};
}
const Field from_field = Field::number("from", {}, "The first value.").optional().with(or_any_quantity());
const Field to_field = Field::number("to", {}, "The last value, if a step meets it; else its bound.")
                           .optional()
                           .with(or_any_quantity());
const Field step_field = Field::number("step", {}, "From one value to the next; below zero to go downwards.")
                             .optional()
                             .with(or_any_quantity())
                             .with({{"not", {{"const", 0}}}});

bool is_pointer(const std::string& text) {
  try {
    return text.starts_with("/") && !Json::json_pointer(text).empty();
  } catch (const Json::exception&) {
    return false;
  }
}

/// The same of a swept value, which has a column of its own.
std::optional<std::string> wrong_swept(const Json& value) {
  const std::string cell = plain(value);
  if (cell.size() > most_cell_bytes)
    return fmt::format("holds a value of {} bytes of JSON; it may have {}", cell.size(), most_cell_bytes);
  if (!value.is_string()) return std::nullopt;
  if (const auto wrong = wrong_in_cell(cell)) return fmt::format("holds {}, which {}", shown(value), *wrong);
  return std::nullopt;
}

/// Makes numbers of "from", "to" and "step" that are texts with a unit, which has to be the path's. False
/// after a mistake.
bool use_numbers(ConfigReader& axis, const std::string& path) {
  const std::size_t before = axis.reports();
  for (const Field& field : {from_field, to_field, step_field}) {
    const Json* const given = axis.raw(field);
    if (!given || !given->is_string()) continue;
    const std::string text = given->get<std::string>();
    const Unit unit = unit_of(path);
    const Quantity quantity = takes_quantities(unit) ? read_quantity(text, unit) : read_any_quantity(text);
    if (!quantity.value) {
      if (!quantity.wrong.empty()) axis.mistake(field, quantity.wrong);
      continue;  // a text that is no number at all is for the reader to name
    }
    if (quantity.unit != unit) {
      axis.mistake(field, fmt::format("is {}, but what is swept takes no texts with units", shown(*given)));
      continue;
    }
    axis.set_default(axis.pointer_to(field.name), *quantity.value);
  }
  return axis.reports() == before;
}

/// "from", "to", "step" as values; whole numbers stay whole.
std::vector<Json> range_values(ConfigReader& axis) {
  const double from = axis.number(from_field), to = axis.number(to_field), step = axis.number(step_field);
  if (!axis.complete()) return {};
  if (step == 0 || (to - from) / step < 0) {
    axis.mistake(step_field, fmt::format("must lead from {} to {}, but is {}", from, to, step));
    return {};
  }
  const double steps = std::floor((to - from) / step + 1e-9);
  if (steps >= static_cast<double>(most_points)) {
    axis.mistake(step_field,
                 fmt::format("makes {:.3g} values; at most {} points can be swept", steps + 1, most_points));
    return {};
  }
  const bool whole = axis.raw(from_field)->is_number_integer() && axis.raw(step_field)->is_number_integer();
  std::vector<Json> values;
  for (double i = 0; i <= steps; ++i) {
    const double sum = from + i * step;
    const double value = std::abs(sum) < 1e-12 * std::abs(step) ? 0 : sum;  // 0.3 − 3 · 0.1 is meant to be 0
    // Twelve digits turn 0.1 + 2 · 0.1 back into the 0.3 that was meant.
    values.push_back(whole ? Json(static_cast<std::int64_t>(value))
                           : Json(std::stod(fmt::format("{:.12g}", value))));
  }
  return values;
}

std::optional<SweepAxis> read_axis(ConfigReader& entry) {
  SweepAxis axis;
  if (entry.has(paths_field)) {
    const Json* paths = entry.raw(paths_field);
    const Json* rows = entry.raw(values_field);
    if (!paths->is_array() || paths->empty() ||
        !std::all_of(paths->begin(), paths->end(), [](const Json& path) { return path.is_string(); })) {
      entry.mistake(paths_field, "must be an array of JSON pointers that move together");
      return std::nullopt;
    }
    for (const Json& path : *paths) axis.paths.push_back(path.get<std::string>());
    if (!rows || !rows->is_array() || rows->empty() ||
        !std::all_of(rows->begin(), rows->end(),
                     [&](const Json& row) { return row.is_array() && row.size() == axis.paths.size(); })) {
      entry.mistake(values_field, fmt::format("must be rows of {} values, one for each path: [[...], ...]",
                                              axis.paths.size()));
      return std::nullopt;
    }
    for (const Json& row : *rows) axis.rows.emplace_back(row.begin(), row.end());
  } else {
    axis.paths.push_back(entry.text(path_field));
    if (entry.has(values_field)) {
      const Json* values = entry.raw(values_field);
      if (!values->is_array() || values->empty()) {
        entry.mistake(values_field, "must be a non-empty array");
        return std::nullopt;
      }
      for (const Json& value : *values) axis.rows.push_back({value});
    } else if (entry.has(from_field) || entry.has(to_field) || entry.has(step_field)) {
      if (use_numbers(entry, axis.paths.front()))
        for (const Json& value : range_values(entry)) axis.rows.push_back({value});
    } else {
      entry.mistake("", "needs \"values\", or \"from\", \"to\" and \"step\"");
    }
  }
  for (const std::vector<Json>& row : axis.rows)
    for (const Json& value : row)
      if (const auto wrong = wrong_swept(value)) entry.mistake(values_field, *wrong);
  if (!entry.complete()) return std::nullopt;
  return axis;
}

}  // namespace

void write_rows(const SweepAxis& axis, Json& entry) {
  if (!entry.contains(values_field.name)) return;
  Json& values = entry[values_field.name];
  for (std::size_t row = 0; row < axis.rows.size(); ++row) {
    if (entry.contains(paths_field.name)) {
      values[row] = axis.rows[row];
    } else {
      values[row] = axis.rows[row].front();
    }
  }
}

bool leads_into(const Json& config, const Json::json_pointer& pointer) {
  try {
    return config.contains(pointer);
  } catch (const Json::out_of_range&) {
    return false;
  }
}

std::optional<std::string> set_value(Json& config, const std::string& path, const Json& value) {
  const std::string named = printable(path, 200);
  if (!is_pointer(path)) return fmt::format("\"{}\" is not a JSON pointer such as /compute/rate", named);
  const Json::json_pointer pointer(path), parent = pointer.parent_pointer();
  const std::string parent_name = printable(parent.to_string(), 200);
  if (!leads_into(config, parent))
    return fmt::format("\"{}\" leads nowhere: the configuration has no {}", named,
                       parent.empty() ? named : parent_name);
  Json& holder = config.at(parent);
  if (holder.is_object()) {
    holder[pointer.back()] = value;
    return std::nullopt;
  }
  if (!holder.is_array())
    return fmt::format("\"{}\" leads nowhere: {} is {}, which has no fields", named, parent_name,
                       shown(holder));
  const Json::json_pointer place("/" + pointer.back());
  if (!leads_into(holder, place))
    return fmt::format("\"{}\" leads nowhere: {} has the places {}", named, parent_name,
                       holder.empty() ? std::string("none") : fmt::format("0 to {}", holder.size() - 1));
  holder.at(place) = value;
  return std::nullopt;
}

const Field& sweep_field() {
  static const Field field =
      Field::objects(
          "sweep",
          {.definition = "axis",
           .description =
               "One axis of the sweep: \"path\" with \"values\"; \"path\" with \"from\", \"to\" and "
               "\"step\"; or \"paths\" that move together, with \"values\" as rows.",
           .fields = {path_field, paths_field, values_field, from_field, to_field, step_field},
           .rules = Json::parse(R"({
             "if": {"required": ["paths"]},
             "then": {
               "required": ["values"],
               "additionalProperties": false,
               "properties": {"paths": {}, "values": {"items": {"type": "array", "minItems": 1}}}
             },
             "else": {
               "if": {"required": ["values"]},
               "then": {
                 "required": ["path"],
                 "additionalProperties": false,
                 "properties": {"path": {}, "values": {}}
               },
               "else": {
                 "required": ["path", "from", "to", "step"],
                 "additionalProperties": false,
                 "properties": {"path": {}, "from": {}, "to": {}, "step": {}}
               }
             }
           })")},
          "The axes of the sweep. Axes multiply; the last one moves fastest.")
          .or_else(Json::array());
  return field;
}

std::vector<SweepAxis> read_sweep(ConfigReader& root, const Json& config) {
  std::vector<SweepAxis> axes;
  std::set<std::string> swept;
  double points = 1;
  Json probe = config;
  for (ConfigReader& entry : root.objects(sweep_field())) {
    std::optional<SweepAxis> axis = read_axis(entry);
    if (!axis) continue;
    if (swept.size() + axis->paths.size() > most_swept) {
      entry.mistake(axis->paths.size() > 1 ? "paths" : "path",
                    fmt::format("makes {} fields that are swept; there can be {}",
                                swept.size() + axis->paths.size(), most_swept));
      continue;
    }
    bool valid = true;
    for (const std::string& path : axis->paths) {
      std::optional<std::string> wrong;
      for (const char* fixed : {"/sweep", "/expect", "/title", "/$schema"})
        if (path == fixed || path.starts_with(std::string(fixed) + "/"))
          wrong = fmt::format("{} cannot be swept", fixed);
      if (!wrong) wrong = set_value(probe, path, nullptr);
      probe = config;
      if (!wrong && !swept.insert(path).second)
        wrong = fmt::format("\"{}\" is swept twice", printable(path, 200));
      if (!wrong) continue;
      entry.mistake(axis->paths.size() > 1 ? "paths" : "path", *wrong);
      valid = false;
    }
    points *= static_cast<double>(axis->rows.size());
    if (valid) axes.push_back(*std::move(axis));
  }
  const auto too_many = [&](double count, const char* of, std::size_t most) {
    if (count > static_cast<double>(most))
      root.mistake(sweep_field(), fmt::format("makes {:.6g} {}; there can be {}", count, of, most));
    return count > static_cast<double>(most);
  };
  const double schemes = config.contains("schemes") && config["schemes"].is_array()
                             ? static_cast<double>(config["schemes"].size())
                             : 1;
  if (too_many(points, "points", most_points) ||
      too_many(points * schemes, "rows (points times schemes)", most_rows))
    return {};
  return axes;
}

std::string plain(const Json& value) {
  return value.is_string() ? value.get<std::string>() : printable(value.dump());
}

}  // namespace straggle
