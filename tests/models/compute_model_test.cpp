// Reading the object "compute": the three scalings, and the mistakes a user makes there.
#include "models/compute_model.h"

#include <catch2/catch.hpp>

using namespace straggle;

namespace {

struct Read {
  Json config;
  Mistakes mistakes{"test"};
  Compute compute;
  explicit Read(const std::string& text) : config({{"compute", parse_json(text, "test")}}) {
    ConfigReader reader(config, "/compute", mistakes);
    compute = read_compute(reader, 4, ".");
  }
  std::string message() const {
    try {
      mistakes.throw_if_any();
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "";
  }
};

/// The start of a valid shifted-exponential object.
const std::string start = R"({"model": "shifted-exponential", "shift": 0.01, "rate": 10)";

}  // namespace

TEST_CASE("compute: the scaling is server-dependent unless told otherwise, and the default is written down") {
  const Read read(start + "}");
  CHECK(read.message() == "");
  REQUIRE(read.compute.model);
  CHECK(read.compute.scaling == Scaling::server_dependent);
  CHECK(read.compute.increment == 0);
  CHECK(read.config["compute"]["scaling"] == "server-dependent");
}

TEST_CASE("compute: the three scalings by the field's words") {
  CHECK(Read(start + R"(, "scaling": "server-dependent"})").compute.scaling == Scaling::server_dependent);
  CHECK(Read(start + R"(, "scaling": "additive"})").compute.scaling == Scaling::additive);
  const Read data(start + R"(, "scaling": "data-dependent", "increment": 0.5})");
  CHECK(data.compute.scaling == Scaling::data_dependent);
  CHECK(data.compute.increment == 0.5);
  CHECK(Read(start + R"(, "scaling": "data-dependent", "increment": 0})").message() == "");
  const Read wrong(start + R"(, "scaling": "server-dependend"})");
  CHECK_THAT(wrong.message(),
             Catch::StartsWith("test#/compute/scaling: is \"server-dependend\", but must be") &&
                 Catch::Contains("did you mean \"server-dependent\"?"));
  CHECK(wrong.compute.model == nullptr);
}

TEST_CASE("compute: the increment belongs to data-dependent scaling, where it is required") {
  CHECK_THAT(Read(start + R"(, "scaling": "data-dependent"})").message(),
             Catch::StartsWith("test#/compute/increment: is missing"));
  CHECK_THAT(Read(start + R"(, "scaling": "data-dependent", "increment": -1})").message(),
             Catch::StartsWith("test#/compute/increment: must be a number at least 0") &&
                 Catch::EndsWith("but is -1"));
  for (const char* scaling : {"server-dependent", "additive"}) {
    const Read read(start + R"(, "increment": 1, "scaling": ")" + scaling + "\"}");
    CHECK(read.message() == "test#/compute/increment: belongs to \"scaling\": \"data-dependent\" only");
    CHECK(read.compute.model == nullptr);
  }
  CHECK_THAT(Read(start + R"(, "increment": 1})").message(), Catch::Contains("data-dependent"));
}

TEST_CASE("compute: a model's own fields are checked, and fields nobody asked for are refused") {
  CHECK_THAT(Read(R"({"model": "shifted-exponential", "shift": -1, "rate": 0})").message(),
             Catch::Contains("test#/compute/shift: must be a number at least 0") &&
                 Catch::Contains("test#/compute/rate: must be a number above 0"));
  CHECK_THAT(Read(R"({"model": "shifted-exponential", "shift": 0})").message(),
             Catch::StartsWith("test#/compute/rate: is missing"));
  const Read unknown(start + R"(, "rat": 3})");
  CHECK(unknown.message() == "test#/compute/rat: is not a known field (did you mean \"rate\"?)");
  CHECK(unknown.compute.model == nullptr);
}

TEST_CASE("compute: an unknown or missing model is named, with those there are") {
  const Read unknown(R"({"model": "shifted-exponentail", "shift": 0, "rate": 1})");
  CHECK(unknown.compute.model == nullptr);
  CHECK_THAT(unknown.message(),
             Catch::Contains("\"constant\"") && Catch::Contains("did you mean \"shifted-exponential\"?"));
  CHECK_THAT(Read("{}").message(), Catch::StartsWith("test#/compute/model: is missing"));
  CHECK_THAT(Read("[]").message(), Catch::StartsWith("test#/compute: must be an object"));
}

TEST_CASE("compute: every registered model has a summary") {
  for (const auto& [name, plugin] : Registry<ComputePlugin>::instance().entries()) {
    CAPTURE(name);
    CHECK(plugin.summary.size() > 10);
  }
}
