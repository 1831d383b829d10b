// The gamma law: its draws against Boost.Math's, its own law down to an unbounded density, and mistakes.
#include <boost/math/constants/constants.hpp>
#include <boost/math/distributions/gamma.hpp>

#include "sim/theory/expectation.h"
#include "tests/models/support.h"

using namespace straggle;
using namespace straggle::testing;

namespace {

using InDouble =
    boost::math::policies::policy<boost::math::policies::promote_double<false>>;  // five times faster

auto cdf(double shape, double scale, double shift) {
  return [law = boost::math::gamma_distribution<double, InDouble>(shape, scale), shift](double t) {
    return t <= shift ? 0 : boost::math::cdf(law, t - shift);
  };
}

std::shared_ptr<const ComputeModel> gamma(double shape, double scale, double shift) {
  return model_of(Json({{"model", "gamma"}, {"shape", shape}, {"scale", scale}, {"shift", shift}}).dump());
}

}  // namespace

TEST_CASE("gamma: the draws have its distribution, sharply enough to see six percent in a parameter") {
  // Boost.Random draws shapes below 1, 1 and above 1 in three different ways.
  for (const double shape : {0.6, 1.0, 3.0}) {
    CAPTURE(shape);
    const auto values = sorted_draws(*gamma(shape, 0.1, 0.05), 1500, 40);
    const double limit = kolmogorov_limit(values.size());
    CHECK(kolmogorov_smirnov(values, cdf(shape, 0.1, 0.05)) < limit);
    CHECK(kolmogorov_smirnov(values, cdf(shape * 1.06, 0.1, 0.05)) > limit);
    CHECK(kolmogorov_smirnov(values, cdf(shape * 0.94, 0.1, 0.05)) > limit);
    CHECK(kolmogorov_smirnov(values, cdf(shape, 0.1 * 1.06, 0.05)) > limit);
    CHECK(kolmogorov_smirnov(values, cdf(shape, 0.1 * 0.94, 0.05)) > limit);
    CHECK(kolmogorov_smirnov(values, cdf(shape, 0.1, 0.05 * 1.1)) > limit);
    CHECK(kolmogorov_smirnov(values, cdf(shape, 0.1, 0.05 * 0.9)) > limit);
  }
}

TEST_CASE("gamma: each draw by its address alone, though it takes a varying number of numbers") {
  for (const double shape : {0.1, 0.6, 1.0, 3.0, 1e6}) check_draws(*gamma(shape, 0.1, 0));
  check_independence(*gamma(0.6, 0.1, 0), [](double x) { return std::log(x); });
  check_independence(*gamma(3, 0.1, 0), [](double x) { return std::log(x); });
}

TEST_CASE("gamma: the law is Boost.Math's, with and without a bounded density") {
  for (const double shape : {0.5, 1.0, 3.0}) {
    for (const double shift : {0.0, 0.05}) {
      CAPTURE(shape, shift);
      const TimeLaw law = *gamma(shape, 0.2, shift)->law();
      const boost::math::gamma_distribution<> reference(shape, 0.2);
      check_law(law);
      CHECK(law.lower() == shift);
      for (const double t : {1e-6, 0.1, 0.3, 3.0}) {
        CHECK(law.survival(shift + t) == Approx(boost::math::cdf(complement(reference, t))).epsilon(1e-9));
        CHECK(law.density(shift + t) == Approx(pdf(reference, t)).epsilon(1e-9));  // shift + t rounds t
      }
    }
  }
  CHECK(std::isinf(gamma(0.5, 0.2, 0)->law()->density(0)));
  CHECK(gamma(1, 0.2, 0)->law()->density(0) == Approx(5));
  CHECK(gamma(3, 0.2, 0)->law()->density(0) == 0);
}

TEST_CASE("gamma: expected times by integration meet the closed form, unbounded density included") {
  // Of shape ½ and scale 2 it is the square of a standard normal, and max(Z₁², Z₂²) has mean 1 + 2/π.
  const auto squares = expectation({.workers = 2, .work = {1}, .need = 2}, *gamma(0.5, 2, 0)->law(),
                                   Scaling::server_dependent, 0);
  REQUIRE(squares);
  CHECK(squares->time == Approx(1 + 2 * boost::math::constants::one_div_pi<double>()).epsilon(1e-8));
  // Two phases: the larger of two has mean 11/4 scales.
  const auto phases = expectation({.workers = 2, .work = {3}, .need = 2}, *gamma(2, 0.1, 0.05)->law(),
                                  Scaling::server_dependent, 0);
  REQUIRE(phases);
  CHECK(phases->time == Approx(3 * (0.05 + 0.1 * 11 / 4)).epsilon(1e-9));
}

TEST_CASE("gamma: what a user can get wrong") {
  CHECK_THAT(ComputeText(R"({"model": "gamma", "shape": 0, "scale": -1, "shift": -1})").message(),
             Catch::Contains("test#/compute/shape: must be a number from 0.1 to 1000000") &&
                 Catch::Contains("test#/compute/scale: must be a number above 0") &&
                 Catch::Contains("test#/compute/shift: must be a number at least 0"));
  CHECK_THAT(ComputeText(R"({"model": "gamma", "scale": 1})").message(),
             Catch::StartsWith("test#/compute/shape: is missing"));
}
