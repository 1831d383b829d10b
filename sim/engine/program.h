// A scheme as data: what every node computes, waits for and sends, and when the iteration ends. Printable,
// comparable, testable without time.
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
/// No node.
inline constexpr NodeId nobody = std::numeric_limits<NodeId>::max();

/// One step of a worker: compute, then wait, then send one message. Waiting does not hold computing up: a
/// message leaves when its work is done and what it waits for has been received.
struct Step {
  double work = 0;           ///< mini-batches to compute before this message is sent
  double covers = 0;         ///< the message carries the last `covers` mini-batches this worker has computed
  std::uint32_t item = 0;    ///< what it carries; a second copy is not useful. Ignored when Goal::items is 0
  std::uint32_t group = 0;   ///< where it counts at the master; a full group takes no more
  std::uint32_t weight = 1;  ///< it counts min(weight, room left in its group)
  NodeId to = master;        ///< who receives it: the master, a relay, the neighbour in a ring
  /// Wait until this worker has received so many messages. A relay takes that many; what comes later is late.
  std::uint32_t need = 0;
  double size = 1;  ///< in gradients
};

/// What the master waits for: useful messages of total weight `need`. A message is useful when it brings a
/// new item to a group that is not full.
struct Goal {
  std::uint32_t need = 0;
  std::vector<std::uint32_t> full;  ///< per group, the weight it takes
  std::uint32_t items = 0;          ///< how many items there are; 0: every message is new
};

/// Built once, run many times. There are three kinds:
/// - a star: independent workers that report to the master, in messages of any size;
/// - a tree: some workers are relays, which wait for the messages of others and send one of their own;
/// - an exchange: no master. Every worker computes, then sends `rounds` messages to one neighbour, who hears
///   nobody else; it sends the first when it has computed, number k + 1 when number k has been received by
///   the neighbour and its own number k has come. The iteration ends when all have been received.
class Program {
 public:
  enum class Kind { star, tree, exchange };

  /// A step as the engine reads it: cumulative work instead of each step's own.
  struct Message {
    double work;    ///< mini-batches this worker has computed when it sends
    double covers;  ///< see Step
    std::uint32_t item, group, weight;
  };
  /// The rest of a step, not kept of a star whose messages are a gradient each.
  struct Route {
    NodeId to;
    std::uint32_t need;
    double size;
  };

  /// A star or a tree.
  explicit Program(Goal goal) : goal_(std::move(goal)) {}
  /// An exchange of `rounds` messages of `size` gradients a worker. Worker node i is added with its work
  /// alone, in one step whose `to` is its neighbour.
  static Program exchange(std::uint32_t rounds, double size);

  /// Of a star or a tree, in an iteration: some gigabytes.
  static constexpr std::size_t most_messages = 100'000'000;

  /// Adds the next worker. In a tree a relay, which needs messages, has one step and is added before those
  /// who send to it, and a worker sends to one node only. Throws std::logic_error for a step that names no
  /// group, item or receiver that there is, computes a negative amount, covers more than was computed, or
  /// sends a message of a negative size.
  NodeId add(const std::vector<Step>& steps);

  Kind kind() const { return kind_; }
  const Goal& goal() const { return goal_; }
  std::size_t workers() const { return first_.size() - 1; }
  /// The messages of worker node `node` (1..workers()), in order; in an exchange one, sent again and again.
  std::span<const Message> messages(NodeId node) const {
    return {messages_.data() + first_[node - 1], messages_.data() + first_[node]};
  }
  /// Messages in all; in an exchange one a worker.
  std::size_t messages_in_all() const { return messages_.size(); }
  /// Where message `index` of `node` goes, what it waits for, how large it is.
  Route route(NodeId node, std::size_t index) const {
    return plain_ ? Route{master, 0, 1} : routes_[first_[node - 1] + index];
  }
  /// Whether it is a star all of whose messages have the size of one gradient.
  bool plain() const { return plain_; }
  /// To whom a worker sends all it sends, and who sends it the model: in a star the master, in a tree the
  /// parent, in an exchange the neighbour; the master, too, if it sends nothing.
  NodeId parent(NodeId node) const { return messages(node).empty() ? master : route(node, 0).to; }
  /// Messages a worker sends in an exchange.
  std::uint32_t rounds() const { return rounds_; }
  /// All the work the node is given, in mini-batches.
  double load(NodeId node) const { return load_[node - 1]; }
  double largest_load() const { return largest_load_; }

  /// The program on a few lines, for `straggle check`: the goal, and the steps of the first worker (in a
  /// tree of the last, too).
  std::string summary() const;

 private:
  Kind kind_ = Kind::star;
  bool plain_ = true;
  Goal goal_;
  std::uint32_t rounds_ = 0;
  double exchange_size_ = 1;
  std::vector<Message> messages_;
  std::vector<Route> routes_;  // beside messages_, unless it is plain
  std::vector<std::uint32_t> first_ = {
      0};  // first_[w] .. first_[w + 1] are the messages of worker node w + 1
  std::vector<double> load_;
  double largest_load_ = 0;
};

}  // namespace straggle
