// A share of slower workers: the mixture law, who is slow and for how long, and mistakes.
#include <boost/math/distributions/exponential.hpp>

#include "sim/theory/expectation.h"
#include "tests/models/support.h"

using namespace straggle;
using namespace straggle::testing;

namespace {

const std::string text = R"({"model": "bimodal", "share": 0.2, "slowdown": 5,
                             "base": {"model": "exponential", "rate": 2}})";
const std::string marks = R"({"model": "bimodal", "share": 0.2, "slowdown": 5,
                              "base": {"model": "constant", "time": 1}})";

auto cdf(double share, double slowdown, double rate) {
  return [=, law = boost::math::exponential(rate)](double t) {
    return (1 - share) * boost::math::cdf(law, t) + share * boost::math::cdf(law, t / slowdown);
  };
}

}  // namespace

TEST_CASE("bimodal: the draws have the mixture's distribution, sharply enough to see a few percent") {
  const auto values = sorted_draws(*model_of(text), 5000, 40);
  const double limit = kolmogorov_limit(values.size());
  CHECK(kolmogorov_smirnov(values, cdf(0.2, 5, 2)) < limit);
  CHECK(kolmogorov_smirnov(values, cdf(0.2 * 1.06, 5, 2)) > limit);
  CHECK(kolmogorov_smirnov(values, cdf(0.2 * 0.94, 5, 2)) > limit);
  CHECK(kolmogorov_smirnov(values, cdf(0.2, 5 * 1.15, 2)) > limit);
  CHECK(kolmogorov_smirnov(values, cdf(0.2, 5 * 0.85, 2)) > limit);
  CHECK(kolmogorov_smirnov(values, cdf(0.2, 5, 2 * 1.03)) > limit);
  CHECK(kolmogorov_smirnov(values, cdf(0.2, 5, 2 * 0.97)) > limit);
  CHECK(kolmogorov_smirnov(values, cdf(0, 5, 2)) > limit);
}

TEST_CASE("bimodal: a worker is slow for all mini-batches of an iteration, and independently in the next") {
  const auto model = model_of(marks);
  constexpr std::size_t workers = 20000;
  const auto first = draw(*model, {.seed = 1}, workers);
  CHECK(draw(*model, {.seed = 1, .index = 1}, workers) == first);
  const auto next = draw(*model, {.seed = 1, .iteration = 1}, workers);
  // Four standard errors; were a worker slow in runs, the correlation would be of order one.
  CHECK(std::abs(correlation(first, next)) < 4 / std::sqrt(static_cast<double>(workers)));
  const auto slow = static_cast<double>(std::count(first.begin(), first.end(), 5.0));
  CHECK(std::abs(slow / workers - 0.2) < 4 * std::sqrt(0.2 * 0.8 / workers));
  CHECK(first.size() == static_cast<std::size_t>(slow) +
                            static_cast<std::size_t>(std::count(first.begin(), first.end(), 1.0)));
  // Under `additive`, on the other hand, the base's times differ.
  const auto times = model_of(text);
  CHECK(draw(*times, {.seed = 1, .index = 1}, 5) != draw(*times, {.seed = 1}, 5));
  check_draws(*times);
}

TEST_CASE("bimodal: who is slow does not depend on how long the base takes, nor on another one inside") {
  const auto times = draw(*model_of(R"({"model": "exponential", "rate": 1})"), {.seed = 1}, 20000);
  std::vector<double> logarithms;
  for (const double x : times) logarithms.push_back(std::log(x));
  const double limit = 4 / std::sqrt(20000.0);
  CHECK(std::abs(correlation(logarithms, draw(*model_of(marks), {.seed = 1}, 20000))) < limit);

  const auto twice = draw(*model_of(R"({"model": "bimodal", "share": 0.2, "slowdown": 2, "base": {
    "model": "bimodal", "share": 0.2, "slowdown": 3, "base": {"model": "constant", "time": 1}}})"),
                          {.seed = 1}, 20000);
  const auto both = static_cast<double>(std::count(twice.begin(), twice.end(), 6.0));
  CHECK(std::abs(both / 20000 - 0.04) < 4 * std::sqrt(0.04 * 0.96 / 20000));
}

TEST_CASE("bimodal: the law is the mixture of the base's, where it has one") {
  for (const char* base : {R"({"model": "exponential", "rate": 2})",
                           R"({"model": "shifted-exponential", "shift": 0.1, "rate": 2})",
                           R"({"model": "gamma", "shape": 0.5, "scale": 1})"}) {
    CAPTURE(base);
    const std::string of_base =
        std::string(R"({"model": "bimodal", "share": 0.2, "slowdown": 5, "base": )") + base;
    const TimeLaw law = *model_of(of_base + "}")->law();
    const TimeLaw x = *model_of(base)->law();
    CHECK(law.lower() == x.lower());
    for (const double t : {0.05, 0.3, 0.6, 4.0}) {
      CHECK(law.survival(t) == Approx(0.8 * x.survival(t) + 0.2 * x.survival(t / 5)).epsilon(1e-13));
      CHECK(law.density(t) == Approx(0.8 * x.density(t) + 0.04 * x.density(t / 5)).epsilon(1e-13));
    }
  }
  check_law(*model_of(text)->law());
  for (const char* share : {"0", "1"}) {
    const std::string all = std::string(R"({"model": "bimodal", "slowdown": 5, "share": )") + share +
                            R"(, "base": {"model": "exponential", "rate": 2}})";
    const TimeLaw law = *model_of(all)->law();
    check_law(law);
    CHECK(law.tail(std::exp(-1)) == Approx(share[0] == '0' ? 0.5 : 2.5).epsilon(1e-12));
  }
  CHECK_FALSE(model_of(marks)->law());
  // A density without a bound starts once more in the middle of the mixture.
  const TimeLaw steep = *model_of(R"({"model": "bimodal", "share": 0.2, "slowdown": 5,
      "base": {"model": "weibull", "shape": 0.5, "scale": 1, "shift": 0.1}})")
                             ->law();
  const auto all = expectation({.workers = 10, .work = {1}, .need = 10}, steep, Scaling::server_dependent, 0);
  REQUIRE(all);
  CHECK(all->messages == Approx(10).epsilon(1e-9));
  const auto one = expectation({.workers = 1, .work = {1}, .need = 1}, steep, Scaling::server_dependent, 0);
  CHECK(one->time == Approx((0.8 + 5 * 0.2) * (0.1 + 2)).epsilon(1e-9));
}

TEST_CASE("bimodal: expected times by integration meet the closed form") {
  const TimeLaw law = *model_of(text)->law();
  const auto mean = expectation({.workers = 1, .work = {3}, .need = 1}, law, Scaling::server_dependent, 0);
  REQUIRE(mean);
  CHECK(mean->time == Approx(3 * (0.8 * 0.5 + 0.2 * 2.5)).epsilon(1e-9));
  // The faster of two: exponentials of the rates' sums.
  const auto two = expectation({.workers = 2, .work = {1}, .need = 1}, law, Scaling::server_dependent, 0);
  REQUIRE(two);
  CHECK(two->time == Approx(0.64 / 4 + 0.32 / 2.4 + 0.04 / 0.8).epsilon(1e-9));
}

TEST_CASE("bimodal: what a user can get wrong") {
  CHECK_THAT(ComputeText(R"({"model": "bimodal", "share": 1.5, "slowdown": 0.5})").message(),
             Catch::Contains("test#/compute/base: is missing") &&
                 Catch::Contains("test#/compute/share: must be a number from 0 to 1") &&
                 Catch::Contains("test#/compute/slowdown: must be a number at least 1"));
  CHECK_THAT(ComputeText(R"({"model": "bimodal", "share": 0, "slowdown": 1, "base": {"model": "constnat"}})")
                 .message(),
             Catch::StartsWith("test#/compute/base/model: is \"constnat\"") &&
                 Catch::Contains("did you mean \"constant\"?"));
  CHECK_THAT(ComputeText(R"({"model": "bimodal", "share": 0, "slowdown": 1,
                             "base": {"model": "constant", "time": 1, "failure": {"probability": 0.1}}})")
                 .message(),
             Catch::StartsWith("test#/compute/base/failure: is not a known field"));
  // A file cannot be nested as deeply as this; values that are swept or set into each other can.
  Json deep = {{"model", "constant"}, {"time", 1}};
  for (int level = 0; level < 300; ++level)
    deep = {{"model", "bimodal"}, {"share", 0}, {"slowdown", 1}, {"base", deep}};
  Mistakes mistakes("test");
  ConfigReader reader(deep, "", mistakes);
  read_compute(reader, 4, ".");
  CHECK_THROWS_WITH(mistakes.throw_if_any(), Catch::Contains("is inside too many other models"));
}
