// Expected completion time and expected number of messages, by adaptive integration of the completion law
// (no simulation): E T = ∫ P(T > t) dt, and a message counts when it is sent before completion.
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
/// - the time, where its mean is infinite or its tail leaves the range of double, or where times as doubles
///   are so coarse that their rounding moves the mean by what trials can see;
/// - messages, where times as doubles are so coarse that more than one message in ten million may tie with
///   the last (its part of messages_error: theory is of the law, trials are of doubles); not where the master
///   needs all of them, or where a worker sends all of its own at once, for an increment of 0;
/// - both, where they take more than a given number of steps, some two seconds.
/// Nothing under additive scaling. `increment` is of data-dependent scaling, in seconds a mini-batch. Throws
/// std::logic_error for a law that contradicts itself or can never be complete, and what the functions of the
/// law throw.
std::optional<Expectation> expectation(const CompletionLaw& law, const TimeLaw& x, Scaling scaling,
                                       double increment);

/// P(a draw of x + added comes as the same double as a given number), at most: the chance of a tie with
/// something independent.
double heaviest_cell(const TimeLaw& x, double added);

/// The share of its value by which what is called exact may be off.
constexpr double promised_accuracy = 1e-7;

}  // namespace straggle
