// What every registered compute model must have and must do. A new model is held to it unasked.
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include "sim/run/experiment.h"
#include "tests/models/support.h"

using namespace straggle;
using namespace straggle::testing;

namespace {

namespace fs = std::filesystem;

const fs::path root = STRAGGLE_SOURCE_DIR;

std::string contents(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

fs::path example_of(const std::string& name) {
  return root / "configs" / "models" / (name + ".json");
}

constexpr std::size_t workers = 24;

/// Every model as in its example, but for more workers.
void for_each_model(const std::function<void(const std::string&, const Compute&)>& check) {
  // A table has the machines it has, so it serves its rows to more workers.
  Overrides larger, resampled;
  larger.set = {"/workers=24"};
  resampled.set = {"/workers=24", "/compute/draw=resample"};
  for (const auto& entry : Registry<ComputePlugin>::instance().entries()) {
    CAPTURE(entry.first);
    const Experiment experiment =
        load_experiment(example_of(entry.first).string(), entry.first == "empirical" ? resampled : larger);
    REQUIRE(experiment.points.size() == 1);
    REQUIRE(experiment.points[0].compute.model);
    check(entry.first, experiment.points[0].compute);
  }
}

}  // namespace

TEST_CASE(
    "compute models: each has a file, a test, an example, a section of the docs, a branch of the schema") {
  const auto& models = Registry<ComputePlugin>::instance().entries();
  CHECK(models.size() >= 12);
  const std::string docs = contents(root / "docs" / "configuration.md"),
                    schema = contents(root / "configs" / "schema.json");
  for (const auto& [name, plugin] : models) {
    CAPTURE(name);
    std::string file = name;
    std::replace(file.begin(), file.end(), '-', '_');
    CHECK(plugin.summary.size() > 10);
    CHECK(fs::exists(root / "models" / (file + ".cpp")));
    CHECK(fs::exists(root / "tests" / "models" / (file + "_test.cpp")));
    CHECK(docs.find("\n### " + name + "\n") != std::string::npos);
    CHECK(schema.find("{\"const\": \"" + name + "\"}") != std::string::npos);
    REQUIRE(fs::exists(example_of(name)));
    const Experiment experiment = load_experiment(example_of(name).string());
    CHECK(experiment.resolved["compute"]["model"] == name);
    CHECK_FALSE(experiment.expected.empty());
  }
}

TEST_CASE("compute models: draws are positive, finite, and decided by their addresses alone") {
  for_each_model([](const std::string&, const Compute& compute) {
    check_draws(*compute.model, workers);
    // Who starts later is decided in the same way.
    for (std::uint32_t iteration = 0; iteration < 20; ++iteration) {
      const DrawAddress address{.seed = 3, .trial = 2, .iteration = iteration};
      std::vector<double> later(workers, -1), again(workers, -1);
      const bool anyone = compute.model->delay(address, later);
      CHECK(compute.model->delay(address, again) == anyone);
      CHECK(later == again);
      for (const double seconds : later) CHECK(anyone == (seconds >= 0 && std::isfinite(seconds)));
    }
  });
}

TEST_CASE("compute models: two threads at a time draw what one draws") {
  for_each_model([](const std::string&, const Compute& compute) {
    constexpr std::uint64_t trials = 200;
    using Times = std::vector<std::vector<double>>;
    const auto draw_all = [&](Times& times, bool backwards) {
      times.resize(trials);
      for (std::uint64_t k = 0; k < trials; ++k) {
        const std::uint64_t trial = backwards ? trials - 1 - k : k;
        times[trial] =
            draw(*compute.model,
                 {.seed = 1, .trial = trial, .iteration = static_cast<std::uint32_t>(trial % 7)}, workers);
      }
    };
    Times alone, forwards, backwards;
    draw_all(alone, false);
    {
      const std::jthread one([&] { draw_all(forwards, false); });
      const std::jthread other([&] { draw_all(backwards, true); });
    }
    CHECK(forwards == alone);
    CHECK(backwards == alone);
  });
}

TEST_CASE("compute models: draws follow the law the model states, and its law is consistent") {
  int laws = 0;
  for_each_model([&](const std::string&, const Compute& compute) {
    const std::optional<TimeLaw> law = compute.model->law();
    if (!law) return;
    ++laws;
    check_law(*law);
    const auto values = sorted_draws(*compute.model, 1000, workers);
    const auto cdf = [&](double t) { return 1 - law->survival(t); };
    CHECK(kolmogorov_smirnov(values, cdf) < kolmogorov_limit(values.size()));
    CHECK(kolmogorov_smirnov(values, [&](double t) { return cdf(1.1 * t); }) >
          kolmogorov_limit(values.size()));
    CHECK(values.front() >= law->lower());
  });
  CHECK(laws >= 7);
}
