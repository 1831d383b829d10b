// Products and powers by Fourier transform against direct sums in long double.
#include "sim/theory/series.h"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <random>
#include <vector>

namespace {

using namespace straggle::theory;

/// The first `limit` coefficients of a·b; with nonnegative ones every digit of a small result is right.
std::vector<long double> direct(const std::vector<long double>& a, const Series& b, std::size_t limit) {
  std::vector<long double> result(limit, 0);
  for (std::size_t i = 0; i < std::min(a.size(), limit); ++i)
    for (std::size_t j = 0; j < std::min(b.size(), limit - i); ++j) result[i + j] += a[i] * b[j];
  return result;
}

std::vector<long double> direct_power(const Series& p, int exponent, std::size_t limit) {
  std::vector<long double> result(limit, 0);
  result[0] = 1;
  for (int i = 0; i < exponent; ++i) result = direct(result, p, limit);
  return result;
}

/// Coefficients of very different size, of the given sum.
Series random_series(std::mt19937_64& bits, std::size_t size, double sum) {
  std::uniform_real_distribution<double> exponent(-6, 0);
  Series result(size);
  for (double& c : result) c = std::exp(exponent(bits));
  const double now = std::accumulate(result.begin(), result.end(), 0.0);
  for (double& c : result) c *= sum / now;
  return result;
}

}  // namespace

TEST_CASE("series: a product is the direct one, whether it is short or by Fourier transform") {
  std::mt19937_64 bits(1);
  Convolver convolver;
  for (const auto& [a_size, b_size, limit] : std::vector<std::array<std::size_t, 3>>{{1, 1, 1},
                                                                                     {5, 7, 30},
                                                                                     {5, 7, 4},
                                                                                     {32, 32, 63},
                                                                                     {33, 32, 64},
                                                                                     {33, 32, 200},
                                                                                     {300, 500, 799},
                                                                                     {300, 500, 100},
                                                                                     {1, 2000, 2000}}) {
    CAPTURE(a_size, b_size, limit);
    const Series a = random_series(bits, a_size, 3), b = random_series(bits, b_size, 0.5);
    const Series found = convolver.product(a, b, limit);
    const auto exact = direct(std::vector<long double>(a.begin(), a.end()), b, limit);
    REQUIRE(found.size() == limit);
    double worst = 0;
    for (std::size_t k = 0; k < limit; ++k)
      worst = std::max(worst, static_cast<double>(std::abs(found[k] - exact[k])));
    CHECK(worst < 1e-15 * 3 * 0.5);
    CHECK(*std::min_element(found.begin(), found.end()) >= 0);
  }
}

TEST_CASE("series: a power is repeated multiplication, below the mean to a relative error around its focus") {
  std::mt19937_64 bits(2);
  Convolver convolver;
  for (const std::size_t size : {std::size_t{2}, std::size_t{11}, std::size_t{60}})
    for (const int exponent : {2, 3, 7, 39, 160})
      for (const double sum : {1.0, 0.4}) {
        const Series p = random_series(bits, size, sum);
        const std::size_t whole = (size - 1) * static_cast<std::size_t>(exponent) + 1;
        for (const double share : {0.02, 0.1, 0.5, 1.0}) {
          const auto limit = std::max<std::size_t>(2, static_cast<std::size_t>(share * whole));
          const std::size_t focus = limit - 1;
          CAPTURE(size, exponent, sum, limit);
          const Power power = convolver.power(p, exponent, limit, static_cast<double>(focus));
          const Series& found = power.coefficients;
          const auto exact = direct_power(p, exponent, limit);
          REQUIRE(found.size() == limit);
          const auto total = static_cast<double>(std::accumulate(exact.begin(), exact.end(), 0.0L));
          double worst = 0;
          for (std::size_t k = 0; k < limit; ++k)
            worst = std::max(worst, static_cast<double>(std::abs(found[k] - exact[k])));
          if (total < 1e-290) continue;  // such numbers have no digits
          double most = 0;               // of what the power says that it may be off
          for (std::size_t k = 0; k < limit; ++k)
            most = std::max(most,
                            static_cast<double>(std::abs(found[k] - exact[k])) /
                                (std::exp(power.log_error - power.slope * static_cast<double>(k)) + 1e-300));
          CHECK(most <= 1);
          CHECK(worst < 2e-15 * exponent * total);
          double mean = 0;
          for (std::size_t j = 0; j < size; ++j) mean += static_cast<double>(j) * p[j] / sum;
          if (static_cast<double>(focus) < exponent * mean)
            for (std::size_t k = focus - 1; k <= focus; ++k)
              CHECK(static_cast<double>(std::abs(found[k] - exact[k]) / exact[k]) < 2e-15 * exponent);
        }
      }
}

TEST_CASE("series: a tilt upwards finds an upper tail, and errors are owned") {
  std::mt19937_64 bits(4);
  Convolver convolver;
  for (const std::size_t size : {std::size_t{11}, std::size_t{60}})
    for (const int exponent : {3, 20, 160}) {
      Series p = random_series(bits, size, 0.9);
      for (std::size_t j = 0; j < size; ++j) p[j] *= std::pow(0.5, j);
      const std::size_t whole = (size - 1) * static_cast<std::size_t>(exponent);
      const std::size_t limit = std::min<std::size_t>(whole, 800), focus = limit / 2;
      CAPTURE(size, exponent, focus);
      const Power found = convolver.power(p, exponent, limit, static_cast<double>(focus), Digits::relative);
      const auto exact = direct_power(p, exponent, limit);
      CHECK(found.slope > 0);
      double most = 0;
      for (std::size_t k = 0; k < limit; ++k)
        most = std::max(most, static_cast<double>(std::abs(found.coefficients[k] - exact[k])) /
                                  std::exp(found.log_error - found.slope * static_cast<double>(k)));
      CHECK(most <= 1);
      CHECK(static_cast<double>(std::abs(found.coefficients[focus] - exact[focus]) / exact[focus]) <
            2e-14 * exponent);
    }
}

TEST_CASE("series: powers of what begins late, has one coefficient, or none") {
  Convolver convolver;
  CHECK(convolver.power({0.25, 0.5}, 0, 3, 0).coefficients == Series{1, 0, 0});
  CHECK(convolver.power({0.25, 0.5}, 1, 3, 0).coefficients == Series{0.25, 0.5, 0});
  CHECK(convolver.power({0, 0, 0.5}, 3, 8, 6).coefficients == Series{0, 0, 0, 0, 0, 0, 0.125, 0});
  CHECK(convolver.power({0, 0, 0.5}, 3, 6, 5).coefficients == Series(6, 0.0));
  CHECK(convolver.power({0, 0}, 5, 4, 2).coefficients == Series(4, 0.0));
  const Series late = convolver.power({0, 0.5, 0.25, 0}, 2, 6, 3).coefficients;
  const Series exact{0, 0, 0.25, 0.25, 0.0625, 0};
  for (std::size_t k = 0; k < exact.size(); ++k) CHECK(late[k] == Approx(exact[k]).margin(1e-16));
}

TEST_CASE("series: direct sums have every digit, however small coefficients are") {
  std::mt19937_64 bits(3);
  std::uniform_real_distribution<double> exponent(-90, 0);
  const auto steep = [&](std::size_t size) {
    Series result(size);
    for (double& c : result) c = std::pow(10.0, exponent(bits));
    return result;
  };
  Convolver convolver;
  const auto require_close = [](const Series& found, const std::vector<long double>& exact) {
    REQUIRE(found.size() == exact.size());
    for (std::size_t k = 0; k < exact.size(); ++k) {
      CAPTURE(k);
      if (exact[k] < 1e-295L)  // next to those that are left out for being subnormal
        CHECK(found[k] <= 1e-294);
      else
        CHECK(static_cast<double>(std::abs(found[k] - exact[k]) / exact[k]) < 1e-14);
    }
  };
  for (const auto& [a_size, b_size, limit] :
       std::vector<std::array<std::size_t, 3>>{{1, 1, 1}, {5, 7, 30}, {40, 70, 60}, {1, 200, 200}}) {
    const Series a = steep(a_size), b = steep(b_size);
    require_close(convolver.product(a, b, limit, Digits::relative),
                  direct(std::vector<long double>(a.begin(), a.end()), b, limit));
  }
  for (const int power : {0, 1, 2, 3, 7, 20})
    for (const std::size_t limit : {std::size_t{1}, std::size_t{9}, std::size_t{50}}) {
      CAPTURE(power, limit);
      Series p = steep(12);
      require_close(convolver.direct_power(p, power, limit), direct_power(p, power, limit));
      p[0] = p[1] = 0;
      require_close(convolver.direct_power(p, power, limit), direct_power(p, power, limit));
    }
  CHECK(convolver.direct_power({0, 0}, 5, 4) == Series(4, 0.0));
  convolver.steps = 2 * most_steps;
  CHECK_THROWS_AS(convolver.product({0.5}, {0.5}, 1, Digits::relative), TooMuchWork);
  CHECK_THROWS_AS(convolver.direct_power({0.5, 0.5}, 2, 3), TooMuchWork);
}
