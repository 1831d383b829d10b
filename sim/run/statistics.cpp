#include "sim/run/statistics.h"

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <boost/math/special_functions/beta.hpp>
#include <cmath>
#include <iterator>
#include <stdexcept>

namespace straggle {
namespace {

/// Doubles all the way: Boost.Math would compute in long double.
using InDouble = boost::math::policies::policy<boost::math::policies::promote_double<false>>;

}  // namespace

void Moments::add(double x, double y) {
  State& s = state_;
  ++s.count;
  const double n = static_cast<double>(s.count);
  const double dx = x - s.mean_x, dy = y - s.mean_y;
  s.mean_x += dx / n;
  s.mean_y += dy / n;
  s.square_x += dx * (x - s.mean_x);
  s.square_y += dy * (y - s.mean_y);
  s.cross += dx * (y - s.mean_y);
}

void Moments::merge(const Moments& other) {
  State& s = state_;
  const State& o = other.state_;
  if (o.count == 0) return;
  if (s.count == 0) {
    *this = other;
    return;
  }
  const double a = static_cast<double>(s.count), b = static_cast<double>(o.count), n = a + b;
  const double dx = o.mean_x - s.mean_x, dy = o.mean_y - s.mean_y;
  s.mean_x += dx * (b / n);
  s.mean_y += dy * (b / n);
  s.square_x += o.square_x + dx * dx * (a * b / n);
  s.square_y += o.square_y + dy * dy * (a * b / n);
  s.cross += o.cross + dx * dy * (a * b / n);
  s.count += o.count;
}

Estimate estimate(const Moments& moments) {
  if (moments.count() == 0) return {};
  return {moments.mean(), std::sqrt(moments.variance() / static_cast<double>(moments.count())),
          moments.count()};
}

double confidence_factor(std::uint64_t count) {
  if (count < 2) return std::numeric_limits<double>::quiet_NaN();
  // Beyond a million the two agree to six digits.
  if (count > 1'000'000)
    return boost::math::quantile(boost::math::normal_distribution<double, InDouble>(), 0.975);
  return boost::math::quantile(
      boost::math::students_t_distribution<double, InDouble>(static_cast<double>(count - 1)), 0.975);
}

double half_interval(const Estimate& found) {
  return found.std_error * confidence_factor(found.count);
}

bool without_spread(const Estimate& found) {
  return !(found.std_error > 1e-12 * std::abs(found.mean));
}

Estimate ratio_of_means(const Moments& m) {
  if (m.count() == 0) return {};
  const double ratio = m.mean_of_other() / m.mean();
  const double variance = m.variance_of_other() - 2 * ratio * m.covariance() + ratio * ratio * m.variance();
  // Rounding can leave a tiny negative where the two are the same variable; of one pair it is not a number.
  return {ratio, std::sqrt(variance < 0 ? 0 : variance / static_cast<double>(m.count())) / m.mean(),
          m.count()};
}

double z_score(const Estimate& found, double value, double accuracy) {
  const double difference = found.mean - value;
  if (!without_spread(found)) return difference / found.std_error;
  if (std::isnan(found.std_error)) return found.std_error;  // one observation says nothing of its spread
  if (!(std::abs(difference) > std::max(accuracy, 1e-9 * std::abs(value))))
    return std::numeric_limits<double>::quiet_NaN();
  return std::copysign(std::numeric_limits<double>::infinity(), difference);
}

double beyond_four() {
  return std::erfc(4 / std::sqrt(2.0));
}

double unseen(double rounds) {
  return -std::expm1(std::log(beyond_four()) / rounds);
}

double nearest_rank(std::vector<double>& values, double p) {
  if (values.empty()) return std::numeric_limits<double>::quiet_NaN();
  const auto nth = values.begin() + static_cast<std::ptrdiff_t>(nearest_rank(values.size(), p)) - 1;
  std::nth_element(values.begin(), nth, values.end());
  return *nth;
}

std::uint64_t nearest_rank(std::uint64_t count, double p) {
  const double n = static_cast<double>(count);
  // The relative slack keeps a rank that is whole on paper (0.95 · 100) from rounding up past itself.
  return static_cast<std::uint64_t>(std::clamp(std::ceil(p * n * (1 - 1e-14)), 1.0, n));
}

std::optional<Ranks> quantile_ranks(std::uint64_t count, double p, double error) {
  if (count == 0) return std::nullopt;
  const double n = static_cast<double>(count), side = error / 2;
  // Of the number below the quantile, binomial: P(at most k), P(at least k).
  const auto at_most = [&](std::uint64_t k) {
    return boost::math::ibetac(static_cast<double>(k) + 1, n - static_cast<double>(k), p, InDouble());
  };
  const auto at_least = [&](std::uint64_t k) {
    return boost::math::ibeta(static_cast<double>(k), n - static_cast<double>(k) + 1, p, InDouble());
  };
  const auto first = [](std::uint64_t from, std::uint64_t to, const auto& holds) {  // `to` where none does
    while (from < to) {
      const std::uint64_t middle = from + (to - from) / 2;
      if (holds(middle))
        to = middle;
      else
        from = middle + 1;
    }
    return from;
  };
  Ranks ranks;
  ranks.low = first(0, count, [&](std::uint64_t k) { return at_most(k) > side; });
  ranks.high = first(1, count + 1, [&](std::uint64_t k) { return at_least(k) <= side; });
  if (ranks.low == 0 || ranks.high > count) return std::nullopt;
  return ranks;
}

std::uint64_t values_for_quantile(double p, double error) {
  // All values lie on one side of the quantile with probability p^n, (1 − p)^n.
  const double count = std::log(error / 2) / std::log(std::max(p, 1 - p));
  return static_cast<std::uint64_t>(std::ceil(count * (1 - 1e-12)));
}

void order_statistics(std::vector<double>& values, std::vector<std::pair<std::uint64_t, double*>> ranks) {
  std::sort(ranks.begin(), ranks.end());
  auto from = values.begin();  // what is before has been settled
  for (const auto& [rank, out] : ranks) {
    const auto nth = values.begin() + static_cast<std::ptrdiff_t>(rank) - 1;
    if (nth >= from) {
      std::nth_element(from, nth, values.end());
      from = nth + 1;
    }
    *out = *nth;
  }
}

double skewness(std::span<const double> values) {
  if (values.size() < 3) return std::numeric_limits<double>::quiet_NaN();
  const double n = static_cast<double>(values.size());
  double mean = 0, second = 0, third = 0, largest = 0;
  for (const double value : values) mean += value / n;
  for (const double value : values) largest = std::max(largest, std::abs(value - mean));
  if (!(largest > 1e-12 * std::abs(mean))) return std::numeric_limits<double>::quiet_NaN();
  for (const double value : values) {  // in units of the largest: no cube leaves the range of double
    const double d = (value - mean) / largest;
    second += d * d / n;
    third += d * d * d / n;
  }
  return third / std::pow(second, 1.5);
}

double observations_for(double skewness) {
  return 50 * skewness * skewness;
}

std::optional<std::uint64_t> trial_of_rank(std::span<const double> times, double p) {
  std::vector<double> finite;
  std::copy_if(times.begin(), times.end(), std::back_inserter(finite),
               [](double time) { return std::isfinite(time); });
  if (finite.empty()) return std::nullopt;
  const double wanted = nearest_rank(finite, p);
  return static_cast<std::uint64_t>(std::find(times.begin(), times.end(), wanted) - times.begin());
}

}  // namespace straggle
