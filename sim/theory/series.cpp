#include "sim/theory/series.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <complex>
#include <limits>
#include <unsupported/Eigen/FFT>
#include <utility>

namespace straggle::theory {

/// Transforms of real series, which count their steps.
class Convolver::Fourier {
 public:
  explicit Fourier(double& steps) : steps_(steps) { fft_.SetFlag(Eigen::FFT<double>::HalfSpectrum); }

  /// Of the first `size` coefficients of `a`, filled up with zeros: points/2 + 1 values.
  Eigen::ArrayXcd transform(const Series& a, std::size_t size, std::size_t points) {
    count_transform(points);
    Eigen::ArrayXd padded = Eigen::ArrayXd::Zero(static_cast<Eigen::Index>(points));
    padded.head(static_cast<Eigen::Index>(size)) =
        Eigen::Map<const Eigen::ArrayXd>(a.data(), static_cast<Eigen::Index>(size));
    Eigen::ArrayXcd spectrum(static_cast<Eigen::Index>(points / 2 + 1));
    fft_.fwd(spectrum.data(), padded.data(), static_cast<Eigen::Index>(points));
    return spectrum;
  }

  /// Back: `points` values.
  Eigen::ArrayXd inverse(const Eigen::ArrayXcd& spectrum, std::size_t points) {
    count_transform(points);
    Eigen::ArrayXd values(static_cast<Eigen::Index>(points));
    fft_.inv(values.data(), spectrum.data(), static_cast<Eigen::Index>(points));
    return values;
  }

 private:
  void count_transform(std::size_t points) {
    steps_ += 3 * static_cast<double>(points) * static_cast<double>(std::bit_width(points));
  }

  double& steps_;
  Eigen::FFT<double> fft_;
};

namespace {

struct Moments {
  double mass = 0, mean = 0, variance = 0;
};

/// Of the coefficients q_j·exp(slope·j).
Moments moments(const Series& q, double slope, double& steps) {
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

/// q_j·exp(slope·j)/mass, a distribution, and the points of a Fourier transform that does not alias its
/// powers.
struct Tilt {
  Series law;
  double slope = 0;
  double log_mass = 0;
  std::size_t points = 0;
};

/// Makes the law that of tilt.slope.
void apply(Tilt& tilt, const Series& q, double& steps) {
  const double mass = moments(q, tilt.slope, steps).mass;
  tilt.log_mass = std::log(mass);
  tilt.law.resize(q.size());
  steps += 10 * static_cast<double>(q.size());
  for (std::size_t j = 0; j < q.size(); ++j) {
    tilt.law[j] = q[j] * std::exp(tilt.slope * static_cast<double>(j)) / mass;
  }
}

/// The smallest power of two from `room` on that leaves less than 1e-17 of the law of the sum at or beyond
/// it, by Chernoff's bound (those coefficients fold back onto the wanted ones).
std::size_t points_without_aliasing(const Series& law, int exponent, std::size_t room, double& steps) {
  const double degree = static_cast<double>(law.size() - 1);
  const Moments one = moments(law, 0, steps);
  std::size_t points = std::max<std::size_t>(4, std::bit_ceil(room));
  for (; static_cast<double>(points) <= exponent * degree; points *= 2) {
    const double gap = static_cast<double>(points) - exponent * one.mean;
    if (gap <= 0) continue;
    // The best slope for a normal law first.
    double slope = std::min(gap / (exponent * std::max(one.variance, 1e-300)), 600 / degree);
    bool safe = false;
    for (int halving = 0; halving < 8 && !safe; ++halving, slope /= 2) {
      safe = exponent * std::log(moments(law, slope, steps).mass) - slope * static_cast<double>(points) < -39;
    }
    if (safe) break;
  }
  return points;
}

/// Where the sum of `exponent` draws would exceed `goal` on average, the wanted coefficients, the first
/// `room`, are a lower tail, lost in the rounding of a Fourier transform; an exponential tilt of slope < 0
/// moves the mean to about `goal` (Esscher).
Tilt tilt_below(const Series& q, int exponent, double goal, std::size_t room, double& steps) {
  const double target = goal / exponent;
  Tilt tilt;
  Moments now = moments(q, 0, steps);
  double above = 0;
  double below = -std::numeric_limits<double>::infinity();
  for (int step = 0; step < 200 && exponent * (now.mean - target) > 0.5; ++step) {
    // Newton from above, at most doubling; bisection once the target is bracketed.
    double next = std::max(above - (now.mean - target) / now.variance, 2 * above - 2);
    if (!(next > below && next < above)) next = std::isinf(below) ? 2 * above - 2 : (above + below) / 2;
    const Moments there = moments(q, next, steps);
    if (exponent * (there.mean - target) < -0.5) {
      below = next;
      if (above - below < 1e-9 * (1 - below)) break;
    } else {
      above = tilt.slope = next;
      now = there;
    }
  }
  apply(tilt, q, steps);
  tilt.points = points_without_aliasing(tilt.law, exponent, room, steps);
  if (tilt.points > 8 * std::bit_ceil(room)) {
    // A long upper tail. A little more tilt shortens it and costs a factor exp(7) of rounding.
    tilt.slope -= 7 / static_cast<double>(room);
    apply(tilt, q, steps);
    tilt.points = points_without_aliasing(tilt.law, exponent, room, steps);
  }
  return tilt;
}

/// Where the sum would stay below `goal` on average the wanted coefficients are an upper tail: a slope > 0
/// brings it up, as far as numbers keep in range.
Tilt tilt_above(const Series& q, int exponent, double goal, std::size_t room, double& steps) {
  Tilt tilt;
  double above = 500 / static_cast<double>(q.size());
  for (int step = 0; step < 60; ++step) {
    const double middle = (tilt.slope + above) / 2;
    const double off = exponent * moments(q, middle, steps).mean - goal;
    (off < 0 ? tilt.slope : above) = middle;
    if (std::abs(off) < 0.5) break;
  }
  apply(tilt, q, steps);
  tilt.points = points_without_aliasing(tilt.law, exponent, room, steps);
  return tilt;
}

}  // namespace

Convolver::Convolver() : fourier_(std::make_unique<Fourier>(steps)) {}
Convolver::~Convolver() = default;

void Convolver::direct_product(const Series& a, const Series& b, Series& result) {
  // Subnormal numbers are slow, and the smallest of probabilities that matter is far above.
  constexpr double least = std::numeric_limits<double>::min();
  const double largest = *std::max_element(b.begin(), b.end());
  for (std::size_t i = 0; i < std::min(a.size(), result.size()); ++i) {
    if (!(a[i] * largest > least)) continue;
    const auto size = static_cast<Eigen::Index>(std::min(b.size(), result.size() - i));
    steps += 0.4 * static_cast<double>(size) + 5;
    if (steps > 2 * most_steps) throw TooMuchWork{};
    Eigen::Map<Eigen::ArrayXd>(result.data() + i, size) +=
        a[i] * Eigen::Map<const Eigen::ArrayXd>(b.data(), size);
  }
  for (double& c : result)
    if (c < least) c = 0;
}

Series Convolver::product(const Series& a, const Series& b, std::size_t limit, Digits digits) {
  const std::size_t a_size = std::min(a.size(), limit);
  const std::size_t b_size = std::min(b.size(), limit);
  Series result(limit, 0.0);
  if (digits == Digits::relative) {
    direct_product(a, b, result);
    return result;
  }
  if (a_size * b_size <= 1024) {
    steps += static_cast<double>(a_size * b_size);
    for (std::size_t i = 0; i < a_size; ++i) {
      for (std::size_t j = 0; j < std::min(b_size, limit - i); ++j) result[i + j] += a[i] * b[j];
    }
    return result;
  }
  const std::size_t points = std::bit_ceil(a_size + b_size - 1);
  Eigen::ArrayXcd spectrum = fourier_->transform(a, a_size, points);
  spectrum *= fourier_->transform(b, b_size, points);
  const Eigen::ArrayXd values = fourier_->inverse(spectrum, points);
  for (std::size_t i = 0; i < std::min(limit, points); ++i) {
    result[i] = std::max(0.0, values[static_cast<Eigen::Index>(i)]);
  }
  return result;
}

namespace {

/// p^exponent but for zeros in front: z^offset·q^exponent, the first `room` coefficients.
struct Base {
  Series q;
  std::size_t offset = 0, room = 0;  ///< no room: there are no such coefficients
};

Base without_zeros(const Series& p, int exponent, std::size_t limit) {
  const auto nonzero = std::find_if(p.begin(), p.end(), [](double c) { return c > 0; });
  const auto first = static_cast<std::size_t>(nonzero - p.begin());
  Base base{.q = {}, .offset = first * static_cast<std::size_t>(exponent)};
  if (nonzero == p.end() || base.offset >= limit) return base;
  base.room = limit - base.offset;
  base.q.assign(nonzero, nonzero + static_cast<std::ptrdiff_t>(std::min(p.size() - first, base.room)));
  while (base.q.back() <= 0) base.q.pop_back();
  return base;
}

}  // namespace

Power Convolver::power(const Series& p, int exponent, std::size_t limit, double focus, Digits digits) {
  Power power{.coefficients = Series(limit, 0.0)};
  Series& result = power.coefficients;
  if (exponent == 0) {
    result[0] = 1;
    return power;
  }
  if (exponent == 1) {
    std::copy_n(p.begin(), std::min(limit, p.size()), result.begin());
    return power;
  }
  const auto [q, offset, room] = without_zeros(p, exponent, limit);
  if (room == 0) return power;
  if (q.size() == 1) {
    result[offset] = std::pow(q[0], exponent);
    return power;
  }

  const double goal = std::max(focus - static_cast<double>(offset), 0.5);
  Tilt tilt = tilt_below(q, exponent, goal, room, steps);
  if (digits == Digits::relative && !(tilt.slope < 0)) tilt = tilt_above(q, exponent, goal, room, steps);
  Eigen::ArrayXcd base = fourier_->transform(tilt.law, tilt.law.size(), tilt.points);
  steps += 8 * static_cast<double>(tilt.points) * std::bit_width(static_cast<unsigned>(exponent));
  Eigen::ArrayXcd powered = base;
  for (int bit = std::bit_width(static_cast<unsigned>(exponent)) - 2; bit >= 0; --bit) {
    powered *= powered;
    if ((exponent >> bit) & 1) powered *= base;
    // Subnormal numbers are slow.
    powered = (powered.abs2() < 1e-60).select(std::complex<double>(0), powered);
  }
  const Eigen::ArrayXd values = fourier_->inverse(powered, tilt.points);
  const std::size_t known = std::min(room, tilt.points);
  for (std::size_t k = 0; k < known; ++k) {
    const double value = values[static_cast<Eigen::Index>(k)];
    if (value > 0) {
      result[offset + k] = value * std::exp(exponent * tilt.log_mass - static_cast<double>(k) * tilt.slope);
    }
  }
  power.slope = tilt.slope;
  power.log_error =
      std::log(2e-15 * exponent) + exponent * tilt.log_mass + static_cast<double>(offset) * tilt.slope;
  return power;
}

Series Convolver::direct_power(const Series& p, int exponent, std::size_t limit) {
  if (exponent == 0) return power(p, exponent, limit, 0).coefficients;
  const auto [q, offset, room] = without_zeros(p, exponent, limit);
  Series result(limit, 0.0);
  if (room == 0) return result;
  Series powered = q;
  for (int bit = std::bit_width(static_cast<unsigned>(exponent)) - 2; bit >= 0; --bit) {
    Series square(std::min(room, 2 * powered.size() - 1), 0.0);
    direct_product(powered, powered, square);
    powered = std::move(square);
    if (!((exponent >> bit) & 1)) continue;
    Series once_more(std::min(room, powered.size() + q.size() - 1), 0.0);
    direct_product(q, powered, once_more);
    powered = std::move(once_more);
  }
  std::copy(powered.begin(), powered.end(), result.begin() + static_cast<std::ptrdiff_t>(offset));
  return result;
}

}  // namespace straggle::theory
