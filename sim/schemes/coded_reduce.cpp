// CodedReduce, a gradient code nested over a regular tree: Reisizadeh, Prakash, Pedarsani and Avestimehr,
// "CodedReduce: A Fast and Robust Framework for Gradient Aggregation in Distributed Learning", IEEE/ACM
// Transactions on Networking 2022. Every parent does without any s of its n children.
#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "sim/base/memo.h"
#include "sim/schemes/gradient_codes.h"
#include "sim/schemes/tree_codebook.h"

namespace straggle {
namespace {

using codes::CodedTree;

std::string shape_of(const CodedTree& tree, std::int64_t workers) {
  return fmt::format("({}, {}) with {}", tree.arity, tree.depth, workers);
}

/// The trees of two layers and more with the numbers of workers nearest to K: of every depth the largest with
/// at most K and the smallest with more, and of these the best.
std::string nearest_trees(int K) {
  struct Candidate {
    CodedTree tree;
    std::int64_t workers;
  };
  std::vector<Candidate> candidates;
  for (int depth = 2; CodedTree{.arity = 2, .depth = depth - 1}.nodes() <= K; ++depth) {
    CodedTree tree{.arity = 2, .depth = depth};
    while (tree.nodes() <= K) ++tree.arity;
    candidates.push_back({tree, tree.nodes()});
    if (--tree.arity >= 2) candidates.push_back({tree, tree.nodes()});
  }
  const auto distance = [K](const Candidate& candidate) { return std::abs(candidate.workers - K); };
  std::stable_sort(candidates.begin(), candidates.end(),
                   [&](const Candidate& a, const Candidate& b) { return distance(a) < distance(b); });
  std::string result;
  for (std::size_t i = 0; i < std::min<std::size_t>(4, candidates.size()); ++i)
    result += (i == 0 ? "" : ", ") + shape_of(candidates[i].tree, candidates[i].workers);
  return result.empty() ? shape_of({.arity = K, .depth = 1}, K) : result;
}

/// Reports what is too large to verify, or has no digits left when it is decoded once a layer.
void refuse_unverifiable(ConfigReader& config, const SchemeContext& context, const std::string& code_name,
                         const CodedTree& tree) {
  constexpr double most = 1e6;  // a verified trial then takes some hundredths of a second
  if (context.verify && tree.work() > most) {
    config.mistake("", fmt::format("nests a code of {} parts over {} workers, too large to verify: add "
                                   "\"verify\": {{\"trials\": 0}}",
                                   tree.parts(), tree.nodes()));
    return;
  }
  refuse_out_of_range(config, context, code_name, tree.arity, tree.stragglers + 1);
  if (!context.verify_real || !config.complete()) return;
  const auto keeps = [&](int stragglers) {
    const auto code = cyclic_code(code_name, tree.arity, stragglers + 1, context.seed);
    return codes::tree_keeps_digits(code->decoder<codes::Complex>(),
                                    {.arity = tree.arity, .depth = tree.depth, .stragglers = stragglers});
  };
  // A sweep asks for the same tree at many points.
  static Memo<std::tuple<std::string, int, int, int, std::uint64_t>, int> most_stragglers;
  const int good = most_stragglers({code_name, tree.arity, tree.depth, tree.stragglers, context.seed}, [&] {
    int stragglers = tree.stragglers;
    while (!keeps(stragglers)) --stragglers;  // ends at 0
    return stragglers;
  });
  if (good < tree.stragglers)
    config.mistake(
        "code", fmt::format("\"{}\" loses its digits in doubles when {} of {} children are missing on each "
                            "of {} layers; it is good for up to {}{}. Or verify in the prime field only: "
                            "\"verify\": {{\"fields\": [\"prime\"]}}",
                            code_name, tree.stragglers, tree.arity, tree.depth, good,
                            code_name == "reed-solomon" ? "" : ", \"reed-solomon\" for more"));
}

const Field arity = Field::integer("arity", between(1, 1e6, "the children of a parent"),
                                   "Children of the master and of every relay (n).");
const Field depth = Field::integer("depth", between(1, 1e6, "the layers below the root"),
                                   "Layers of workers (L); those of the last one are leaves.");
const Field tree_field = Field::object(
    "tree", {.fields = {arity, depth}},
    "The tree, of n + n^2 + ... + n^L workers. Worker w reports to worker (w - 1)/n, rounded down; "
    "worker 0 is the master.");
const Field stragglers_field =
    Field::integer("stragglers", between(0, 999'999, "a parent needs at least one of its children"),
                   "How many children every parent does without (s), fewer than all; 0 is the uncoded tree.");

SchemeRecipe read_coded_reduce(ConfigReader& config, const SchemeContext& context) {
  const int K = context.workers;
  ConfigReader shape = config.object(tree_field);
  CodedTree tree;
  tree.arity = static_cast<int>(shape.integer(arity));
  tree.depth = static_cast<int>(shape.integer(depth));
  const bool has_tree = shape.complete();
  if (has_tree && tree.nodes() != K)
    config.mistake(
        tree_field,
        fmt::format("of arity {} and depth {} has {} workers, not {}; nearest (arity, depth): {}", tree.arity,
                    tree.depth,
                    tree.nodes() > 1'000'000 ? "more than a million" : fmt::format("{}", tree.nodes()), K,
                    nearest_trees(K)));
  tree.stragglers =
      static_cast<int>(config.integer(stragglers_field, has_tree ? at_most(tree.arity - 1) : Range{}));
  const std::string code_name = config.word(cyclic_code_field());
  if (!config.complete()) return {};
  refuse_unverifiable(config, context, code_name, tree);
  if (!config.complete()) return {};

  const auto code = cyclic_code(code_name, tree.arity, tree.stragglers + 1, context.seed);
  const auto make = [=]() -> std::unique_ptr<Scheme> {
    const auto need = static_cast<std::uint32_t>(tree.arity - tree.stragglers);
    // r·K mini-batches, rounded once: exactly one where nothing is repeated.
    const double work = static_cast<double>(K * tree.own_parts()) / static_cast<double>(tree.parts());
    const std::int64_t last_relay = tree.last_relay();  // counts the nodes of all layers
    Program program({.need = need, .full = {need}});
    for (std::int64_t node = 1; node <= K; ++node)
      program.add({{.work = work,
                    .covers = work,
                    .to = static_cast<NodeId>(tree.parent(node)),
                    .need = node <= last_relay ? need : 0}});
    return std::make_unique<FixedScheme>(std::move(program),
                                         [=] { return std::make_unique<TreeCodebook>(tree, code); });
  };
  return {.make = make,
          .tree = TreeLaw{.arity = tree.arity, .depth = tree.depth, .stragglers = tree.stragglers}};
}

const SchemeRegistration registration(
    "coded-reduce", {.summary = "CodedReduce: a gradient code nested over a tree of relays.",
                     .fields = {tree_field, stragglers_field, cyclic_code_field()},
                     .read = read_coded_reduce,
                     .place = 7});

}  // namespace
}  // namespace straggle
