#include "sim/schemes/clusters.h"

#include <fmt/format.h>

namespace straggle {

const Field& clusters_field() {
  static const Field field =
      Field::integer("clusters", at_least(1, "no more clusters than workers"),
                     "Equal groups of consecutive workers with data of their own (P); divides the workers.")
          .or_else(1)
          .defined_as("clusters");
  return field;
}

const Field& load_field() {
  static const Field field =
      Field::integer("load", at_least(1, "a worker computes at most the mini-batches of its cluster"),
                     "What a worker computes (r), at most what its cluster has: workers / clusters.")
          .in(Unit::mini_batches)
          .defined_as("load");
  return field;
}

Clusters read_clusters(ConfigReader& config, const SchemeContext& context) {
  const int K = context.workers;
  const auto count = static_cast<int>(config.integer(clusters_field(), at_most(K)));
  if (K % count != 0) {
    std::string divisors;
    for (int p = 1; p <= K; ++p)
      if (K % p == 0) divisors += fmt::format("{}{}", divisors.empty() ? "" : ", ", p);
    config.mistake(clusters_field(),
                   fmt::format("must divide the {} workers, but is {} (valid: {})", K, count, divisors));
    return {.count = 1, .workers = K};
  }
  return {.count = count, .workers = K / count};
}

int read_load(ConfigReader& config, const Clusters& clusters) {
  return static_cast<int>(config.integer(load_field(), at_most(clusters.workers)));
}

}  // namespace straggle
