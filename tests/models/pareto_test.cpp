// The Pareto law: its draws against Boost.Math's, its own law, means that do not exist, and mistakes.
#include <boost/math/distributions/pareto.hpp>

#include "sim/theory/expectation.h"
#include "tests/models/support.h"

using namespace straggle;
using namespace straggle::testing;

namespace {

const std::string text = R"({"model": "pareto", "shape": 1.5, "scale": 0.2})";

auto cdf(double shape, double scale) {
  return [law = boost::math::pareto(scale, shape)](double t) { return boost::math::cdf(law, t); };
}

}  // namespace

TEST_CASE("pareto: the draws have its distribution, sharply enough to see three percent in a parameter") {
  const auto values = sorted_draws(*model_of(text), 5000, 40);
  const double limit = kolmogorov_limit(values.size());
  CHECK(kolmogorov_smirnov(values, cdf(1.5, 0.2)) < limit);
  CHECK(kolmogorov_smirnov(values, cdf(1.5 * 1.03, 0.2)) > limit);
  CHECK(kolmogorov_smirnov(values, cdf(1.5 * 0.97, 0.2)) > limit);
  CHECK(kolmogorov_smirnov(values, cdf(1.5, 0.2 * 1.03)) > limit);
  CHECK(kolmogorov_smirnov(values, cdf(1.5, 0.2 * 0.97)) > limit);
}

TEST_CASE("pareto: one draw a worker, each by its address alone") {
  check_draws(*model_of(text));
  check_draws(*model_of(R"({"model": "pareto", "shape": 0.1, "scale": 1})"));
  check_independence(*model_of(text), [](double x) { return std::log(x); });
  const DrawAddress address{.seed = 3, .trial = 14, .iteration = 1, .index = 5};
  std::vector<double> standard(9);
  standard_exponentials(address, standard);
  const auto found = draw(*model_of(text), address, 9);
  for (std::size_t w = 0; w < found.size(); ++w)
    CHECK(found[w] == Approx(0.2 * std::exp(standard[w] / 1.5)).epsilon(1e-14));
}

TEST_CASE("pareto: the law is Boost.Math's") {
  for (const double shape : {1.5, 3.0, 40.0}) {
    const Json config = {{"model", "pareto"}, {"shape", shape}, {"scale", 0.2}};
    const TimeLaw law = *model_of(config.dump())->law();
    const boost::math::pareto reference(0.2, shape);
    check_law(law);
    CHECK(law.lower() == 0.2);
    CHECK(law.density(0.2) == Approx(shape / 0.2));
    for (const double t : {0.21, 0.5, 3.0, 1e4}) {
      CHECK(law.survival(t) == Approx(boost::math::cdf(complement(reference, t))).epsilon(1e-12));
      CHECK(law.density(t) == Approx(pdf(reference, t)).epsilon(1e-12));
    }
  }
}

TEST_CASE("pareto: expected times where they exist, none where the mean is infinite") {
  const CompletionLaw fastest{.workers = 4, .work = {3}, .need = 1};
  const TimeLaw law = *model_of(text)->law();
  const auto found = expectation(fastest, law, Scaling::server_dependent, 0);
  REQUIRE(found);
  CHECK(found->time == Approx(3 * 0.2 * 6.0 / 5).epsilon(1e-9));  // the least of 4 has shape 6
  const TimeLaw heavy = *model_of(R"({"model": "pareto", "shape": 0.9, "scale": 1})")->law();
  const auto all = expectation({.workers = 4, .work = {1}, .need = 4}, heavy, Scaling::server_dependent, 0);
  REQUIRE(all);
  CHECK(std::isnan(all->time));
  CHECK(all->messages == Approx(4).epsilon(1e-9));
}

TEST_CASE("pareto: what a user can get wrong") {
  CHECK_THAT(ComputeText(R"({"model": "pareto", "shape": 0, "scale": 0})").message(),
             Catch::Contains("test#/compute/shape: must be a number from 0.1 to 1000000") &&
                 Catch::Contains("test#/compute/scale: must be a number above 0"));
  CHECK_THAT(ComputeText(R"({"model": "pareto", "shape": 2})").message(),
             Catch::StartsWith("test#/compute/scale: is missing"));
}
