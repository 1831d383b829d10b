// One scheme at one point: its trials reduced to estimates, beside what theory says; and expectations judged.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
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
  /// Standard errors from the prediction; of bounds from the nearer end, 0 inside. NaN where there is none,
  /// or nothing to measure in (z_score()).
  double theory_time_z = std::numeric_limits<double>::quiet_NaN(),
         theory_messages_z = std::numeric_limits<double>::quiet_NaN();
  Verification verification;
  /// By Cause, seconds of the completion time; empty unless the run kept critical paths.
  std::vector<Estimate> critical;
};

/// Reduces the trials of scheme `s` of a point, and computes its expectation.
Row make_row(const Point& point, std::size_t s, SchemeResult result);

/// The estimate of one of metric_names().
const Estimate& metric(const Row& row, const std::string& name);

/// Whether an expectation is met, and by which rule.
struct Verdict {
  enum class Rule {
    share,       ///< within its own "within"
    std_errors,  ///< within four standard errors
    digits,      ///< the trials have no spread: within half a unit of the expectation's last digit
  };
  Rule rule = Rule::std_errors;
  bool pass = false;
  double found = 0;
  double z = 0;          ///< standard errors from the value; NaN under the other rules
  double deviation = 0;  ///< relative
};
/// `rows` are those of the whole experiment.
Verdict judge(const ExpectedValue& expected, const Experiment& experiment, const std::vector<Row>& rows);

}  // namespace straggle
