#include "sim/run/theory_of_point.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <numeric>
#include <set>
#include <stdexcept>
#include <utility>
#include <vector>

#include "sim/engine/links.h"
#include "sim/engine/program.h"
#include "sim/schemes/scheme.h"

namespace straggle {
namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();

/// The law of c·x.
TimeLaw scaled(TimeLaw x, double c) {
  for (TimeLaw::Part& part : x.parts) {
    part.lower *= c;
    part.scale *= c;
  }
  return x;
}

/// From entry `first` on.
bool all_equal(const std::vector<double>& values, std::size_t first) {
  return std::adjacent_find(values.begin() + static_cast<std::ptrdiff_t>(first), values.end(),
                            std::not_equal_to<>()) == values.end();
}

/// The law of x where all workers are alike and answer.
std::optional<TimeLaw> common_law(const Compute& compute) {
  const Failure& failure = compute.failure;
  if (failure.probability > 0 || !failure.workers.empty()) return std::nullopt;
  return compute.model->law();
}

WorkLaw work_law(const Point& point, TimeLaw x) {
  WorkLaw work{.x = std::move(x), .scaling = point.compute.scaling, .increment = point.compute.increment};
  if (!point.compute.per_data_set) return work;
  if (work.scaling == Scaling::data_dependent)
    work.increment /= point.workers;
  else
    work.x = scaled(std::move(work.x), 1.0 / point.workers);
  return work;
}

/// Whether links cost no time.
bool ideal(const Point& point) {
  return point.links.discipline == Discipline::ideal;
}

std::optional<Prediction> prediction_of_star(const Point& point, const CompletionLaw& law,
                                             const WorkLaw& work) {
  if (ideal(point)) {
    std::optional<Prediction> found = predict_star(law, work);
    if (found && point.silence) {  // which makes them fewer
      found->messages.reset();
      found->messages_error = 0;
      if (std::isnan(found->time_low)) return std::nullopt;
    }
    return found;
  }
  const Links& links = point.links;
  if (links.discipline != Discipline::serial || point.downlink == Downlink::unicast) return std::nullopt;
  // The model has been multicast to all of them, or was there.
  const double later =
      (point.downlink == Downlink::none ? 0 : links.latency + links.seconds(master, 1, 1)) + links.latency;
  return predict_serial_star(law, work, later, links.seconds(1, master, 1));
}

std::optional<Prediction> prediction_of_exchange(const Point& point, const Program& program,
                                                 const WorkLaw& work) {
  const NodeId last = static_cast<NodeId>(program.workers());
  for (NodeId node = 2; node <= last; ++node)
    if (program.load(node) != program.load(1)) return std::nullopt;
  const Program::Route route = program.route(1, 0);
  const double step = ideal(point) ? 0 : point.links.latency + point.links.seconds(1, route.to, route.size);
  return predict_exchange(point.workers, program.load(1), program.rounds(), step, work);
}

std::optional<Prediction> prediction_of_tree(const Point& point, const TreeLaw& tree, const Program& program,
                                             const WorkLaw& work) {
  const bool simple_links =
      ideal(point) || (point.links.discipline == Discipline::serial && point.links.latency == 0);
  if (!simple_links || point.downlink != Downlink::none) return std::nullopt;
  const double hold = point.links.seconds(1, master, 1);
  // The theorem has one t_c for all layers.
  if (tree.depth > 1 && point.links.seconds(1, 1, 1) != hold) return std::nullopt;
  return predict_tree(tree, point.workers, program.load(1), hold, work);
}

std::optional<Prediction> prediction_at(const Point& point, std::size_t s) {
  const SchemeRecipe& recipe = point.schemes[s].recipe;
  const std::optional<TimeLaw> x = common_law(point.compute);
  if (!x || (point.iterations > 1 && point.round_start != RoundStart::fresh)) return std::nullopt;
  // Only the master's ports may differ: in an exchange it has none.
  if (!ideal(point) && (!all_equal(point.links.egress, 1) || !all_equal(point.links.ingress, 1)))
    return std::nullopt;
  const WorkLaw work = work_law(point, *x);
  if (recipe.law && ideal(point)) return prediction_of_star(point, *recipe.law, work);
  const auto scheme = recipe.make();
  const Program& program = scheme->next_round({});
  if (recipe.law)  // which knows no sizes
    return program.plain() ? prediction_of_star(point, *recipe.law, work) : std::nullopt;
  if (program.kind() == Program::Kind::exchange) return prediction_of_exchange(point, program, work);
  if (recipe.tree) return prediction_of_tree(point, *recipe.tree, program, work);
  return std::nullopt;
}

std::optional<double> skewness_at(const Point& point, std::size_t s) {
  const std::optional<CompletionLaw>& law = point.schemes[s].recipe.law;
  const std::optional<TimeLaw> x = common_law(point.compute);
  if (!x || !law || !ideal(point) || point.compute.scaling == Scaling::additive) return std::nullopt;
  const bool anew = point.round_start == RoundStart::fresh && point.compute.redraw_each_iteration;
  if (point.iterations > 1 && !anew) return std::nullopt;
  const std::optional<double> of_iteration = skewness(*law, *x);
  if (!of_iteration) return std::nullopt;
  return *of_iteration / std::sqrt(point.iterations);
}

/// What `f` finds, or nothing where a special function of Boost.Math gives up: theory says nothing then.
template <class F>
auto unless_numerics_fail(const F& f) -> decltype(f()) {
  try {
    return f();
  } catch (const std::runtime_error&) {  // no root found, out of range, not a whole number
    return std::nullopt;
  } catch (const std::domain_error&) {
    return std::nullopt;
  }
}

/// What it costs at least to keep a program from completing, by its messages: of a tree, of an exchange, or
/// of a star without a law.
class ProgramBlocking {
 public:
  ProgramBlocking(const Program& program, Scaling scaling, Costs costs)
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

std::optional<Prediction> predict(const Point& point, std::size_t s) {
  return unless_numerics_fail([&] { return prediction_at(point, s); });
}

std::optional<double> predicted_skewness(const Point& point, std::size_t s) {
  return unless_numerics_fail([&] { return skewness_at(point, s); });
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
    least = ProgramBlocking(scheme->next_round({}), point.compute.scaling, costs).least();
  }
  if (!least || *least == 0) return std::nullopt;
  // The others of the set may have failed in the same trial.
  const bool waits = !recipe.law || recipe.law->need > 0 || recipe.law->first_of_all;
  if (failure.probability > 0 && waits) least = heaviest;
  return TailBehaviour{*least};
}

}  // namespace straggle
