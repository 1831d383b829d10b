// Uncoded computation with multi-message communication: Ozfatura, Gündüz and Ulukus, "Speeding up distributed
// gradient descent by utilizing non-persistent stragglers", ISIT 2019; with a tolerance: the same authors'
// "Distributed gradient descent with coding and partial recovery".
#include <cmath>

#include "sim/schemes/clusters.h"
#include "sim/schemes/gradient_codes.h"

namespace straggle {
namespace {

const Field tolerance_field =
    Field::number("tolerance",
                  {.low = 0, .high = 1, .high_open = true, .why = "the share of partial gradients left out"},
                  "Share of the partial gradients the master does without (q).")
        .or_else(0);

SchemeRecipe read_uc_mmc(ConfigReader& config, const SchemeContext& context) {
  const Clusters clusters = read_clusters(config, context);
  const int load = read_load(config, clusters);
  const double tolerance = config.number(tolerance_field);
  if (!config.complete()) return {};
  const int K = context.workers;
  // The 1e-9 keeps a share like 0.15 · 40 from losing one to its binary fraction.
  const int need = K - static_cast<int>(std::floor(tolerance * K + 1e-9));
  const auto sum = sum_code(1);
  const auto make = [=]() -> std::unique_ptr<Scheme> {
    const auto N = static_cast<std::size_t>(clusters.workers), all = static_cast<std::size_t>(K);
    const auto partition = [=](std::size_t w, std::size_t j) {
      return clusters.of(w) * N + (clusters.position(w) + j) % N;
    };
    const auto needed = static_cast<std::uint32_t>(need);
    // A cluster is full when all its mini-batches are there: the time to tell its workers.
    Program program({.need = needed,
                     .full = std::vector<std::uint32_t>(static_cast<std::size_t>(clusters.count),
                                                        static_cast<std::uint32_t>(clusters.workers)),
                     .items = static_cast<std::uint32_t>(K)});
    for (std::size_t w = 0; w < all; ++w) {
      std::vector<Step> steps;
      for (std::size_t j = 0; j < static_cast<std::size_t>(load); ++j)
        steps.push_back({.work = 1,
                         .covers = 1,
                         .item = static_cast<std::uint32_t>(partition(w, j)),
                         .group = static_cast<std::uint32_t>(clusters.of(w))});
      program.add(steps);
    }
    return std::make_unique<FixedScheme>(std::move(program), [=] {
      return std::make_unique<LinearCodebook>(
          copies(sum, all, 1),
          [=](std::size_t w, std::size_t j) {
            return CodeRow{partition(w, j), 0};
          },
          needed);
    });
  };
  std::vector<double> work;
  for (int tasks = 1; tasks <= load; ++tasks) work.push_back(tasks);
  const bool pooled = clusters.count > 1 && need < K;
  return {make,
          CompletionLaw{.kind = CompletionLaw::Kind::distinct,
                        .clusters = clusters.count,
                        .workers = clusters.workers,
                        .work = work,
                        .need = clusters.count > 1 && !pooled ? clusters.workers : need,
                        .pooled = pooled},
          static_cast<double>(need) / K};
}

const SchemeRegistration registration("uc-mmc",
                                      {.summary = "Every partial gradient is sent uncoded, at once.",
                                       .fields = {load_field(), clusters_field(), tolerance_field},
                                       .read = read_uc_mmc,
                                       .place = 4});

}  // namespace
}  // namespace straggle
