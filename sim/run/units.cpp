#include "sim/run/units.h"

#include <functional>
#include <map>

#include "models/compute_model.h"
#include "models/network_model.h"
#include "sim/base/quantity.h"
#include "sim/run/point.h"
#include "sim/schemes/scheme.h"

namespace straggle {
namespace {

std::map<std::string, Unit, std::less<>> units_by_name() {
  std::map<std::string, Unit, std::less<>> units;
  const std::function<void(const std::vector<Field>&)> add = [&](const std::vector<Field>& fields) {
    for (const Field& field : fields) {
      for (const Word& word : field.words) add(word.fields);
      if (field.form) add(field.form->fields);
      if (field.unit == Unit::none) continue;
      const auto [known, is_new] = units.emplace(field.name, field.unit);
      if (!is_new && known->second != field.unit) known->second = Unit::none;
    }
  };
  add(point_fields());
  add(compute_form().fields);
  add(network_form().fields);
  for (const auto& [name, plugin] : Registry<ComputePlugin>::instance().entries()) add(plugin.fields);
  for (const auto& [name, plugin] : Registry<NetworkPlugin>::instance().entries()) add(plugin.fields);
  for (const auto& [name, plugin] : Registry<SchemePlugin>::instance().entries()) add(plugin.fields);
  return units;
}

}  // namespace

Unit unit_of(std::string_view pointer) {
  static const std::map<std::string, Unit, std::less<>> units = units_by_name();
  const auto found = units.find(pointer.substr(pointer.rfind('/') + 1));
  return found == units.end() ? Unit::none : found->second;
}

std::string field_unit(std::string_view pointer) {
  return symbol(unit_of(pointer));
}

void use_base_units(Json& value, std::string_view pointer) {
  if (value.is_string()) {
    const Unit unit = unit_of(pointer);
    if (!takes_quantities(unit)) return;
    const Quantity quantity = read_quantity(value.get_ref<const std::string&>(), unit);
    if (quantity.value) value = *quantity.value;
  } else if (value.is_object()) {
    for (const auto& [key, inner] : value.items()) use_base_units(inner, key);
  } else if (value.is_array()) {
    for (Json& inner : value) use_base_units(inner, "");
  }
}

}  // namespace straggle
