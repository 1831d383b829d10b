// Gradient coding with multi-message communication: Ozfatura, Gündüz and Ulukus, "Gradient coding with
// clustering and multi-message communication", 2019: correlated design (section III-A), uncorrelated design
// (III-B), clustering (III-C), hybrid (III-D).
#include <fmt/format.h>

#include <numeric>

#include "sim/schemes/clusters.h"
#include "sim/schemes/gradient_codes.h"

namespace straggle {
namespace {

/// A code for load m gives codewords c_1 … c_n of a cluster; worker i sends c_i after m tasks, c_{i+1} after
/// m + 1, and so on: any n − m + 1 distinct ones decode.
SchemeRecipe correlated(const Clusters& clusters, int load, int order, bool hybrid,
                        const std::string& code_name, const SchemeContext& context) {
  const int n = clusters.workers, threshold = n - order + 1, messages = load - order + 1;
  const auto code = cyclic_code(code_name, n, order, context.seed);
  const auto make = [=]() -> std::unique_ptr<Scheme> {
    const auto P = static_cast<std::size_t>(clusters.count), N = static_cast<std::size_t>(n), K = P * N;
    const auto plain_sum = [=](std::size_t j) { return hybrid && static_cast<int>(j) == messages - 1; };
    const auto codeword = [=](std::size_t w, std::size_t j) { return (clusters.position(w) + j) % N; };
    // The codewords of all clusters, then a plain sum for every worker that may send one.
    Program program({.need = static_cast<std::uint32_t>(clusters.count * threshold),
                     .full = std::vector<std::uint32_t>(P, static_cast<std::uint32_t>(threshold)),
                     .items = static_cast<std::uint32_t>(hybrid ? 2 * K : K)});
    for (std::size_t w = 0; w < K; ++w) {
      std::vector<Step> steps;
      for (std::size_t j = 0; j < static_cast<std::size_t>(messages); ++j) {
        const std::size_t item = plain_sum(j) ? K + w : clusters.of(w) * N + codeword(w, j);
        steps.push_back({.work = j == 0 ? double(order) : 1.0,
                         .covers = double(plain_sum(j) ? load : order),
                         .item = static_cast<std::uint32_t>(item),
                         .group = static_cast<std::uint32_t>(clusters.of(w)),
                         .weight = static_cast<std::uint32_t>(plain_sum(j) ? threshold : 1)});
      }
      program.add(steps);
    }
    return std::make_unique<FixedScheme>(std::move(program), [=] {
      return std::make_unique<LinearCodebook>(copies(code, P, N), [=](std::size_t w, std::size_t j) {
        return CodeRow{clusters.of(w), plain_sum(j) ? CodeRow::plain_sum : codeword(w, j)};
      });
    });
  };
  std::vector<double> work;
  for (int tasks = order; tasks <= load; ++tasks) work.push_back(tasks);
  // The hybrid rule needs no law of its own: a finished worker has sent n − m + 1 distinct codewords (r = n).
  return {make, CompletionLaw{.kind = CompletionLaw::Kind::distinct,
                              .clusters = clusters.count,
                              .workers = n,
                              .work = work,
                              .need = threshold}};
}

/// Every (worker, message) is a row of its own; the message of order o covers the worker's first o
/// mini-batches. Zeros per column + 1 messages decode. With the hybrid rule the last message is the plain
/// sum, whose rows (n of weight n a column, none of them zero) leave the code without changing that number.
SchemeRecipe uncorrelated(const Clusters& clusters, const std::vector<int>& orders, bool hybrid) {
  const int n = clusters.workers, l = static_cast<int>(orders.size());
  const int threshold = n * l - std::accumulate(orders.begin(), orders.end(), 0) + 1;
  const std::vector<int> coded(orders.begin(), orders.end() - (hybrid ? 1 : 0));
  const auto code = coded.empty() ? sum_code(n) : multi_message_code(n, coded);
  const auto make = [=]() -> std::unique_ptr<Scheme> {
    const auto P = static_cast<std::size_t>(clusters.count), N = static_cast<std::size_t>(n);
    Program program({.need = static_cast<std::uint32_t>(clusters.count * threshold),
                     .full = std::vector<std::uint32_t>(P, static_cast<std::uint32_t>(threshold))});
    for (std::size_t w = 0; w < P * N; ++w) {
      std::vector<Step> steps;
      for (std::size_t j = 0; j < orders.size(); ++j)
        steps.push_back({.work = double(j == 0 ? orders[0] : orders[j] - orders[j - 1]),
                         .covers = double(orders[j]),
                         .group = static_cast<std::uint32_t>(clusters.of(w)),
                         .weight = static_cast<std::uint32_t>(j < coded.size() ? 1 : threshold)});
      program.add(steps);
    }
    return std::make_unique<FixedScheme>(std::move(program), [=] {
      return std::make_unique<LinearCodebook>(copies(code, P, N), [=](std::size_t w, std::size_t j) {
        return CodeRow{clusters.of(w),
                       j < coded.size() ? clusters.position(w) * coded.size() + j : CodeRow::plain_sum};
      });
    });
  };
  return {make, CompletionLaw{.clusters = clusters.count,
                              .workers = n,
                              .work = std::vector<double>(orders.begin(), orders.end()),
                              .need = threshold,
                              .finisher_decodes = hybrid}};
}

enum class Design { correlated, uncorrelated };

const Field order_field =
    Field::integer("order", at_least(1, "an order is at most the load"),
                   "How many a coded message combines (m), at most the load. A worker sends load - order + 1 "
                   "messages, the first after order mini-batches.")
        .in(Unit::mini_batches);
const Field orders_field =
    Field::integers("orders", at_least(1, "an order is at most the load"),
                    "How many each of a worker's messages combines: rising, the last one equal to the load.")
        .in(Unit::mini_batches);
const Choice<Design> design("design",
                            {{"correlated",
                              Design::correlated,
                              "One code of load \"order\"; neighbours send the same codewords.",
                              {order_field, cyclic_code_field()}},
                             {"uncorrelated",
                              Design::uncorrelated,
                              "Every message is a codeword of its own; one for each of \"orders\".",
                              {orders_field}}},
                            "How a worker's messages are coded.");
const Field hybrid_rule =
    Field::boolean(
        "hybrid", "A worker's last message is the plain sum of its cluster; needs load = workers / clusters.")
        .or_else(false);

/// "orders": rising, the last one the load.
std::vector<int> read_orders(ConfigReader& config, int load) {
  const auto given = config.integers(orders_field, at_most(load));
  const std::vector<int> orders(given.begin(), given.end());
  for (std::size_t j = 1; j < orders.size(); ++j)
    if (orders[j] <= orders[j - 1]) {
      config.mistake(orders_field,
                     fmt::format("must rise, but {} is followed by {}", orders[j - 1], orders[j]));
      return {};
    }
  if (!orders.empty() && orders.back() != load)
    config.mistake(orders_field,
                   fmt::format("must end at the load, {}, but ends at {}", load, orders.back()));
  return orders;
}

SchemeRecipe read_gc_mmc(ConfigReader& config, const SchemeContext& context) {
  const Design its_design = config.choice(design);
  const Clusters clusters = read_clusters(config, context);
  const int load = read_load(config, clusters);
  const bool hybrid = config.boolean(hybrid_rule);
  if (hybrid && load != clusters.workers)
    config.mistake(hybrid_rule,
                   fmt::format("needs every worker to hold its cluster's whole data: load {} (the workers of "
                               "a cluster) instead of {}",
                               clusters.workers, load));
  if (its_design == Design::uncorrelated) {
    const std::vector<int> orders = read_orders(config, load);
    if (!config.complete()) return {};
    refuse_out_of_range(config, context, clusters.workers, orders);
    return config.complete() ? uncorrelated(clusters, orders, hybrid) : SchemeRecipe{};
  }
  const auto order = static_cast<int>(config.integer(order_field, at_most(load)));
  const std::string code = config.word(cyclic_code_field());
  if (!config.complete()) return {};
  refuse_out_of_range(config, context, code, clusters.workers, order);
  return config.complete() ? correlated(clusters, load, order, hybrid, code, context) : SchemeRecipe{};
}

const SchemeRegistration registration("gc-mmc",
                                      {.summary = "Gradient coding, several coded messages a worker.",
                                       .fields = {design, load_field(), clusters_field(), hybrid_rule},
                                       .read = read_gc_mmc,
                                       .place = 3});

}  // namespace
}  // namespace straggle
