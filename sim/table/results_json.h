// What a sweep has found as JSON.
#pragma once

#include <vector>

#include "sim/base/config.h"
#include "sim/run/experiment.h"
#include "sim/run/provenance.h"
#include "sim/run/row.h"

namespace straggle {

/// All rows, with what results.csv says of them and where they come from.
Json to_json(const Experiment& experiment, const Provenance& provenance, const std::vector<Row>& rows);

}  // namespace straggle
