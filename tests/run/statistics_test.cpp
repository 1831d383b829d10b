// Means, errors and quantiles against their definitions.
#include "sim/run/statistics.h"

#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>
#include <random>
#include <stdexcept>

#include "tests/run/two_pass.h"

using namespace straggle;
using namespace straggle::testing;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Pairs that hang together: y is x and something of its own. std::mt19937_64 gives the same numbers
/// everywhere, and so does this use of them.
std::vector<std::pair<double, double>> pairs(std::size_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto uniform = [&] { return static_cast<double>(random() >> 11) * 0x1p-53; };
  std::vector<std::pair<double, double>> result;
  for (std::size_t i = 0; i < count; ++i) {
    const double x = 1 - std::log(1 - uniform());
    result.emplace_back(x, 0.5 * x + 2 * uniform());
  }
  return result;
}

Moments moments_of(const std::vector<std::pair<double, double>>& values) {
  Moments result;
  for (const auto& [x, y] : values) result.add(x, y);
  return result;
}

}  // namespace

TEST_CASE("moments are those of the two-pass formulas, whole or merged in pieces") {
  const auto values = pairs(10000, 1);
  const TwoPass expected(values);
  check_equal(moments_of(values), expected, 1e-12);
  Moments merged;
  const std::size_t cuts[] = {0, 0, 1, 2, 777, 778, 5000, 10000, 10000};
  for (std::size_t i = 0; i + 1 < std::size(cuts); ++i)
    merged.merge(moments_of({values.begin() + static_cast<std::ptrdiff_t>(cuts[i]),
                             values.begin() + static_cast<std::ptrdiff_t>(cuts[i + 1])}));
  CHECK(merged.count() == 10000);
  check_equal(merged, expected, 1e-12);
}

TEST_CASE("moments do not lose a small spread to a large mean") {
  // A sum of squares less n times the square of the mean would have no digit left: 1e9² · 2^-53 is about 100.
  auto values = pairs(1000, 2);
  const TwoPass small(values);
  for (auto& [x, y] : values) {
    x += 1e9;
    y += 1e9;
  }
  const Moments found = moments_of(values);
  CHECK(found.variance() == Approx(small.variance_x).epsilon(1e-5));  // adding 1e9 itself rounds to 1e-7
  CHECK(found.covariance() == Approx(small.covariance).epsilon(1e-5));
}

TEST_CASE(
    "the standard error is the sample deviation over the root of n, and unknown below two observations") {
  Moments m;
  CHECK(std::isnan(estimate(m).mean));
  CHECK(std::isnan(estimate(m).std_error));
  m.add(3);
  CHECK(estimate(m).mean == 3);
  CHECK(std::isnan(estimate(m).std_error));
  m.add(5);
  CHECK(estimate(m).mean == 4);
  CHECK(estimate(m).std_error == Approx(1));  // variance 2 of two observations
  m.add(10);
  CHECK(estimate(m).mean == Approx(6));
  CHECK(estimate(m).std_error == Approx(std::sqrt(13.0 / 3)));
}

TEST_CASE("the error of a ratio of means is that of the residuals y - R x") {
  const auto values = pairs(5000, 3);
  const Estimate found = ratio_of_means(moments_of(values));
  const TwoPass two(values);
  const double ratio = two.mean_y / two.mean_x;
  double squares = 0;
  for (const auto& [x, y] : values) squares += (y - ratio * x) * (y - ratio * x);
  const double n = 5000;
  CHECK(found.mean == Approx(ratio).epsilon(1e-12));
  CHECK(found.std_error == Approx(std::sqrt(squares / (n - 1) / n) / two.mean_x).epsilon(1e-10));
  // Were the two taken for independent, it would be much larger: pairing is the point.
  const double unpaired = std::sqrt((two.variance_y + ratio * ratio * two.variance_x) / n) / two.mean_x;
  CHECK(found.std_error < 0.75 * unpaired);
}

TEST_CASE("the error of a ratio of means is the spread of the ratio over resamples") {
  const auto values = pairs(400, 4);
  const Estimate found = ratio_of_means(moments_of(values));
  std::mt19937_64 random(5);
  Moments bootstrap;
  for (int resample = 0; resample < 2000; ++resample) {
    Moments m;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto& [x, y] = values[random() % values.size()];
      m.add(x, y);
    }
    bootstrap.add(m.mean_of_other() / m.mean());
  }
  // The deviation of 2000 resamples is known to 1/√4000 = 1.6 %; the delta method leaves out terms of order
  // 1/n.
  CHECK(std::sqrt(bootstrap.variance()) == Approx(found.std_error).epsilon(0.06));
}

TEST_CASE("a scheme is exactly as fast as itself") {
  Moments m;
  for (const auto& [x, y] : pairs(1000, 6)) m.add(x, x);
  CHECK(ratio_of_means(m).mean == 1);
  CHECK(ratio_of_means(m).std_error == Approx(0).margin(1e-9));
  CHECK(std::isnan(ratio_of_means(Moments{}).mean));
}

TEST_CASE("z scores: standard errors from the value, with and without a spread") {
  CHECK(z_score({.mean = 2.2, .std_error = 0.1}, 2) == Approx(2));
  CHECK(z_score({.mean = 1.7, .std_error = 0.1}, 2) == Approx(-3));
  // Without a spread there is nothing to measure in; but what theory rules out is an alarm.
  const auto absent = [](double z) { return std::isnan(z); };
  CHECK(absent(z_score({.mean = 31, .std_error = 0}, 31)));
  CHECK(z_score({.mean = 31, .std_error = 0}, 30) == infinity);
  CHECK(z_score({.mean = 29, .std_error = 0}, 30) == -infinity);
  CHECK(absent(z_score({.mean = 0, .std_error = 0}, 0)));
  CHECK(absent(z_score({.mean = 40, .std_error = 0}, 40.00000078, 1e-6)));
  CHECK(z_score({.mean = 40, .std_error = 0}, 40.00000078, 1e-8) == -infinity);
  // Without a spread, rounding is no deviation; with a spread of rounding's size neither.
  CHECK(absent(z_score({.mean = 0.3, .std_error = 0}, 0.1 + 0.2)));
  CHECK(absent(z_score({.mean = 1 + 1e-13, .std_error = 1e-14}, 1)));
  CHECK(z_score({.mean = 1 + 1e-6, .std_error = 1e-14}, 1) == infinity);
  // One trial has no spread to speak of: nothing can be said.
  const double unknown = std::numeric_limits<double>::quiet_NaN();
  CHECK(absent(z_score({.mean = 4, .std_error = unknown}, 4)));
  CHECK(absent(z_score({.mean = 4, .std_error = unknown}, 5)));
}

TEST_CASE("rounds that all count the same do not object to what they were too few to see") {
  for (const double rounds : {1.0, 10.0, 1e4, 1e9}) {
    // An event of that probability stays away from all rounds with the probability of |z| > 4, 6.3e-5.
    CHECK(rounds * std::log1p(-unseen(rounds)) == Approx(std::log(6.334e-5)).epsilon(1e-4));
  }
  CHECK(unseen(1e4) == Approx(9.662e-4).epsilon(1e-3));
}

TEST_CASE("the factor of a 95 % interval is Student's t") {
  // Tables of t_0.975, and the normal quantile for many.
  CHECK(confidence_factor(2) == Approx(12.706).epsilon(1e-4));
  CHECK(confidence_factor(3) == Approx(4.3027).epsilon(1e-4));
  CHECK(confidence_factor(11) == Approx(2.2281).epsilon(1e-4));
  CHECK(confidence_factor(121) == Approx(1.9799).epsilon(1e-4));
  CHECK(confidence_factor(100'000'000) == Approx(1.959964).epsilon(1e-6));
  CHECK(confidence_factor(1'000'000) == Approx(confidence_factor(1'000'001)).epsilon(2e-6));
  CHECK(std::isnan(confidence_factor(1)));
  CHECK(half_interval({.mean = 5, .std_error = 0.5, .count = 11}) == Approx(1.11405).epsilon(1e-4));
}

TEST_CASE("the interval of a mean covers it as often as it says, also for few observations") {
  std::mt19937_64 random(8);
  std::normal_distribution<double> normal(3, 2);
  for (const int observations : {2, 5, 30}) {
    int covered = 0;
    constexpr int samples = 4000;
    for (int i = 0; i < samples; ++i) {
      Moments m;
      for (int j = 0; j < observations; ++j) m.add(normal(random));
      if (std::abs(m.mean() - 3) <= half_interval(estimate(m))) ++covered;
    }
    CAPTURE(observations);
    CHECK(covered == Approx(0.95 * samples).margin(4 * std::sqrt(samples * 0.95 * 0.05)));
  }
}

TEST_CASE("a quantile is the nearest rank: the smallest value that a share p does not exceed") {
  std::mt19937_64 random(7);
  for (const std::size_t n : {1u, 2u, 3u, 10u, 100u, 101u, 1000u}) {
    std::vector<double> values;
    for (std::size_t i = 0; i < n; ++i)
      values.push_back(static_cast<double>(random() % (2 * n)));  // with ties
    for (int hundredth = 1; hundredth <= 100; ++hundredth) {
      std::vector<double> sorted = values;
      std::sort(sorted.begin(), sorted.end());
      // ⌈p·n⌉ in whole numbers.
      const std::size_t rank = (static_cast<std::size_t>(hundredth) * n + 99) / 100;
      std::vector<double> shuffled = values;
      std::shuffle(shuffled.begin(), shuffled.end(), random);
      CAPTURE(n, hundredth);
      CHECK(nearest_rank(shuffled, hundredth / 100.0) == sorted[rank - 1]);
    }
  }
  std::vector<double> none;
  CHECK(std::isnan(nearest_rank(none, 0.5)));
}

TEST_CASE(
    "the ranks around a quantile are those of the binomial law, and exist from a known number of values on") {
  // Tables of Conover, "Practical nonparametric statistics", and by hand: P(all on one side) = p^n.
  CHECK_FALSE(quantile_ranks(5, 0.5, 0.05));
  const auto six = quantile_ranks(6, 0.5, 0.05);
  REQUIRE(six);
  CHECK(six->low == 1);
  CHECK(six->high == 6);
  const auto hundred = quantile_ranks(100, 0.5, 0.05);  // 40 and 61 leave 0.0352 outside
  REQUIRE(hundred);
  CHECK(hundred->low == 40);
  CHECK(hundred->high == 61);
  for (const auto& [p, error, least] :
       std::vector<std::tuple<double, double, std::uint64_t>>{{0.5, 0.05, 6},
                                                              {0.95, 0.05, 72},
                                                              {0.99, 0.05, 368},
                                                              {0.5, beyond_four(), 15},
                                                              {0.01, 0.05, 368}}) {
    CAPTURE(p, error);
    CHECK(values_for_quantile(p, error) == least);
    CHECK(quantile_ranks(least, p, error));
    CHECK_FALSE(quantile_ranks(least - 1, p, error));
  }
  CHECK_FALSE(quantile_ranks(0, 0.5, 0.05));
}

TEST_CASE(
    "the ranks around a quantile leave at most half of the error on either side, and no narrower ones do") {
  for (const std::uint64_t n : {80u, 400u, 1000u}) {
    for (const double p : {0.5, 0.95, 0.99}) {
      const auto ranks = quantile_ranks(n, p, 0.05);
      if (!ranks) continue;
      // Binomial probabilities by their recurrence.
      std::vector<long double> probability(n + 1);
      probability[0] = std::pow(1.0L - static_cast<long double>(p), static_cast<long double>(n));
      for (std::uint64_t k = 1; k <= n; ++k)
        probability[k] = probability[k - 1] * static_cast<long double>(n - k + 1) /
                         static_cast<long double>(k) * static_cast<long double>(p / (1 - p));
      const auto sum = [&](std::uint64_t from, std::uint64_t to) {
        long double result = 0;
        for (std::uint64_t k = from; k < to; ++k) result += probability[k];
        return static_cast<double>(result);
      };
      CAPTURE(n, p, ranks->low, ranks->high);
      CHECK(sum(0, ranks->low) <= 0.025);
      CHECK(sum(0, ranks->low + 1) > 0.025);
      CHECK(sum(ranks->high, n + 1) <= 0.025);
      CHECK(sum(ranks->high - 1, n + 1) > 0.025);
    }
  }
}

TEST_CASE("the interval of a quantile covers it whatever the law") {
  std::mt19937_64 random(9);
  std::uniform_real_distribution<double> uniform;
  int covered = 0;
  constexpr int samples = 3000;
  for (int i = 0; i < samples; ++i) {
    std::vector<double> values;
    for (int j = 0; j < 150; ++j)
      values.push_back(std::pow(1 - uniform(random), -1 / 0.8));  // Pareto without a mean
    const auto ranks = quantile_ranks(values.size(), 0.95, 0.05);
    REQUIRE(ranks);
    double low = 0, high = 0;
    order_statistics(values, {{ranks->high, &high}, {ranks->low, &low}});
    const double quantile = std::pow(0.05, -1 / 0.8);
    if (low <= quantile && quantile <= high) ++covered;
  }
  CHECK(covered >= 0.95 * samples - 4 * std::sqrt(samples * 0.95 * 0.05));
}

TEST_CASE("order statistics are those of the sorted values") {
  std::mt19937_64 random(10);
  for (const std::size_t n : {1u, 2u, 7u, 500u}) {
    std::vector<double> values;
    for (std::size_t i = 0; i < n; ++i) values.push_back(static_cast<double>(random() % n));
    std::vector<double> sorted = values, found(12);
    std::sort(sorted.begin(), sorted.end());
    std::vector<std::pair<std::uint64_t, double*>> ranks;
    for (double& out : found) ranks.emplace_back(1 + random() % n, &out);
    order_statistics(values, ranks);
    for (const auto& [rank, out] : ranks) CHECK(*out == sorted[rank - 1]);
  }
}

TEST_CASE("the skewness of a sample is that of its central moments") {
  CHECK(skewness(std::vector<double>{0, 0, 0, 4}) == Approx(2 / std::sqrt(3.0)));  // m2 = 3, m3 = 6
  CHECK(skewness(std::vector<double>{1e200, 1e200, 1e200, 4e200}) == Approx(2 / std::sqrt(3.0)));
  CHECK(skewness(std::vector<double>{1, 2, 3}) == Approx(0).margin(1e-12));
  CHECK(std::isnan(skewness(std::vector<double>{5, 5, 5})));
  CHECK(std::isnan(skewness(std::vector<double>{5, 6})));
}
