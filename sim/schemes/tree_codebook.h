// The codebook of a gradient code nested over a tree (CodedReduce): every relay decodes what its first n − s
// children sent, adds its own gradient and passes the sum on.
#pragma once

#include <memory>
#include <optional>

#include "codes/tree_allocation.h"
#include "sim/schemes/linear_codebook.h"

namespace straggle {

/// Node w of the tree is worker node w, the root the master. What the arrivals handed to decode() must hold:
/// every useful message of the iteration, whoever received it.
class TreeCodebook final : public Codebook {
 public:
  /// `code` has as many rows as the tree's parents have children, and tolerates as many stragglers.
  TreeCodebook(const codes::CodedTree& tree, std::shared_ptr<const SharedCode> code);

  std::size_t blocks() const override { return static_cast<std::size_t>(tree_.parts()); }
  /// The blocks the sender computes itself; a relay's message holds what its children sent, too.
  std::vector<std::size_t> contents(NodeId from, std::uint32_t message) const override;
  Decoded<double> decode(std::span<const Arrival> taken, const Problem<double>& problem) override {
    return decode_in_field(taken, problem);
  }
  Decoded<codes::Gf61> decode(std::span<const Arrival> taken, const Problem<codes::Gf61>& problem) override {
    return decode_in_field(taken, problem);
  }

 private:
  template <class T>
  const codes::TreeAllocation<T>& allocation();
  template <class T>
  Decoded<T> decode_in_field(std::span<const Arrival> taken, const Problem<T>& problem);

  codes::CodedTree tree_;
  std::shared_ptr<const SharedCode> code_;
  codes::TreeAllocation<codes::Gf61> prime_;
  std::optional<codes::TreeAllocation<codes::Complex>> real_;  // built on first use
};

}  // namespace straggle
