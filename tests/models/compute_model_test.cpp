// Reading the object "compute": the three scalings, what is kept, who fails, and the mistakes a user makes
// there.
#include "models/compute_model.h"

#include <catch2/catch.hpp>

#include "tests/models/support.h"

using namespace straggle;

namespace {

using Read = straggle::testing::ComputeText;

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

TEST_CASE("compute: times are of a mini-batch and drawn each iteration unless told otherwise") {
  const Read plain(start + "}");
  CHECK(plain.compute.redraw_each_iteration);
  CHECK_FALSE(plain.compute.per_data_set);
  CHECK(plain.config["compute"]["redraw"] == "iteration");
  CHECK(plain.config["compute"]["per"] == "mini-batch");
  CHECK_FALSE(plain.config["compute"].contains("failure"));
  const Read told(start + R"(, "redraw": "trial", "per": "data-set"})");
  CHECK(told.message() == "");
  CHECK_FALSE(told.compute.redraw_each_iteration);
  CHECK(told.compute.per_data_set);
  const Read same(start + R"(, "redraw": "iteration", "per": "mini-batch"})");
  CHECK(same.compute.redraw_each_iteration);
  CHECK_FALSE(same.compute.per_data_set);
  const Read wrong(start + R"(, "redraw": "never", "per": "dataset"})");
  CHECK_THAT(wrong.message(),
             Catch::Contains("test#/compute/redraw: is \"never\", but must be \"iteration\" or \"trial\"") &&
                 Catch::Contains("test#/compute/per: is \"dataset\"") &&
                 Catch::Contains("did you mean \"data-set\"?"));
  CHECK(wrong.compute.model == nullptr);
}

TEST_CASE("compute: workers fail with a probability, by their numbers from 1, or both") {
  CHECK(Read(start + "}").compute.failure.probability == 0);
  CHECK(Read(start + "}").compute.failure.workers.empty());
  const Read both(start + R"(, "failure": {"probability": 0.25, "workers": [4, 1]}})");
  CHECK(both.message() == "");
  CHECK(both.compute.failure.probability == 0.25);
  CHECK(both.compute.failure.workers == std::vector<std::uint32_t>{3, 0});
  CHECK(Read(start + R"(, "failure": {"probability": 0}})").message() == "");
  const auto mistake = [](const std::string& failure) {
    const Read read(start + ", \"failure\": " + failure + "}");
    CHECK(read.compute.model == nullptr);
    return read.message();
  };
  CHECK(mistake("{}") == "test#/compute/failure: must give a \"probability\", a list \"workers\", or both");
  CHECK_THAT(mistake("0.1"), Catch::StartsWith("test#/compute/failure: must be an object"));
  CHECK(mistake(R"({"probability": 1})") ==
        "test#/compute/failure/probability: must be a number at least 0 and below 1, but is 1");
  CHECK_THAT(mistake(R"({"probability": -0.1})"), Catch::Contains("but is -0.1"));
  CHECK(mistake(R"({"workers": [1, 5]})") ==
        "test#/compute/failure/workers/1: must be a whole number from 1 to 4 (numbers of workers), but is 5");
  CHECK_THAT(mistake(R"({"workers": [0]})"), Catch::Contains("but is 0"));
  CHECK_THAT(mistake(R"({"workers": []})"), Catch::Contains("must be a non-empty array"));
  CHECK(mistake(R"({"workers": [2, 3, 2]})") == "test#/compute/failure/workers: names worker 2 twice");
  CHECK_THAT(mistake(R"({"chance": 0.1, "workers": [1]})"),
             Catch::StartsWith("test#/compute/failure/chance: is not a known field"));
}

TEST_CASE("compute: every registered model has a summary") {
  for (const auto& [name, plugin] : Registry<ComputePlugin>::instance().entries()) {
    CAPTURE(name);
    CHECK(plugin.summary.size() > 10);
  }
}
