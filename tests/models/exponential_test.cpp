// The exponential: its draws against Boost.Math's law, its own law, and what a user can get wrong.
#include <boost/math/distributions/exponential.hpp>

#include "tests/models/support.h"

using namespace straggle;
using namespace straggle::testing;

namespace {

const std::string text = R"({"model": "exponential", "rate": 4})";

auto cdf(double rate) {
  return [law = boost::math::exponential(rate)](double t) { return boost::math::cdf(law, t); };
}

}  // namespace

TEST_CASE("exponential: the draws have its distribution, sharply enough to see three percent in the rate") {
  const auto values = sorted_draws(*model_of(text), 5000, 40);
  const double limit = kolmogorov_limit(values.size());
  CHECK(kolmogorov_smirnov(values, cdf(4)) < limit);
  // A rate wrong by ε moves the distribution function by ε/e.
  CHECK(kolmogorov_smirnov(values, cdf(4 * 1.03)) > limit);
  CHECK(kolmogorov_smirnov(values, cdf(4 * 0.97)) > limit);
}

TEST_CASE("exponential: a draw is the standard exponential at its address over the rate") {
  const DrawAddress address{.seed = 3, .trial = 14, .iteration = 1, .index = 5};
  std::vector<double> standard(9);
  standard_exponentials(address, standard);
  const auto found = draw(*model_of(text), address, 9);
  for (std::size_t w = 0; w < found.size(); ++w) CHECK(found[w] == standard[w] / 4);
  check_draws(*model_of(text));
  check_independence(*model_of(text), [](double x) { return std::log(x); });
}

TEST_CASE("exponential: the law is Boost.Math's") {
  const TimeLaw law = *model_of(text)->law();
  const boost::math::exponential reference(4);
  check_law(law);
  CHECK(law.lower() == 0);
  CHECK(law.density(0) == Approx(4).epsilon(1e-15));
  for (const double t : {1e-6, 0.1, 0.3, 2.0, 50.0}) {
    CHECK(law.survival(t) == Approx(cdf(complement(reference, t))).epsilon(1e-13));
    CHECK(law.density(t) == Approx(pdf(reference, t)).epsilon(1e-13));
  }
}

TEST_CASE("exponential: the rate is a number above zero, and there is no shift") {
  CHECK_THAT(ComputeText(R"({"model": "exponential", "rate": 0})").message(),
             Catch::StartsWith("test#/compute/rate: must be a number above 0 (mini-batches a second)"));
  CHECK_THAT(ComputeText(R"({"model": "exponential"})").message(),
             Catch::StartsWith("test#/compute/rate: is missing"));
  CHECK_THAT(ComputeText(R"({"model": "exponential", "rate": 1, "shift": 0})").message(),
             Catch::StartsWith("test#/compute/shift: is not a known field"));
}
