// What theory says of a completion time whatever is between the workers and the master, as arithmetic over
// plain laws: an expectation where there is one, bounds or an asymptotic band where there is not.
#pragma once

#include <cstdint>
#include <optional>

#include "models/compute_model.h"
#include "sim/schemes/completion_law.h"

namespace straggle {

/// How long workers that are alike take: x for a mini-batch, and how time grows with the work done.
struct WorkLaw {
  TimeLaw x;
  Scaling scaling = Scaling::server_dependent;
  double increment = 0;  ///< seconds a mini-batch, data-dependent scaling only
};

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

// Each of these says nothing where expectation() says nothing, and throws what that throws.

/// A star on ideal links: the expectation of its completion law.
std::optional<Prediction> predict_star(const CompletionLaw& law, const WorkLaw& work);

/// The k-th of K workers' single messages on a serial port that holds each for t_c = `hold` seconds, and
/// which they reach `later` seconds after their work ends: with X_(j) the j-th smallest time to then,
/// max(E X_(k) + t_c, E X_(1) + k·t_c) <= E T <= E X_(k) + k·t_c, for the last of k messages waits for at
/// most the others, and the port for the first. Nothing for any other law.
std::optional<Prediction> predict_serial_star(const CompletionLaw& law, const WorkLaw& work, double later,
                                              double hold);

/// An exchange of equal loads (mini-batches): the slowest worker and then every round, of `step` seconds.
std::optional<Prediction> predict_exchange(int workers, double load, std::uint32_t rounds, double step,
                                           const WorkLaw& work);

/// A regular tree of so many workers, each with `load` mini-batches, on serial ports that all hold a message
/// for t_c = `hold` seconds: the two sides of CodedReduce's theorem, w·x_ρ + (n − s + L − 1)·t_c and
/// w·x_ρ + L(n − s)·t_c with w the load and P(x > x_ρ) = ρ = s/n. Nothing for s = 0 or additive scaling.
///
/// Of many children the (n − s)-th ends its work at w·x_ρ. The upper side lets every layer wait for the one
/// below and then receive n − s messages; the lower one lets a first message pass L − 1 layers, and then n −
/// s the master's port. Nor would the port's own hold there mend it for a slower master: for L > 1 the sides
/// then all but meet at w·x_ρ + (n − s)·t_c, while the port is busy from the first of n subtrees on, which is
/// ready earlier than w·x_ρ by the spread of order statistics; the time lies below both.
std::optional<Prediction> predict_tree(const TreeLaw& tree, int workers, double load, double hold,
                                       const WorkLaw& work);

/// The skewness of the completion time of a star on ideal links whose workers send one message, by
/// integration; increments and the unit of x do not matter. Infinite where the third moment leaves the range
/// of double; nothing for other laws. To a thousandth or so, which is more than its use takes.
std::optional<double> skewness(const CompletionLaw& law, const TimeLaw& x);

}  // namespace straggle
