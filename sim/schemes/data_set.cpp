#include "sim/schemes/data_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <new>
#include <set>
#include <utility>
#include <vector>

namespace straggle {
namespace {

/// `3, 5 to 8`, counted from 1; the first few.
std::string places(const std::vector<std::size_t>& blocks) {
  std::string text;
  std::size_t runs = 0;
  for (std::size_t i = 0; i < blocks.size(); ++runs) {
    std::size_t last = i;
    while (last + 1 < blocks.size() && blocks[last + 1] == blocks[last] + 1) ++last;
    if (runs == 4) return text + ", ...";
    text += text.empty() ? "" : ", ";
    text += last == i ? fmt::format("{}", blocks[i] + 1)
                      : fmt::format("{} to {}", blocks[i] + 1, blocks[last] + 1);
    i = last + 1;
  }
  return text;
}

/// The weight of useful messages when all have come, in a star.
std::uint64_t within_reach(const Program& program) {
  const Goal& goal = program.goal();
  std::vector<std::uint64_t> weight(goal.full.size(), 0);
  std::vector<char> seen(goal.items, 0);
  for (NodeId node = 1; node <= program.workers(); ++node)
    for (const Program::Message& message : program.messages(node)) {
      if (goal.items > 0 && std::exchange(seen[message.item], 1)) continue;
      weight[message.group] += message.weight;
    }
  std::uint64_t sum = 0;
  for (std::size_t group = 0; group < weight.size(); ++group)
    sum += std::min<std::uint64_t>(weight[group], goal.full[group]);
  return sum;
}

std::string fault_in_contents(const Program& program, const Codebook& codebook, int mini_batches,
                              double recovered) {
  const std::size_t blocks = codebook.blocks();
  if (blocks == 0) return "its codebook splits the data set into no blocks";
  const double share = static_cast<double>(mini_batches) / static_cast<double>(blocks);
  std::vector<char> sent(blocks, 0);
  for (NodeId node = 1; node <= program.workers(); ++node) {
    const auto messages = program.messages(node);
    std::set<std::size_t> held;
    for (std::uint32_t j = 0; j < messages.size(); ++j) {
      const std::vector<std::size_t> contents = codebook.contents(node, j);
      const std::string name = fmt::format("message {} of worker {}", j + 1, node);
      if (contents.empty()) return name + " contains nothing of the data set";
      if (contents.back() >= blocks)
        return fmt::format("{} contains block {}, and the data set has {}", name, contents.back() + 1,
                           blocks);
      for (std::size_t k = 1; k < contents.size(); ++k)
        if (contents[k] <= contents[k - 1])
          return fmt::format("{} names its blocks out of order, or block {} twice", name, contents[k] + 1);
      for (const std::size_t block : contents) sent[block] = 1;
      if (codebook.coded_data()) continue;
      held.insert(contents.begin(), contents.end());
      const double needs = static_cast<double>(held.size()) * share;
      if (needs > messages[j].work * (1 + 1e-9))
        return fmt::format(
            "{} cannot contain what it is said to: with it the worker has sent {} of the {} equal blocks of "
            "the "
            "data set, {:g} of {} mini-batches, but has computed {:g}",
            name, held.size(), blocks, needs, mini_batches, messages[j].work);
    }
  }
  std::vector<std::size_t> missing;
  for (std::size_t block = 0; block < blocks; ++block)
    if (!sent[block]) missing.push_back(block);
  // The 1e-9 is for a share like 0.85 of 40 blocks.
  const double spared = (1 - recovered) * static_cast<double>(blocks) + 1e-9;
  if (static_cast<double>(missing.size()) <= spared) return "";
  return fmt::format(
      "no message contains {} of its {} equal blocks of the data set ({}), {:g} of {} mini-batches",
      missing.size(), blocks, places(missing), static_cast<double>(missing.size()) * share, mini_batches);
}

}  // namespace

std::string fault_of(const SchemeRecipe& recipe, int mini_batches, bool codebook) try {
  const std::unique_ptr<Scheme> scheme = recipe.make();
  if (!scheme) return "it makes no instance of itself";
  const Program& program = scheme->next_round({});
  if (program.workers() != static_cast<std::size_t>(mini_batches))
    return fmt::format("its program is for {} workers, and there are {}", program.workers(), mini_batches);
  if (program.kind() == Program::Kind::star && within_reach(program) < program.goal().need)
    return fmt::format("its master needs {} useful messages, and all that are sent come to {}",
                       program.goal().need, within_reach(program));
  if (!codebook || scheme->timing_only()) return "";
  return fault_in_contents(program, scheme->codebook(), mini_batches, recipe.recovered);
} catch (const std::bad_alloc&) {
  return "it does not fit into the memory there is; lower its load or orders, or the number of workers";
} catch (const std::exception& error) {
  return error.what();
}

}  // namespace straggle
