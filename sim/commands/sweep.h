// A whole sweep from the command line, and complaints about what does not decode.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/run/campaign.h"
#include "sim/run/experiment.h"
#include "sim/run/rows.h"

namespace straggle {

/// Says what decides most of the memory that point `where` takes, and what to lower.
std::string no_memory(const Experiment& experiment, std::size_t where, unsigned threads);

/// All trials of an experiment; 0 where its precision decides.
std::uint64_t trials_of(const Experiment& experiment);

/// Runs all points, with progress, and keeps nothing but the rows.
std::vector<Row> run_all(const Experiment& experiment, unsigned threads);

/// Complains about every scheme whose trials did not decode; the number of complaints. `configuration`: what
/// the command line names it by, with its options, ready for a shell.
std::size_t report_inexact(const Experiment& experiment, const std::vector<Row>& rows,
                           const std::string& configuration);

}  // namespace straggle
