// The nested allocation: every node's share, the smallest trees by hand, and any n − s children of every
// relay.
#include "codes/tree_allocation.h"

#include <catch2/catch.hpp>
#include <functional>
#include <map>
#include <set>

#include "codes/cyclic_mds.h"
#include "codes/cyclic_random.h"
#include "codes/polynomial.h"
#include "tests/codes/straggler_sets.h"

using namespace straggle::codes;

namespace {

template <Field T>
LinearCode<T> code_of(const CodedTree& tree, std::uint64_t seed = 3) {
  std::mt19937_64 random(seed);
  return cyclic_random<T>(tree.arity, tree.stragglers + 1, test::drawing<T>(random));
}

using Set = std::vector<int>;

/// Which children a relay uses, by their places from 0 on.
using Choice = std::function<Set(std::int64_t)>;

/// What the root makes of the parts, a coefficient each, and the sum of the magnitudes that went into it.
template <Field T>
struct Combined {
  RowVector<T> coefficients;
  RowVector<double> magnitudes;
};

/// Every relay combines the children of its choice by the weights of a direct solve: the rule itself, written
/// down recursively and without the library's Decoder. Nothing if some node that matters cannot decode.
template <Field T>
std::optional<Combined<T>> combine(const CodedTree& tree, const TreeAllocation<T>& allocation,
                                   const LinearCode<T>& code, const Choice& choice, std::int64_t node = 0) {
  Combined<T> result{RowVector<T>::Zero(tree.parts()), RowVector<double>::Zero(tree.parts())};
  const auto size = [](const T& value) {
    if constexpr (std::same_as<T, Complex>) {
      return std::abs(value);
    } else {
      return value == T(0) ? 0.0 : 1.0;
    }
  };
  if (node > 0)
    for (const auto& [part, weight] : allocation.of(static_cast<std::size_t>(node))) {
      result.coefficients(part) += weight;
      result.magnitudes(part) += size(weight);
    }
  if (node > tree.last_relay()) return result;
  const Set children = choice(node);
  const std::optional<Decoding<T>> decoded = decoding(code, children);
  if (!decoded) return std::nullopt;
  for (std::size_t i = 0; i < children.size(); ++i) {
    const auto child = combine(tree, allocation, code, choice, tree.first_child(node) + children[i]);
    if (!child) return std::nullopt;
    const T weight = decoded->weights(static_cast<Eigen::Index>(i));
    result.coefficients += weight * child->coefficients;
    result.magnitudes += size(weight) * child->magnitudes;
  }
  return result;
}

/// Whether the root ends up with every part exactly once.
template <Field T>
bool decodes(const CodedTree& tree, const TreeAllocation<T>& allocation, const LinearCode<T>& code,
             const Choice& choice) {
  const auto result = combine(tree, allocation, code, choice);
  if (!result) return false;
  if constexpr (std::same_as<T, Complex>) {
    return (result->coefficients.array() - T(1)).abs().maxCoeff() <=
           rounding_bound(result->magnitudes.maxCoeff());
  } else {
    return (result->coefficients.array() == T(1)).all();
  }
}

Choice random_choice(const CodedTree& tree, std::mt19937_64& random) {
  return [&](std::int64_t) { return test::random_set(tree.arity, tree.arity - tree.stragglers, random); };
}

}  // namespace

TEST_CASE("trees have the nodes, parents and children of the paper's numbering") {
  CHECK(CodedTree{.arity = 4, .depth = 3}.nodes() == 84);
  CHECK(CodedTree{.arity = 12, .depth = 2}.nodes() == 156);
  CHECK(CodedTree{.arity = 1, .depth = 5}.nodes() == 5);
  CHECK(CodedTree{.arity = 1000000, .depth = 1000000}.nodes() > 1000000);
  CHECK(CodedTree{.arity = 1, .depth = 2000000000}.nodes() > 1000000);
  const CodedTree tree{.arity = 3, .depth = 2};
  CHECK(tree.last_relay() == 3);
  CHECK(tree.first_child(0) == 1);
  CHECK(tree.first_child(3) == 10);
  for (const std::int64_t child : {4, 5, 6}) CHECK(tree.parent(child) == 1);
  CHECK(tree.parent(12) == 3);
  CHECK(tree.parent(3) == 0);
}

TEST_CASE("every node computes 1 / sum of (n/(s+1))^l of the data: the paper's numbers") {
  const auto load = [](int n, int L, int s) {
    return CodedTree{.arity = n, .depth = L, .stragglers = s}.load();
  };
  CHECK(load(3, 2, 1) == Approx(4.0 / 15).epsilon(1e-15));
  // As printed, to half a unit of the last digit.
  CHECK(load(4, 3, 1) == Approx(0.0714).margin(5e-5));
  CHECK(load(12, 2, 1) == Approx(0.02381).margin(5e-6));
  CHECK(load(12, 2, 2) == Approx(0.05).epsilon(1e-15));
  CHECK(load(12, 2, 3) == Approx(0.08333).margin(5e-6));
  // s = 0 is the uncoded tree, s = n − 1 gives every layer everything; one layer is plain gradient coding.
  CHECK(load(4, 3, 0) == Approx(1.0 / 84).epsilon(1e-15));
  CHECK(load(4, 3, 3) == Approx(1.0 / 3).epsilon(1e-15));
  CHECK(load(5, 1, 2) == Approx(3.0 / 5).epsilon(1e-15));
  for (int n = 1; n <= 9; ++n)
    for (int L = 1; L <= 4; ++L)
      for (int s = 0; s < n; ++s) {
        double sum = 0;
        for (int l = 1; l <= L; ++l) sum += std::pow(static_cast<double>(n) / (s + 1), l);
        CHECK(load(n, L, s) == Approx(1 / sum).epsilon(1e-14));
      }
}

TEST_CASE("the parts of a tree are the fewest that can be split all the way down") {
  CHECK(CodedTree{.arity = 3, .depth = 2, .stragglers = 1}.parts() == 15);
  CHECK(CodedTree{.arity = 4, .depth = 3, .stragglers = 1}.parts() == 28);
  CHECK(CodedTree{.arity = 12, .depth = 2, .stragglers = 3}.parts() == 48);
  CHECK(CodedTree{.arity = 12, .depth = 2, .stragglers = 4}.parts() == 204);
  for (int n = 1; n <= 8; ++n)
    for (int L = 1; L <= 4; ++L)
      for (int s = 0; s < n; ++s) {
        CAPTURE(n, L, s);
        const CodedTree tree{.arity = n, .depth = L, .stragglers = s};
        // Whether d parts can be split: x = d·(s + 1)/n at a child, of which r·d stay.
        const auto splits = [&](std::int64_t d) {
          const std::int64_t own =
              static_cast<std::int64_t>(std::llround(static_cast<double>(d) * tree.load()));
          std::int64_t left = d;
          for (int l = 1; l <= L; ++l) {
            if (left % n != 0) return false;
            left = left / n * (s + 1) - own;
            if (left < 0) return false;
          }
          return left == 0;
        };
        CHECK(splits(tree.parts()));
        std::int64_t fewest = 1;
        while (fewest < tree.parts() && !splits(fewest)) ++fewest;
        CHECK(fewest == tree.parts());
      }
}

TEST_CASE("every node has its share, in ascending order, and its layer covers what the ones above left") {
  for (int n = 1; n <= 6; ++n)
    for (int L = 1; L <= (n > 4 ? 2 : 3); ++L)
      for (int s = 0; s < n; ++s) {
        CAPTURE(n, L, s);
        const CodedTree tree{.arity = n, .depth = L, .stragglers = s};
        const LinearCode<Gf61> code = code_of<Gf61>(tree);
        const TreeAllocation<Gf61> allocation(tree, code.rows);
        std::vector<int> copies(static_cast<std::size_t>(tree.parts()), 0);
        double work = 0;
        for (std::int64_t node = 1; node <= tree.nodes(); ++node) {
          const auto own = allocation.of(static_cast<std::size_t>(node));
          REQUIRE(static_cast<std::int64_t>(own.size()) == tree.own_parts());
          for (std::size_t i = 0; i < own.size(); ++i) {
            REQUIRE(own[i].part >= 0);
            REQUIRE(own[i].part < tree.parts());
            if (i > 0) REQUIRE(own[i].part > own[i - 1].part);
            ++copies[static_cast<std::size_t>(own[i].part)];
          }
        }
        // A part kept in layer l has (s + 1)^l copies in that layer: it is nowhere else below one parent's
        // child, but may be kept in another layer below another.
        const std::int64_t total = tree.nodes() * tree.own_parts();
        CHECK(std::accumulate(copies.begin(), copies.end(), std::int64_t{0}) == total);
        CHECK(*std::min_element(copies.begin(), copies.end()) >= s + 1);
        // work(): what the nodes hand down or keep, layer by layer.
        std::int64_t layer = 1, subtree = tree.parts();
        for (int l = 1; l <= L; ++l) {
          layer *= n;
          subtree = subtree / n * (s + 1);
          work += static_cast<double>(layer * subtree);
          subtree -= tree.own_parts();
        }
        CHECK(tree.work() == Approx(work).epsilon(1e-12));
      }
}

TEST_CASE("the tree of arity three, depth two and one straggler by hand") {
  // 15 parts, 4 a node. The code's rows are (1, a, 0), (0, 1, b), (c, 0, 1); node 1 gets slices 0 and 1, that
  // is parts 0 … 9, keeps 0 … 3 and leaves 4 … 9 in slices of two.
  const CodedTree tree{.arity = 3, .depth = 2, .stragglers = 1};
  Matrix<Gf61> rows(3, 3);
  const Gf61 a(2), b(3), c(5);
  rows << Gf61(1), a, Gf61(0), Gf61(0), Gf61(1), b, c, Gf61(0), Gf61(1);
  const TreeAllocation<Gf61> allocation(tree, rows);
  using Parts = std::vector<std::pair<int, std::uint64_t>>;
  const auto of = [&](std::size_t node) {
    Parts result;
    for (const auto& [part, weight] : allocation.of(node)) result.emplace_back(part, weight.value());
    return result;
  };
  CHECK(of(1) == Parts{{0, 1}, {1, 1}, {2, 1}, {3, 1}});
  CHECK(of(2) == Parts{{5, 1}, {6, 1}, {7, 1}, {8, 1}});
  CHECK(of(3) == Parts{{0, 5}, {1, 5}, {2, 5}, {3, 5}});  // slice 0 comes first
  // Left of node 1: part 4 with weight 1, parts 5 … 9 with weight a = 2: slices (4, 5), (6, 7), (8, 9).
  CHECK(of(4) == Parts{{4, 1}, {5, 2}, {6, 2 * 2}, {7, 2 * 2}});
  CHECK(of(5) == Parts{{6, 2}, {7, 2}, {8, 2 * 3}, {9, 2 * 3}});
  CHECK(of(6) == Parts{{4, 5}, {5, 2 * 5}, {8, 2}, {9, 2}});
  // Node 2 has slices 1 and 2 with weights 1 and b = 3: left are 9 and 10 … 14.
  CHECK(of(7) == Parts{{9, 1}, {10, 3}, {11, 3 * 2}, {12, 3 * 2}});
  CHECK(of(8) == Parts{{11, 3}, {12, 3}, {13, 3 * 3}, {14, 3 * 3}});
  CHECK(of(9) == Parts{{9, 5}, {10, 3 * 5}, {13, 3}, {14, 3}});
  // Node 3 has slices 0 and 2 with weights c = 5 and 1: left are 4 and 10 … 14.
  CHECK(of(10) == Parts{{4, 5}, {10, 1}, {11, 2}, {12, 2}});
  CHECK(of(11) == Parts{{11, 1}, {12, 1}, {13, 3}, {14, 3}});
  CHECK(of(12) == Parts{{4, 5 * 5}, {10, 5}, {13, 1}, {14, 1}});
}

TEST_CASE("any n - s children at every relay decode, no set of one fewer does: every choice of small trees") {
  const CodedTree trees[] = {
      {.arity = 2, .depth = 2, .stragglers = 0}, {.arity = 2, .depth = 2, .stragglers = 1},
      {.arity = 2, .depth = 3, .stragglers = 1}, {.arity = 3, .depth = 2, .stragglers = 0},
      {.arity = 3, .depth = 2, .stragglers = 1}, {.arity = 3, .depth = 2, .stragglers = 2},
      {.arity = 4, .depth = 1, .stragglers = 1}};
  for (const CodedTree& tree : trees) {
    CAPTURE(tree.arity, tree.depth, tree.stragglers);
    const LinearCode<Gf61> code = code_of<Gf61>(tree);
    const TreeAllocation<Gf61> allocation(tree, code.rows);
    std::vector<Set> sets, fewer;
    test::for_each_set(tree.arity, tree.arity - tree.stragglers,
                       [&](const Set& set) { sets.push_back(set); });
    test::for_each_set(tree.arity, tree.arity - tree.stragglers - 1,
                       [&](const Set& set) { fewer.push_back(set); });
    // Every relay chooses by its own digit of a counter.
    const auto relays = static_cast<std::size_t>(tree.last_relay() + 1);
    std::vector<std::size_t> digit(relays, 0);
    const auto chosen = [&](std::int64_t relay) { return sets[digit[static_cast<std::size_t>(relay)]]; };
    for (std::size_t at = 0; at < relays;) {
      REQUIRE(decodes(tree, allocation, code, chosen));
      for (at = 0; at < relays && ++digit[at] == sets.size(); ++at) digit[at] = 0;
    }
    for (std::int64_t poor = 0; poor < static_cast<std::int64_t>(relays); ++poor)
      for (const Set& set : fewer) {
        // The poor relay matters only if those above it use it.
        const auto choice = [&](std::int64_t relay) {
          if (relay == poor) return set;
          for (const Set& all : sets)
            for (const int child : all) {
              std::int64_t below = tree.first_child(relay) + child;
              for (std::int64_t above = poor; above > 0; above = tree.parent(above))
                if (above == below) return all;
            }
          return sets[0];
        };
        REQUIRE_FALSE(decodes(tree, allocation, code, choice));
      }
  }
}

TEMPLATE_TEST_CASE("random children at every relay decode in the paper's trees", "", Complex, Gf61) {
  using T = TestType;
  for (const CodedTree& tree : {CodedTree{.arity = 4, .depth = 3, .stragglers = 1},
                                CodedTree{.arity = 4, .depth = 2, .stragglers = 2},
                                CodedTree{.arity = 12, .depth = 2, .stragglers = 1},
                                CodedTree{.arity = 12, .depth = 2, .stragglers = 2},
                                CodedTree{.arity = 12, .depth = 2, .stragglers = 3}}) {
    CAPTURE(tree.arity, tree.depth, tree.stragglers);
    const LinearCode<T> code = code_of<T>(tree);
    const TreeAllocation<T> allocation(tree, code.rows);
    std::mt19937_64 random(5);
    for (int trial = 0; trial < 20; ++trial)
      REQUIRE(decodes(tree, allocation, code, random_choice(tree, random)));
  }
}

TEMPLATE_TEST_CASE("one changed coefficient anywhere in a tree is caught", "", Complex, Gf61) {
  using T = TestType;
  const CodedTree tree{.arity = 3, .depth = 2, .stragglers = 1};
  const LinearCode<T> code = code_of<T>(tree);
  const TreeAllocation<T> allocation(tree, code.rows);
  for (int i = 0; i < 3; ++i)
    for (int k = 0; k < 3; ++k) {
      if (code.rows(i, k) == T(0)) continue;
      // The nodes compute with the changed coefficient, the relays decode as before.
      Matrix<T> changed = code.rows;
      changed(i, k) += T(1);
      const TreeAllocation<T> wrong(tree, changed);
      test::for_each_set(3, 2, [&](const Set& set) {
        const bool used = std::find(set.begin(), set.end(), i) != set.end();
        const Choice same = [&](std::int64_t) { return set; };
        CHECK(decodes(tree, allocation, code, same));
        CHECK(decodes(tree, wrong, code, same) == !used);
      });
    }
}

TEST_CASE("codes that keep their digits once may lose them on a further layer") {
  // Contiguous stragglers cost the circulant of cyclic MDS a condition of 6586 here: squared it is below the
  // 4.5e8 that the ceiling leaves, cubed it is not. The polynomial code has one of 12.
  const auto keeps = [](const LinearCode<Complex>& code, int depth) {
    const CodedTree tree{.arity = 20, .depth = depth, .stragglers = 8};
    return tree_keeps_digits(Decoder<Complex>(code), tree);
  };
  CHECK(keeps(cyclic_mds(20, 9), 1));
  CHECK(keeps(cyclic_mds(20, 9), 2));
  CHECK_FALSE(keeps(cyclic_mds(20, 9), 3));
  CHECK(keeps(polynomial<Complex>(cyclic_mask(20, 9)), 3));
  // Random sets: n = 12 with three stragglers, median condition 18, one set in a thousand above 12 000.
  std::mt19937_64 random(7);
  const LinearCode<Complex> code = cyclic_random<Complex>(12, 4, test::drawing<Complex>(random));
  const auto fits = [&](int depth) {
    return tree_keeps_digits(Decoder<Complex>(code), {.arity = 12, .depth = depth, .stragglers = 3});
  };
  CHECK(fits(2));
  CHECK_FALSE(fits(4));
}

TEST_CASE("conditions multiply from the leaves to the root") {
  // Rows (1, 2, 0) and (0, 1, 4), weights 3 and 5: column sums 3, 6 + 5 and 20 for leaves.
  Matrix<Complex> rows(3, 3);
  rows << 1, 2, 0, 0, 1, 4, 7, 7, 7;
  RowVector<Complex> weights(2);
  weights << 3, -5;
  CHECK(nested_condition(rows, {0, 1}, weights, {1, 1}) == 20);
  CHECK(nested_condition(rows, {0, 1}, weights, {10, 1}) == 65);
  CHECK(nested_condition(rows, {0, 1}, weights, {1, 10}) == 200);
  CHECK(nested_condition(rows, {0}, RowVector<Complex>::Constant(1, 0.25), {1}) == 1);  // never below one
}

TEST_CASE("an allocation refuses coefficients that are not a gradient code's of this tree") {
  const CodedTree tree{.arity = 3, .depth = 2, .stragglers = 1};
  CHECK_THROWS_AS(TreeAllocation<Gf61>(tree, Matrix<Gf61>::Identity(3, 3)), std::logic_error);
  CHECK_THROWS_AS(TreeAllocation<Gf61>(tree, Matrix<Gf61>::Constant(3, 3, Gf61(1))), std::logic_error);
}
