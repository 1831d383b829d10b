// The columns of result files, and what is measured of every trial: the one place that names them and says
// what they are.
#pragma once

#include <optional>
#include <string>
#include <utility>
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
/// That of a tally.
const Metric& metric_of(Tally tally);

/// The names `expect` and the table use for what is measured.
const std::vector<std::string>& metric_names();
/// The seconds of the critical path, by Cause.
const std::vector<ResultColumn>& critical_columns();

/// What a run keeps of every trial, beside its statistics.
struct Keep {
  bool samples = false;           ///< the trials themselves; some 100 bytes a trial and scheme
  bool critical = false;          ///< as many; takes longer: every round keeps its arrivals
  PerTally<bool> quantiles = {};  ///< of which tallies beside the time; 8 bytes a trial and scheme each
  bool histogram = false;         ///< counts values in bins instead of keeping each (QuantileStore)
};

/// The tallies of which quantiles can be kept by their names, those of metrics(), without the time.
std::vector<std::pair<std::string, Tally>> quantile_choices();

/// The columns of results.csv and samples.csv, in order; `keep.critical` and `precision` as in the run that
/// made the rows.
/// "/POINTER" stands for one column a swept pointer.
std::vector<ResultColumn> result_columns(Keep keep, bool precision);
/// The nine columns of the quantiles of a tally beside the time; "TALLY" stands for any.
std::vector<ResultColumn> quantile_columns(const std::string& name, const std::string& unit);
std::vector<ResultColumn> sample_columns(Keep keep);

}  // namespace straggle
