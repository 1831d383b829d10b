// The constant compute model: no randomness, no law.
#include <catch2/catch.hpp>
#include <vector>

#include "models/compute_model.h"

using namespace straggle;

namespace {

Compute read(Json compute, Mistakes& mistakes) {
  Json config = {{"compute", std::move(compute)}};
  ConfigReader reader(config, "/compute", mistakes);
  return read_compute(reader, 4, ".");
}

}  // namespace

TEST_CASE("constant: the same time for every worker, trial and mini-batch") {
  Mistakes mistakes("test");
  const Compute compute = read({{"model", "constant"}, {"time", 0.25}}, mistakes);
  mistakes.throw_if_any();
  REQUIRE(compute.model);
  std::vector<double> x(7, -1);
  for (const std::uint64_t trial : {0u, 5u}) {
    for (const std::uint32_t index : {0u, 3u}) {
      compute.model->draw({.seed = 1, .trial = trial, .index = index}, x);
      CHECK(x == std::vector<double>(7, 0.25));
    }
  }
  CHECK_FALSE(compute.model->law());
}

TEST_CASE("constant: a time that is no positive number is the user's mistake") {
  for (const Json& time : {Json(0), Json(-1), Json("fast"), Json()}) {
    Mistakes mistakes("test");
    CHECK(read({{"model", "constant"}, {"time", time}}, mistakes).model == nullptr);
    CHECK_THROWS_WITH(mistakes.throw_if_any(),
                      Catch::StartsWith("test#/compute/time: must be a number above 0"));
  }
  Mistakes mistakes("test");
  CHECK(read({{"model", "constant"}}, mistakes).model == nullptr);
  CHECK_THROWS_WITH(mistakes.throw_if_any(), Catch::StartsWith("test#/compute/time: is missing"));
}
