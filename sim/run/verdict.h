// Whether what a configuration expects is met by what its trials came to.
#pragma once

#include <string>
#include <vector>

#include "sim/run/experiment.h"
#include "sim/run/row.h"

namespace straggle {

/// Whether an expectation is met, and by which rule.
struct Verdict {
  enum class Rule {
    share,       ///< within its own "within"
    std_errors,  ///< within four standard errors
    digits,      ///< the trials have no spread: within half a unit of the expectation's last digit
    quantile,    ///< in the interval that holds a quantile with the confidence of four standard errors
    none,        ///< cannot be judged, and so is not met: `trouble` says why
  };
  Rule rule = Rule::std_errors;
  bool pass = false;
  double found = 0;
  double z = 0;          ///< standard errors from the value; NaN under the other rules
  double deviation = 0;  ///< relative
  Interval interval;     ///< of a quantile
  std::string trouble;
};
/// `rows` are those of the whole experiment.
Verdict judge(const ExpectedValue& expected, const Experiment& experiment, const std::vector<Row>& rows);

}  // namespace straggle
