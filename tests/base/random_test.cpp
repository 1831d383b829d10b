#include "sim/base/random.h"

#include <Random123/philox.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

using namespace straggle;

namespace {

/// Random123's own function at the documented address of a worker.
std::uint64_t library_bits(const DrawAddress& a, std::uint32_t worker) {
  const philox4x32_ctr_t counter{{worker / 2, a.index | static_cast<std::uint32_t>(a.purpose) << 28,
                                  static_cast<std::uint32_t>(a.trial),
                                  static_cast<std::uint32_t>(a.trial >> 32) | a.iteration << 8}};
  const philox4x32_key_t key{{static_cast<std::uint32_t>(a.seed), static_cast<std::uint32_t>(a.seed >> 32)}};
  const philox4x32_ctr_t r = philox4x32(counter, key);
  return worker % 2 == 0 ? r.v[0] | std::uint64_t{r.v[1]} << 32 : r.v[2] | std::uint64_t{r.v[3]} << 32;
}

const std::vector<DrawAddress> addresses = {
    {},
    {.seed = 1, .trial = 4711, .iteration = 3, .purpose = Purpose::data, .index = 17},
    {.seed = ~std::uint64_t{0},
     .trial = (std::uint64_t{1} << 40) - 1,
     .iteration = (1u << 24) - 1,
     .purpose = Purpose::model,
     .index = (1u << 28) - 1}};

}  // namespace

TEST_CASE("the bits are Random123's Philox4x32-10 at the documented address, for any number of workers") {
  for (const DrawAddress& address : addresses) {
    for (const std::size_t workers : {1u, 2u, 7u, 40u, 1025u}) {
      std::vector<std::uint64_t> bits(workers);
      random_bits(address, bits);
      for (std::uint32_t w = 0; w < workers; ++w) REQUIRE(bits[w] == library_bits(address, w));
    }
  }
}

TEST_CASE("a worker's stream is its bits at rising indices") {
  DrawAddress address{.seed = 5, .trial = 6, .iteration = 7, .purpose = Purpose::model, .index = 8};
  for (const std::uint32_t worker : {0u, 1u, 100u}) {
    RandomStream stream(address, worker);
    DrawAddress expected = address;
    for (int k = 0; k < 10; ++k) {
      CHECK(stream() == library_bits(expected, worker));
      ++expected.index;
    }
  }
}

TEST_CASE(
    "a worker's exponential is -ln((j + 1/2)/2^52) of its upper 52 bits, however many workers there are") {
  for (const DrawAddress& address : addresses) {
    std::vector<double> many(1500), few(3);
    standard_exponentials(address, many);
    standard_exponentials(address, few);
    CHECK(std::equal(few.begin(), few.end(), many.begin()));
    for (std::uint32_t w = 0; w < many.size(); ++w) {
      const double u = (static_cast<double>(library_bits(address, w) >> 12) + 0.5) * 0x1p-52;
      REQUIRE(many[w] == Approx(-std::log(u)).epsilon(1e-14));
      REQUIRE(many[w] == -portable_log(u));
    }
  }
}

TEST_CASE(
    "uniform numbers lie inside (0, 1) and choose every index, the last one included, and none beyond") {
  constexpr std::uint64_t least = 0, most = ~std::uint64_t{0};
  CHECK(unit_uniform(least) == 0x1p-53);
  CHECK(unit_uniform(most) == 1 - 0x1p-53);
  CHECK(unit_uniform(std::uint64_t{1} << 63) == 0.5 + 0x1p-53);
  for (const std::size_t n :
       {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{5}, std::size_t{1000}, std::size_t{65537},
        std::size_t{4294967295}, std::size_t{4294967296}}) {
    CHECK(uniform_index(least, n) == 0);
    CHECK(uniform_index(most, n) == n - 1);
  }
  std::vector<int> counts(7);
  RandomStream random({.seed = 4}, 0);
  for (int k = 0; k < 70000; ++k) ++counts[uniform_index(random(), 7)];
  // Five standard errors of a count of mean 10000.
  for (const int count : counts) CHECK(std::abs(count - 10000) < 5 * std::sqrt(10000 * 6.0 / 7));
}

TEST_CASE("the portable logarithm is within 1.5 units in the last place") {
  RandomStream random({.seed = 9}, 0);
  double worst = 0;
  for (int k = 0; k < 200000; ++k) {
    double x = (static_cast<double>(random() >> 12) + 0.5) * 0x1p-52;
    if (k % 3 == 0) x = 1 - x * 1e-6;  // near one, where the logarithm nearly vanishes
    if (k % 5 == 0) x = std::ldexp(x, -500);
    if (k % 7 == 0) x = std::ldexp(x, 500);
    const long double exact = std::log(static_cast<long double>(x));
    const double nearest = std::abs(static_cast<double>(exact));
    const double unit = std::nextafter(nearest, INFINITY) - nearest;
    worst = std::max(worst, static_cast<double>(std::abs(portable_log(x) - exact)) / unit);
  }
  CHECK(worst < 1.5);
  CHECK(portable_log(1) == 0);
}

TEST_CASE("exponentials have mean and variance one, and their smallest and largest values are finite") {
  double sum = 0, squares = 0;
  const int trials = 2000, workers = 100;
  std::vector<double> x(workers);
  for (int trial = 0; trial < trials; ++trial) {
    standard_exponentials({.seed = 2, .trial = static_cast<std::uint64_t>(trial)}, x);
    for (const double value : x) {
      sum += value;
      squares += value * value;
      REQUIRE((value > 0 && value < 37));
    }
  }
  const double n = trials * workers;
  // Standard errors: 1/sqrt(n) = 0.0022 for the mean, sqrt(20/n) = 0.01 for the second moment (which is 2).
  CHECK(sum / n == Approx(1).margin(4 * 0.0022));
  CHECK(squares / n == Approx(2).margin(4 * 0.01));
}

TEST_CASE("neighbouring addresses give other numbers") {
  const DrawAddress origin{
      .seed = 1, .trial = 1, .iteration = 1, .purpose = Purpose::compute_time, .index = 1};
  std::vector<DrawAddress> neighbours(5, origin);
  neighbours[0].seed = 2;
  neighbours[1].trial = 2;
  neighbours[2].iteration = 2;
  neighbours[3].purpose = Purpose::code;
  neighbours[4].index = 2;
  std::vector<std::uint64_t> base(100), other(100);
  random_bits(origin, base);
  for (const DrawAddress& address : neighbours) {
    random_bits(address, other);
    for (std::size_t w = 0; w < base.size(); ++w) REQUIRE(base[w] != other[w]);
  }
}

TEST_CASE("the first draws are what they have always been") {
  // Golden: a change here changes every published number.
  std::vector<double> x(4);
  standard_exponentials({.seed = 1}, x);
  CHECK(x == std::vector<double>{0x1.c7d19f1afd0bep-4, 0x1.5ce200794c3bcp-2, 0x1.138d4b123508ep-3,
                                 0x1.af8d3dfa673e1p-2});
}
