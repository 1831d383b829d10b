// What a sweep has found, row by row: as results.csv, as a table, as JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "sim/run/experiment.h"
#include "sim/run/prediction.h"
#include "sim/run/trials.h"

namespace straggle {

/// One scheme at one point.
struct Row {
  std::size_t point = 0, scheme = 0;  ///< indices into the experiment
  std::uint64_t trials = 0;
  Incomplete incomplete;  ///< of the trials; everything else is over the others
  Estimate time, messages, useful_messages, messages_in_all, bytes_in_all, bytes_into_busiest,
      port_utilisation, work, wasted, speedup;
  double min = 0, p50 = 0, p95 = 0, p99 = 0, max = 0;  ///< of the completion time
  std::optional<Prediction> theory;
  /// Standard errors from the prediction; of bounds from the nearer end, 0 inside.
  double theory_time_z = 0, theory_messages_z = 0;
  Verification verification;
  /// By Cause, seconds of the completion time; empty unless the run kept critical paths.
  std::vector<Estimate> critical;
};

/// Reduces the trials of scheme `s` of a point, and computes its expectation.
Row make_row(const Point& point, std::size_t s, SchemeResult result);

/// The estimate of one of metric_names().
const Estimate& metric(const Row& row, const std::string& name);

/// Where a result comes from.
struct Provenance {
  std::string command;  ///< only what decides the numbers
  std::string version;
};

/// The columns of results.csv and samples.csv, in order; `keep.critical` as in the run that made the rows.
/// "/POINTER" stands for one column a swept pointer.
std::vector<ResultColumn> result_columns(Keep keep);
std::vector<ResultColumn> sample_columns(Keep keep);

/// The comment header and the column names of results.csv.
void write_csv_header(std::ostream& out, const Experiment& experiment, const Provenance& provenance,
                      Keep keep = {});
void write_csv_row(std::ostream& out, const Experiment& experiment, const Row& row);

/// The same of samples.csv: one row a trial, for each scheme of each point.
void write_samples_header(std::ostream& out, const Experiment& experiment, const Provenance& provenance,
                          Keep keep);
/// The rows of scheme `s` of a point, from what Keep::records has kept and, if there, Keep::critical. Trials
/// count from 0.
void write_samples(std::ostream& out, const Point& point, std::size_t s, const SchemeResult& result);

Json to_json(const Experiment& experiment, const Provenance& provenance, const std::vector<Row>& rows);

/// The decimal places to which a mean is known: those of the first two digits of its standard error. Nothing
/// where there is no spread, or what rounding leaves of none.
std::optional<int> places_of(double mean, double error);

/// A table for people, at most `width` columns wide: what does not fit is left out, and the table says so.
std::string to_table(const Experiment& experiment, const std::vector<Row>& rows, std::size_t width);

/// Lines of cells as aligned columns: the first `left` of them flush left, the others flush right.
std::string align(const std::vector<std::vector<std::string>>& lines, std::size_t left);

/// Whether an expectation is met.
struct Verdict {
  bool pass = false;
  double found = 0;
  double z = 0;          ///< standard errors from the value; NaN for a slope
  double deviation = 0;  ///< relative
};
/// `rows` are those of the whole experiment.
Verdict judge(const ExpectedValue& expected, const Experiment& experiment, const std::vector<Row>& rows);

}  // namespace straggle
