// A scheme as data: what every node computes and sends, and what the master waits for. Printable, comparable,
// testable without time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

namespace straggle {

using NodeId = std::uint32_t;
/// Node 0; workers are nodes 1..K, in the order they were added.
inline constexpr NodeId master = 0;

/// One step of a worker: compute, then send one message to the master.
struct Step {
  double work = 0;           ///< mini-batches to compute before this message is sent
  double covers = 0;         ///< the message carries the last `covers` mini-batches this worker has computed
  std::uint32_t item = 0;    ///< what it carries; a second copy is not useful. Ignored when Goal::items is 0
  std::uint32_t group = 0;   ///< where it counts; a full group takes no more
  std::uint32_t weight = 1;  ///< it counts min(weight, room left in its group)
};

/// What the master waits for: useful messages of total weight `need`. A message is useful when it brings a
/// new item to a group that is not full.
struct Goal {
  std::uint32_t need = 0;
  std::vector<std::uint32_t> full;  ///< per group, the weight it takes
  std::uint32_t items = 0;          ///< how many items there are; 0: every message is new
};

/// A star program: independent workers, one master. Built once, run many times.
class Program {
 public:
  /// A step as the engine reads it: cumulative work instead of each step's own.
  struct Message {
    double work;    ///< mini-batches this worker has computed when it sends
    double covers;  ///< see Step
    std::uint32_t item, group, weight;
  };

  explicit Program(Goal goal) : goal_(std::move(goal)) {}

  /// Adds the next worker. Throws std::logic_error for a step that names no group or item of the goal,
  /// computes a negative amount, or covers more than was computed.
  NodeId add(const std::vector<Step>& steps);

  const Goal& goal() const { return goal_; }
  std::size_t workers() const { return first_.size() - 1; }
  /// The messages of worker node `node` (1..workers()), in order.
  std::span<const Message> messages(NodeId node) const {
    return {messages_.data() + first_[node - 1], messages_.data() + first_[node]};
  }
  /// All the work the node is given, in mini-batches.
  double load(NodeId node) const { return load_[node - 1]; }
  double largest_load() const { return largest_load_; }

  /// The program on a few lines, for `straggle check`: the goal, and the steps of the first worker.
  std::string summary() const;

 private:
  Goal goal_;
  std::vector<Message> messages_;
  std::vector<std::uint32_t> first_ = {
      0};  // first_[w] .. first_[w + 1] are the messages of worker node w + 1
  std::vector<double> load_;
  double largest_load_ = 0;
};

}  // namespace straggle
