// Serial ports: what their numbers become, and the mistakes a user makes.
#include <catch2/catch.hpp>
#include <limits>

#include "tests/models/network.h"

using namespace straggle;
using straggle::testing::NetworkRead;

namespace {
using Ports = std::vector<double>;
constexpr double unlimited = std::numeric_limits<double>::infinity();
}  // namespace

TEST_CASE("serial: one bandwidth is that of both ports of every node") {
  const NetworkRead read(R"({"model": "serial", "bandwidth": 5, "latency": 0.1, "overhead": 0.2})");
  REQUIRE(read.network);
  CHECK(read.network->discipline == Discipline::serial);
  CHECK(read.network->latency == 0.1);
  CHECK(read.network->overhead == 0.2);
  CHECK(read.network->egress == Ports{5, 5, 5, 5, 5});
  CHECK(read.network->ingress == Ports{5, 5, 5, 5, 5});
}

TEST_CASE("serial: the master's and the classes' ports may differ, the rest of theirs stays") {
  const NetworkRead read(R"({"model": "serial", "egress": 5, "ingress": 6, "master": {"ingress": 100},
                             "classes": {"far": {"bandwidth": 1}}})");
  REQUIRE(read.network);
  CHECK(read.network->egress == Ports{5, 5, 1, 1, 1});
  CHECK(read.network->ingress == Ports{100, 6, 1, 1, 1});
}

TEST_CASE("serial: a cost a message is enough, and needs no size of a gradient") {
  const NetworkRead read(R"({"model": "serial", "overhead": 0.01})", false);
  REQUIRE(read.network);
  CHECK(read.network->egress == Ports(5, unlimited));
  CHECK(read.config["network"]["latency"] == 0);
}

TEST_CASE("serial: mistakes say what would be right") {
  const auto message = [](const std::string& text, bool size_known = true, bool classes = true) {
    return NetworkRead(text, size_known, classes).message();
  };
  CHECK_THAT(message(R"({"model": "serial"})"),
             Catch::Contains("#/network/bandwidth") && Catch::Contains("is missing"));
  CHECK_THAT(message(R"({"model": "serial", "egress": 5})"), Catch::Contains("is missing"));
  CHECK_THAT(message(R"({"model": "serial", "bandwidth": 5})", false), Catch::Contains("\"gradient\""));
  CHECK_THAT(message(R"({"model": "serial", "bandwidth": 5, "ingress": 5})"),
             Catch::Contains("#/network/ingress") && Catch::Contains("stands beside"));
  CHECK_THAT(message(R"({"model": "serial", "bandwidth": 0})"), Catch::Contains("must be a number above 0"));
  CHECK_THAT(message(R"({"model": "serial", "overhead": -1})"), Catch::Contains("#/network/overhead"));
  CHECK_THAT(message(R"({"model": "serial", "bandwidth": 5, "master": {"bandwith": 1}})"),
             Catch::Contains("#/network/master/bandwith") && Catch::Contains("did you mean"));
  CHECK_THAT(message(R"({"model": "serial", "bandwidth": 5, "classes": {"fra": {"bandwidth": 1}}})"),
             Catch::Contains("#/network/classes/fra") && Catch::Contains("did you mean \"far\""));
  CHECK_THAT(
      message(R"({"model": "serial", "bandwidth": 5, "classes": {"far": {"bandwidth": 1}}})", true, false),
      Catch::Contains("#/network/classes") && Catch::Contains("names the classes"));
}
