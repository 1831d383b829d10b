// A table of measured times, under the options with which a configuration can read it.
#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "models/compute_model.h"
#include "tests/fuzz/target.h"

namespace {

using namespace straggle;

constexpr std::size_t choosing = 3;  // the first bytes choose how the rest is read

Json options(std::span<const std::uint8_t> bytes) {
  std::uint32_t left = 0;
  for (const std::uint8_t byte : bytes) left = left << 8 | byte;
  const auto choose = [&](std::uint32_t count) {
    const std::uint32_t chosen = left % count;
    left /= count;
    return chosen;
  };
  Json config = {{"model", "empirical"}};
  const auto draw = choose(3);
  config["draw"] = std::array{"resample", "replay", "machines"}[draw];
  config["missing"] = std::array{"refuse", "no-answer", "skip-round"}[choose(3)];
  config["machines"] = std::array{"column", "columns"}[choose(2)];
  config["transfer"] = std::array{"network", "column"}[choose(2)];
  config["unit"] = std::array{"s", "ms", "us", "ns"}[choose(4)];
  const auto names = choose(4), start = choose(4);
  if (names == 1) config["columns"] = {{"iteration", "step"}};
  if (names == 2) config["columns"] = {{"start", "begin"}, {"end", "end"}};
  if (names == 3) config["columns"] = {{"seconds", ""}, {"machine", "a,b"}};
  if (draw > 0) {
    config["reuse"] = choose(4) > 0;
    if (start == 1) config["start"] = "random";
    if (start == 2) config["start"] = "first";
    if (start == 3) config["bootstrap"] = 2;
  }
  return config;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < choosing) return 0;
  try {
    const MemoryFile file(std::span(data + choosing, size - choosing));
    Json compute = options({data, choosing});
    compute["file"] = file.path();
    Mistakes mistakes("input.json");
    ConfigReader reader(compute, "", mistakes);
    const Compute read = read_compute(reader, 4, ".");
    mistakes.throw_if_any();
    std::array<double, 4> seconds;
    for (std::uint32_t iteration = 0; iteration < 3; ++iteration) {
      const DrawAddress address{
          .seed = 1, .trial = 0, .iteration = iteration, .purpose = Purpose::compute_time};
      read.model->draw(address, seconds);
      read.model->transfer(address, seconds);
    }
    read.model->notes(3);
  } catch (const ConfigError&) {
  }
  return 0;
}
