// A table of measured times, under the options with which a configuration can read it.
#include <array>
#include <span>
#include <string>

#include "models/compute_model.h"
#include "tests/fuzz/target.h"

namespace {

using namespace straggle;

/// The first byte chooses how the rest is read.
Json options(std::uint8_t choice) {
  const std::array draws = {"resample", "replay", "machines"};
  Json config = {{"model", "empirical"}, {"draw", draws[choice % 3]}};
  return config;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  try {
    const MemoryFile file(std::span(data + 1, size - 1));
    Json compute = options(data[0]);
    compute["file"] = file.path();
    Mistakes mistakes("input.json");
    ConfigReader reader(compute, "", mistakes);
    const Compute read = read_compute(reader, 4, ".");
    mistakes.throw_if_any();
    std::array<double, 4> seconds;
    for (std::uint32_t iteration = 0; iteration < 3; ++iteration)
      read.model->draw({.seed = 1, .trial = 0, .iteration = iteration, .purpose = Purpose::compute_time},
                       seconds);
  } catch (const ConfigError&) {
  }
  return 0;
}
