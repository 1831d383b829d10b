// What theory says of a scheme at a point: an expectation where there is one, bounds or an asymptotic band
// where there is not.
#pragma once

#include <optional>

#include "sim/run/experiment.h"

namespace straggle {

/// The mean completion time lies in [time_low, time_high] seconds. A time without a mean has none.
struct Prediction {
  enum class Kind {
    exact,       ///< both ends are the expectation
    bounds,      ///< proved for every number of workers
    asymptotic,  ///< for many children a parent; a small tree may lie outside
  };

  Kind kind = Kind::exact;
  double time_low = 0, time_high = 0;  ///< NaN where only messages are known
  double time_error = 0;               ///< by how much both may be off, at most
  std::optional<double> messages;      ///< expected, received by the master
  double messages_error = 0;           ///< by how much they may be off, at most
};

/// `exact`, `bounds` or `asymptotic`.
const char* name_of(Prediction::Kind kind);

/// Nothing where no theory is known: workers that differ, fail or are delayed, work left over from earlier
/// iterations, additive scaling, several messages a worker on links that cost time, links that differ.
/// - Ideal links: the expectation of the scheme's completion law (run/theory.h).
/// - An exchange of equal loads: the slowest worker and then every round; exact on all uniform links.
/// - The k-th of K workers' single messages on a serial port that holds each for t_c: with X_(j) the j-th
///   smallest compute time, max(E X_(k) + t_c, E X_(1) + k·t_c) <= E T <= E X_(k) + k·t_c, for the last of k
///   messages waits for at most the others, and the port for the first.
/// - A regular tree on a serial port: the two sides of CodedReduce's theorem, w·x_ρ + (n − s + L − 1)·t_c and
///   w·x_ρ + L(n − s)·t_c with w the work of a node and P(x > x_ρ) = ρ = s/n; none for s = 0.
std::optional<Prediction> predict(const Point& point, std::size_t s);

/// The skewness of a trial's completion time, by integration: of stars on ideal links whose workers are alike
/// and send one message. Infinite where the third moment leaves the range of double; nothing elsewhere. To a
/// thousandth or so, which is more than its use takes.
std::optional<double> predicted_skewness(const Point& point, std::size_t s);

}  // namespace straggle
