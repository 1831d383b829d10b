// Ring all-reduce: Patarasuk and Yuan, "Bandwidth optimal all-reduce algorithms for clusters of
// workstations", Journal of Parallel and Distributed Computing 2009. No master and no redundancy: worker i
// computes mini-batch i, then every worker sends 2(K − 1) messages of 1/K of a gradient to the next.
#include "codes/ring_all_reduce.h"

#include <algorithm>
#include <chrono>
#include <limits>

#include "codes/linear_code.h"
#include "sim/schemes/scheme.h"

namespace straggle {
namespace {

using codes::Chunk;
using codes::RingAllReduce;

/// Moves the real chunks round by round. An exchange that has ended has delivered every message, so the
/// arrivals say nothing.
class RingCodebook final : public Codebook {
 public:
  explicit RingCodebook(int workers) : blocks_(static_cast<std::size_t>(workers)), ring_(workers) {}

  std::size_t blocks() const override { return blocks_; }
  std::vector<std::size_t> contents(NodeId from, std::uint32_t message) const override {
    const RingAllReduce::Summed summed = ring_.summed(std::int64_t{from} - 1, message);
    std::vector<std::size_t> result;
    for (std::int64_t i = 0; i < summed.count; ++i)
      result.push_back(static_cast<std::size_t>(summed.first + i) % blocks_);
    std::sort(result.begin(), result.end());
    return result;
  }
  Decoded<double> decode(std::span<const Arrival>, const Problem<double>& problem) override {
    return decode_in_field(problem);
  }
  Decoded<codes::Gf61> decode(std::span<const Arrival>, const Problem<codes::Gf61>& problem) override {
    return decode_in_field(problem);
  }

 private:
  template <class T>
  Decoded<T> decode_in_field(const Problem<T>& problem) const {
    codes::Matrix<T> vectors = problem.gradients();
    std::vector<Chunk> chunks = ring_.chunks(vectors.cols());
    std::erase_if(chunks, [](const Chunk& chunk) { return chunk.size == 0; });
    const auto begin = std::chrono::steady_clock::now();
    for (std::int64_t round = 0; round < ring_.rounds(); ++round) ring_.run(round, chunks, vectors);
    Decoded<T> result{.decodable = true};
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    result.at_workers = std::move(vectors);
    result.meant = {{0, blocks_}};
    result.weights.setOnes(static_cast<Eigen::Index>(blocks_));  // by the schedule, in every chunk
    // K terms summed in some order are off by at most (K − 1)/2 epsilons of their sizes, on either side.
    if constexpr (std::is_same_v<T, double>)
      result.rounding = static_cast<double>(blocks_) * std::numeric_limits<double>::epsilon() *
                        problem.gradients().rowwise().norm().sum();
    return result;
  }

  std::size_t blocks_;
  RingAllReduce ring_;
};

SchemeRecipe read_rar(ConfigReader& config, const SchemeContext& context) {
  if (!config.complete()) return {};
  const int K = context.workers;
  const auto make = [=]() -> std::unique_ptr<Scheme> {
    const auto n = static_cast<NodeId>(K);
    Program program = Program::exchange(2 * (n - 1), 1.0 / K);
    for (NodeId node = 1; node <= n; ++node) program.add({{.work = 1, .covers = 1, .to = node % n + 1}});
    return std::make_unique<FixedScheme>(std::move(program),
                                         [=] { return std::make_unique<RingCodebook>(K); });
  };
  return {make, {}};
}

const SchemeRegistration registration(
    "rar", {.summary = "Ring all-reduce: no master; every worker ends with the whole gradient.",
            .fields = {},
            .read = read_rar,
            .place = 8});

}  // namespace
}  // namespace straggle
