// Gradient coding, one coded message a worker: Tandon, Lei, Dimakis and Karampatziakis, "Gradient Coding",
// ICML 2017 (cyclic and fractional repetition); in clusters: Ozfatura, Gündüz and Ulukus 2019, section III-C.
#include <fmt/format.h>

#include "sim/schemes/clusters.h"
#include "sim/schemes/gradient_codes.h"

namespace straggle {
namespace {

/// Any n − load + 1 of a cluster's n workers.
SchemeRecipe cyclic(const Clusters& clusters, int load, const std::string& code_name,
                    const SchemeContext& context) {
  const int n = clusters.workers, threshold = n - load + 1;
  const auto code = cyclic_code(code_name, n, load, context.seed);
  const auto make = [=]() -> std::unique_ptr<Scheme> {
    const auto P = static_cast<std::size_t>(clusters.count);
    Program program({.need = static_cast<std::uint32_t>(clusters.count * threshold),
                     .full = std::vector<std::uint32_t>(P, static_cast<std::uint32_t>(threshold))});
    for (std::size_t w = 0; w < P * static_cast<std::size_t>(n); ++w)
      program.add({{.work = double(load),
                    .covers = double(load),
                    .group = static_cast<std::uint32_t>(clusters.of(w))}});
    return std::make_unique<FixedScheme>(std::move(program), [=] {
      return std::make_unique<LinearCodebook>(copies(code, P, static_cast<std::size_t>(n)),
                                              [=](std::size_t w, std::size_t) {
                                                return CodeRow{clusters.of(w), clusters.position(w)};
                                              });
    });
  };
  return {make,
          CompletionLaw{.clusters = clusters.count, .workers = n, .work = {double(load)}, .need = threshold}};
}

/// One of each group of `load` workers with the same mini-batches. Clusters of whole groups change nothing.
SchemeRecipe fractional_repetition(int workers, int load) {
  const auto sum = sum_code(load);
  const int groups = workers / load;
  const auto make = [=]() -> std::unique_ptr<Scheme> {
    const auto count = static_cast<std::uint32_t>(groups);
    const auto group_of = [=](std::size_t w) { return w / static_cast<std::size_t>(load); };
    Program program({.need = count, .full = std::vector<std::uint32_t>(count, 1)});
    for (std::size_t w = 0; w < static_cast<std::size_t>(workers); ++w)
      program.add(
          {{.work = double(load), .covers = double(load), .group = static_cast<std::uint32_t>(group_of(w))}});
    return std::make_unique<FixedScheme>(std::move(program), [=] {
      return std::make_unique<LinearCodebook>(copies(sum, count, static_cast<std::size_t>(load)),
                                              [=](std::size_t w, std::size_t) {
                                                return CodeRow{group_of(w), 0};
                                              });
    });
  };
  return {make, CompletionLaw{.clusters = groups, .workers = load, .work = {double(load)}, .need = 1}};
}

SchemeRecipe read_gc(ConfigReader& config, const SchemeContext& context) {
  const Clusters clusters = read_clusters(config, context);
  const int load = read_load(config, clusters);
  const std::string code = config.word(gradient_code_field());
  if (code == "fractional-repetition" && clusters.workers % load != 0) {
    std::string divisors;
    for (int r = 1; r <= clusters.workers; ++r)
      if (clusters.workers % r == 0) divisors += fmt::format("{}{}", divisors.empty() ? "" : ", ", r);
    config.mistake("load",
                   fmt::format("must divide the {} workers of a cluster for fractional repetition, but is {} "
                               "(valid: {})",
                               clusters.workers, load, divisors));
  }
  if (!config.complete()) return {};
  if (code == "fractional-repetition") return fractional_repetition(context.workers, load);
  refuse_out_of_range(config, context, code, clusters.workers, load);
  return config.complete() ? cyclic(clusters, load, code, context) : SchemeRecipe{};
}

const SchemeRegistration registration("gc",
                                      {.summary = "Gradient coding, one coded message a worker.",
                                       .fields = {load_field(), clusters_field(), gradient_code_field()},
                                       .read = read_gc,
                                       .place = 2});

}  // namespace
}  // namespace straggle
