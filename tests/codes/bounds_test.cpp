// What no code can beat: the density of a gradient code (Tandon, Lei, Dimakis and Karampatziakis, Theorem 4.1
// of the dissertation version) and the load of a tree of relays (CodedReduce), by trying everything on small
// ones.
#include <bit>
#include <catch2/catch.hpp>
#include <cmath>

#include "codes/cyclic_mds.h"
#include "codes/cyclic_random.h"
#include "codes/polynomial.h"
#include "codes/tree_allocation.h"
#include "tests/codes/straggler_sets.h"

using namespace straggle::codes;

namespace {

template <class Rows>
std::int64_t nonzeros(const Rows& rows) {
  std::int64_t count = 0;
  for (Eigen::Index i = 0; i < rows.rows(); ++i)
    for (Eigen::Index k = 0; k < rows.cols(); ++k)
      if (rows(i, k) != typename Rows::Scalar(0)) ++count;
  return count;
}

bool tolerates(const LinearCode<Gf61>& code, int s) {
  const auto n = static_cast<int>(code.rows.rows());
  bool all = true;
  test::for_each_set(n, n - s,
                     [&](const std::vector<int>& taken) { all = all && decoding(code, taken).has_value(); });
  return all;
}

using Nodes = std::uint32_t;  // a bit a node but the root: bit w − 1 is node w

Nodes bit(std::int64_t node) {
  return Nodes(1) << (node - 1);
}

/// The nodes whose messages the root gets, directly or through relays, for every choice of s stragglers among
/// the children of each relay and of the root.
std::vector<Nodes> survivors(const CodedTree& tree) {
  std::vector<Nodes> sets = {0};
  for (std::int64_t parent = 0; parent <= tree.last_relay(); ++parent) {
    std::vector<Nodes> next;
    for (const Nodes alive : sets) {
      if (parent > 0 && !(alive & bit(parent))) {  // nobody hears of what happens below it
        next.push_back(alive);
        continue;
      }
      test::for_each_set(tree.arity, tree.arity - tree.stragglers, [&](const std::vector<int>& taken) {
        Nodes with = alive;
        for (const int child : taken) with |= bit(tree.first_child(parent) + child);
        next.push_back(with);
      });
    }
    sets = std::move(next);
  }
  return sets;
}

int layer_of(const CodedTree& tree, std::int64_t node) {
  int layer = 0;
  for (; node > 0; node = tree.parent(node)) ++layer;
  return layer;
}

}  // namespace

TEST_CASE("no code that tolerates s stragglers has fewer than n(s + 1) nonzeros, whatever its support") {
  // Every support of up to four workers and parts, with the best code there is for it: the polynomial one
  // decodes whatever a code with these zeros can decode.
  for (int n = 1; n <= 4; ++n) {
    std::vector<std::int64_t> least(static_cast<std::size_t>(n), n * n + 1);
    for (std::uint32_t support = 1; support < std::uint32_t(1) << (n * n); ++support) {
      const Mask mask = Mask::NullaryExpr(
          n, n, [&](Eigen::Index i, Eigen::Index k) { return ((support >> (i * n + k)) & 1) != 0; });
      const auto columns = mask.cast<int>().colwise().sum();
      const int fewest = columns.minCoeff();
      for (int s = 0; s < n; ++s) {
        // A part with s workers or fewer is lost with them, in whatever code.
        if (fewest <= s) {
          Eigen::Index part = 0;
          columns.minCoeff(&part);
          std::vector<int> missing;
          for (int i = 0; i < n; ++i)
            if (mask(i, part)) missing.push_back(i);
          REQUIRE(static_cast<int>(missing.size()) <= s);
          continue;
        }
        least[static_cast<std::size_t>(s)] =
            std::min<std::int64_t>(least[static_cast<std::size_t>(s)], std::popcount(support));
        REQUIRE(std::popcount(support) >= n * (s + 1));
      }
      // The supports that may tolerate s do: tried where it costs little.
      if (fewest > 0 && (n < 4 || support % 61 == 0)) {
        const LinearCode<Gf61> code = polynomial<Gf61>(mask);
        REQUIRE(tolerates(code, fewest - 1));
        if (fewest < n) REQUIRE_FALSE(tolerates(code, fewest));
      }
    }
    for (int s = 0; s < n; ++s) CHECK(least[static_cast<std::size_t>(s)] == n * (s + 1));
  }
}

TEST_CASE("every construction of a gradient code has exactly n(s + 1) nonzeros and tolerates s stragglers") {
  std::mt19937_64 random(5);
  for (int n = 2; n <= 8; ++n) {
    for (int s = 0; s < n; ++s) {
      const LinearCode<Gf61> cyclic = cyclic_random<Gf61>(n, s + 1, test::drawing<Gf61>(random));
      CHECK(nonzeros(cyclic.rows) == n * (s + 1));
      CHECK(tolerates(cyclic, s));
      if (s + 1 < n) CHECK_FALSE(tolerates(cyclic, s + 1));
      const LinearCode<Gf61> reed_solomon = polynomial<Gf61>(cyclic_mask(n, s + 1));
      CHECK(nonzeros(reed_solomon.rows) == n * (s + 1));
      CHECK(tolerates(reed_solomon, s));
      CHECK(nonzeros(cyclic_mds(n, s + 1).rows) == n * (s + 1));
      if (n % (s + 1) != 0) continue;
      // Fractional repetition: groups of s + 1 equal rows.
      LinearCode<Gf61> repetition;
      repetition.rows = Matrix<Gf61>::NullaryExpr(
          n, n, [&](Eigen::Index i, Eigen::Index k) { return Gf61(i / (s + 1) == k / (s + 1) ? 1 : 0); });
      repetition.wanted = RowVector<Gf61>::Constant(n, Gf61(1));
      repetition.threshold = n - s;
      CHECK(nonzeros(repetition.rows) == n * (s + 1));
      CHECK(tolerates(repetition, s));
    }
  }
}

TEST_CASE("no allocation on a small tree that tolerates s children of every parent has a load below r_CR") {
  for (const auto& [arity, depth] :
       {std::pair(1, 1), {2, 1}, {3, 1}, {5, 1}, {1, 3}, {2, 2}, {3, 2}, {2, 3}}) {
    for (int s = 0; s < arity; ++s) {
      const CodedTree tree{arity, depth, s};
      const std::vector<Nodes> alive = survivors(tree);
      std::vector<double> share;  // by node: (s + 1)^(−layer)
      double bound = 0;           // of all nodes together
      for (std::int64_t node = 1; node <= tree.nodes(); ++node) {
        share.push_back(std::pow(s + 1, -layer_of(tree, node)));
        bound += share.back();
      }
      // A part is safe with these holders if one of them is heard of whoever straggles. Of any safe set the
      // shares add up to one at least; so, summed over the parts, no load r of every node is below 1/bound.
      double least = bound + 1;
      for (Nodes holders = 1; holders < Nodes(1) << tree.nodes(); ++holders) {
        const bool safe =
            std::all_of(alive.begin(), alive.end(), [&](Nodes heard) { return (heard & holders) != 0; });
        if (!safe) continue;
        double sum = 0;
        for (std::size_t node = 0; node < share.size(); ++node)
          if (holders & (Nodes(1) << node)) sum += share[node];
        least = std::min(least, sum);
      }
      CAPTURE(arity, depth, s);
      REQUIRE(least >= 1 - 1e-12);
      CHECK(1 / bound == Approx(tree.load()).epsilon(1e-12));

      // And CodedReduce's allocation has that load at every node, with all its parts safe.
      std::mt19937_64 random(3);
      const TreeAllocation<Gf61> allocation(
          tree, cyclic_random<Gf61>(arity, s + 1, test::drawing<Gf61>(random)).rows);
      std::vector<Nodes> holders(static_cast<std::size_t>(tree.parts()));
      for (std::int64_t node = 1; node <= tree.nodes(); ++node) {
        const auto own = allocation.of(static_cast<std::size_t>(node));
        CHECK(static_cast<double>(own.size()) / static_cast<double>(tree.parts()) ==
              Approx(tree.load()).epsilon(1e-12));
        for (const auto& [part, weight] : own) holders[static_cast<std::size_t>(part)] |= bit(node);
      }
      for (const Nodes part : holders)
        CHECK(std::all_of(alive.begin(), alive.end(), [&](Nodes heard) { return (heard & part) != 0; }));
    }
  }
}
