#include "sim/run/tail.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <map>
#include <numeric>
#include <set>
#include <span>
#include <utility>
#include <vector>

namespace straggle {
namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();

/// What it takes to silence each worker: the tail index of its x, 0 where it never answers.
using Costs = std::vector<double>;

/// Steps of dynamic programming; beyond them a case counts as unknown.
constexpr double most_steps = 1e8;

/// The least sum of `count` costs.
double cheapest(Costs costs, std::size_t count) {
  if (count > costs.size()) return infinite;
  if (count < costs.size())
    std::nth_element(costs.begin(), costs.begin() + static_cast<std::ptrdiff_t>(count), costs.end());
  return std::accumulate(costs.begin(), costs.begin() + static_cast<std::ptrdiff_t>(count), 0.0);
}

/// A sender and what is lost with it.
struct Removable {
  double cost = 0;
  std::uint64_t weight = 0;
};

/// The least cost of senders that weigh at least `lost` together (a knapsack).
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

/// Of a tree, or of a star without a law.
class OfProgram {
 public:
  OfProgram(const Program& program, Scaling scaling, Costs costs)
      : program_(program), always_sent_(scaling != Scaling::data_dependent), costs_(std::move(costs)) {}

  std::optional<double> least() {
    if (program_.kind() == Program::Kind::exchange) return *std::min_element(costs_.begin(), costs_.end());
    // A relay is silenced by itself or through those who send to it, who come after it.
    std::map<NodeId, std::vector<Removable>> senders;
    for (auto node = static_cast<NodeId>(program_.workers()); node > 0; --node) {
      double& cost = costs_[node - 1];
      const auto relay = senders.find(node);
      const std::uint32_t need = program_.messages(node).empty() ? 0 : program_.route(node, 0).need;
      if (need > 0) {
        std::uint64_t sent = 0;
        if (relay != senders.end())
          for (const Removable& sender : relay->second) sent += sender.weight;
        const auto through = sent < need ? 0.0 : cheapest_loss(relay->second, sent - need + 1);
        if (!through) return std::nullopt;
        cost = std::min(cost, *through);
      }
      if (program_.messages(node).empty() || program_.route(node, 0).to == master) continue;
      senders[program_.route(node, 0).to].push_back({cost, program_.messages(node).size()});
    }
    return at_master();
  }

 private:
  bool can_be_lost(const Program::Message& message) const { return message.work > 0 || !always_sent_; }

  std::optional<double> at_master() const {
    const Goal& goal = program_.goal();
    if (goal.need == 0) return infinite;
    const std::uint64_t room = std::accumulate(goal.full.begin(), goal.full.end(), std::uint64_t{0});
    double least = infinite;
    for (std::uint32_t group = 0; group < goal.full.size(); ++group) {
      const std::uint64_t wanted =
          goal.full.size() == 1 ? std::min(goal.need, goal.full[0]) : goal.full[group];
      // Some groups may stay behind: which, is more than this knows.
      if (goal.full.size() > 1 && room != goal.need) return std::nullopt;
      const auto of_group = goal.items > 0 ? losing_items(group, wanted) : losing_messages(group, wanted);
      if (!of_group) return std::nullopt;
      least = std::min(least, *of_group);
    }
    return least;
  }

  std::optional<double> losing_messages(std::uint32_t group, std::uint64_t wanted) const {
    std::vector<Removable> senders;
    std::uint64_t total = 0;
    for (NodeId node = 1; node <= program_.workers(); ++node) {
      Removable sender{.cost = costs_[node - 1]};
      for (std::size_t j = 0; j < program_.messages(node).size(); ++j) {
        const Program::Message& message = program_.messages(node)[j];
        if (message.group != group || program_.route(node, j).to != master) continue;
        total += message.weight;
        if (can_be_lost(message)) sender.weight += message.weight;
      }
      if (sender.weight > 0) senders.push_back(sender);
    }
    return total < wanted ? 0.0 : cheapest_loss(senders, total - wanted + 1);
  }

  /// Where all items of the group are needed the cheapest one; where nobody shares any, like messages.
  std::optional<double> losing_items(std::uint32_t group, std::uint64_t wanted) const {
    struct Item {
      std::uint32_t weight = 0;
      std::set<NodeId> holders;
      bool can_be_lost = true;
    };
    std::map<std::uint32_t, Item> items;
    for (NodeId node = 1; node <= program_.workers(); ++node)
      for (const Program::Message& message : program_.messages(node)) {
        if (message.group != group) continue;
        Item& item = items[message.item];
        item.weight = message.weight;
        item.holders.insert(node);
        item.can_be_lost = item.can_be_lost && can_be_lost(message);
      }
    std::uint64_t total = 0;
    std::uint32_t smallest = std::numeric_limits<std::uint32_t>::max();
    for (const auto& [number, item] : items) {
      total += item.weight;
      smallest = std::min(smallest, item.weight);
    }
    if (total < wanted) return 0.0;
    if (std::all_of(items.begin(), items.end(),
                    [](const auto& entry) { return entry.second.holders.size() == 1; }))
      return losing_messages(group, wanted);
    if (total - wanted >= smallest) return std::nullopt;
    double least = infinite;
    for (const auto& [number, item] : items) {
      double sum = item.can_be_lost ? 0 : infinite;
      for (const NodeId holder : item.holders) sum += costs_[holder - 1];
      least = std::min(least, sum);
    }
    return least;
  }

  const Program& program_;
  bool always_sent_;  ///< a message without work, however slow its worker
  Costs costs_;       ///< of nodes 1, 2, …
};

}  // namespace

std::optional<double> least_to_block(const CompletionLaw& law, const std::vector<double>& costs) {
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

std::optional<TailBehaviour> completion_tail(const Point& point, std::size_t s) {
  Costs costs(static_cast<std::size_t>(point.workers));
  for (std::size_t w = 0; w < costs.size(); ++w) costs[w] = point.compute.model->tail_index(w);
  const Failure& failure = point.compute.failure;
  if (failure.workers.empty() &&
      std::all_of(costs.begin(), costs.end(), [](double cost) { return std::isinf(cost); }))
    return TailBehaviour{};
  for (const std::uint32_t worker : failure.workers) costs[worker] = 0;
  double heaviest = infinite;  // of the workers that answer
  for (const double cost : costs)
    if (cost > 0) heaviest = std::min(heaviest, cost);

  const SchemeRecipe& recipe = point.schemes[s].recipe;
  std::optional<double> least;
  if (recipe.law) {
    least = least_to_block(*recipe.law, costs);
  } else {
    const auto scheme = recipe.make();
    least = OfProgram(scheme->next_round(nullptr), point.compute.scaling, costs).least();
  }
  if (!least || *least == 0) return std::nullopt;
  // The others of the set may have failed in the same trial.
  const bool waits = !recipe.law || recipe.law->need > 0 || recipe.law->first_of_all;
  if (failure.probability > 0 && waits) least = heaviest;
  return TailBehaviour{*least};
}

}  // namespace straggle
