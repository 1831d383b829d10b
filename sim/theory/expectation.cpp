// Expected completion time and messages by adaptive integration over time: E T = ∫ P(T > t) dt, and a message
// counts when it is sent before completion. P(T > t) comes from the sum of the workers' message counts or
// from the distinct items of a ring (the multi-message schemes of Ozfatura, Gündüz and Ulukus, 2019), whose
// missing items form a renewal process (Feller, An Introduction to Probability Theory, vol. 1, ch. XIII).
#include "sim/theory/expectation.h"

#include <algorithm>
#include <array>
#include <bit>
#include <boost/math/quadrature/gauss.hpp>
#include <boost/math/quadrature/gauss_kronrod.hpp>
#include <boost/math/special_functions/beta.hpp>
#include <cmath>
#include <complex>
#include <cstddef>
#include <limits>
#include <queue>
#include <stdexcept>
#include <string>
#include <unsupported/Eigen/FFT>
#include <utility>
#include <vector>

#include "sim/theory/blocking.h"

namespace straggle {
namespace {

/// Coefficients of a power series, or of a distribution on 0, 1, …
using Series = std::vector<double>;

/// `size` entries of `series` from `first` on, for arithmetic on all of them.
auto part(Series& series, std::size_t first, std::size_t size) {
  return Eigen::Map<Eigen::ArrayXd>(series.data() + first, static_cast<Eigen::Index>(size));
}
auto part(const Series& series, std::size_t first, std::size_t size) {
  return Eigen::Map<const Eigen::ArrayXd>(series.data() + first, static_cast<Eigen::Index>(size));
}

/// P(at least one of k independent events of probability p).
double at_least_one(double p, int k) {
  if (k == 0) return 0;
  return p < 1 ? -std::expm1(k * std::log1p(-p)) : 1;
}

/// Products and powers of series with nonnegative coefficients, by Fourier transform.
class Convolver {
 public:
  Convolver() { fft_.SetFlag(Eigen::FFT<double>::HalfSpectrum); }

  double steps = 0;  ///< elementary ones, a nanosecond or so each

  /// The first `limit` coefficients of a·b; absolute error about 1e-16·(sum of a)·(sum of b).
  Series product(const Series& a, const Series& b, std::size_t limit) {
    const std::size_t a_size = std::min(a.size(), limit);
    const std::size_t b_size = std::min(b.size(), limit);
    Series result(limit, 0.0);
    if (a_size * b_size <= 1024) {
      steps += static_cast<double>(a_size * b_size);
      for (std::size_t i = 0; i < a_size; ++i) {
        for (std::size_t j = 0; j < std::min(b_size, limit - i); ++j) result[i + j] += a[i] * b[j];
      }
      return result;
    }
    const std::size_t points = std::bit_ceil(a_size + b_size - 1);
    Eigen::ArrayXcd spectrum = transform(a, a_size, points);
    spectrum *= transform(b, b_size, points);
    const Eigen::ArrayXd values = inverse(spectrum, points);
    for (std::size_t i = 0; i < std::min(limit, points); ++i) {
      result[i] = std::max(0.0, values[static_cast<Eigen::Index>(i)]);
    }
    return result;
  }

  /// The first `limit` >= 1 coefficients of p^exponent, p a (defective) distribution: the law of the sum of
  /// `exponent` independent draws. Coefficients near `focus` < limit have a relative error of about
  /// 1e-16·exponent however small they are, all of them that error relative to the sum of the result.
  Series power(const Series& p, int exponent, std::size_t limit, double focus) {
    Series result(limit, 0.0);
    if (exponent == 0) {
      result[0] = 1;
      return result;
    }
    if (exponent == 1) {
      std::copy_n(p.begin(), std::min(limit, p.size()), result.begin());
      return result;
    }
    const auto nonzero = std::find_if(p.begin(), p.end(), [](double c) { return c > 0; });
    const auto first = static_cast<std::size_t>(nonzero - p.begin());
    const std::size_t offset = first * static_cast<std::size_t>(exponent);
    if (nonzero == p.end() || offset >= limit) return result;
    const std::size_t room = limit - offset;
    Series q(nonzero, nonzero + static_cast<std::ptrdiff_t>(std::min(p.size() - first, room)));
    while (q.back() <= 0) q.pop_back();
    if (q.size() == 1) {
      result[offset] = std::pow(q[0], exponent);
      return result;
    }

    const Tilt tilt = tilt_below(q, exponent, std::max(focus - static_cast<double>(offset), 0.5), room);
    Eigen::ArrayXcd base = transform(tilt.law, tilt.law.size(), tilt.points);
    steps += 8 * static_cast<double>(tilt.points) * std::bit_width(static_cast<unsigned>(exponent));
    Eigen::ArrayXcd powered = base;
    for (int bit = std::bit_width(static_cast<unsigned>(exponent)) - 2; bit >= 0; --bit) {
      powered *= powered;
      if ((exponent >> bit) & 1) powered *= base;
      // Subnormal numbers are slow.
      powered = (powered.abs2() < 1e-60).select(std::complex<double>(0), powered);
    }
    const Eigen::ArrayXd values = inverse(powered, tilt.points);
    const std::size_t known = std::min(room, tilt.points);
    for (std::size_t k = 0; k < known; ++k) {
      const double value = values[static_cast<Eigen::Index>(k)];
      if (value > 0) {
        result[offset + k] = value * std::exp(exponent * tilt.log_mass - static_cast<double>(k) * tilt.slope);
      }
    }
    return result;
  }

 private:
  /// q_j·exp(slope·j)/mass, a distribution, and the points of a Fourier transform that does not alias its
  /// powers.
  struct Tilt {
    Series law;
    double slope = 0;
    double log_mass = 0;
    std::size_t points = 0;
  };

  struct Moments {
    double mass = 0, mean = 0, variance = 0;
  };

  Moments moments(const Series& q, double slope) {
    steps += 3 * static_cast<double>(q.size());
    const double ratio = std::exp(slope);
    double weight = 1, m0 = 0, m1 = 0, m2 = 0;
    for (std::size_t j = 0; j < q.size(); ++j, weight *= ratio) {
      const double x = static_cast<double>(j);
      m0 += weight * q[j];
      m1 += weight * q[j] * x;
      m2 += weight * q[j] * x * x;
    }
    return {m0, m1 / m0, m2 / m0 - (m1 / m0) * (m1 / m0)};
  }

  /// Where the sum of `exponent` draws would exceed `goal` on average, the wanted coefficients, the first
  /// `room`, are a lower tail, lost in the rounding of a Fourier transform; an exponential tilt of slope < 0
  /// moves the mean to about `goal` (Esscher).
  Tilt tilt_below(const Series& q, int exponent, double goal, std::size_t room) {
    const double target = goal / exponent;
    Tilt tilt;
    Moments now = moments(q, 0);
    double above = 0;
    double below = -std::numeric_limits<double>::infinity();
    for (int step = 0; step < 200 && exponent * (now.mean - target) > 0.5; ++step) {
      // Newton from above, at most doubling; bisection once the target is bracketed.
      double next = std::max(above - (now.mean - target) / now.variance, 2 * above - 2);
      if (!(next > below && next < above)) next = std::isinf(below) ? 2 * above - 2 : (above + below) / 2;
      const Moments there = moments(q, next);
      if (exponent * (there.mean - target) < -0.5) {
        below = next;
        if (above - below < 1e-9 * (1 - below)) break;
      } else {
        above = tilt.slope = next;
        now = there;
      }
    }
    apply(tilt, q);
    tilt.points = points_without_aliasing(tilt.law, exponent, room);
    if (tilt.points > 8 * std::bit_ceil(room)) {
      // A long upper tail. A little more tilt shortens it and costs a factor exp(7) of rounding.
      tilt.slope -= 7 / static_cast<double>(room);
      apply(tilt, q);
      tilt.points = points_without_aliasing(tilt.law, exponent, room);
    }
    return tilt;
  }

  void apply(Tilt& tilt, const Series& q) {
    const double mass = moments(q, tilt.slope).mass;
    tilt.log_mass = std::log(mass);
    tilt.law.resize(q.size());
    steps += 10 * static_cast<double>(q.size());
    for (std::size_t j = 0; j < q.size(); ++j) {
      tilt.law[j] = q[j] * std::exp(tilt.slope * static_cast<double>(j)) / mass;
    }
  }

  /// The smallest power of two from `room` on that leaves less than 1e-17 of the law of the sum at or beyond
  /// it, by Chernoff's bound (those coefficients fold back onto the wanted ones).
  std::size_t points_without_aliasing(const Series& law, int exponent, std::size_t room) {
    const double degree = static_cast<double>(law.size() - 1);
    const Moments one = moments(law, 0);
    std::size_t points = std::max<std::size_t>(4, std::bit_ceil(room));
    for (; static_cast<double>(points) <= exponent * degree; points *= 2) {
      const double gap = static_cast<double>(points) - exponent * one.mean;
      if (gap <= 0) continue;
      // The best slope for a normal law first.
      double slope = std::min(gap / (exponent * std::max(one.variance, 1e-300)), 600 / degree);
      bool safe = false;
      for (int halving = 0; halving < 8 && !safe; ++halving, slope /= 2) {
        safe = exponent * std::log(moments(law, slope).mass) - slope * static_cast<double>(points) < -39;
      }
      if (safe) break;
    }
    return points;
  }

  void count_transform(std::size_t points) {
    steps += 3 * static_cast<double>(points) * static_cast<double>(std::bit_width(points));
  }

  Eigen::ArrayXcd transform(const Series& a, std::size_t size, std::size_t points) {
    count_transform(points);
    Eigen::ArrayXd padded = Eigen::ArrayXd::Zero(static_cast<Eigen::Index>(points));
    padded.head(static_cast<Eigen::Index>(size)) =
        Eigen::Map<const Eigen::ArrayXd>(a.data(), static_cast<Eigen::Index>(size));
    Eigen::ArrayXcd spectrum(static_cast<Eigen::Index>(points / 2 + 1));
    fft_.fwd(spectrum.data(), padded.data(), static_cast<Eigen::Index>(points));
    return spectrum;
  }

  Eigen::ArrayXd inverse(const Eigen::ArrayXcd& spectrum, std::size_t points) {
    count_transform(points);
    Eigen::ArrayXd values(static_cast<Eigen::Index>(points));
    fft_.inv(values.data(), spectrum.data(), static_cast<Eigen::Index>(points));
    return values;
  }

  Eigen::FFT<double> fft_;
};

/// P(a cluster is not decoded), without a condition and given that one of its workers has sent exactly j
/// messages, for every j below the number of messages a worker can have sent by now. With `pooled` the same
/// of all clusters.
struct Undecoded {
  double overall = 1;
  Series given;
};

/// Kind `count`. unsent[j] = P(a worker has not sent its message j yet), below 1.
Undecoded undecoded_count(const CompletionLaw& law, const Series& unsent, Convolver& convolver) {
  const std::size_t begun = unsent.size();
  const int others = law.workers - 1;
  // The law of a worker's number of messages, without the numbers that settle the matter on their own.
  Series sent(begun + 1);
  for (std::size_t j = 0; j <= begun; ++j) {
    sent[j] = (j < begun ? unsent[j] : 1.0) - (j > 0 ? unsent[j - 1] : 0.0);
  }
  double silent = 0;
  if (law.first_of_all) silent = std::exchange(sent[0], 0.0);
  if (law.finisher_decodes && begun == law.work.size()) sent[begun] = 0;

  // below[k] = P(the other workers' messages are fewer than k, and none of them settles the matter)
  const auto need = static_cast<std::size_t>(std::max(law.need, 0));
  Series below(need + 1, 0.0);
  if (need > 0) {
    // Where not to be decoded is unlikely, it happens with need − 1 messages evenly from all the workers.
    const double focus = static_cast<double>(need - 1) * others / law.workers;
    const Series sum = convolver.power(sent, others, need, focus);
    for (std::size_t k = 0; k < need; ++k) below[k + 1] = below[k] + sum[k];
  }

  Undecoded result{.overall = at_least_one(silent, law.workers), .given = Series(begun)};
  for (std::size_t j = 0; j <= begun && j < need; ++j) result.overall += sent[j] * below[need - j];
  for (std::size_t j = 0; j < begun; ++j) {
    const bool lacks_first = law.first_of_all && j == 0;
    result.given[j] = lacks_first ? 1 : at_least_one(silent, others) + (j < need ? below[need - j] : 0.0);
  }
  return result;
}

/// Kind `count` with one message a worker: order statistics.
Undecoded undecoded_single(const CompletionLaw& law, double unsent) {
  const auto fewer = [&](int of) {  // than `need` of so many workers have sent
    return law.need > of ? 1 : boost::math::ibeta(of - law.need + 1.0, static_cast<double>(law.need), unsent);
  };
  return {.overall = fewer(law.workers), .given = {fewer(law.workers - 1)}};
}

/// Kind `distinct`: n workers and n items in a ring. Item i is missing when worker i−d has sent at most d
/// messages for every d; F(d) is the probability of that for one worker. Seen from a missing item the rest of
/// the ring does not depend on what lies behind it, so missing items are a renewal process: with u(L) =
/// Π_{d<L} F(d) the probability that the item L ahead is missing as well, U(z) = Σ u(L) z^L and 1 − G = 1/U,
/// G generates the distance to the next missing item, and P(k missing) = (n/k)[z^n] G^k.
class Ring {
 public:
  Ring(const CompletionLaw& law, const Series& unsent, Convolver& convolver)
      : n_(static_cast<std::size_t>(law.workers)), window_(unsent.size()), convolver_(convolver) {
    // A worker reaches no further than the messages it can have sent by now.
    chain_.assign(n_ + 1, 1.0);
    missing_.assign(n_, 1.0);
    for (std::size_t d = 0; d < n_; ++d) {
      if (d < window_) missing_[d] = unsent[d];
      chain_[d + 1] = chain_[d] * missing_[d];
    }
    for (std::size_t d = 0; d < window_; ++d) ends_.push_back(chain_[d] * (1 - missing_[d]));
    find_gap();
  }

  Undecoded undecoded(const CompletionLaw& law) {
    const int tolerated = (law.pooled ? law.clusters : 1) * law.workers - law.need;
    Series phi;
    double others_exceed = 0;
    if (law.pooled && law.clusters > 1) {
      others_exceed = pool(law.clusters, tolerated, phi);
    } else {
      phi = convolver_.power(gap_, tolerated, n_, static_cast<double>(n_) * tolerated / (tolerated + 1));
    }
    return {.overall = others_exceed + exceeds(phi), .given = exceeds_given(phi, others_exceed)};
  }

 private:
  /// G by Kaluza's recursion, u(L) = u(L−1)F(L−1) put into u = g·u: a sum of nonnegative terms, so that g
  /// keeps its relative accuracy.
  void find_gap() {
    convolver_.steps += 5 * static_cast<double>(n_) + static_cast<double>(n_) * static_cast<double>(window_);
    gap_.assign(n_ + 1, 0.0);
    gap_[1] = missing_[0];
    for (std::size_t i = 1; i < n_; ++i) {
      const std::size_t reach = std::min(window_, n_ - i);
      part(gap_, i + 1, reach) +=
          gap_[i] * part(chain_, 0, reach) * (part(missing_, i, reach) - part(missing_, 0, reach));
    }
  }

  /// P(U > u) where phi = G^u: the ring opened in the gap around a given item, [z^n] (z G')·U·phi. Every term
  /// is nonnegative.
  double exceeds(const Series& phi) {
    double result = 0;
    if (phi[0] == 1) {  // u = 0, the common case
      for (std::size_t k = 1; k <= n_; ++k) result += static_cast<double>(k) * gap_[k] * chain_[n_ - k];
      return result;
    }
    if (opened_.empty()) open_gap();
    for (std::size_t k = 1; k <= n_; ++k) result += opened_[k] * phi[n_ - k];
    return result;
  }

  void open_gap() {
    convolver_.steps += static_cast<double>(n_) * static_cast<double>(window_);
    opened_.assign(n_ + 1, 0.0);
    for (std::size_t k = 1; k <= n_; ++k) {
      const std::size_t reach = std::min(window_, n_ - k + 1);
      part(opened_, k, reach) += static_cast<double>(k) * gap_[k] * part(chain_, 0, reach);
    }
    double before = 0;  // u(L) is constant from the window on
    for (std::size_t k = 1; k + window_ <= n_; ++k) {
      before += static_cast<double>(k) * gap_[k];
      opened_[k + window_] += before * chain_[window_];
    }
  }

  /// P(U > u | a given worker has sent exactly m messages), m = 0 … window−1, where phi = G^u; `base` is
  /// added. Let d be the distance from the worker to the next missing item and L that between the missing
  /// items around it. With B = (1−G)·phi and S(d) = Σ_{L>=d} F(d)…F(min(L,r)−1)·B_{n−L} it is Σ_{d>=m}
  /// u(d)·S(d+1) + Σ_{L>r} (L−r)·u(r)·B_{n−L}, r the window. B has mixed signs; b in B = (1−z)·b has not.
  Series exceeds_given(const Series& phi, double base) const {
    Series beyond(n_);  // P(the next missing item is more than k away)
    double before = 0;
    for (std::size_t k = 0; k < n_; ++k) beyond[k] = std::max(0.0, 1 - (before += gap_[k]));
    const Series b = phi[0] == 1 ? beyond : convolver_.product(phi, beyond, n_);
    double sum = 0;
    for (std::size_t i = 0; i + window_ < n_; ++i) sum += b[i];
    double tail = base + sum * chain_[window_];
    Series result(window_);
    double later = 0;  // b_{n−d−1} − S(d+1)
    for (std::size_t d = window_; d-- > 0;) {
      tail += chain_[d] * (b[n_ - d - 1] - later);
      result[d] = tail;
      if (d > 0) later = (1 - missing_[d]) * b[n_ - d - 1] + missing_[d] * later;
    }
    return result;
  }

  /// P(as many missing items as the index) and P(more), up to the number tolerated.
  struct Missed {
    Series exactly, more;
  };

  /// Two independent sets of rings together. Direct sums of nonnegative terms: a heavy tail of the completion
  /// time is made of small `more`.
  Missed join(const Missed& a, const Missed& b) {
    const std::size_t size = a.exactly.size();
    convolver_.steps += static_cast<double>(size) * static_cast<double>(size);
    Missed sum{.exactly = Series(size, 0.0), .more = a.more};
    for (std::size_t i = 0; i < size; ++i) {
      part(sum.exactly, i, size - i) += a.exactly[i] * part(b.exactly, 0, size - i);
      part(sum.more, i, size - i) += a.exactly[i] * part(b.more, 0, size - i);
    }
    return sum;
  }

  /// Several rings with `tolerated` missing items in all: replaces G^u by phi = Σ_k P(the others miss
  /// u−k)·G^k and returns P(the others alone miss more than u). Powers of G in steps of about √u (Paterson
  /// and Stockmeyer).
  double pool(int clusters, int tolerated, Series& phi) {
    const auto size = static_cast<std::size_t>(tolerated) + 1;
    const std::size_t most = std::min(size - 1, n_);
    const auto stride = static_cast<std::size_t>(std::ceil(std::sqrt(static_cast<double>(most + 1))));
    std::vector<Series> powers{Series(n_ + 1, 0.0)};  // G^0 … G^stride
    powers[0][0] = 1;
    for (std::size_t j = 1; j <= stride; ++j)
      powers.push_back(convolver_.product(powers.back(), gap_, n_ + 1));

    Missed one{.exactly = Series(size, 0.0), .more = Series(size, 0.0)};
    one.exactly[0] = none_missing();
    Series giant = powers[0];
    for (std::size_t k = 1; k <= most; ++k) {
      if (k % stride == 0) giant = convolver_.product(giant, powers[stride], n_ + 1);
      convolver_.steps += static_cast<double>(n_);
      double coefficient = 0;
      for (std::size_t i = 0; i <= n_; ++i) coefficient += giant[i] * powers[k % stride][n_ - i];
      one.exactly[k] = coefficient * static_cast<double>(n_) / static_cast<double>(k);
    }
    if (most < n_) one.more[most] = exceeds(convolver_.product(giant, powers[most % stride], n_ + 1));
    for (std::size_t k = most; k-- > 0;) one.more[k] = one.more[k + 1] + one.exactly[k + 1];

    Missed others = one;
    for (int bit = std::bit_width(static_cast<unsigned>(clusters - 1)) - 2; bit >= 0; --bit) {
      others = join(others, others);
      if (((clusters - 1) >> bit) & 1) others = join(others, one);
    }

    phi.assign(n_ + 1, 0.0);
    for (std::size_t block = most / stride + 1; block-- > 0;) {
      phi = convolver_.product(phi, powers[stride], n_ + 1);
      for (std::size_t j = 0; j < stride && block * stride + j <= most; ++j) {
        const double weight = others.exactly[size - 1 - (block * stride + j)];
        part(phi, 0, n_ + 1) += weight * part(powers[j], 0, n_ + 1);
      }
    }
    return others.more.back();
  }

  /// P(U = 0) = [z^n] z E'/(1−E) with E = Σ e_L z^L.
  double none_missing() const {
    Series p(n_ + 1, 0.0);
    for (std::size_t k = 1; k <= n_; ++k) {
      if (k <= window_) p[k] += static_cast<double>(k) * ends_[k - 1];
      const std::size_t reach = std::min(window_, n_ - k);
      part(p, k + 1, reach) += p[k] * part(ends_, 0, reach);
    }
    return p[n_];
  }

  std::size_t n_;
  std::size_t window_;  ///< messages a worker can have sent by now, r of the comments
  Convolver& convolver_;
  Series chain_;    ///< u(L), L = 0 … n
  Series missing_;  ///< F(d), d = 0 … n−1, 1 from the window on
  Series ends_;     ///< e_{d+1} = u(d)·(1−F(d)), d < window
  Series gap_;      ///< g(L), L = 0 … n
  Series opened_;   ///< the coefficients of (z G')·U, made when needed
};

/// A moment: so long after a break, an index into Axis::breaks. The difference keeps its digits however far
/// from zero the break is.
struct Instant {
  std::size_t anchor = 0;
  double later = 0;
};

/// The integrands at one moment.
struct Integrand {
  double incomplete = 1;  ///< P(T > t)
  Series density;         ///< of message j's time, for as many messages as a worker can have sent by t
  Series counts;          ///< P(T >= t | a given worker sends message j at t)

  /// Messages a second and worker that are expected at t and count.
  double rate() const {
    double sum = 0;
    for (std::size_t j = 0; j < density.size(); ++j) sum += density[j] * counts[j];
    return sum;
  }
};

/// Times are doubles: x is rounded, and w·x or x + w·increment once more. Of all that may become the same
/// number as a time t, the furthest apart, relative to t.
constexpr double two_cells = 0x1p-51;

/// P(z of a part comes within two cells of a value), at most.
class Cells {
 public:
  explicit Cells(const TimeLaw::Part& part) : part_(part) {
    for (int k = 52; k >= 6; --k) quantiles_.push_back(part.tail(1 - std::exp2(-k)));
    for (int k = 31; k >= 1; --k) quantiles_.push_back(part.tail(k / 32.0));
    for (int k = 6; k <= 52; ++k) quantiles_.push_back(part.tail(std::exp2(-k)));
  }

  /// For values from `from` to `to`; `added` is what is added to x before it is rounded.
  double heaviest(double added, double from, double to) const {
    from = std::max(from, 0.0);
    to = std::max(to, from);
    double most = mass(from, added);
    if (to < std::numeric_limits<double>::infinity()) most = std::max(most, mass(to, added));
    for (auto v = std::upper_bound(quantiles_.begin(), quantiles_.end(), from);
         v != quantiles_.end() && *v < to; ++v)
      most = std::max(most, mass(*v, added));
    return most;
  }

 private:
  double mass(double v, double added) const {
    const double cell = (part_.lower + part_.scale * v + added) * two_cells / part_.scale;
    const double low = std::max(v - cell, 0.0), high = v + cell;
    const double share = (low > 0 ? part_.survival(low) : 1) - part_.survival(high);
    if (!(low > 0)) return share;  // a density may begin with infinity there
    // The difference of two numbers near 1 has its roundings.
    const double density = std::max({part_.density(low), part_.density(v), part_.density(high)});
    return std::min(share, density * (high - low));
  }

  const TimeLaw::Part& part_;
  std::vector<double> quantiles_;  ///< of z, rising
};

/// When messages are sent and whether they still count, in a unit of time of the size of x's spread. Refers
/// to the law, which must outlive it.
class CompletionProcess {
 public:
  /// Where the density of a message's time begins, or stops: at work·end.
  struct Break {
    std::size_t message = 0;
    double end = 0;  ///< of x
    double at = 0;   ///< rounded
  };

  CompletionProcess(const CompletionLaw& law, const TimeLaw& x, Scaling scaling, double increment)
      : law_(law),
        parts_(x.parts),
        server_dependent_(scaling == Scaling::server_dependent),
        clusters_(law.pooled ? 1 : law.clusters) {
    double scale = 0;
    for (const TimeLaw::Part& part : parts_) scale = std::max(scale, part.scale);
    unit_ = std::exp2(std::ilogb(scale));
    increment_ = increment / unit_;
    double finest = 1;  // of mass
    for (TimeLaw::Part& part : parts_) {
      part.lower /= unit_;
      part.scale /= unit_;
      index_ = std::min(index_, part.index);
      graded_ = graded_ || part.power != std::floor(part.power) || part.power < 1;
      // Below it a worker sends with a probability that is no more than rounding.
      const double all =
          static_cast<double>(law.workers) * law.clusters * static_cast<double>(law.work.size());
      double v = part.tail(0.5);
      while (v > 1e-300 && v * part.density(v) * all > 1e-15 * std::max(part.power, 0.05)) v *= 1e-3;
      finest = std::min(finest, v * part.scale);
    }
    finest_ = finest;
    for (std::size_t j = 0; j < law.work.size(); ++j)
      first_at_once_.push_back(j > 0 && !(gap(j) > 0) ? first_at_once_.back() : j);
    for (const TimeLaw::Part& part : parts_) {
      add_breaks(part.lower);
      const double upper = part.tail(1e-300);
      if (upper <= part.tail(1e-20) * (1 + 1e-9)) add_breaks(part.lower + part.scale * upper);
    }
    std::sort(breaks_.begin(), breaks_.end(), [this](const Break& a, const Break& b) {
      return a.at != b.at ? a.at < b.at : difference(a, b) < 0;
    });
    const auto same = [this](const Break& a, const Break& b) { return !(difference(b, a) > 0); };
    breaks_.erase(std::unique(breaks_.begin(), breaks_.end(), same), breaks_.end());
  }

  double unit() const { return unit_; }                      ///< seconds
  std::size_t messages() const { return law_.work.size(); }  ///< of a worker
  const std::vector<Break>& breaks() const { return breaks_; }
  double at(const Instant& t) const { return breaks_[t.anchor].at + t.later; }
  /// What of a moment at which messages 0 to j can have been sent is draw alone, without the increments
  /// before the last of them: a tail that is a power is one of this.
  double of_draw(std::size_t j, const Instant& t) const {
    const TimeLaw::Part& part = parts_.front();
    return server_dependent_ ? at(t) : part.lower + part.scale * since(j, part, t);
  }
  /// Between two breaks; infinite behind the last.
  double between(std::size_t from, std::size_t to) const {
    return to < breaks_.size() ? difference(breaks_[to], breaks_[from]) : infinite;
  }
  /// A density starts at breaks like a power that is not whole, or worse: integration goes by the logarithm
  /// of the time since, from `finest` on.
  bool graded() const { return graded_; }
  double finest(std::size_t anchor) const {
    return finest_ * (server_dependent_ ? law_.work[breaks_[anchor].message] : 1);
  }
  /// Of x.
  double index() const { return index_; }
  /// The largest spread of a message's time.
  double spread() const { return 2 * (server_dependent_ ? law_.work.back() : 1); }
  /// Elementary steps so far: what the work is bounded by.
  double steps() const { return convolver_.steps + steps_; }

  /// P(a worker has not sent message j by t).
  double unsent(std::size_t j, const Instant& t) const {
    double sum = 0;
    for (const TimeLaw::Part& part : parts_) {
      const double v = since(j, part, t);
      sum += part.probability * (v > 0 ? part.survival(v) : 1);
    }
    return sum;
  }
  /// The same for the messages where it is below 1.
  Series unsent(const Instant& t) const {
    Series result;
    for (std::size_t j = 0; j < law_.work.size(); ++j) {
      const double p = unsent(j, t);
      if (!(p < 1)) break;
      result.push_back(p);
    }
    return result;
  }

  /// A worker's expected messages by t, complete or not.
  double sent_by(const Instant& t) const {
    double sum = 0;
    for (double p : unsent(t)) sum += 1 - p;
    return sum;
  }

  /// P(T > t).
  double incomplete(const Instant& t) {
    const Series by_now = unsent(t);
    return by_now.empty() ? 1 : at_least_one(undecoded(by_now).overall, clusters_);
  }

  Integrand integrand(const Instant& t) {
    const Series by_now = unsent(t);
    if (by_now.empty()) return {};
    const Undecoded own = undecoded(by_now);
    const double elsewhere = at_least_one(own.overall, clusters_ - 1);
    Integrand result;
    result.incomplete = at_least_one(own.overall, clusters_);
    for (std::size_t j = 0; j < by_now.size(); ++j) {
      double density = 0;
      for (const TimeLaw::Part& part : parts_)
        if (const double v = since(j, part, t); v > 0)
          density += part.probability * part.density(v) / stretch(j, part);
      result.density.push_back(std::isfinite(density) ? density : 0);
      // What a worker sends at the same instant counts together, or not at all.
      const double here = own.given[first_at_once_[j]];
      result.counts.push_back(here + (1 - here) * elsewhere);
    }
    return result;
  }

  /// P(message j comes in the same cell of doubles as a moment from `from` to `to` that does not depend on
  /// its worker), at most.
  double heaviest_cell(std::size_t j, const Instant& from, const Instant& to) {
    if (cells_.empty())
      for (const TimeLaw::Part& part : parts_) cells_.emplace_back(part);
    // A cell is a share of the time. Under server-dependent scaling it is that of x, whatever the work.
    const double added = server_dependent_ ? 0 : law_.work[j] * increment_;
    double sum = 0;
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      const TimeLaw::Part& part = parts_[i];
      if (const double last = since(j, part, to); last > 0)
        sum += part.probability * cells_[i].heaviest(added, since(j, part, from), last);
    }
    steps_ += 3000;
    return sum;
  }

  /// The moment from which on messages of one worker that are not meant to may come at the same instant, for
  /// their distance is that of neighbouring doubles; infinite where there is none.
  double own_ties_from() const {
    double result = infinite;
    for (std::size_t j = 1; j < law_.work.size(); ++j) {
      if (first_at_once_[j] != j) continue;
      if (!server_dependent_)
        result = std::min(result, gap(j) / two_cells);
      else if (gap(j) < two_cells * law_.work[j])
        return 0;
    }
    return result;
  }
  /// P(T > t), t in units from the start of the iteration.
  double incomplete_at(double t) {
    std::size_t anchor = 0, beyond = breaks_.size();
    if (!(t > breaks_[0].at)) return 1;
    while (beyond - anchor > 1) {
      const std::size_t middle = anchor + (beyond - anchor) / 2;
      (breaks_[middle].at <= t ? anchor : beyond) = middle;
    }
    return incomplete({anchor, t - breaks_[anchor].at});
  }

 private:
  static constexpr double infinite = std::numeric_limits<double>::infinity();

  /// Between the ends of messages j − 1 and j: seconds more, or work.
  double gap(std::size_t j) const {
    return (law_.work[j] - law_.work[j - 1]) * (server_dependent_ ? 1 : increment_);
  }

  void add_breaks(double end) {
    for (std::size_t j = 0; j < law_.work.size(); ++j)
      breaks_.push_back({j, end, server_dependent_ ? law_.work[j] * end : end + law_.work[j] * increment_});
  }

  double difference(double work_a, double end_a, double work_b, double end_b) const {
    if (!server_dependent_) return (end_a - end_b) + (work_a - work_b) * increment_;
    return end_a == end_b ? (work_a - work_b) * end_a : work_a * end_a - work_b * end_b;
  }
  double difference(const Break& a, const Break& b) const {
    return difference(law_.work[a.message], a.end, law_.work[b.message], b.end);
  }
  double stretch(std::size_t j, const TimeLaw::Part& part) const {
    return part.scale * (server_dependent_ ? law_.work[j] : 1);
  }
  /// The v of part.survival that belongs to message j at t.
  double since(std::size_t j, const TimeLaw::Part& part, const Instant& t) const {
    const Break& anchor = breaks_[t.anchor];
    const double begun = difference(law_.work[anchor.message], anchor.end, law_.work[j], part.lower);
    return (begun + t.later) / stretch(j, part);
  }

  Undecoded undecoded(const Series& by_now) {
    steps_ += 200 * static_cast<double>(by_now.size());
    Undecoded result;
    if (law_.kind == CompletionLaw::Kind::distinct) {
      Ring ring(law_, by_now, convolver_);
      result = ring.undecoded(law_);
    } else if (law_.work.size() == 1) {
      result = undecoded_single(law_, by_now[0]);
      steps_ += 2000;
    } else {
      result = undecoded_count(law_, by_now, convolver_);
    }
    result.overall = std::clamp(result.overall, 0.0, 1.0);
    for (double& p : result.given) p = std::clamp(p, 0.0, 1.0);
    return result;
  }

  const CompletionLaw& law_;
  std::vector<TimeLaw::Part> parts_;  ///< in units
  bool server_dependent_;
  double unit_ = 1, increment_ = 0;
  int clusters_;  ///< independent ones
  double index_ = infinite;
  bool graded_ = false;
  double finest_ = 0;
  std::vector<Break> breaks_;               ///< by position, those at the same place once
  std::vector<Cells> cells_;                ///< of parts, made when needed
  std::vector<std::size_t> first_at_once_;  ///< of the messages that a worker sends with message j
  Convolver convolver_;
  double steps_ = 0;
};

/// Elementary steps that one expectation may take, some two seconds: counted, not timed, so that the result
/// is the same on every machine.
constexpr double most_steps = 1.5e9;

/// Thrown where the work is not worth it.
struct TooMuchWork {};

/// The range of t that matters: complete with probability below 1e-13 before `begin`, about ½ at `middle`;
/// what lies beyond `end` is negligible or known.
struct Horizon {
  Instant begin, middle, end;
  /// Beyond `end` P(T > t) is a power of t, to twelve digits.
  bool power = false;
  /// The tail is so heavy that the mean is infinite, or leaves the range of double.
  bool no_mean = false;
};

class HorizonSearch {
 public:
  HorizonSearch(CompletionProcess& process, double messages, double index)
      : process_(process), messages_(messages), index_(index) {}

  std::optional<Horizon> operator()() {
    const auto begun = find([&](const Instant& t) { return incomplete(t) < 1 - 1e-13; }, 1.2);
    const auto half = find([&](const Instant& t) { return incomplete(t) < 0.5; }, 1);
    if (!begun || !half) return std::nullopt;
    Horizon horizon{.begin = begun->first, .middle = half->second, .end = {}};
    horizon.no_mean = index_ <= 1;

    // Outwards by larger and larger factors, 2, 4, 16, …: a heavy tail can reach far.
    const std::size_t last = process_.breaks().size() - 1;
    double largest = process_.at(horizon.middle) / 4;  // E T >= t·P(T > t) for every t
    const auto over = [&](const Instant& t) {
      const double p = incomplete(t), at = process_.at(t);
      if (!horizon.no_mean) largest = std::max(largest, at * p);
      if (p < 1e-15 && (horizon.no_mean || at * p < 1e-14 * largest)) return true;
      if (std::isinf(process_.index())) return false;
      const Series unsent = process_.unsent(t);
      return unsent.size() == process_.messages() && unsent.back() * messages_ < 1e-14 &&
             t.later > 1e14 * process_.at({last, 0});
    };
    Instant low = horizon.middle, high = low;
    const auto advance = [&](Instant t, double by) {
      t.later += by;
      while (t.anchor < last && t.later >= process_.between(t.anchor, t.anchor + 1)) {
        t.later -= process_.between(t.anchor, t.anchor + 1);
        ++t.anchor;
      }
      return t;
    };
    double reach = std::max(process_.spread() / 8, horizon.middle.later - horizon.begin.later);
    double factor = 2;
    for (high = advance(horizon.middle, reach); !over(high); high = advance(horizon.middle, reach)) {
      low = high;
      reach *= factor;
      factor = std::min(factor * factor, 1e20);
      if (!(reach < 1e300)) {
        if (incomplete(high) > 1e-14) return std::nullopt;
        horizon.no_mean = true;
        break;
      }
    }
    double least = low.anchor == horizon.middle.anchor ? low.later - horizon.middle.later : 0;
    if (low.anchor != horizon.middle.anchor)
      least = process_.between(horizon.middle.anchor, low.anchor) + low.later - horizon.middle.later;
    double most = reach;
    for (int step = 0; step < 40 && most > 1.5 * std::max(least, reach * 1e-3); ++step) {
      const double middle = least > 0 ? std::sqrt(least) * std::sqrt(most) : most / 4;
      const Instant t = advance(horizon.middle, middle);
      if (over(t)) {
        most = middle;
        high = t;
      } else {
        least = middle;
      }
    }
    horizon.end = high;
    const double p = incomplete(high);
    horizon.power = !std::isinf(process_.index()) && p > 0;
    return horizon;
  }

 private:
  double incomplete(const Instant& t) {
    if (process_.steps() > most_steps) throw TooMuchWork{};
    return process_.incomplete(t);
  }

  /// Two neighbouring moments between which something becomes true, for ever; their distances from the break
  /// before differ by less than the ratio, or by nothing that can be told apart.
  template <class Predicate>
  std::optional<std::pair<Instant, Instant>> find(const Predicate& holds, double ratio) {
    std::size_t anchor = 0, beyond = process_.breaks().size();
    while (beyond - anchor > 1) {
      const std::size_t middle = anchor + (beyond - anchor) / 2;
      (holds({middle, 0}) ? beyond : anchor) = middle;
    }
    double low = 0, high = process_.between(anchor, anchor + 1);
    if (std::isinf(high)) {
      high = process_.spread();
      for (double factor = 2; !holds({anchor, high}); factor = std::min(factor * factor, 1e20)) {
        low = high;
        high *= factor;
        if (!(high < 1e300)) return std::nullopt;
      }
    }
    for (double factor = 2; low <= 0; factor = std::min(factor * factor, 1e20)) {
      const double t = high / factor;
      if (t < 1e-300) break;
      (holds({anchor, t}) ? high : low) = t;
    }
    for (int step = 0; step < 80; ++step) {
      const double t = low > 0 ? std::sqrt(low) * std::sqrt(high) : 0;
      if (!(t > low && t < high) || high <= ratio * low) break;
      if (ratio <= 1 && high < 1.2 * low) {  // as close as needed
        const double p = incomplete({anchor, high});
        if (p > 0.2) break;
      }
      (holds({anchor, t}) ? high : low) = t;
    }
    return std::pair(Instant{anchor, low}, Instant{anchor, high});
  }

  CompletionProcess& process_;
  double messages_, index_;
};

/// Two integrals at once: P(T > t) and the rate of messages that count.
using Pair = std::array<double, 2>;

/// A Gauss–Kronrod rule on (0, 1).
struct RulePoint {
  double at = 0, weight = 0, gauss_weight = 0;
};
using Rule = std::vector<RulePoint>;

template <unsigned N>
Rule gauss_kronrod_rule() {
  using Kronrod = boost::math::quadrature::gauss_kronrod<double, N>;
  using Gauss = boost::math::quadrature::gauss<double, (N - 1) / 2>;
  Rule rule;
  for (std::size_t i = 0; i < Kronrod::abscissa().size(); ++i) {
    const double at = Kronrod::abscissa()[i];
    const double weight = Kronrod::weights()[i] / 2;
    const double gauss_weight = i % 2 == 0 ? Gauss::weights()[i / 2] / 2 : 0;
    rule.push_back({(1 + at) / 2, weight, gauss_weight});
    if (i > 0) rule.push_back({(1 - at) / 2, weight, gauss_weight});
  }
  return rule;
}

const Rule& short_rule() {
  static const Rule rule = gauss_kronrod_rule<7>();
  return rule;
}
const Rule& long_rule() {
  static const Rule rule = gauss_kronrod_rule<15>();
  return rule;
}

/// Integrals, and how far off they may be.
struct Measured {
  Pair value{}, error{};
};

/// Adaptive Gauss–Kronrod quadrature that always halves the worst panel (as QUADPACK does), preferably at a
/// break. Its variable is ln t, or the logarithm of the time since the last break.
class Integrator {
 public:
  explicit Integrator(CompletionProcess& process, std::size_t messages)
      : process_(process), messages_(messages), covered_(messages, 0.0) {}

  /// The integrals over the horizon, to `relative_error` of themselves and the parts already known if that
  /// can be had.
  Measured operator()(const Horizon& horizon, const Pair& known, double relative_error) {
    std::vector<Panel> panels;
    append(horizon.begin, horizon.middle, 3, panels);
    append(horizon.middle, horizon.end, 4, panels);
    scale_ = known;
    for (const Panel& panel : panels)
      for (std::size_t c = 0; c < 2; ++c) scale_[c] += panel.value[c];
    if (horizon.no_mean) scale_[0] = 0;
    for (const Panel& panel : panels) cover(panel, relative_error / 100);
    refine(relative_error, most_panels);
    if (uncover()) refine(relative_error, 2 * most_panels);
    for (; !queue_.empty(); queue_.pop()) add(queue_.top());
    // Panels that meet no more, for roundings beside a distant break, show in what is sent in all of them.
    for (std::size_t j = 0; j < messages_; ++j)
      sum_.error[1] +=
          std::abs(covered_[j] - (process_.unsent(j, horizon.begin) - process_.unsent(j, horizon.end)));
    return sum_;
  }

 private:
  static constexpr std::size_t none = static_cast<std::size_t>(-1);
  static constexpr std::size_t most_panels = 3000;
  static constexpr double least_concealed = 1e-9;  ///< relative to all messages

  struct Panel {
    std::size_t anchor = 0;
    double from = 0, to = 0;       ///< since the anchor
    std::size_t end_break = none;  ///< where it ends, if at a break
    Pair value{}, error{};
    double priority = 0;  ///< the larger error, relative to the whole
    double unseen = 0;    ///< messages of a worker that the rule's points do not show
  };

  /// Halves the worst panel until what is left of errors is small enough, or there are so many panels.
  void refine(double relative_error, std::size_t most) {
    while (open_ > relative_error && !queue_.empty() && queue_.size() < most &&
           process_.steps() < most_steps) {
      const Panel worst = queue_.top();
      queue_.pop();
      open_ -= worst.priority;
      auto [left, right] = split(worst);
      measure(left);
      measure(right);
      const bool rounding = stalled(worst, left, right);
      for (const Panel& half : {left, right}) {
        if (rounding && !conceals(half))
          add(half);
        else
          enter(half);
      }
    }
  }

  /// Messages that may count in the panel although no point of the rule shows that they do: where all
  /// messages come, and the iteration ends, before the first point, everything seems to be over. A worker's
  /// message counts there at most with the probability that the iteration is not complete at the panel's
  /// start.
  double concealed(const Panel& panel) const {
    if (!(panel.unseen > least_concealed * scale_[1])) return 0;
    return std::min(panel.unseen, static_cast<double>(messages_) * process_.incomplete(start(panel)));
  }
  /// Whether they are more than the panel's error by far.
  bool conceals(const Panel& panel) const {
    const double messages = concealed(panel);
    return messages > least_concealed * scale_[1] && messages > 10 * panel.error[1];
  }

  /// Makes the error of all panels what they may conceal, if there is one that does so.
  bool uncover() {
    std::vector<Panel> panels;
    for (auto queue = queue_; !queue.empty(); queue.pop()) panels.push_back(queue.top());
    if (std::none_of(panels.begin(), panels.end(), [&](const Panel& panel) { return conceals(panel); }))
      return false;
    uncovering_ = true;
    double sum = 0;
    for (const Panel& panel : panels) sum += concealed(panel);
    scale_[1] += sum;
    queue_ = decltype(queue_)(less_urgent);
    open_ = 0;
    for (const Panel& panel : panels) enter(panel);
    return true;
  }

  bool logarithmic(const Panel& panel) const {
    return process_.graded() || !(process_.breaks()[panel.anchor].at > 0);
  }
  /// The variable of integration and back.
  double coordinate(const Panel& panel, double later) const {
    if (logarithmic(panel)) return std::log(std::max(later, first(panel)));
    return std::log1p(later / process_.breaks()[panel.anchor].at);
  }
  double later(const Panel& panel, double coordinate) const {
    if (logarithmic(panel)) return std::exp(coordinate);
    return process_.breaks()[panel.anchor].at * std::expm1(coordinate);
  }
  /// Where a panel that begins at a break does so in the logarithm.
  double first(const Panel& panel) const { return std::min(process_.finest(panel.anchor), panel.to / 2); }

  /// [from, to] in pieces of the same size.
  void append(const Instant& from, const Instant& to, int pieces, std::vector<Panel>& panels) {
    Panel whole{.anchor = from.anchor, .from = from.later, .to = to.later};
    if (to.anchor != from.anchor) {
      const double between = process_.between(from.anchor, to.anchor);
      whole.to += between;
      if (std::abs(whole.to - between - to.later) > 1e-10 * to.later) {  // lost beside so large a distance
        whole.to = between;
        whole.end_break = to.anchor;
        append(whole, pieces, panels);
        whole = {.anchor = to.anchor, .from = 0, .to = to.later};
      }
    }
    append(whole, pieces, panels);
  }
  void append(const Panel& whole, int pieces, std::vector<Panel>& panels) {
    if (!(whole.to > whole.from)) return;
    const double begin = coordinate(whole, whole.from), end = coordinate(whole, whole.to);
    Panel piece = whole;
    for (int i = 0; i < pieces; ++i) {
      piece.to = i + 1 == pieces ? whole.to : later(whole, begin + (end - begin) * (i + 1) / pieces);
      piece.end_break = i + 1 == pieces ? whole.end_break : none;
      if (!(piece.to > piece.from)) continue;
      measure(piece);
      panels.push_back(piece);
      piece.from = piece.to;
    }
  }

  /// The breaks inside a panel: a range of anchors.
  std::pair<std::size_t, std::size_t> inside(const Panel& panel) const {
    const std::size_t count = process_.breaks().size();
    const auto first = [&](const auto& far_enough) {
      std::size_t low = panel.anchor, high = count;
      while (high - low > 1) {
        const std::size_t middle = low + (high - low) / 2;
        (far_enough(process_.between(panel.anchor, middle)) ? high : low) = middle;
      }
      return high;
    };
    const std::size_t begin = first([&](double at) { return at > panel.from; });
    const std::size_t end =
        panel.end_break != none ? panel.end_break : first([&](double at) { return at >= panel.to; });
    return {begin, std::max(begin, end)};
  }

  /// In two at the break nearest to the middle, or in the middle.
  std::pair<Panel, Panel> split(const Panel& panel) const {
    const double from = coordinate(panel, panel.from), to = coordinate(panel, panel.to);
    const double middle = from + (to - from) / 2;
    const auto [begin, end] = inside(panel);
    Panel left{.anchor = panel.anchor, .from = panel.from},
        right{.to = panel.to, .end_break = panel.end_break};
    if (begin < end) {
      std::size_t low = begin, high = end - 1;  // the nearest: positions rise
      while (low < high) {
        const std::size_t at = low + (high - low) / 2;
        if (coordinate(panel, process_.between(panel.anchor, at)) < middle)
          low = at + 1;
        else
          high = at;
      }
      const auto distance = [&](std::size_t m) {
        return std::abs(coordinate(panel, process_.between(panel.anchor, m)) - middle);
      };
      if (low > begin && distance(low - 1) < distance(low)) --low;
      left.to = process_.between(panel.anchor, low);
      left.end_break = low;
      right.anchor = low;
      right.to = panel.end_break != none ? process_.between(low, panel.end_break) : panel.to - left.to;
      return {left, right};
    }
    left.to = later(panel, middle);
    right.anchor = panel.anchor;
    right.from = left.to;
    return {left, right};
  }

  Instant start(const Panel& panel) const { return {panel.anchor, panel.from}; }
  Instant end(const Panel& panel) const {
    return panel.end_break != none ? Instant{panel.end_break, 0} : Instant{panel.anchor, panel.to};
  }
  double sent_between(const Panel& panel, std::size_t j) const {
    return process_.unsent(j, start(panel)) - process_.unsent(j, end(panel));
  }

  /// Enters the panel; where breaks inside would spoil it, in pieces cut at breaks, without trying it first.
  /// A jump of a density misplaces up to half a weight of what its message adds here, if that still counts;
  /// the kinks that it causes in P(T > t) are far smaller.
  void cover(Panel panel, double share) {
    double begins = 0;
    const auto [begin, end] = inside(panel);
    for (std::size_t m = begin; m < end; ++m) begins += sent_between(panel, process_.breaks()[m].message);
    const bool measured = panel.priority >= 0;
    if (process_.steps() < most_steps && begins > 0 &&
        0.05 * begins * process_.incomplete(start(panel)) > share * scale_[1]) {
      auto [left, right] = split(panel);
      left.priority = right.priority = -1;
      cover(left, share);
      cover(right, share);
      return;
    }
    if (!measured) measure(panel);
    enter(panel);
  }

  /// Whether halving changed neither the values nor the decisive error: then what is left is rounding.
  bool stalled(const Panel& whole, const Panel& left, const Panel& right) const {
    const auto [begin, end] = inside(whole);
    if (begin < end || whole.priority > 1e-9) return false;  // so much is no rounding
    for (std::size_t c = 0; c < 2; ++c) {
      const bool moves = std::abs(left.value[c] + right.value[c] - whole.value[c]) > 1e-11 * scale_[c];
      const bool improves = left.error[c] + right.error[c] < 0.9 * whole.error[c];
      if (scale_[c] > 0 && (moves || (improves && whole.error[c] >= whole.priority * scale_[c])))
        return false;
    }
    return true;
  }

  void add(const Panel& panel) {
    for (std::size_t c = 0; c < 2; ++c) {
      sum_.value[c] += panel.value[c];
      sum_.error[c] += panel.error[c];
    }
    for (std::size_t j = 0; j < messages_; ++j) covered_[j] += sent_between(panel, j);
  }

  void enter(Panel panel) {
    panel.priority = 0;
    if (uncovering_) panel.error[1] = std::max(panel.error[1], concealed(panel));
    for (std::size_t c = 0; c < 2; ++c)
      if (scale_[c] > 0) panel.priority = std::max(panel.priority, panel.error[c] / scale_[c]);
    open_ += panel.priority;
    queue_.push(panel);
  }

  void measure(Panel& panel) {
    panel.value = panel.error = {};
    const auto [first_inside, last_inside] = inside(panel);
    const bool smooth = first_inside == last_inside;
    // Between neighbouring breaks, often of a thousand, there is little room for anything to happen.
    const bool between = smooth && panel.from == 0 && panel.end_break != none && !logarithmic(panel);
    const Rule& rule = between ? short_rule() : long_rule();
    const double from = coordinate(panel, panel.from), to = coordinate(panel, panel.to);
    const bool by_logarithm = logarithmic(panel);
    const double origin = by_logarithm ? 0 : process_.breaks()[panel.anchor].at;
    std::vector<Pair> f(rule.size());
    Pair gauss{};
    Series sent(messages_, 0.0);    // the integral of the message's density by this rule
    Series counts(messages_, 0.0);  // the most it counts
    double incomplete = 0;
    for (std::size_t k = 0; k < rule.size(); ++k) {
      const double s = from + (to - from) * rule[k].at;
      const double t = later(panel, s);
      const double slope = (to - from) * (origin + t);
      const Integrand at = process_.integrand({panel.anchor, t});
      incomplete = std::max(incomplete, at.incomplete);
      f[k] = {at.incomplete * slope, at.rate() * slope};
      for (std::size_t c = 0; c < 2; ++c) {
        panel.value[c] += rule[k].weight * f[k][c];
        gauss[c] += rule[k].gauss_weight * f[k][c];
      }
      const double weight = rule[k].weight * slope;
      for (std::size_t j = 0; j < at.density.size(); ++j) {
        sent[j] += weight * at.density[j];
        counts[j] = std::max(counts[j], at.counts[j]);
      }
    }
    for (std::size_t c = 0; c < 2; ++c) {
      double spread = 0;
      for (std::size_t k = 0; k < rule.size(); ++k) {
        spread += rule[k].weight * std::abs(f[k][c] - panel.value[c]);
      }
      const double difference = std::abs(panel.value[c] - gauss[c]);
      // QUADPACK's estimate for a smooth integrand, where Kronrod's points are far better than the Gaussian
      // ones.
      const double ratio = spread > 0 ? 200 * difference / spread : 0;
      panel.error[c] = smooth ? spread * std::min(1.0, ratio * std::sqrt(ratio)) : difference;
    }
    // A jump or a peak between the points shows in the integral of the density alone, which is known; so does
    // what lies below the first point after a break.
    double unseen = 0;
    panel.unseen = 0;
    for (std::size_t j = 0; j < messages_; ++j) {
      const double error = std::abs(sent[j] - sent_between(panel, j));
      // The difference of two numbers near 1 has its roundings.
      if (error > 4e-16) {
        unseen += error * (counts[j] > 0 ? counts[j] : incomplete);
        panel.unseen += error;
      }
    }
    panel.error[1] = std::max(panel.error[1], unseen);
    if (by_logarithm && panel.from < first(panel)) panel.error[0] += first(panel);
  }

  static bool less_urgent(const Panel& a, const Panel& b) { return a.priority < b.priority; }

  CompletionProcess& process_;
  std::size_t messages_;
  Pair scale_{};
  std::priority_queue<Panel, std::vector<Panel>, decltype(&less_urgent)> queue_{less_urgent};
  double open_ = 0;  ///< the sum of the priorities
  bool uncovering_ = false;
  Measured sum_;    ///< of what is done with
  Series covered_;  ///< P(a worker sends the message in one of those panels)
};

void check(const CompletionLaw& law) {
  const auto refuse = [](const char* what) { throw std::logic_error(std::string("CompletionLaw: ") + what); };
  if (law.clusters < 1 || law.workers < 1 || law.work.empty()) refuse("no clusters, workers or messages");
  if (!(law.work.front() > 0)) refuse("work must be positive");
  for (std::size_t j = 1; j < law.work.size(); ++j) {
    if (!(law.work[j] > law.work[j - 1])) refuse("work must increase strictly");
  }
  const auto messages = static_cast<long long>(law.work.size());
  if (law.kind == CompletionLaw::Kind::count) {
    if (law.pooled) refuse("only distinct items can be pooled");
    if (law.need > law.workers * messages && !law.finisher_decodes)
      refuse("needs more messages than are sent");
  } else {
    if (law.finisher_decodes || law.first_of_all) refuse("finisher_decodes and first_of_all are for counts");
    if (messages > law.workers) refuse("more messages than items");
    if (law.need > static_cast<long long>(law.workers) * (law.pooled ? law.clusters : 1))
      refuse("needs more items than exist");
  }
}

/// The same law, said as simply as it can be: a worker's only message is a message like any other.
CompletionLaw simplified(CompletionLaw law) {
  if (law.pooled && law.clusters * static_cast<long long>(law.workers) == law.need) {
    law.pooled = false;
    law.need = law.workers;
  }
  if (law.work.size() > 1) return law;
  if (law.pooled) law.workers *= std::exchange(law.clusters, 1);
  law.kind = CompletionLaw::Kind::count;
  law.pooled = false;
  if (law.finisher_decodes) law.need = std::min(law.need, 1);
  if (law.first_of_all) law.need = law.workers;
  law.finisher_decodes = law.first_of_all = false;
  return law;
}

/// Whether the master needs every message there is: then none can come beside the last.
bool needs_all(const CompletionLaw& law) {
  return law.kind == CompletionLaw::Kind::count && law.clusters == 1 && !law.finisher_decodes &&
         law.need == law.workers * static_cast<long long>(law.work.size());
}

/// Messages of the very instant of completion that theory, which knows no two at once, does not count, at
/// most; no closer than to know that they are more than `limit`. Fix what a worker has sent before its
/// message j: when the others then complete the iteration does not depend on when that comes, which is in the
/// same cell of doubles with the probability of that cell.
double ties(CompletionProcess& process, const CompletionLaw& law, const Horizon& horizon, double limit) {
  if (needs_all(law)) return 0;
  const std::size_t messages = law.work.size();
  const double workers = static_cast<double>(law.workers) * law.clusters;
  const double from = process.own_ties_from();
  const double own = std::isinf(from) ? 0 : static_cast<double>(messages - 1) * process.incomplete_at(from);
  double sum = own;
  for (std::size_t j = 0; j < messages; ++j)
    sum += workers * process.heaviest_cell(j, horizon.begin, horizon.end);
  if (sum <= limit) return sum;

  // The cells that are heavy may be hardly ever those of completion: from break to break, and where that is
  // too much, further and further from the first.
  struct Front {
    Instant at;
    Series waiting;  // P(the others do not complete it before), of a worker's messages
  };
  const auto move_to = [&](const Instant& t, const Front& before) {
    const Integrand at = process.integrand(t);
    Front front{.at = t, .waiting = before.waiting};
    double counts = 1;
    for (std::size_t j = 0; j < messages; ++j) {
      if (j < at.counts.size()) counts = at.counts[j];  // the fewer, the more its worker has sent
      front.waiting[j] = std::min(front.waiting[j], counts);
    }
    return front;
  };
  const auto between = [&](const Front& before, const Front& after) {
    double tied = 0;
    for (std::size_t j = 0; j < messages; ++j)
      if (const double share = before.waiting[j] - after.waiting[j]; share > 0)
        tied += workers * share * process.heaviest_cell(j, before.at, after.at);
    return tied;
  };
  const Instant &begin = horizon.begin, &end = horizon.end;
  Front last{.at = begin, .waiting = Series(messages, 1.0)};
  const double little = limit / (8 * static_cast<double>(end.anchor - begin.anchor + 1));
  sum = own;
  for (std::size_t anchor = begin.anchor; anchor <= end.anchor; ++anchor) {
    const Instant start{anchor, anchor == begin.anchor ? begin.later : 0};
    const double stop = anchor == end.anchor ? end.later : process.between(anchor, anchor + 1);
    const Front next = move_to(anchor == end.anchor ? end : Instant{anchor + 1, 0}, last);
    double tied = between(last, next);
    if (tied > little) {
      for (double step = std::max(process.at(start) * two_cells, start.later);
           step > 0 && start.later + step < stop; step *= 16) {
        if (sum > limit || process.steps() > most_steps) return std::numeric_limits<double>::infinity();
        const Front there = move_to({anchor, start.later + step}, last);
        sum += between(last, there);
        last = there;
      }
      tied = between(last, next);
    }
    sum += tied;
    last = next;
  }
  return sum;
}

/// Whether the time takes so few doubles that rounding moves its mean by what trials can see: 99.8 % of it
/// lies within a hundred, and what does not is no reason for a large variance either. Where it is the same in
/// all of them, rounding moves nothing.
bool lost_in_rounding(CompletionProcess& process, const Horizon& horizon) {
  const double t = process.at(horizon.middle), cell = t * two_cells / 2;
  if (process.incomplete_at(t - 50 * cell) - process.incomplete_at(t + 50 * cell) < 0.998) return false;
  for (double cells = 50; cells < 1e9; cells *= 4)
    if (process.incomplete_at(t + cells * cell) * cells * cells > 50 * 50) return false;
  return process.incomplete({horizon.begin.anchor, cell / 4}) > 1e-9;
}

}  // namespace

double heaviest_cell(const TimeLaw& x, double added) {
  double sum = 0;
  for (const TimeLaw::Part& part : x.parts)
    sum += part.probability * Cells(part).heaviest(added, 0, std::numeric_limits<double>::infinity());
  return sum;
}

std::optional<Expectation> expectation(const CompletionLaw& given, const TimeLaw& x, Scaling scaling,
                                       double increment) {
  constexpr double none = std::numeric_limits<double>::quiet_NaN();
  if (scaling == Scaling::additive) return std::nullopt;
  check(given);
  if (given.need <= 0 && !given.first_of_all) return Expectation{};
  const CompletionLaw law = simplified(given);
  const double workers = static_cast<double>(law.clusters) * law.workers;
  const double all = workers * static_cast<double>(law.work.size());
  try {
    CompletionProcess process(law, x, scaling, increment);
    double index = process.index();
    if (!std::isinf(index)) {
      const auto silent = least_to_block(law, std::vector<double>(static_cast<std::size_t>(workers), 1));
      if (!silent) return std::nullopt;
      index *= *silent;
    }
    const std::optional<Horizon> horizon = HorizonSearch(process, all, index)();
    if (!horizon) return std::nullopt;
    // Before the horizon every message counts.
    const Pair before{process.at(horizon->begin), process.sent_by(horizon->begin)};
    Measured found = Integrator(process, law.work.size())(*horizon, before, 1e-10);
    const Instant& end = horizon->end;
    const Integrand last = process.integrand(end);
    Pair beyond{process.at(end) * last.incomplete, all / workers * last.incomplete};  // at most
    if (horizon->power && !last.density.empty()) {
      const double drawn = process.of_draw(last.density.size() - 1, end);
      beyond = {drawn * last.incomplete / (index - 1), drawn * last.rate() / index};
    }
    // Roundings of probabilities add up over workers; a tail that falls slowly multiplies those of its index.
    const double rounding = 1e-13 + 4e-16 * all;
    Pair value{}, error{};
    for (std::size_t c = 0; c < 2; ++c) {
      const double tail = horizon->power ? beyond[c] : 0;
      value[c] = before[c] + found.value[c] + tail;
      error[c] = found.error[c] + 1e-13 * before[c] + rounding * value[c] +
                 (horizon->power ? (c == 0 ? 1e-15 * index / (index - 1) + 1e-12 : 1e-12) * tail : beyond[c]);
    }
    constexpr double promise = promised_accuracy;
    Expectation result{.time = none, .messages = none};
    if (!horizon->no_mean && error[0] <= promise * value[0] && std::isfinite(value[0] * process.unit()) &&
        !lost_in_rounding(process, *horizon)) {
      result.time = value[0] * process.unit();
      result.time_error = error[0] * process.unit();
    }
    if (error[1] <= promise * value[1]) {
      const double promised = promise * workers * value[1];
      const double off = workers * error[1] + ties(process, law, *horizon, promised);
      if (off <= promised) {
        result.messages = workers * value[1];
        result.messages_error = off;
      }
    }
    if (std::isnan(result.time) && std::isnan(result.messages)) return std::nullopt;
    return result;
  } catch (const TooMuchWork&) {
    return std::nullopt;
  }
}

}  // namespace straggle
