// How heavy the tail of a scheme's completion time is at a point: whether its mean and variance exist at all.
#pragma once

#include <limits>
#include <optional>
#include <vector>

#include "sim/run/experiment.h"

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

/// Of the completion time of scheme `s`, over the trials that complete. Every worker's x has a tail index
/// (ComputeModel::tail_index); for T to be large all workers of a set whose silence prevents completion must
/// be slow, each independently of the others, so that the index of T is the least sum over such a set: a·m
/// for workers that are alike, m the size of the smallest set. What is added in bounded amounts (links,
/// delays, increments) changes nothing, nor do sums (additive scaling, the mean over iterations).
///
/// A worker that may fail is silent for nothing. Nothing for a program whose sets this does not know, or that
/// cannot complete.
std::optional<TailBehaviour> completion_tail(const Point& point, std::size_t s);

}  // namespace straggle
