// Shared links: what their numbers become, and the mistakes a user makes.
#include <catch2/catch.hpp>

#include "tests/models/network.h"

using namespace straggle;
using straggle::testing::NetworkRead;

TEST_CASE("shared: bandwidths of nodes, the master's own, and a latency") {
  const NetworkRead read(
      R"({"model": "shared", "bandwidth": 5, "latency": 0.1, "master": {"bandwidth": 50}})");
  REQUIRE(read.network);
  CHECK(read.network->discipline == Discipline::shared);
  CHECK(read.network->latency == 0.1);
  CHECK(read.network->overhead == 0);
  CHECK(read.network->ingress == std::vector<double>{50, 5, 5, 5, 5});
}

TEST_CASE("shared: bandwidths are required, overheads have no meaning") {
  CHECK_THAT(NetworkRead(R"({"model": "shared", "latency": 1})").message(),
             Catch::Contains("#/network/bandwidth") && Catch::Contains("is missing"));
  CHECK_THAT(NetworkRead(R"({"model": "shared", "bandwidth": 5, "overhead": 1})").message(),
             Catch::Contains("#/network/overhead") && Catch::Contains("is not a known field"));
  CHECK_THAT(NetworkRead(R"({"model": "shared", "bandwidth": 5})", false).message(),
             Catch::Contains("\"gradient\""));
}
