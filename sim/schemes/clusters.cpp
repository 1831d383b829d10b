#include "sim/schemes/clusters.h"

#include <fmt/format.h>

namespace straggle {

Clusters read_clusters(ConfigReader& config, const SchemeContext& context) {
  const int K = context.workers;
  const auto count =
      static_cast<int>(config.integer_or("clusters", between(1, K, "no more clusters than workers"), 1));
  if (K % count != 0) {
    std::string divisors;
    for (int p = 1; p <= K; ++p)
      if (K % p == 0) divisors += fmt::format("{}{}", divisors.empty() ? "" : ", ", p);
    config.mistake("clusters",
                   fmt::format("must divide the {} workers, but is {} (valid: {})", K, count, divisors));
    return {.count = 1, .workers = K};
  }
  return {.count = count, .workers = K / count};
}

int read_load(ConfigReader& config, const Clusters& clusters) {
  return static_cast<int>(config.integer(
      "load", between(1, clusters.workers, "a worker computes at most the mini-batches of its cluster")));
}

}  // namespace straggle
