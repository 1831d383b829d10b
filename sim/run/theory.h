// Expected completion time and expected number of messages, by adaptive integration of the completion law
// (no simulation).
#pragma once

#include <optional>

#include "models/compute_model.h"
#include "sim/schemes/completion_law.h"

namespace straggle {

/// Expectations of one iteration on the ideal network, and how far off they may be. NaN where there is none.
struct Expectation {
  double time = 0;                            ///< E[completion time], seconds
  double messages = 0;                        ///< E[messages received by the master at or before completion]
  double time_error = 0, messages_error = 0;  ///< absolute, at most
};

/// Relative error below 1e-7, most often below 1e-10; what that cannot be said of is left out:
/// - the time, where its mean is infinite or its tail leaves the range of double;
/// - messages, where times as doubles are so coarse that more than one in a thousand may tie with the last
///   (its part of messages_error: theory is of the law, trials are of doubles);
/// - both, where they take more than a given number of steps, some two seconds.
/// Nothing under additive scaling. `increment` is of data-dependent scaling, in seconds a mini-batch. Throws
/// std::logic_error for a law that contradicts itself or can never be complete.
std::optional<Expectation> expectation(const CompletionLaw& law, const TimeLaw& x, Scaling scaling,
                                       double increment);

}  // namespace straggle
