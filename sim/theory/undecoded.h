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
};

/// unsent[j] = P(a worker has not sent its message j yet), below 1 and not falling, for the one or more
/// messages that it can have sent by now. To 1e-12 of the result or so, however small; of rings in which
/// more than one item may be missing only where that is above 1e-16, for below a Fourier transform has no
/// digits left. Adds its steps to the convolver's.
Undecoded undecoded(const CompletionLaw& law, const Series& unsent, Convolver& convolver);

/// P(at least one of k independent events of probability p).
double at_least_one(double p, int k);

}  // namespace straggle::theory
