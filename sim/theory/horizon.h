// The range of time in which an iteration completes: where integration begins, and where it may end.
#pragma once

#include <optional>

#include "sim/theory/completion_process.h"

namespace straggle::theory {

/// The range of t that matters: complete with probability below 1e-13 before `begin`, about ½ at `middle`;
/// what lies beyond `end` is negligible or known.
struct Horizon {
  Instant begin, middle, end;
  /// Beyond `end` P(T > t) is a power of t, to twelve digits.
  bool power = false;
  /// The tail is so heavy that the mean is infinite, or leaves the range of double.
  bool no_mean = false;
};

/// `messages` is how many all workers send together, `index` the tail index of T. Nothing where the range
/// leaves that of double; throws TooMuchWork.
std::optional<Horizon> find_horizon(CompletionProcess& process, double messages, double index);

}  // namespace straggle::theory
