// The Weibull law: its draws against Boost.Math's, its own law down to an unbounded density, and mistakes.
#include <boost/math/distributions/weibull.hpp>
#include <boost/math/special_functions/gamma.hpp>

#include "sim/theory/expectation.h"
#include "tests/models/support.h"

using namespace straggle;
using namespace straggle::testing;

namespace {

const std::string text = R"({"model": "weibull", "shape": 0.7, "scale": 0.2, "shift": 0.05})";

auto cdf(double shape, double scale, double shift) {
  return [law = boost::math::weibull(shape, scale), shift](double t) {
    return t <= shift ? 0 : boost::math::cdf(law, t - shift);
  };
}

}  // namespace

TEST_CASE("weibull: the draws have its distribution, sharply enough to see three percent in a parameter") {
  const auto values = sorted_draws(*model_of(text), 5000, 40);
  const double limit = kolmogorov_limit(values.size());
  CHECK(kolmogorov_smirnov(values, cdf(0.7, 0.2, 0.05)) < limit);
  CHECK(kolmogorov_smirnov(values, cdf(0.7 * 1.03, 0.2, 0.05)) > limit);
  CHECK(kolmogorov_smirnov(values, cdf(0.7 * 0.97, 0.2, 0.05)) > limit);
  CHECK(kolmogorov_smirnov(values, cdf(0.7, 0.2 * 1.03, 0.05)) > limit);
  CHECK(kolmogorov_smirnov(values, cdf(0.7, 0.2 * 0.97, 0.05)) > limit);
  CHECK(kolmogorov_smirnov(values, cdf(0.7, 0.2, 0.05 * 1.03)) > limit);
  CHECK(kolmogorov_smirnov(values, cdf(0.7, 0.2, 0.05 * 0.97)) > limit);
}

TEST_CASE("weibull: one draw a worker, each by its address alone") {
  check_draws(*model_of(text));
  check_draws(*model_of(R"({"model": "weibull", "shape": 0.1, "scale": 1})"));
  check_independence(*model_of(text), [](double x) { return std::log(x); });
  // With shape 1 it is the exponential of the same numbers.
  const DrawAddress address{.seed = 3, .trial = 14, .iteration = 1, .index = 5};
  std::vector<double> standard(9);
  standard_exponentials(address, standard);
  const auto found = draw(*model_of(R"({"model": "weibull", "shape": 1, "scale": 2})"), address, 9);
  for (std::size_t w = 0; w < found.size(); ++w) CHECK(found[w] == Approx(2 * standard[w]).epsilon(1e-15));
}

TEST_CASE("weibull: the law is Boost.Math's, with and without a bounded density") {
  for (const double shape : {0.5, 1.0, 3.0}) {
    for (const double shift : {0.0, 0.05}) {
      CAPTURE(shape, shift);
      const Json config = {{"model", "weibull"}, {"shape", shape}, {"scale", 0.2}, {"shift", shift}};
      const TimeLaw law = *model_of(config.dump())->law();
      const boost::math::weibull reference(shape, 0.2);
      check_law(law);
      CHECK(law.lower() == shift);
      for (const double t : {1e-6, 0.1, 0.3, 0.9}) {
        CHECK(law.survival(shift + t) == Approx(boost::math::cdf(complement(reference, t))).epsilon(1e-9));
        CHECK(law.density(shift + t) == Approx(pdf(reference, t)).epsilon(1e-9));  // shift + t rounds t
      }
    }
  }
}

TEST_CASE("weibull: expected times by integration meet the closed form, unbounded density included") {
  for (const double shape : {0.5, 0.8, 2.0}) {
    CAPTURE(shape);
    const Json config = {{"model", "weibull"}, {"shape", shape}, {"scale", 0.2}};
    const TimeLaw law = *model_of(config.dump())->law();
    const double mean = 0.2 * boost::math::tgamma(1 + 1 / shape);
    // The least of j is a Weibull of scale·j^(−1/shape); the largest of 3 by inclusion and exclusion.
    const auto least = [&](int j) { return mean * std::pow(j, -1 / shape); };
    const auto all = expectation({.workers = 3, .work = {1}, .need = 3}, law, Scaling::server_dependent, 0);
    const auto one = expectation({.workers = 3, .work = {2}, .need = 1}, law, Scaling::server_dependent, 0);
    REQUIRE(all);
    REQUIRE(one);
    CHECK(all->time == Approx(3 * least(1) - 3 * least(2) + least(3)).epsilon(1e-8));
    CHECK(one->time == Approx(2 * least(3)).epsilon(1e-8));
  }
}

TEST_CASE("weibull: what a user can get wrong") {
  CHECK_THAT(
      ComputeText(R"({"model": "weibull", "shape": 0.05, "scale": 0, "shift": -1})").message(),
      Catch::Contains("test#/compute/shape: must be a number from 0.1 to 1000000 (1 is exponential)") &&
          Catch::Contains("test#/compute/scale: must be a number above 0") &&
          Catch::Contains("test#/compute/shift: must be a number at least 0"));
  CHECK_THAT(ComputeText(R"({"model": "weibull", "scale": 1})").message(),
             Catch::StartsWith("test#/compute/shape: is missing"));
  const ComputeText read(R"({"model": "weibull", "shape": 2, "scale": 1})");
  CHECK(read.message() == "");
  CHECK(read.config["compute"]["shift"] == 0);
}
