// The columns of result files, and what is measured of every trial: the one place that names them and says
// what they are.
#pragma once

#include <string>
#include <vector>

namespace straggle {

/// A column of a result file: its unit ("-" where it has none) and, in a sentence, what it is.
struct ResultColumn {
  std::string name, unit, meaning;
};

/// What is measured of every trial.
const std::vector<ResultColumn>& metrics();
/// The names `expect` and the table use for what is measured.
const std::vector<std::string>& metric_names();
/// The seconds of the critical path, by Cause.
const std::vector<ResultColumn>& critical_columns();

/// What a run keeps of every trial, beside its statistics; some 100 bytes a trial and scheme each.
struct Keep {
  bool records = false;
  bool critical = false;  ///< takes longer: every round keeps its arrivals
};

/// The columns of results.csv and samples.csv, in order; `keep.critical` as in the run that made the rows.
/// "/POINTER" stands for one column a swept pointer.
std::vector<ResultColumn> result_columns(Keep keep);
std::vector<ResultColumn> sample_columns(Keep keep);

}  // namespace straggle
