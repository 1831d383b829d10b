#include "sim/theory/blocking.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <numeric>
#include <set>
#include <span>
#include <utility>

namespace straggle {
namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();

/// Steps of dynamic programming; beyond them a case counts as unknown.
constexpr double most_steps = 1e8;

/// A ring of n workers and n items: worker i holds the items i … i + window − 1. What it costs at least to
/// silence all holders of d items, for d = 0 … most. An arc of L >= window silent workers loses
/// L − window + 1 items, all n workers lose n.
std::optional<Costs> ring_losses(std::span<const double> workers, std::size_t window, std::size_t most) {
  const std::size_t n = workers.size();
  const double all = std::accumulate(workers.begin(), workers.end(), 0.0);
  Costs result(most + 1, infinite);
  for (std::size_t d = 0; d <= std::min(most, n); ++d) result[d] = d == 0 ? 0 : all;

  std::set<std::size_t> gaps;  // one of them is not silent in some best set other than all workers
  for (std::size_t i = 0; i < n; ++i) {
    if (workers[i] == workers[(i + 1) % n]) continue;
    gaps.insert({i, (i + 1) % n});
  }
  if (gaps.empty()) {
    for (std::size_t d = 1; d <= std::min(most, n) && window + d - 1 < n; ++d)
      result[d] = static_cast<double>(window + d - 1) * workers[0];
    return result;
  }
  // Where no gap lies beside a change of the cost, the gaps and their arcs' ends are of one cost each: an arc
  // of the least length can be left out for one more worker of another arc, and the one gap that remains in
  // the end can be moved to where the cost changes.
  const std::size_t largest = std::min(most, n);
  if (static_cast<double>(gaps.size() * n) * static_cast<double>(largest + window) > most_steps)
    return std::nullopt;
  for (const std::size_t gap : gaps) {
    // By the workers behind the gap: the last of them is not silent; it ends an arc.
    std::vector<Costs> outside(n, Costs(largest + 1, infinite)), arc = outside;
    outside[0][0] = 0;
    for (std::size_t i = 1; i < n; ++i) {
      const double own = workers[(gap + i) % n];
      double last = 0;  // the cost of the last `window` workers
      for (std::size_t k = 0; k < std::min(window, i); ++k) last += workers[(gap + i - k) % n];
      for (std::size_t d = 0; d <= largest; ++d) {
        outside[i][d] = std::min(outside[i - 1][d], arc[i - 1][d]);
        const std::size_t before = d == 0 ? 0 : d - 1;
        arc[i][d] = arc[i - 1][before] + own;
        if (i >= window) arc[i][d] = std::min(arc[i][d], outside[i - window][before] + last);
      }
    }
    for (std::size_t d = 1; d <= largest; ++d)
      result[d] = std::min({result[d], outside[n - 1][d], arc[n - 1][d]});
  }
  return result;
}

/// Distinct items: one ring a cluster, `lost` items of one of them or, pooled, of all together.
std::optional<double> least_of_rings(const CompletionLaw& law, const Costs& costs) {
  const auto n = static_cast<std::size_t>(law.workers);
  const std::size_t clusters = costs.size() / n;
  const auto lost = static_cast<std::size_t>((law.pooled ? law.clusters : 1) * law.workers - law.need + 1);
  const std::size_t window = law.work.size();
  if (law.pooled && std::adjacent_find(costs.begin(), costs.end(), std::not_equal_to<>()) == costs.end()) {
    // Whole rings, which lose an item a worker, and then an arc.
    const std::size_t rest = lost % n;
    const std::size_t workers = lost - rest + (rest > 0 ? std::min(n, window + rest - 1) : 0);
    return static_cast<double>(workers) * costs[0];
  }
  double least = infinite;
  Costs together(lost + 1, infinite);  // of the clusters so far
  together[0] = 0;
  for (std::size_t c = 0; c < clusters; ++c) {
    const auto one = ring_losses(std::span(costs).subspan(c * n, n), window, lost);
    if (!one) return std::nullopt;
    if (!law.pooled) {
      least = std::min(least, (*one)[lost]);
      continue;
    }
    if (static_cast<double>(lost) * static_cast<double>(std::min(lost, n)) * static_cast<double>(clusters) >
        most_steps)
      return std::nullopt;
    for (std::size_t d = lost; d > 0; --d)
      for (std::size_t own = 0; own <= std::min(d, n); ++own)
        together[d] = std::min(together[d], together[d - own] + (*one)[own]);
    least = together[lost];
  }
  return least;
}

}  // namespace

double cheapest(Costs costs, std::size_t count) {
  if (count > costs.size()) return infinite;
  if (count < costs.size())
    std::nth_element(costs.begin(), costs.begin() + static_cast<std::ptrdiff_t>(count), costs.end());
  return std::accumulate(costs.begin(), costs.begin() + static_cast<std::ptrdiff_t>(count), 0.0);
}

std::optional<double> cheapest_loss(const std::vector<Removable>& senders, std::uint64_t lost) {
  std::uint64_t total = 0;
  for (const Removable& sender : senders) total += sender.weight;
  if (lost > total) return infinite;
  const auto same_weight = [](const Removable& a, const Removable& b) { return a.weight != b.weight; };
  if (std::adjacent_find(senders.begin(), senders.end(), same_weight) == senders.end()) {
    Costs costs;
    for (const Removable& sender : senders) costs.push_back(sender.cost);
    const std::uint64_t weight = senders.empty() ? 1 : std::max<std::uint64_t>(senders[0].weight, 1);
    return cheapest(std::move(costs), (lost + weight - 1) / weight);
  }
  if (static_cast<double>(lost) * static_cast<double>(senders.size()) > most_steps) return std::nullopt;
  Costs least(lost + 1, infinite);
  least[0] = 0;
  for (const Removable& sender : senders)
    for (std::uint64_t d = lost; d > 0; --d)
      least[d] = std::min(least[d], least[d - std::min(d, sender.weight)] + sender.cost);
  return least[lost];
}

std::optional<double> least_to_block(const CompletionLaw& law, const Costs& costs) {
  // Clusters are made of consecutive workers.
  if (law.first_of_all) return *std::min_element(costs.begin(), costs.end());
  if (law.need <= 0) return infinite;
  if (law.kind == CompletionLaw::Kind::distinct) return least_of_rings(law, costs);
  const auto n = static_cast<std::size_t>(law.workers), messages = law.work.size();
  const std::size_t silent =
      law.finisher_decodes ? n : (n * messages - static_cast<std::size_t>(law.need)) / messages + 1;
  double least = infinite;
  for (auto first = costs.begin(); first != costs.end(); first += law.workers)
    least = std::min(least, cheapest(Costs(first, first + law.workers), silent));
  return least;
}

}  // namespace straggle
