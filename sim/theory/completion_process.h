// When workers send their messages and whether these still count, over continuous time: what is integrated.
#pragma once

#include <cstddef>
#include <limits>
#include <vector>

#include "models/compute_model.h"
#include "sim/schemes/completion_law.h"
#include "sim/theory/series.h"
#include "sim/theory/undecoded.h"

namespace straggle::theory {

/// A moment: so long after a break, an index into CompletionProcess::breaks(). The difference keeps its
/// digits however far from zero the break is.
struct Instant {
  std::size_t anchor = 0;
  double later = 0;
};

/// The integrands at one moment.
struct Integrand {
  double incomplete = 1;  ///< P(T > t)
  Series density;         ///< of message j's time, for as many messages as a worker can have sent by t
  Series counts;          ///< P(T >= t | a given worker sends message j at t)

  /// Messages a unit of time and worker that are expected at t and count.
  double rate() const;
};

/// Times are doubles: x is rounded, and w·x or x + w·increment once more. Of all that may become the same
/// number as a time t, the furthest apart, relative to t.
constexpr double two_cells = 0x1p-51;

/// P(z of a part comes within two cells of a value), at most. Refers to the part, which must outlive it.
class Cells {
 public:
  explicit Cells(const TimeLaw::Part& part);

  /// For values from `from` to `to`; `added` is what is added to x before it is rounded.
  double heaviest(double added, double from, double to) const;

 private:
  double mass(double v, double added) const;

  const TimeLaw::Part& part_;
  std::vector<double> quantiles_;  ///< of z, rising
};

/// When messages are sent and whether they still count, in a unit of time of the size of x's spread. Refers
/// to the law, which must outlive it, be free of contradictions, and wait for something. Server- or
/// data-dependent scaling; `increment` is of the latter, in seconds.
class CompletionProcess {
 public:
  /// Where the density of a message's time begins, or stops: at work·end.
  struct Break {
    std::size_t message = 0;
    double end = 0;  ///< of x
    double at = 0;   ///< rounded
  };

  CompletionProcess(const CompletionLaw& law, const TimeLaw& x, Scaling scaling, double increment);

  double unit() const { return unit_; }                      ///< seconds
  std::size_t messages() const { return law_.work.size(); }  ///< of a worker
  const std::vector<Break>& breaks() const { return breaks_; }
  double at(const Instant& t) const { return breaks_[t.anchor].at + t.later; }
  /// What of a moment at which messages 0 to j can have been sent is draw alone, without the increments
  /// before the last of them: a tail that is a power is one of this.
  double of_draw(std::size_t j, const Instant& t) const;
  /// Between two breaks; infinite behind the last.
  double between(std::size_t from, std::size_t to) const;
  /// A density starts at breaks like a power that is not whole, or worse: integration goes by the logarithm
  /// of the time since, from `finest` on.
  bool graded() const { return graded_; }
  double finest(std::size_t anchor) const;
  /// Of x.
  double index() const { return index_; }
  /// The largest spread of a message's time.
  double spread() const { return 2 * (server_dependent_ ? law_.work.back() : 1); }
  /// Elementary steps so far: what the work is bounded by.
  double steps() const { return convolver_.steps; }

  /// P(a worker has not sent message j by t).
  double unsent(std::size_t j, const Instant& t) const;
  /// The same for the messages where it is below 1.
  Series unsent(const Instant& t) const;
  /// A worker's expected messages by t, complete or not.
  double sent_by(const Instant& t) const;

  /// From now on P(T > t) keeps all its digits where their loss, at a late t, would show in E T, which is no
  /// less than `mean`. Before, and without a mean, those beside 1 are enough.
  void guard_mean(double mean) { mean_ = mean; }
  /// Of P(T > t) where that is guarded, so far, at most: relative, beside roundings.
  double error() const { return error_; }

  /// P(T > t).
  double incomplete(const Instant& t);
  /// P(T > t), t in units from the start of the iteration.
  double incomplete_at(double t);
  Integrand integrand(const Instant& t);

  /// P(message j comes in the same cell of doubles as a moment from `from` to `to` that does not depend on
  /// its worker), at most.
  double heaviest_cell(std::size_t j, const Instant& from, const Instant& to);
  /// The moment from which on messages of one worker that are not meant to may come at the same instant, for
  /// their distance is that of neighbouring doubles; infinite where there is none.
  double own_ties_from() const;

 private:
  /// Between the ends of messages j − 1 and j: seconds more, or work.
  double gap(std::size_t j) const;
  void add_breaks(double end);
  double difference(double work_a, double end_a, double work_b, double end_b) const;
  double difference(const Break& a, const Break& b) const;
  double stretch(std::size_t j, const TimeLaw::Part& part) const;
  /// The v of part.survival that belongs to message j at t.
  double since(std::size_t j, const TimeLaw::Part& part, const Instant& t) const;
  /// That of one cluster, with the digits that are needed there.
  Undecoded undecoded_at(const Instant& t, const Series& by_now);

  const CompletionLaw& law_;
  std::vector<TimeLaw::Part> parts_;  ///< in units
  bool server_dependent_;
  double unit_ = 1, increment_ = 0;
  double mean_ = std::numeric_limits<double>::infinity();  ///< E T is no less, where it has to be guarded
  int clusters_;                                           ///< independent ones
  double index_ = std::numeric_limits<double>::infinity();
  bool graded_ = false;
  double finest_ = 0;
  double error_ = 0;
  std::vector<Break> breaks_;               ///< by position, those at the same place once
  std::vector<Cells> cells_;                ///< of parts, made when needed
  std::vector<std::size_t> first_at_once_;  ///< of the messages that a worker sends with message j
  Convolver convolver_;
};

}  // namespace straggle::theory
