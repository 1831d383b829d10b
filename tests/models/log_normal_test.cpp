// The log-normal law: its draws against Boost.Math's, its own law, and what a user can get wrong.
#include <boost/math/distributions/lognormal.hpp>

#include "sim/theory/expectation.h"
#include "tests/models/support.h"

using namespace straggle;
using namespace straggle::testing;

namespace {

const std::string text = R"({"model": "log-normal", "median": 0.2, "sigma": 0.5, "shift": 0.05})";

auto cdf(double median, double sigma, double shift) {
  return [law = boost::math::lognormal(std::log(median), sigma), shift](double t) {
    return t <= shift ? 0 : boost::math::cdf(law, t - shift);
  };
}

}  // namespace

TEST_CASE("log-normal: the draws have its distribution, sharply enough to see three percent in a parameter") {
  const auto values = sorted_draws(*model_of(text), 5000, 40);
  const double limit = kolmogorov_limit(values.size());
  CHECK(kolmogorov_smirnov(values, cdf(0.2, 0.5, 0.05)) < limit);
  CHECK(kolmogorov_smirnov(values, cdf(0.2 * 1.03, 0.5, 0.05)) > limit);
  CHECK(kolmogorov_smirnov(values, cdf(0.2 * 0.97, 0.5, 0.05)) > limit);
  CHECK(kolmogorov_smirnov(values, cdf(0.2, 0.5 * 1.03, 0.05)) > limit);
  CHECK(kolmogorov_smirnov(values, cdf(0.2, 0.5 * 0.97, 0.05)) > limit);
  CHECK(kolmogorov_smirnov(values, cdf(0.2, 0.5, 0.05 * 1.05)) > limit);
  CHECK(kolmogorov_smirnov(values, cdf(0.2, 0.5, 0.05 * 0.95)) > limit);
}

TEST_CASE("log-normal: one draw a worker, each by its address alone, long where the exponential's is long") {
  check_draws(*model_of(text));
  check_draws(*model_of(R"({"model": "log-normal", "median": 1, "sigma": 20})"));
  check_independence(*model_of(text), [](double x) { return std::log(x); });
  const DrawAddress address{.seed = 3, .trial = 14, .iteration = 1, .index = 5};
  std::vector<double> standard(50);
  standard_exponentials(address, standard);
  const auto found = draw(*model_of(text), address, 50);
  for (std::size_t v = 0; v < found.size(); ++v)
    for (std::size_t w = 0; w < found.size(); ++w)
      CHECK((found[v] < found[w]) == (standard[v] < standard[w]));
}

TEST_CASE("log-normal: the law is Boost.Math's") {
  for (const double shift : {0.0, 0.05}) {
    for (const double sigma : {0.2, 1.5}) {
      const Json config = {{"model", "log-normal"}, {"median", 0.2}, {"sigma", sigma}, {"shift", shift}};
      const TimeLaw law = *model_of(config.dump())->law();
      const boost::math::lognormal reference(std::log(0.2), sigma);
      check_law(law);
      CHECK(law.lower() == shift);
      for (const double t : {0.05, 0.2, 0.9}) {
        CHECK(law.survival(shift + t) == Approx(boost::math::cdf(complement(reference, t))).epsilon(1e-11));
        CHECK(law.density(shift + t) == Approx(pdf(reference, t)).epsilon(1e-11));
      }
    }
  }
}

TEST_CASE("log-normal: expected times by integration meet the closed form") {
  const TimeLaw law = *model_of(text)->law();
  const double mean = 0.2 * std::exp(0.5 * 0.5 / 2);
  const auto one = expectation({.workers = 1, .work = {2}, .need = 1}, law, Scaling::server_dependent, 0);
  REQUIRE(one);
  CHECK(one->time == Approx(2 * (0.05 + mean)).epsilon(1e-9));
  // The larger of two: 2·mean·Φ(σ/√2) above the shift.
  const auto two = expectation({.workers = 2, .work = {1}, .need = 2}, law, Scaling::server_dependent, 0);
  REQUIRE(two);
  CHECK(two->time == Approx(0.05 + mean * std::erfc(-0.5 / 2)).epsilon(1e-9));
}

TEST_CASE("log-normal: what a user can get wrong") {
  CHECK_THAT(ComputeText(R"({"model": "log-normal", "median": 0, "sigma": 0})").message(),
             Catch::Contains("test#/compute/median: must be a number above 0") &&
                 Catch::Contains("test#/compute/sigma: must be a number above 0 and at most 20"));
  CHECK_THAT(ComputeText(R"({"model": "log-normal", "mean": 1, "sigma": 1})").message(),
             Catch::StartsWith("test#/compute/median: is missing") && Catch::Contains("\"median\""));
}
