// One scheme at one point: its trials reduced to estimates, beside what theory says; and expectations judged.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "sim/run/columns.h"
#include "sim/run/experiment.h"
#include "sim/run/statistics.h"
#include "sim/run/summary.h"
#include "sim/theory/blocking.h"
#include "sim/theory/prediction.h"

namespace straggle {

/// Two ends; NaN where there is none.
struct Interval {
  double low = std::numeric_limits<double>::quiet_NaN(), high = std::numeric_limits<double>::quiet_NaN();
};

/// Where a quantile of the law of completion times lies, by order statistics (quantile_ranks()).
struct QuantileIntervals {
  Interval confidence;  ///< with 95 %
  Interval wide;        ///< with the confidence of four standard errors
};

/// A nearest-rank quantile of what trials counted.
struct QuantileEstimate {
  double value = std::numeric_limits<double>::quiet_NaN();
  QuantileIntervals around;
};

/// One scheme at one point.
struct Row {
  std::size_t point = 0, scheme = 0;  ///< indices into the experiment
  std::uint64_t trials = 0;
  bool varies = true;        ///< else every trial is the same by construction, and has no standard error
  Incomplete incomplete;     ///< of the trials; everything else is over the others
  PerTally<Estimate> tally;  ///< as metrics() has them: bytes are NaN where gradients have no size
  Estimate speedup;
  Estimate& operator[](Tally which) { return tally[which]; }
  const Estimate& operator[](Tally which) const { return tally[which]; }
  const Estimate& operator[](const Metric& metric) const {
    return metric.tally ? tally[*metric.tally] : speedup;
  }
  double min = 0, p50 = 0, p95 = 0, p99 = 0, max = 0;  ///< of the completion time
  QuantileIntervals around_p50, around_p95, around_p99;
  /// How heavy the tail of the completion time is; nothing where that is unknown. What does not exist is NaN:
  /// without a mean the time, the speedup and the critical times, without a variance their standard errors.
  std::optional<TailBehaviour> tail;
  /// So many trials have a mean time that is normal enough for ± and z (observations_for()): by the skewness
  /// of its law, or at the least by the sample's, which can only say too few. NaN where there is no variance,
  /// or no spread.
  double trials_needed = std::numeric_limits<double>::quiet_NaN();
  bool needs_more_trials() const { return trials_needed > static_cast<double>(tally[Tally::time].count); }
  std::optional<Prediction> theory;
  /// Standard errors from the prediction; of bounds from the nearer end, 0 inside. NaN where there is none,
  /// or nothing to measure in (z_score()).
  double theory_time_z = std::numeric_limits<double>::quiet_NaN(),
         theory_messages_z = std::numeric_limits<double>::quiet_NaN();
  Verification verification;
  /// Whether its interval is as narrow as the point's precision asks for; nothing where it asks for none.
  std::optional<bool> precise;
  /// By Cause, seconds of the completion time; empty unless the run kept critical paths.
  std::vector<Estimate> critical;
  /// Of the tallies beside the time of which the run kept quantiles, each as row_quantiles() lists them.
  std::vector<std::pair<Tally, std::vector<QuantileEstimate>>> other_quantiles;
  bool counted = false;  ///< quantiles are of histograms: off by QuantileStore::bin_error at most
};

/// `all`, `no variance` or `no mean`: which moments the completion time has; empty where it is unknown.
std::string moments_of(const Row& row);

/// Reduces the trials of scheme `s` of a point, and computes its expectation.
Row make_row(const Point& point, std::size_t s, Summary trials);

/// A quantile of the completion time as `expect` and the columns of results name it.
struct RowQuantile {
  const char* name;
  double share;
  double Row::*value;
  QuantileIntervals Row::*around;
};
/// p50, p95 and p99.
std::span<const RowQuantile> row_quantiles();

/// A number of trials that is known to two digits, rounded up: `320`, `29000`, `1.1e+11`.
std::string trials_words(double trials);

/// The estimate of one of metric_names().
const Estimate& metric(const Row& row, const std::string& name);

}  // namespace straggle
