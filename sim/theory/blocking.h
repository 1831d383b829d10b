// Which workers keep an iteration from completing by their silence, and what the least of them cost: from
// this follow the tail of the completion time and with it whether it has a mean.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "sim/schemes/completion_law.h"

namespace straggle {

/// P(T > t) falls like t^(−index), up to slower factors: moments of an order below the index are finite, the
/// others are not. Infinite for tails lighter than every power.
struct TailBehaviour {
  double index = std::numeric_limits<double>::infinity();

  /// Whether T has a mean.
  bool mean() const { return index > 1; }
  /// Whether T has a variance: whether the standard error of a mean over trials means anything.
  bool variance() const { return index > 2; }
};

/// What it takes to silence each worker: the tail index of its x, 0 where it never answers.
using Costs = std::vector<double>;

/// The least sum of `count` costs; infinite where there are fewer.
double cheapest(Costs costs, std::size_t count);

/// A sender and what is lost with it.
struct Removable {
  double cost = 0;
  std::uint64_t weight = 0;
};

/// The least cost of senders that weigh at least `lost` together (a knapsack). Infinite where they never do;
/// nothing where it would take too long to find.
std::optional<double> cheapest_loss(const std::vector<Removable>& senders, std::uint64_t lost);

/// The least sum of costs, one a worker, over the sets of workers whose silence keeps a star from completing.
/// Infinite where nothing is waited for; nothing where it would take too long to find.
std::optional<double> least_to_block(const CompletionLaw& law, const Costs& costs);

}  // namespace straggle
