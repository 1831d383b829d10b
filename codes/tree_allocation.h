// A gradient code nested over a regular tree: Reisizadeh, Prakash, Pedarsani and Avestimehr, "CodedReduce: A
// Fast and Robust Framework for Gradient Aggregation in Distributed Learning", IEEE/ACM Transactions on
// Networking 2022. What each node computes, with which coefficients, so that every parent does without any s
// of its n children.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <optional>
#include <random>
#include <span>
#include <stdexcept>
#include <utility>
#include <vector>

#include "codes/decoder.h"
#include "codes/range.h"

namespace straggle::codes {

/// The (n, L)-regular tree whose parents tolerate s stragglers each: the root is node 0 and computes nothing;
/// the children of node w are n·w + 1 … n·w + n; the nodes of layer L are leaves.
///
/// All numbers are exact for trees of up to a million nodes.
struct CodedTree {
  int arity = 1;       ///< n
  int depth = 1;       ///< L
  int stragglers = 0;  ///< s, from 0 to n − 1

  /// n + n² + … + n^L, without the root; where that exceeds `most`, some number above it.
  std::int64_t nodes(std::int64_t most = 1'000'000) const {
    std::int64_t layer = 1, sum = 0;
    for (int l = 1; l <= depth && sum <= most; ++l) sum += layer *= arity;
    return sum;
  }
  /// The nodes up to this one, from the root on, have children.
  std::int64_t last_relay() const { return nodes() / arity - 1; }
  std::int64_t parent(std::int64_t node) const { return (node - 1) / arity; }
  std::int64_t first_child(std::int64_t node) const { return arity * node + 1; }

  /// d, the equal parts of the data set: the fewest that make every step of the allocation whole,
  /// (s + 1)·q^(L−1)·Σ_{l=1..L} (p/q)^l with p/q = n/(s + 1) in lowest terms.
  std::int64_t parts() const {
    const auto [p, q] = ratio();
    std::int64_t sum = 0;
    for (int l = 1; l <= depth; ++l) sum = sum * q + power(p, l);
    return (stragglers + 1) / q * sum;
  }
  /// Parts that each node computes itself, r·d = (s + 1)·q^(L−1).
  std::int64_t own_parts() const { return (stragglers + 1) * power(ratio().second, depth - 1); }
  /// The share r of the data set that each node computes, 1 / Σ_{l=1..L} (n/(s + 1))^l: the least possible.
  double load() const { return static_cast<double>(own_parts()) / static_cast<double>(parts()); }
  /// Entries a node of each layer hands down or keeps, over all nodes: what it takes to allocate the parts.
  double work() const {
    const double shared = static_cast<double>(arity) / (stragglers + 1);
    double layer = 1, subtree = static_cast<double>(parts()), sum = 0;
    for (int l = 1; l <= depth; ++l) {
      layer *= arity;
      subtree /= shared;
      sum += layer * subtree;
      subtree -= static_cast<double>(own_parts());
    }
    return sum;
  }

 private:
  std::pair<std::int64_t, std::int64_t> ratio() const {
    const std::int64_t divisor = std::gcd(arity, stragglers + 1);
    return {arity / divisor, (stragglers + 1) / divisor};
  }
  static std::int64_t power(std::int64_t base, int exponent) {
    std::int64_t result = 1;
    for (int i = 0; i < exponent && base != 1; ++i) result *= base;
    return result;
  }
};

/// One of the parts a node computes, and its coefficient in the node's own gradient.
template <Field T>
struct WeightedPart {
  int part;
  T weight;
};

/// Which parts every node computes. The parts of the root, or those left to a relay, are cut into n equal
/// slices; child i's subtree gets the slices k with rows(i, k) ≠ 0, their coefficients multiplied by
/// rows(i, k); the child itself keeps the first r·d of them and leaves the rest to its children. A node sends
/// its own weighted gradient and the combination of any n − s of its children's messages that decodes them.
template <Field T>
class TreeAllocation {
 public:
  /// `rows` is the n × n matrix of a gradient code, s + 1 entries of each row not zero (else
  /// std::logic_error).
  TreeAllocation(const CodedTree& tree, const Matrix<T>& rows)
      : own_(static_cast<std::size_t>(tree.own_parts())),
        kept_(own_ * static_cast<std::size_t>(tree.nodes())) {
    const auto n = static_cast<std::size_t>(tree.arity);
    std::vector<std::vector<WeightedPart<T>>> subtree(static_cast<std::size_t>(tree.nodes()) + 1);
    for (std::int64_t part = 0; part < tree.parts(); ++part)
      subtree[0].push_back({static_cast<int>(part), T(1)});
    for (std::size_t node = 0; node < subtree.size(); ++node) {
      std::vector<WeightedPart<T>> left = std::move(subtree[node]);
      subtree[node] = {};
      if (node > 0) {
        if (left.size() < own_) throw std::logic_error("a node of the tree has less than its share");
        std::copy_n(left.begin(), own_, kept_.begin() + static_cast<std::ptrdiff_t>((node - 1) * own_));
        left.erase(left.begin(), left.begin() + static_cast<std::ptrdiff_t>(own_));
      }
      if (static_cast<std::int64_t>(node) > tree.last_relay()) {
        if (!left.empty()) throw std::logic_error("a leaf of the tree has more than its share");
        continue;
      }
      const std::size_t slice = left.size() / n, first = n * node + 1;
      if (slice * n != left.size()) throw std::logic_error("a node of the tree cannot split what it has");
      for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t k = 0; k < n; ++k) {
          const T coefficient = rows(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(k));
          if (coefficient == T(0)) continue;
          for (std::size_t j = k * slice; j < (k + 1) * slice; ++j)
            subtree[first + i].push_back({left[j].part, coefficient * left[j].weight});
        }
      }
    }
  }

  /// What node 1, 2, … computes, in ascending order of the parts.
  std::span<const WeightedPart<T>> of(std::size_t node) const {
    return {kept_.data() + (node - 1) * own_, own_};
  }

 private:
  std::size_t own_;
  std::vector<WeightedPart<T>> kept_;  // node after node
};

/// Decoding::condition of a decode whose messages are decodes themselves: what one relative unit of rounding
/// anywhere below becomes. `conditions` are those of the taken messages, 1 for a leaf's.
inline double nested_condition(const Matrix<Complex>& rows, const std::vector<int>& taken,
                               const RowVector<Complex>& weights, const std::vector<double>& conditions) {
  RowVector<double> amplified = RowVector<double>::Zero(rows.cols());
  for (std::size_t i = 0; i < taken.size(); ++i)
    amplified +=
        std::abs(weights(static_cast<Eigen::Index>(i))) * conditions[i] * rows.row(taken[i]).cwiseAbs();
  return std::max(1.0, amplified.maxCoeff());
}

/// Whether a code that keeps_digits() by itself still does when it is decoded at every node of a tree, whose
/// conditions multiply on the way to the root: trees with the same contiguous stragglers everywhere must stay
/// below the ceiling, and 19 in 20 of 64 trees with random stragglers below a hundredth of it, as
/// keeps_digits() asks of single sets. The nodes of a random tree pick their sets from a thousand.
/// Deterministic.
inline bool tree_keeps_digits(const Decoder<Complex>& decode, const CodedTree& tree) {
  constexpr int kOffsets = 8, kPool = 1000, kTrees = 64, kMaySpoil = kTrees / 20;
  constexpr double kUnits = 10;  // rounding units of the residual beside the condition, see rounding_bound()
  constexpr double kLargest = kCeiling / (kUnits * std::numeric_limits<double>::epsilon());
  const int n = tree.arity, s = tree.stragglers;
  if (s == 0 || tree.depth == 1) return true;

  std::mt19937_64 random(20220217);
  std::vector<int> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  const auto all_but = [&](int first) {  // without s rows of `order` from `first` on, modulo n
    std::vector<int> taken;
    for (int i = s; i < n; ++i) taken.push_back(order[static_cast<std::size_t>((first + i) % n)]);
    return taken;
  };
  for (int offset = 0; offset < kOffsets; ++offset) {
    const std::optional<Decoding<Complex>> result = decode(all_but(offset * n / kOffsets));
    if (!result || !(std::pow(result->condition, tree.depth) <= kLargest)) return false;
  }

  struct Decode {
    std::vector<int> taken;
    RowVector<Complex> weights;
  };
  std::vector<Decode> pool;
  for (int set = 0; set < kPool; ++set) {
    for (std::size_t i = 0; i < order.size(); ++i)
      std::swap(order[i], order[i + random() % (order.size() - i)]);
    std::vector<int> taken = all_but(0);
    std::optional<Decoding<Complex>> result = decode(taken);
    // A set in a thousand may fail: a tree that picks it is spoilt.
    if (!result) result.emplace().weights.setConstant(n - s, std::numeric_limits<double>::infinity());
    pool.push_back({std::move(taken), std::move(result->weights)});
  }
  int spoilt = 0;
  std::vector<double> layer, below, conditions;
  for (int t = 0; t < kTrees; ++t) {
    below.assign(static_cast<std::size_t>(tree.nodes() - tree.last_relay()), 1);  // the leaves
    while (below.size() > 1) {
      layer.clear();
      for (std::size_t first = 0; first < below.size(); first += static_cast<std::size_t>(n)) {
        const Decode& picked = pool[random() % pool.size()];
        conditions.clear();
        for (const int child : picked.taken)
          conditions.push_back(below[first + static_cast<std::size_t>(child)]);
        layer.push_back(nested_condition(decode.code().rows, picked.taken, picked.weights, conditions));
      }
      std::swap(layer, below);
    }
    if (!(below.front() <= kLargest / 100) && ++spoilt > kMaySpoil) return false;
  }
  return true;
}

}  // namespace straggle::codes
