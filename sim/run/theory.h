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

/// Nothing where there is no expectation: additive scaling, or an infinite mean (also one whose tail leaves
/// the range of double). `increment` is of data-dependent scaling, in seconds a mini-batch. Throws
/// std::logic_error for a law that contradicts itself or can never be complete.
///
/// Relative error below 1e-9, except where the density of x is unbounded at x.lower > 0 and doubles near
/// there are too coarse for it. At most about a second for 1000 workers; ten or so where hundreds of messages
/// a worker meet a lower end below a thousandth of the typical x, or where one cluster needs half a million
/// messages.
std::optional<Expectation> expectation(const CompletionLaw& law, const TimeLaw& x, Scaling scaling,
                                       double increment);

}  // namespace straggle
