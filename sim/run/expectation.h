// What expectations and claims share: how they say which points of a sweep they are about.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "sim/run/experiment.h"

namespace straggle {

/// The points whose swept values are those of an entry's "at". Nothing, and a mistake of the entry, when it
/// names what is not swept.
std::optional<std::vector<std::size_t>> read_at(ConfigReader& entry, const Experiment& experiment);

}  // namespace straggle
