// Classes of workers: who is where, that draws are those of a fleet of one class, and mistakes.
#include <set>

#include "tests/models/support.h"

using namespace straggle;
using namespace straggle::testing;

namespace {

const std::string mixed = R"({"model": "classes", "classes": [
  {"name": "fast", "workers": 2, "model": "exponential", "rate": 10},
  {"name": "slow", "workers": "rest", "model": "bimodal", "share": 0.5, "slowdown": 4,
   "base": {"model": "weibull", "shape": 0.7, "scale": 1}},
  {"name": "steady", "workers": 1, "model": "constant", "time": 3}]})";

std::string text(const std::string& classes) {
  return R"({"model": "classes", "classes": [)" + classes + "]}";
}

}  // namespace

TEST_CASE("classes: a worker draws as if all workers were of its class") {
  const auto model = model_of(mixed, 9);
  const auto fast = model_of(R"({"model": "exponential", "rate": 10})");
  const auto slow = model_of(R"({"model": "bimodal", "share": 0.5, "slowdown": 4,
                                 "base": {"model": "weibull", "shape": 0.7, "scale": 1}})");
  for (const std::uint32_t iteration : {0u, 5u}) {
    for (const std::uint32_t index : {0u, 2u}) {
      const DrawAddress address{.seed = 2, .trial = 3, .iteration = iteration, .index = index};
      const auto all_fast = draw(*fast, address, 9), all_slow = draw(*slow, address, 9);
      std::vector<double> expected(all_fast.begin(), all_fast.begin() + 2);
      expected.insert(expected.end(), all_slow.begin() + 2, all_slow.begin() + 8);
      expected.push_back(3);
      CHECK(draw(*model, address, 9) == expected);
    }
  }
  check_draws(*model_of(mixed, 101));
  CHECK_FALSE(model->law());
}

TEST_CASE("classes: their workers are consecutive, and one class takes the rest") {
  const auto classes = model_of(mixed, 9)->classes();
  REQUIRE(classes.size() == 3);
  CHECK(classes[0].name == "fast");
  CHECK((classes[0].first == 0 && classes[0].count == 2));
  CHECK(classes[1].name == "slow");
  CHECK((classes[1].first == 2 && classes[1].count == 6));
  CHECK((classes[2].first == 8 && classes[2].count == 1));
  CHECK(model_of(R"({"model": "constant", "time": 1})")->classes().empty());
}

TEST_CASE("classes: what a class deals out it deals out among its own workers") {
  const auto model = model_of(text(R"({"name": "a", "workers": 3, "model": "constant", "time": 1},
    {"name": "b", "workers": 5, "model": "delayed", "seconds": 1, "stragglers": 2,
     "base": {"model": "constant", "time": 1}},
    {"name": "c", "workers": 4, "model": "delayed", "seconds": 4, "stragglers": [12],
     "base": {"model": "constant", "time": 1}})"),
                              12);
  std::set<std::size_t> ever;
  for (std::uint64_t trial = 0; trial < 200; ++trial) {
    std::vector<double> later(12, -1);
    REQUIRE(model->delay({.seed = 1, .trial = trial}, later));
    CHECK(std::count(later.begin(), later.end(), 1.0) == 2);
    CHECK(later[11] == 4);
    CHECK(std::count(later.begin(), later.end(), 0.0) == 9);
    for (std::size_t w = 0; w < 12; ++w)
      if (later[w] == 1) ever.insert(w);
  }
  CHECK(ever == std::set<std::size_t>{3, 4, 5, 6, 7});
  std::vector<double> untouched(9, -1);
  CHECK_FALSE(model_of(mixed, 9)->delay({}, untouched));
  CHECK(untouched == std::vector<double>(9, -1));
}

TEST_CASE("classes: two that deal out something deal independently") {
  const std::string half = R"("workers": 5, "model": "delayed", "seconds": 1, "stragglers": 1,
                              "base": {"model": "constant", "time": 1}})";
  const auto model = model_of(text(R"({"name": "a", )" + half + R"(, {"name": "b", )" + half), 10);
  int alike = 0;
  for (std::uint64_t trial = 0; trial < 2000; ++trial) {
    std::vector<double> later(10);
    model->delay({.seed = 1, .trial = trial}, later);
    if (std::equal(later.begin(), later.begin() + 5, later.begin() + 5)) ++alike;
  }
  CHECK(std::abs(alike - 400) < 4 * std::sqrt(2000 * 0.2 * 0.8));  // four standard errors
}

TEST_CASE("classes: what a user can get wrong") {
  const auto mistake = [](const std::string& classes) { return ComputeText(text(classes), 4).message(); };
  const std::string model = R"(, "model": "constant", "time": 1})";
  CHECK(mistake(R"({"name": "a", "workers": 3)" + model) ==
        "test#/compute/classes: must have 4 workers together, but have 3");
  CHECK_THAT(mistake(R"({"name": "a", "workers": 3)" + model + R"(, {"name": "b", "workers": 2)" + model),
             Catch::EndsWith("must have 4 workers together, but have 5"));
  CHECK(mistake(R"({"name": "a", "workers": 4)" + model + R"(, {"name": "b", "workers": "rest")" + model) ==
        "test#/compute/classes/1/workers: leaves none of the 4 workers for the rest");
  CHECK(mistake(R"({"name": "a", "workers": "rest")" + model + R"(, {"name": "b", "workers": "rest")" +
                model) == "test#/compute/classes/1/workers: is \"rest\" a second time");
  CHECK(mistake(R"({"name": "a", "workers": 2)" + model + R"(, {"name": "a", "workers": 2)" + model) ==
        "test#/compute/classes/1/name: \"a\" is the name of another class too");
  CHECK_THAT(mistake(R"({"workers": 4)" + model),
             Catch::StartsWith("test#/compute/classes/0/name: is missing"));
  std::string many;
  for (int c = 0; c < 1001; ++c)
    many += (c > 0 ? ", " : "") + (R"({"name": ")" + std::to_string(c) + R"(", "workers": 1)") + model;
  CHECK(mistake(many) == "test#/compute/classes: are 1001; there can be 1000");
  CHECK(mistake(R"({"name": "", "workers": 4)" + model) ==
        "test#/compute/classes/0/name: must be a text that is not empty");
  CHECK_THAT(
      mistake(R"({"name": "a", "workers": "all")" + model),
      Catch::StartsWith("test#/compute/classes/0/workers: must be a whole number from 1 to 4 (the workers "
                        "of the class; or \"rest\")"));
  CHECK_THAT(mistake(R"({"name": "a", "workers": 0)" + model),
             Catch::Contains("but is 0") && !Catch::Contains("together"));
  CHECK_THAT(mistake(R"({"name": "a", "workers": 4, "model": "constant", "time": 1, "speed": 2})"),
             Catch::StartsWith("test#/compute/classes/0/speed: is not a known field"));
  CHECK_THAT(mistake(R"({"name": "a", "workers": 4, "model": "constant", "time": 1, "scaling": "additive"})"),
             Catch::StartsWith("test#/compute/classes/0/scaling: is not a known field"));
  CHECK(mistake(R"({"name": "a", "workers": 4, "model": "classes", "classes": []})") ==
        "test#/compute/classes/0/model: must not be \"classes\" again");
  CHECK(mistake(R"({"name": "a", "workers": 4, "model": "delayed", "seconds": 1, "stragglers": 1, "base":
                   {"model": "classes", "classes": [{"name": "b", "workers": 4)" +
                model + "]}}") == "test#/compute/classes/0: must not have classes of its own");
  CHECK(mistake("") == "test#/compute/classes: must not be empty");
  CHECK_THAT(ComputeText(R"({"model": "classes"})").message(),
             Catch::StartsWith("test#/compute/classes: is missing"));
}
