// Ideal links: nothing to say of them, so nothing may be said.
#include <catch2/catch.hpp>

#include "tests/models/network.h"

using namespace straggle;
using straggle::testing::NetworkRead;

TEST_CASE("ideal: no cost can be given") {
  CHECK(NetworkRead(R"({"model": "ideal"})").network->egress.empty());
  for (const char* field : {"bandwidth", "latency", "overhead", "master"})
    CHECK_THAT(NetworkRead(std::string(R"({"model": "ideal", ")") + field + "\": 1}").message(),
               Catch::Contains(field) && Catch::Contains("is not a known field"));
}
