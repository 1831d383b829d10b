// The columns of result files, and what is measured of every trial: the one place that names them and says
// what they are.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/engine/tally.h"

namespace straggle {

/// A column of a result file: its unit ("-" where it has none) and, in a sentence, what it is.
struct ResultColumn {
  std::string name, unit, meaning;
};

/// What is measured of every trial and has an estimate in every row: a tally, or the speedup. In rows and
/// files the tallies in gradients are in bytes.
struct Metric : ResultColumn {
  std::optional<Tally> tally;  ///< nothing for the speedup, which is of all trials together
  bool bytes() const { return unit == "bytes"; }
};
const std::vector<Metric>& metrics();

/// The names `expect` and the table use for what is measured.
const std::vector<std::string>& metric_names();
/// The seconds of the critical path, by Cause.
const std::vector<ResultColumn>& critical_columns();

/// What a run keeps of every trial, beside its statistics; some 100 bytes a trial and scheme each.
struct Keep {
  bool samples = false;   ///< the trials themselves
  bool critical = false;  ///< takes longer: every round keeps its arrivals
};

/// The columns of results.csv and samples.csv, in order; `keep.critical` and `precision` as in the run that
/// made the rows.
/// "/POINTER" stands for one column a swept pointer.
std::vector<ResultColumn> result_columns(Keep keep, bool precision);
std::vector<ResultColumn> sample_columns(Keep keep);

}  // namespace straggle
