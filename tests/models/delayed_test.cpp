// Delayed workers: exactly so many, every set as likely, kept as long as said; the times stay the base's.
#include <map>
#include <numeric>
#include <set>

#include "tests/models/support.h"

using namespace straggle;
using namespace straggle::testing;

namespace {

std::string text(const std::string& fields) {
  return R"({"model": "delayed", "base": {"model": "exponential", "rate": 1}, "seconds": 0.5, )" + fields +
         "}";
}

std::set<std::size_t> held_up(const ComputeModel& model, const DrawAddress& address, std::size_t workers) {
  std::vector<double> later(workers, -1);
  REQUIRE(model.delay(address, later));
  std::set<std::size_t> result;
  for (std::size_t w = 0; w < workers; ++w) {
    CHECK((later[w] == 0 || later[w] == 0.5));
    if (later[w] > 0) result.insert(w);
  }
  return result;
}

}  // namespace

TEST_CASE("delayed: exactly so many workers start later, and every set of them is as likely") {
  const auto model = model_of(text(R"("stragglers": 2)"), 5);
  std::map<std::set<std::size_t>, int> counts;
  constexpr int rounds = 20000;
  for (std::uint32_t round = 0; round < rounds; ++round)
    ++counts[held_up(*model, {.seed = 1, .trial = round / 4, .iteration = round % 4}, 5)];
  CHECK(counts.size() == 10);
  double chi_square = 0, biased = 0;
  for (const auto& [set, count] : counts) {
    CHECK(set.size() == 2);
    chi_square += std::pow(count - rounds / 10.0, 2) / (rounds / 10.0);
    // Were worker 0 five percent likelier than it is: 4 of the 10 sets hold it.
    const double expected = rounds / 10.0 * (set.contains(0) ? 1.05 : 1 - 0.05 * 4 / 6);
    biased += std::pow(count - expected, 2) / expected;
  }
  CHECK(chi_square < 27.9);  // 9 degrees of freedom: exceeded by one seed in a thousand
  CHECK(biased > 27.9);
}

TEST_CASE("delayed: the stragglers are drawn each iteration, kept for a trial, or named") {
  const auto each = model_of(text(R"("stragglers": 3)"), 40);
  const auto kept = model_of(text(R"("stragglers": 3, "which": "trial")"), 40);
  const auto named = model_of(text(R"("stragglers": [3, 40])"), 40);
  const auto first = held_up(*each, {.seed = 1}, 40);
  CHECK(held_up(*each, {.seed = 1, .index = 7}, 40) == first);  // the same for all mini-batches
  CHECK(held_up(*each, {.seed = 1, .iteration = 1}, 40) != first);
  CHECK(held_up(*each, {.seed = 1, .trial = 1}, 40) != first);
  CHECK(held_up(*kept, {.seed = 1}, 40) == first);
  CHECK(held_up(*kept, {.seed = 1, .iteration = 1}, 40) == first);
  CHECK(held_up(*kept, {.seed = 1, .trial = 1}, 40) != first);
  for (const std::uint32_t iteration : {0u, 9u})
    CHECK(held_up(*named, {.seed = 1, .trial = 5, .iteration = iteration}, 40) ==
          std::set<std::size_t>{2, 39});
  // One straggler more leaves the others what they were.
  const auto four = held_up(*model_of(text(R"("stragglers": 4)"), 40), {.seed = 1}, 40);
  CHECK(std::includes(four.begin(), four.end(), first.begin(), first.end()));
  CHECK(held_up(*model_of(text(R"("stragglers": 0)"), 4), {.seed = 1}, 4).empty());
  CHECK(held_up(*model_of(text(R"("stragglers": 4)"), 4), {.seed = 1}, 4).size() == 4);
}

TEST_CASE("delayed: the times are the base's, and so are its classes and delays") {
  const auto base = model_of(R"({"model": "exponential", "rate": 1})");
  const auto model = model_of(text(R"("stragglers": 2)"), 5);
  for (const std::uint32_t index : {0u, 3u}) {
    const DrawAddress address{.seed = 1, .trial = 2, .iteration = 3, .index = index};
    CHECK(draw(*model, address, 5) == draw(*base, address, 5));
  }
  CHECK_FALSE(model->law());
  std::vector<double> later(5);
  CHECK_FALSE(base->delay({}, later));

  const auto twice = model_of(
      R"({"model": "delayed", "seconds": 1, "stragglers": [1], "base": {"model": "delayed", "seconds": 0.25,
          "stragglers": [1, 2], "base": {"model": "classes", "classes": [
            {"name": "all", "workers": "rest", "model": "constant", "time": 1}]}}})");
  std::vector<double> sum(4, -1);
  CHECK(twice->delay({}, sum));
  CHECK(sum == std::vector<double>{1.25, 0.25, 0, 0});
  REQUIRE(twice->classes().size() == 1);
  CHECK(twice->classes()[0].name == "all");
}

TEST_CASE("delayed: one inside another draws its own stragglers") {
  const auto model = model_of(R"({"model": "delayed", "seconds": 1, "stragglers": 1, "base": {
    "model": "delayed", "seconds": 10, "stragglers": 1, "base": {"model": "constant", "time": 1}}})",
                              10);
  int same = 0;
  for (std::uint64_t trial = 0; trial < 2000; ++trial) {
    std::vector<double> later(10);
    model->delay({.seed = 1, .trial = trial}, later);
    if (std::find(later.begin(), later.end(), 11) != later.end()) ++same;
  }
  CHECK(std::abs(same - 200) < 4 * std::sqrt(2000 * 0.1 * 0.9));  // four standard errors
}

TEST_CASE("delayed: what a user can get wrong") {
  const auto mistake = [](const std::string& fields) { return ComputeText(text(fields), 4).message(); };
  CHECK(
      mistake(R"("stragglers": 5)") ==
      "test#/compute/stragglers: must be a whole number from 0 to 4 (how many workers are held up; or a list "
      "of their numbers), but is 5");
  CHECK(mistake(R"("stragglers": [1, 5])") ==
        "test#/compute/stragglers/1: must be a whole number from 1 to 4 (numbers of workers), but is 5");
  CHECK(mistake(R"("stragglers": [2, 2])") == "test#/compute/stragglers: names worker 2 twice");
  CHECK_THAT(mistake(R"("stragglers": [])"), Catch::Contains("must be a non-empty array"));
  CHECK_THAT(mistake(R"("stragglers": 1, "which": "always")"),
             Catch::StartsWith("test#/compute/which: is \"always\", but must be \"iteration\" or \"trial\""));
  CHECK_THAT(mistake(R"("stragglers": [1], "which": "trial")"),
             Catch::StartsWith("test#/compute/which: belongs to a number of stragglers"));
  CHECK_THAT(mistake(R"("which": "trial")"), Catch::StartsWith("test#/compute/stragglers: is missing"));
  CHECK_THAT(ComputeText(R"({"model": "delayed", "seconds": -1, "stragglers": 1})").message(),
             Catch::Contains("test#/compute/base: is missing; an object") &&
                 Catch::Contains("test#/compute/seconds: must be a number at least 0"));
  CHECK_THAT(ComputeText(R"({"model": "delayed", "seconds": 1, "stragglers": 1,
                             "base": {"model": "exponential", "rate": 1, "scaling": "additive"}})")
                 .message(),
             Catch::StartsWith("test#/compute/base/scaling: is not a known field"));
  CHECK_THAT(ComputeText(R"({"model": "delayed", "seconds": 1, "stragglers": 1, "surprise": 1,
                             "base": {"model": "exponential", "rate": 0}})")
                 .message(),
             Catch::Contains("test#/compute/base/rate: must be a number above 0") &&
                 Catch::Contains("test#/compute/surprise: is not a known field"));
  const ComputeText read(text(R"("stragglers": 1)"));
  CHECK(read.message() == "");
  CHECK(read.config["compute"]["which"] == "iteration");
}
