// Expected completion time and messages by adaptive integration over time: E T = ∫ P(T > t) dt, and a message
// counts when it is sent before completion. P(T > t) comes from the sum of the workers' message counts or
// from the distinct items of a ring (the multi-message schemes of Ozfatura, Gündüz and Ulukus, 2019), whose
// missing items form a renewal process (Feller, An Introduction to Probability Theory, vol. 1, ch. XIII).
#include "sim/run/theory.h"

#include <algorithm>
#include <array>
#include <bit>
#include <boost/math/quadrature/gauss.hpp>
#include <boost/math/quadrature/gauss_kronrod.hpp>
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

  /// The first `limit` coefficients of a·b; absolute error about 1e-16·(sum of a)·(sum of b).
  Series product(const Series& a, const Series& b, std::size_t limit) {
    const std::size_t a_size = std::min(a.size(), limit);
    const std::size_t b_size = std::min(b.size(), limit);
    Series result(limit, 0.0);
    if (a_size * b_size <= 1024) {
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

  static Moments moments(const Series& q, double slope) {
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
  static Tilt tilt_below(const Series& q, int exponent, double goal, std::size_t room) {
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

  static void apply(Tilt& tilt, const Series& q) {
    const double mass = moments(q, tilt.slope).mass;
    tilt.log_mass = std::log(mass);
    tilt.law.resize(q.size());
    for (std::size_t j = 0; j < q.size(); ++j) {
      tilt.law[j] = q[j] * std::exp(tilt.slope * static_cast<double>(j)) / mass;
    }
  }

  /// The smallest power of two from `room` on that leaves less than 1e-17 of the law of the sum at or beyond
  /// it, by Chernoff's bound (those coefficients fold back onto the wanted ones).
  static std::size_t points_without_aliasing(const Series& law, int exponent, std::size_t room) {
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

  Eigen::ArrayXcd transform(const Series& a, std::size_t size, std::size_t points) {
    Eigen::ArrayXd padded = Eigen::ArrayXd::Zero(static_cast<Eigen::Index>(points));
    padded.head(static_cast<Eigen::Index>(size)) =
        Eigen::Map<const Eigen::ArrayXd>(a.data(), static_cast<Eigen::Index>(size));
    Eigen::ArrayXcd spectrum(static_cast<Eigen::Index>(points / 2 + 1));
    fft_.fwd(spectrum.data(), padded.data(), static_cast<Eigen::Index>(points));
    return spectrum;
  }

  Eigen::ArrayXd inverse(const Eigen::ArrayXcd& spectrum, std::size_t points) {
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
  static Missed join(const Missed& a, const Missed& b) {
    const std::size_t size = a.exactly.size();
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

/// The integrands at one t.
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

/// When messages are sent and whether they still count. Refers to the laws, which must outlive it.
class CompletionProcess {
 public:
  CompletionProcess(const CompletionLaw& law, const TimeLaw& x, Scaling scaling, double increment)
      : law_(law),
        x_(x),
        server_dependent_(scaling == Scaling::server_dependent),
        increment_(increment),
        clusters_(law.pooled ? 1 : law.clusters) {}

  /// When a worker with time x for a mini-batch sends message j; x_at is the inverse.
  double sent_at(std::size_t j, double x) const {
    return server_dependent_ ? law_.work[j] * x : x + law_.work[j] * increment_;
  }
  double x_at(std::size_t j, double t) const {
    return server_dependent_ ? t / law_.work[j] : t - law_.work[j] * increment_;
  }

  /// P(a worker has not sent message j by t), for the messages where it is below 1.
  Series unsent(double t) const {
    Series result;
    for (std::size_t j = 0; j < law_.work.size(); ++j) {
      const double x = x_at(j, t);
      const double p = x > x_.lower ? x_.survival(x) : 1;
      if (!(p < 1)) break;
      result.push_back(p);
    }
    return result;
  }

  /// A worker's expected messages by t, complete or not.
  double sent_by(double t) const {
    double sum = 0;
    for (double p : unsent(t)) sum += 1 - p;
    return sum;
  }

  /// P(a worker sends message j in (from, to)).
  double sent_between(std::size_t j, double from, double to) const {
    const auto survival = [&](double t) {
      const double x = x_at(j, t);
      return x > x_.lower ? x_.survival(x) : 1;
    };
    return survival(from) - survival(to);
  }

  /// P(T > t).
  double incomplete(double t) {
    const Series by_now = unsent(t);
    return by_now.empty() ? 1 : at_least_one(undecoded(by_now).overall, clusters_);
  }

  Integrand at(double t) {
    const Series by_now = unsent(t);
    if (by_now.empty()) return {};
    const Undecoded own = undecoded(by_now);
    const double elsewhere = at_least_one(own.overall, clusters_ - 1);
    Integrand result;
    result.incomplete = at_least_one(own.overall, clusters_);
    for (std::size_t j = 0; j < by_now.size(); ++j) {
      const double density = x_.density(x_at(j, t)) / (server_dependent_ ? law_.work[j] : 1);
      result.density.push_back(std::isfinite(density) ? density : 0);
      result.counts.push_back(own.given[j] + (1 - own.given[j]) * elsewhere);
    }
    return result;
  }

 private:
  Undecoded undecoded(const Series& by_now) {
    Undecoded result = law_.kind == CompletionLaw::Kind::count
                           ? undecoded_count(law_, by_now, convolver_)
                           : Ring(law_, by_now, convolver_).undecoded(law_);
    result.overall = std::clamp(result.overall, 0.0, 1.0);
    for (double& p : result.given) p = std::clamp(p, 0.0, 1.0);
    return result;
  }

  const CompletionLaw& law_;
  const TimeLaw& x_;
  bool server_dependent_;
  double increment_;
  int clusters_;  ///< independent ones
  Convolver convolver_;
};

/// The range of t that matters: complete with probability below 1e-13 before `begin`, about ½ at `middle`;
/// what lies beyond `end` adds less than 1e-11 to the mean.
struct Horizon {
  double begin = 0, middle = 0, end = 0;
};

/// low < t <= high, where something becomes true between the two.
struct Bracket {
  double low = 0, high = 0;

  double width() const { return std::log(high) - std::log(low); }

  /// False when there is no number left between the two.
  template <class Predicate>
  bool halve(Predicate is_high) {
    const double t = std::sqrt(low) * std::sqrt(high);
    if (!(t > low && t < high)) return false;
    (is_high(t) ? high : low) = t;
    return true;
  }
};

/// Nothing where the mean is infinite, or its tail leaves the range of double.
std::optional<Horizon> find_horizon(CompletionProcess& process, const TimeLaw& x, std::size_t messages) {
  constexpr double largest = 1e300, smallest = 1e-300;
  const auto begun = [&](double t) { return process.incomplete(t) < 1 - 1e-13; };
  const auto half_done = [&](double t) { return process.incomplete(t) < 0.5; };

  // Away from the guess by larger and larger factors, 2, 4, 16, …: a heavy tail can reach far.
  const double first = process.sent_at(0, x.lower);
  Bracket half{.low = first, .high = process.sent_at(messages - 1, x.tail(0.5))};
  if (!(half.high > half.low)) return std::nullopt;
  for (double factor = 2; !half_done(half.high); factor *= std::min(factor, 1e30)) {
    half.low = half.high;
    half.high *= factor;
    if (half.high > largest) return std::nullopt;
  }
  for (double factor = 2; half.low <= 0; factor *= std::min(factor, 1e30)) {
    const double t = std::max(half.high / factor, smallest);
    (half_done(t) && t > smallest ? half.high : half.low) = t;
  }
  while (half.width() > 1 && half.halve(half_done)) {
  }
  const double typical = half.high;

  Bracket begin{.low = first, .high = half.high};
  for (double factor = 2; begin.low <= 0; factor *= std::min(factor, 1e30)) {
    const double t = std::max(begin.high / factor, smallest);
    (begun(t) && t > smallest ? begin.high : begin.low) = t;
  }
  const auto over = [&](double t) {
    const double p = process.incomplete(t);
    return p < 1e-14 && p * t < 1e-13 * typical;
  };
  Bracket end{.low = half.low, .high = 2 * half.high};
  for (double factor = 2; !over(end.high); factor *= std::min(factor, 1e30)) {
    end.low = end.high;
    end.high *= factor;
    if (end.high > largest) return std::nullopt;
  }

  // All of it may happen within a millionth of the time: compare the brackets with what is between them.
  const auto all = [&] { return std::log(end.high) - std::log(begin.low); };
  for (bool halved = true; halved && std::max(begin.width(), end.width()) > 0.05 * all();) {
    halved = begin.width() > end.width() ? begin.halve(begun) : end.halve(over);
  }
  half.low = std::max(half.low, begin.low);
  half.high = std::min(half.high, end.high);
  while (half.width() > 0.1 * all() && half.halve(half_done)) {
  }
  return Horizon{.begin = begin.low, .middle = half.high, .end = end.high};
}

/// Two integrals at once over s = ln t: P(T > t)·t and rate·t.
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

/// Where a message's density begins or ends.
struct Break {
  double at = 0;  ///< ln t
  std::size_t message = 0;
};

struct Panel {
  double from = 0, to = 0;  ///< ln t
  Pair value{}, error{};
  double priority = 0;  ///< the larger error, relative to the whole
};

/// Adaptive Gauss–Kronrod quadrature that always halves the worst panel (as QUADPACK does), preferably at a
/// break.
class Integrator {
 public:
  Integrator(CompletionProcess& process, const CompletionLaw& law, const TimeLaw& x, const Horizon& horizon)
      : process_(process), messages_(law.work.size()), graded_(singular_at_lower_end(x)) {
    // Every message's density begins at a lower end and stops at an upper one, where there is one.
    Series ends{x.lower};
    const double upper = x.tail(1e-300);
    if (upper <= x.tail(1e-20) * (1 + 1e-9)) ends.push_back(upper);
    for (double end : ends) {
      for (std::size_t j = 0; j < law.work.size(); ++j) {
        const double t = process.sent_at(j, end);
        if (t >= horizon.begin && t < horizon.end) breaks_.push_back({std::log(t), j});
      }
    }
    std::sort(breaks_.begin(), breaks_.end(), [](const Break& a, const Break& b) { return a.at < b.at; });
  }

  /// The integrals over the horizon, to `relative_error` of themselves and the parts already known.
  Pair operator()(const Horizon& horizon, const Pair& known, double relative_error) {
    const double begin = std::log(horizon.begin);
    const double middle = std::log(horizon.middle);
    const double end = std::log(horizon.end);
    Series cuts;
    for (int i = 0; i < 3; ++i) cuts.push_back(begin + (middle - begin) * i / 3);
    for (int i = 0; i < 4; ++i) cuts.push_back(middle + (end - middle) * i / 4);
    cuts.push_back(end);
    std::vector<Panel> panels;
    for (std::size_t i = 0; i + 1 < cuts.size(); ++i) panels.push_back(measure(cuts[i], cuts[i + 1]));
    scale_ = known;
    for (const Panel& panel : panels) {
      for (std::size_t c = 0; c < 2; ++c) scale_[c] += panel.value[c];
    }
    for (const Panel& panel : panels) cover(panel.from, panel.to, &panel, relative_error / 100);
    while (open_ > relative_error && queue_.size() < most_panels) {
      const Panel worst = queue_.top();
      queue_.pop();
      open_ -= worst.priority;
      const double at = split(worst.from, worst.to);
      Panel left = measure(worst.from, at);
      Panel right = measure(at, worst.to);
      if (stalled(worst, left, right)) left.error = right.error = {};
      enter(left);
      enter(right);
    }
    Pair sum{};
    for (; !queue_.empty(); queue_.pop()) {
      for (std::size_t c = 0; c < 2; ++c) sum[c] += queue_.top().value[c];
    }
    return sum;
  }

 private:
  static bool singular_at_lower_end(const TimeLaw& x) {
    const double width = x.tail(0.5) - x.lower;
    const double ratio = x.density(x.lower + 1e-8 * width) / x.density(x.lower + 1e-4 * width);
    return !(ratio > 0.7 && ratio < 1.4);
  }

  std::vector<Break>::const_iterator first_after(double s) const {
    return std::upper_bound(breaks_.begin(), breaks_.end(), s,
                            [](double a, const Break& b) { return a < b.at; });
  }
  std::vector<Break>::const_iterator first_after_or_at(double s) const {
    return std::lower_bound(breaks_.begin(), breaks_.end(), s,
                            [](const Break& b, double a) { return b.at < a; });
  }

  /// The break nearest to the middle, or the middle.
  double split(double from, double to) const {
    const double middle = from + (to - from) / 2;
    const auto after = first_after(middle);
    double best = from;
    if (after != breaks_.begin()) best = std::max(best, std::prev(after)->at);
    if (after != breaks_.end() && after->at < to && after->at - middle < middle - best) best = after->at;
    return best > from ? best : middle;
  }

  /// Enters [from, to]; where breaks inside would spoil it, in pieces cut at breaks, without trying it first.
  /// A jump of a density misplaces up to half a weight of what its message adds here, if that still counts;
  /// the kinks that it causes in P(T > t) are far smaller.
  void cover(double from, double to, const Panel* measured, double share) {
    double begins = 0;
    for (auto it = first_after(from); it != breaks_.end() && it->at < to; ++it) {
      begins += process_.sent_between(it->message, std::exp(from), std::exp(to));
    }
    if (begins > 0 && 0.05 * begins * process_.incomplete(std::exp(from)) > share * scale_[1]) {
      const double at = split(from, to);
      cover(from, at, nullptr, share);
      cover(at, to, nullptr, share);
    } else {
      enter(measured ? *measured : measure(from, to));
    }
  }

  /// Whether halving changed neither the values nor the decisive error: then what is left is rounding.
  bool stalled(const Panel& whole, const Panel& left, const Panel& right) const {
    if (first_after(whole.from) != first_after_or_at(whole.to)) return false;
    for (std::size_t c = 0; c < 2; ++c) {
      const bool moves = std::abs(left.value[c] + right.value[c] - whole.value[c]) > 1e-8 * scale_[c];
      const bool improves = left.error[c] + right.error[c] < 0.9 * whole.error[c];
      if (moves || (improves && whole.error[c] >= whole.priority * scale_[c])) return false;
    }
    return true;
  }

  void enter(Panel panel) {
    for (std::size_t c = 0; c < 2; ++c) {
      if (scale_[c] > 0) panel.priority = std::max(panel.priority, panel.error[c] / scale_[c]);
    }
    open_ += panel.priority;
    queue_.push(panel);
  }

  Panel measure(double from, double to) {
    Panel panel{.from = from, .to = to};
    const auto inside = first_after(from);
    const bool smooth = inside == first_after_or_at(to);
    const bool from_break = inside != breaks_.begin() && std::prev(inside)->at == from;
    const bool graded = graded_ && from_break;
    // Between neighbouring breaks, often of a thousand, there is little room for anything to happen.
    const bool between = smooth && from_break && inside != breaks_.end() && inside->at == to;
    const Rule& rule = between && !graded ? short_rule() : long_rule();
    std::vector<Pair> f(rule.size());
    Pair gauss{};
    Series sent(messages_, 0.0);    // the integral of the message's density by this rule
    Series counts(messages_, 0.0);  // the most it counts
    double incomplete = 0;
    for (std::size_t k = 0; k < rule.size(); ++k) {
      const double y = rule[k].at;
      // y^4 smooths a density like (x − lower)^(−½) away.
      const double s = from + (to - from) * (graded ? y * y * y * y : y);
      const double slope = (to - from) * (graded ? 4 * y * y * y : 1);
      const double t = std::exp(s);
      const Integrand at = process_.at(t);
      incomplete = std::max(incomplete, at.incomplete);
      f[k] = {at.incomplete * t * slope, at.rate() * t * slope};
      for (std::size_t c = 0; c < 2; ++c) {
        panel.value[c] += rule[k].weight * f[k][c];
        gauss[c] += rule[k].gauss_weight * f[k][c];
      }
      const double weight = rule[k].weight * t * slope;
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
    // A jump or a peak between the points shows in the integral of the density alone, which is known.
    double unseen = 0;
    for (std::size_t j = 0; j < messages_; ++j) {
      const double error = std::abs(sent[j] - process_.sent_between(j, std::exp(from), std::exp(to)));
      unseen += error * (counts[j] > 0 ? counts[j] : incomplete);
    }
    panel.error[1] = std::max(panel.error[1], unseen);
    return panel;
  }

  static constexpr std::size_t most_panels = 3000;

  static bool less_urgent(const Panel& a, const Panel& b) { return a.priority < b.priority; }

  CompletionProcess& process_;
  std::size_t messages_;
  bool graded_;
  std::vector<Break> breaks_;  ///< by position
  Pair scale_{};
  std::priority_queue<Panel, std::vector<Panel>, decltype(&less_urgent)> queue_{less_urgent};
  double open_ = 0;  ///< the sum of the priorities
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

}  // namespace

std::optional<Expectation> expectation(const CompletionLaw& law, const TimeLaw& x, Scaling scaling,
                                       double increment) {
  if (scaling == Scaling::additive) return std::nullopt;
  check(law);
  if (law.need <= 0 && !law.first_of_all) return Expectation{};
  CompletionLaw simple = law;
  if (law.pooled && law.clusters * static_cast<long long>(law.workers) == law.need) {
    simple.pooled = false;
    simple.need = law.workers;
  }
  CompletionProcess process(simple, x, scaling, increment);
  const std::optional<Horizon> horizon = find_horizon(process, x, law.work.size());
  if (!horizon) return std::nullopt;
  // Before the horizon every message counts.
  const Pair before{horizon->begin, process.sent_by(horizon->begin)};
  const Pair within = Integrator(process, law, x, *horizon)(*horizon, before, 1e-10);
  return Expectation{
      .time = before[0] + within[0],
      .messages = static_cast<double>(law.clusters) * law.workers * (before[1] + within[1]),
  };
}

}  // namespace straggle
