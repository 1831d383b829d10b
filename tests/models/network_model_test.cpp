// Reading the object "network": what all models share, and what every one of them must have.
#include "models/network_model.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/models/network.h"

using namespace straggle;
using straggle::testing::NetworkRead;

TEST_CASE(
    "network: ideal links without a downlink unless told otherwise, and the defaults are written down") {
  const NetworkRead read("{}");
  CHECK(read.message() == "");
  REQUIRE(read.network);
  CHECK(read.network->discipline == Discipline::ideal);
  CHECK(read.network->downlink == Downlink::none);
  CHECK(read.config["network"] == parse_json(R"({"model": "ideal", "downlink": "none"})", "test"));
}

TEST_CASE("network: the downlink is one of three words") {
  CHECK(NetworkRead(R"({"downlink": "multicast"})").network->downlink == Downlink::multicast);
  CHECK(NetworkRead(R"({"downlink": "unicast"})").network->downlink == Downlink::unicast);
  CHECK_THAT(NetworkRead(R"({"downlink": "unicats"})").message(),
             Catch::Contains("#/network/downlink") && Catch::Contains("did you mean \"unicast\"?"));
}

TEST_CASE("network: an unknown model is refused with the nearest name") {
  const NetworkRead read(R"({"model": "serail", "bandwidth": 1})");
  CHECK_FALSE(read.network);
  CHECK_THAT(read.message(), Catch::Contains("did you mean \"serial\"?"));
}

TEST_CASE("network: every model has its source, its test and its documentation") {
  namespace fs = std::filesystem;
  const fs::path root = STRAGGLE_SOURCE_DIR;
  const auto contents = [](const fs::path& path) {
    std::ifstream stream(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(stream), {});
  };
  const std::string docs = contents(root / "docs" / "configuration.md"),
                    schema = contents(root / "configs" / "schema.json");
  CHECK(Registry<NetworkPlugin>::instance().entries().size() >= 3);
  for (const auto& [name, plugin] : Registry<NetworkPlugin>::instance().entries()) {
    CAPTURE(name);
    CHECK(plugin.summary.size() > 10);
    CHECK(fs::exists(root / "models" / (name + ".cpp")));
    CHECK(fs::exists(root / "tests" / "models" / (name + "_test.cpp")));
    CHECK(docs.find("\n### " + name + "\n") != std::string::npos);
    CHECK(schema.find("\"" + name + "\"") != std::string::npos);
  }
}
