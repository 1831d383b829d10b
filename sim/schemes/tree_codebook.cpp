#include "sim/schemes/tree_codebook.h"

#include <chrono>

namespace straggle {

using codes::Complex;
using codes::Gf61;
using codes::TreeAllocation;

TreeCodebook::TreeCodebook(const codes::CodedTree& tree, std::shared_ptr<const SharedCode> code)
    : tree_(tree), code_(std::move(code)), prime_(tree_, code_->decoder<Gf61>().code().rows) {}

template <>
const TreeAllocation<Gf61>& TreeCodebook::allocation() {
  return prime_;
}

template <>
const TreeAllocation<Complex>& TreeCodebook::allocation() {
  if (!real_) real_.emplace(tree_, code_->decoder<Complex>().code().rows);
  return *real_;
}

std::vector<std::size_t> TreeCodebook::contents(NodeId from, std::uint32_t) const {
  std::vector<std::size_t> result;
  for (const auto& [part, weight] : prime_.of(from)) result.push_back(static_cast<std::size_t>(part));
  return result;
}

template <class T>
Decoded<T> TreeCodebook::decode_in_field(std::span<const Arrival> taken, const Problem<T>& problem) {
  using Scalar = Carried<T>;
  using Vector = codes::RowVector<Scalar>;
  const TreeAllocation<Scalar>& parts = allocation<Scalar>();
  const codes::Decoder<Scalar>& decode = code_->decoder<Scalar>();
  const auto nodes = static_cast<std::size_t>(tree_.nodes());
  const auto last_relay = static_cast<std::size_t>(tree_.last_relay());
  const auto need = static_cast<std::size_t>(tree_.arity - tree_.stragglers);

  // When each node's message was received, and which of its children each receiver has in its own.
  std::vector<double> received(nodes + 1, -1);
  for (const Arrival& arrival : taken) received[arrival.from] = arrival.time;
  std::vector<std::vector<int>> children(last_relay + 1);
  for (const Arrival& arrival : taken) {
    const auto parent = static_cast<std::size_t>(tree_.parent(arrival.from));
    // What comes after a relay's message has arrived elsewhere cannot be part of it.
    if (parent > 0 && arrival.time > received[parent]) continue;
    children[parent].push_back(
        static_cast<int>(arrival.from - tree_.first_child(tree_.parent(arrival.from))));
  }

  Decoded<T> result;
  std::vector<Vector> message(nodes + 1);
  std::vector<Vector> weights(last_relay + 1);  // of each receiver's children
  std::vector<double> condition(nodes + 1, 1);
  // Children have larger numbers than their parents: from the leaves to the root.
  for (std::size_t node = nodes + 1; node-- > 0;) {
    if (node > 0 && received[node] < 0) continue;  // nobody has taken its message
    message[node] = Vector::Zero(problem.carried().cols());
    if (node > 0)
      for (const auto& [part, weight] : parts.of(node)) message[node] += weight * problem.carried().row(part);
    if (node > last_relay) continue;

    if (children[node].size() < need) return result;
    const auto begin = std::chrono::steady_clock::now();
    const auto decoding = decode(children[node]);
    if (!decoding) return result;
    std::vector<double> conditions;
    for (std::size_t i = 0; i < children[node].size(); ++i) {
      const auto child =
          static_cast<std::size_t>(tree_.first_child(static_cast<std::int64_t>(node)) + children[node][i]);
      message[node] += decoding->weights(static_cast<Eigen::Index>(i)) * message[child];
      conditions.push_back(condition[child]);
    }
    result.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    if constexpr (std::is_same_v<T, double>)
      condition[node] =
          codes::nested_condition(decode.code().rows, children[node], decoding->weights, conditions);
    weights[node] = decoding->weights;
  }

  // How often each node's message is in the root's sum, from the root to the leaves.
  std::vector<Scalar> times(nodes + 1, Scalar(0));
  times[0] = Scalar(1);
  result.weights = Vector::Zero(problem.carried().rows());
  for (std::size_t node = 0; node <= nodes; ++node) {
    if (times[node] == Scalar(0)) continue;
    if (node > 0)
      for (const auto& [part, weight] : parts.of(node)) result.weights(part) += times[node] * weight;
    if (node > last_relay) continue;
    for (std::size_t i = 0; i < children[node].size(); ++i)
      times[static_cast<std::size_t>(tree_.first_child(static_cast<std::int64_t>(node)) +
                                     children[node][i])] =
          times[node] * weights[node](static_cast<Eigen::Index>(i));
  }

  result.decodable = true;
  result.carried = message[0];
  result.meant = {{0, blocks()}};
  // Errors of a decode are multiplied by those above it.
  if constexpr (std::is_same_v<T, double>)
    result.rounding = codes::tolerance(condition[0]) * problem.carried().rowwise().norm().sum();
  return result;
}

template Decoded<double> TreeCodebook::decode_in_field(std::span<const Arrival>, const Problem<double>&);
template Decoded<Gf61> TreeCodebook::decode_in_field(std::span<const Arrival>, const Problem<Gf61>&);

}  // namespace straggle
