#include "sim/theory/undecoded.h"

#include <Eigen/Core>
#include <algorithm>
#include <bit>
#include <boost/math/special_functions/beta.hpp>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <utility>
#include <vector>

namespace straggle::theory {
namespace {

/// Beyond so many terms direct sums take long, and a Fourier transform is let lose all but so few relative
/// digits.
constexpr std::size_t many = 1000;
constexpr double few_digits = 3e-9;

/// A probability with relative digits, and how far off it may be beside its roundings.
struct Estimated {
  double value = 0, error = 0;
};

/// `size` entries of `series` from `first` on, for arithmetic on all of them.
auto part(Series& series, std::size_t first, std::size_t size) {
  return Eigen::Map<Eigen::ArrayXd>(series.data() + first, static_cast<Eigen::Index>(size));
}
auto part(const Series& series, std::size_t first, std::size_t size) {
  return Eigen::Map<const Eigen::ArrayXd>(series.data() + first, static_cast<Eigen::Index>(size));
}

/// P(the sum of `draws` draws of p, a defective distribution, exceeds `most`): a draw crosses it, whatever
/// comes after. Sums of nonnegative terms, with every digit.
double exceed(const Series& p, int draws, std::size_t most, Convolver& convolver) {
  const double mass = std::accumulate(p.begin(), p.end(), 0.0);
  // Of m draws: p^m, and Σ_{i<m} mass^(m−1−i)·p^i, after which one crosses.
  Series power = p, before{1};
  double masses = mass;  // mass^m
  const auto times = [&](const Series& a, const Series& b) {
    return convolver.product(a, b, std::min(most + 1, a.size() + b.size() - 1), Digits::relative);
  };
  power.resize(std::min(power.size(), most + 1));
  for (int bit = std::bit_width(static_cast<unsigned>(draws)) - 2; bit >= 0; --bit) {
    Series factor = power;
    factor[0] += masses;
    before = times(before, factor);
    power = times(power, power);
    masses *= masses;
    if (!((draws >> bit) & 1)) continue;
    for (double& c : before) c *= mass;
    before.resize(std::max(before.size(), power.size()));
    part(before, 0, power.size()) += part(power, 0, power.size());
    power = times(power, p);
    masses *= mass;
  }
  Series more(most + 1, 0.0);  // P(one draw exceeds)
  double sum = 0;
  for (std::size_t i = p.size(); i-- > 0; sum += p[i])
    if (i <= most) more[i] = sum;
  double result = 0;
  for (std::size_t k = 0; k < before.size(); ++k) result += before[k] * more[most - k];
  return result;
}

/// P(the sum of `draws` draws of p, a defective distribution, is less than `need`), every digit of it.
double fall_short(const Series& p, int draws, std::size_t need, Convolver& convolver) {
  const std::size_t all = (p.size() - 1) * static_cast<std::size_t>(draws);
  if (need > all) return std::pow(std::accumulate(p.begin(), p.end(), 0.0), draws);
  if (2 * need > all) return exceed({p.rbegin(), p.rend()}, draws, all - need, convolver);
  const Series sum = convolver.direct_power(p, draws, need);
  return std::accumulate(sum.begin(), sum.end(), 0.0);
}

/// Kind `count`. unsent[j] = P(a worker has not sent its message j yet), below 1.
Undecoded undecoded_count(const CompletionLaw& law, const Series& unsent, Convolver& convolver,
                          Digits digits) {
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
  double error = 0, off = 0;  // of below[k] and of `overall`, at most
  if (need > 0) {
    // Where not to be decoded is unlikely, it happens with need − 1 messages evenly from all the workers.
    const double focus = static_cast<double>(need - 1) * others / law.workers;
    const Power sum = convolver.power(sent, others, need, focus);
    for (std::size_t k = 0; k < need; ++k) {
      below[k + 1] = below[k] + sum.coefficients[k];
      if (digits == Digits::absolute) continue;
      error += std::exp(sum.log_error - sum.slope * static_cast<double>(k));
      if (need - (k + 1) <= begun) off += sent[need - (k + 1)] * error;
    }
  }

  const double settled = at_least_one(silent, law.workers);
  Undecoded result{.overall = settled, .given = Series(begun), .error = 0};
  for (std::size_t j = 0; j <= begun && j < need; ++j) result.overall += sent[j] * below[need - j];
  // Under a tail that is a power it happens with some who are silent and others who have sent all, where the
  // transform has no digits left.
  const double all = static_cast<double>(law.workers) * static_cast<double>(begun);
  if (off > (need > many ? few_digits : 1e-13 + 4e-16 * all) * result.overall)
    result.overall = settled + fall_short(sent, law.workers, need, convolver);
  else
    result.error = off;
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
  return {.overall = fewer(law.workers), .given = {fewer(law.workers - 1)}, .error = 0};
}

/// Kind `distinct`: n workers and n items in a ring. Item i is missing when worker i−d has sent at most d
/// messages for every d; F(d) is the probability of that for one worker. Seen from a missing item the rest of
/// the ring does not depend on what lies behind it, so missing items are a renewal process: with u(L) =
/// Π_{d<L} F(d) the probability that the item L ahead is missing as well, U(z) = Σ u(L) z^L and 1 − G = 1/U,
/// G generates the distance to the next missing item, and P(k missing) = (n/k)[z^n] G^k.
class Ring {
 public:
  Ring(const CompletionLaw& law, const Series& unsent, Convolver& convolver, Digits digits)
      : n_(static_cast<std::size_t>(law.workers)),
        window_(unsent.size()),
        convolver_(convolver),
        digits_(digits) {
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
    if (law.pooled && law.clusters > 1) {
      const double others_exceed = pool(law.clusters, tolerated, phi);
      return {
          .overall = others_exceed + exceeds(phi), .given = exceeds_given(phi, others_exceed), .error = 0};
    }
    const double focus = static_cast<double>(n_) * tolerated / (tolerated + 1);
    phi = convolver_.power(gap_, tolerated, n_, focus).coefficients;
    const Estimated overall = digits_ == Digits::absolute || tolerated < 2
                                  ? Estimated{exceeds(phi), 0}
                                  : exceeds_exactly(tolerated, focus);
    return {.overall = overall.value, .given = exceeds_given(phi, 0), .error = overall.error};
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

  /// The same with relative digits: by direct sums, or of many workers by a Fourier transform that loses few
  /// of them.
  Estimated exceeds_exactly(int tolerated, double focus) {
    if (n_ > many) {
      const Power phi = convolver_.power(gap_, tolerated, n_, focus, Digits::relative);
      Estimated result{exceeds(phi.coefficients), 0};
      for (std::size_t k = 1; k <= n_; ++k)
        result.error += opened_[k] * std::exp(phi.log_error - phi.slope * static_cast<double>(n_ - k));
      if (result.error <= few_digits * result.value) return result;
    }
    return {exceeds(convolver_.direct_power(gap_, tolerated, n_)), 0};
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
      powers.push_back(convolver_.product(powers.back(), gap_, n_ + 1, digits_));

    Missed one{.exactly = Series(size, 0.0), .more = Series(size, 0.0)};
    one.exactly[0] = none_missing();
    Series giant = powers[0];
    for (std::size_t k = 1; k <= most; ++k) {
      if (k % stride == 0) giant = convolver_.product(giant, powers[stride], n_ + 1, digits_);
      convolver_.steps += static_cast<double>(n_);
      double coefficient = 0;
      for (std::size_t i = 0; i <= n_; ++i) coefficient += giant[i] * powers[k % stride][n_ - i];
      one.exactly[k] = coefficient * static_cast<double>(n_) / static_cast<double>(k);
    }
    if (most < n_)
      one.more[most] = exceeds(convolver_.product(giant, powers[most % stride], n_ + 1, digits_));
    for (std::size_t k = most; k-- > 0;) one.more[k] = one.more[k + 1] + one.exactly[k + 1];

    Missed others = one;
    for (int bit = std::bit_width(static_cast<unsigned>(clusters - 1)) - 2; bit >= 0; --bit) {
      others = join(others, others);
      if (((clusters - 1) >> bit) & 1) others = join(others, one);
    }

    phi.assign(n_ + 1, 0.0);
    for (std::size_t block = most / stride + 1; block-- > 0;) {
      phi = convolver_.product(phi, powers[stride], n_ + 1, digits_);
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
  Digits digits_;   ///< of powers of G
  Series chain_;    ///< u(L), L = 0 … n
  Series missing_;  ///< F(d), d = 0 … n−1, 1 from the window on
  Series ends_;     ///< e_{d+1} = u(d)·(1−F(d)), d < window
  Series gap_;      ///< g(L), L = 0 … n
  Series opened_;   ///< the coefficients of (z G')·U, made when needed
};

}  // namespace

double at_least_one(double p, int k) {
  if (k == 0) return 0;
  return p < 1 ? -std::expm1(k * std::log1p(-p)) : 1;
}

Undecoded undecoded(const CompletionLaw& law, const Series& unsent, Convolver& convolver, Digits digits) {
  convolver.steps += 200 * static_cast<double>(unsent.size());
  Undecoded result;
  if (law.kind == CompletionLaw::Kind::distinct) {
    result = Ring(law, unsent, convolver, digits).undecoded(law);
  } else if (law.work.size() == 1) {
    result = undecoded_single(law, unsent[0]);
    convolver.steps += 2000;
  } else {
    result = undecoded_count(law, unsent, convolver, digits);
  }
  result.overall = std::clamp(result.overall, 0.0, 1.0);
  for (double& p : result.given) p = std::clamp(p, 0.0, 1.0);
  return result;
}

}  // namespace straggle::theory
