// Expected completion time and expected number of messages, by adaptive integration of the completion law
// (no simulation).
#pragma once

#include <optional>

#include "models/compute_model.h"
#include "sim/schemes/completion_law.h"

namespace straggle {

/// Expectations of one iteration on the ideal network.
struct Expectation {
  double time = 0;      ///< E[completion time], seconds
  double messages = 0;  ///< E[messages received by the master at or before completion]
};

/// Nothing where there is no expectation: additive scaling, a law without a density, or a scheme without a
/// law. Absolute error below 1e-9 of the value; at most about a second for 1000 workers.
std::optional<Expectation> expectation(const CompletionLaw& law, const TimeLaw& x, Scaling scaling,
                                       double increment);

}  // namespace straggle
