// The probability that a cluster is not decoded yet, from how likely a worker has sent each of its messages:
// sums of message counts, order statistics, and rings of distinct items (the multi-message schemes of
// Ozfatura, Gündüz and Ulukus, 2019), whose missing items form a renewal process (Feller, An Introduction to
// Probability Theory, vol. 1, ch. XIII).
#pragma once

#include "sim/schemes/completion_law.h"
#include "sim/theory/series.h"

namespace straggle::theory {

/// P(a cluster is not decoded), without a condition and given that one of its workers has sent exactly j
/// messages, for every j below the number of messages a worker can have sent by now. With `pooled` the same
/// of all clusters.
struct Undecoded {
  double overall = 1;
  Series given;
  double error = 0;  ///< of `overall` with relative digits, at most, beside its roundings
};

/// unsent[j] = P(a worker has not sent its message j yet), below 1 and not falling, for the one or more
/// messages that it can have sent by now. To 1e-15 or so. With relative digits
/// `overall` is off by no more than 1e-13 of itself, a rounding a message, and `error`, however small it is,
/// for the price of direct sums where a Fourier transform has no such digits: throws TooMuchWork where they
/// take too long. Adds its steps to the convolver's.
Undecoded undecoded(const CompletionLaw& law, const Series& unsent, Convolver& convolver,
                    Digits digits = Digits::absolute);

/// P(at least one of k independent events of probability p).
double at_least_one(double p, int k);

}  // namespace straggle::theory
