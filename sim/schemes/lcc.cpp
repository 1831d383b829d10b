// Lagrange coded computing for linear regression: Yu et al., "Lagrange Coded Computing", AISTATS 2019, one
// message a worker; several: Ozfatura, Gündüz and Ulukus, "Speeding up distributed gradient descent by
// utilizing non-persistent stragglers", ISIT 2019.
#include "codes/lagrange.h"

#include <fmt/format.h>

#include <chrono>
#include <limits>
#include <numeric>
#include <unordered_map>

#include "sim/schemes/clusters.h"

namespace straggle {
namespace {

struct Shape {
  int workers;            // K
  int groups;             // of blocks that share their evaluation points
  int blocks;             // q, blocks a group; the last group is padded with zero blocks
  int points_per_worker;  // evaluations a worker
};

/// What a field makes of the data: the reals become complex numbers, one each: the messages are quadratic in
/// the data, so nothing can be packed. (A message still counts as one gradient: a real implementation sends
/// real numbers.)
template <class T>
class LagrangeField {
 public:
  using Scalar = Carried<T>;

  explicit LagrangeField(const Shape& shape)
      : shape_(shape), code_(shape.workers, shape.blocks, shape.points_per_worker) {}

  Decoded<T> decode(std::span<const Arrival> taken, const Problem<T>& problem) {
    if (data_ != problem.data()) {
      data_ = problem.data();
      encoded_.clear();
    }
    Decoded<T> result;
    std::vector<int> indices;
    for (const Arrival& arrival : taken) indices.push_back(index_of(arrival));
    std::vector<codes::RowVector<Scalar>> messages;
    const codes::RowVector<Scalar> model = problem.model().template cast<Scalar>();
    for (const int index : indices) messages.push_back(message(index, model));

    const auto begin = std::chrono::steady_clock::now();
    const auto decoding = code_.decoding(indices);
    if (!decoding) return result;
    codes::RowVector<Scalar> sum = codes::RowVector<Scalar>::Zero(model.size());
    for (std::size_t i = 0; i < messages.size(); ++i)
      sum += decoding->weights(static_cast<Eigen::Index>(i)) * messages[i];
    // The master knows the labels' part, X'y, from the start.
    for (const DataBlock<T>& block : *data_) sum -= (block.y * block.x).template cast<Scalar>();
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();

    result.decodable = true;
    result.carried = std::move(sum);
    result.layout = Layout::singles;
    result.meant = {{0, data_->size()}};
    // A coded block's own products: of block l its coefficient, squared.
    codes::RowVector<Scalar> weights = codes::RowVector<Scalar>::Zero(shape_.blocks);  // in every group
    for (std::size_t i = 0; i < indices.size(); ++i)
      weights += decoding->weights(static_cast<Eigen::Index>(i)) * coded(indices[i]).squares;
    result.weights.resize(static_cast<Eigen::Index>(data_->size()));
    for (Eigen::Index k = 0; k < result.weights.size(); ++k) result.weights(k) = weights(k % shape_.blocks);
    if constexpr (std::is_same_v<T, double>) {
      double norms = 0;
      for (const DataBlock<T>& block : *data_)
        norms += (problem.model() * block.x.transpose() * block.x).norm();
      // The condition counts rounding units per unit of data; measured errors stay below 2 of them.
      result.rounding = 16 * std::numeric_limits<double>::epsilon() * decoding->condition * norms;
      result.judged_below = 1e-3;  // beyond it doubles have nothing left to say
    }
    return result;
  }

 private:
  /// The code counts all workers' messages through.
  int index_of(const Arrival& arrival) const {
    return (static_cast<int>(arrival.from) - 1) * shape_.points_per_worker +
           static_cast<int>(arrival.message);
  }

  /// What is sent as this message: the sum over groups of X~' X~ theta, X~ its coded block of the group.
  codes::RowVector<Scalar> message(int index, const codes::RowVector<Scalar>& model) {
    codes::RowVector<Scalar> sum = codes::RowVector<Scalar>::Zero(model.size());
    for (const codes::Matrix<Scalar>& block : coded(index).blocks) {
      const codes::RowVector<Scalar> product = model * block.transpose();
      sum += product * block;
    }
    return sum;
  }

  /// One evaluation: its coded blocks, one a group, and the squares of the blocks' coefficients in each.
  struct Coded {
    codes::RowVector<Scalar> squares;
    std::vector<codes::Matrix<Scalar>> blocks;
  };

  /// Encoded once, as a real system would before it starts.
  const Coded& coded(int index) {
    if (const auto found = encoded_.find(index); found != encoded_.end()) return found->second;
    constexpr std::size_t most_kept = 1
                                      << 16;  // coded blocks: some hundred megabytes at the usual dimensions
    if ((encoded_.size() + 1) * static_cast<std::size_t>(shape_.groups) > most_kept) encoded_.clear();
    const codes::RowVector<Scalar> coefficients = code_.encoding(index);
    Coded coded{.squares = coefficients.cwiseProduct(coefficients), .blocks = {}};
    for (int group = 0; group < shape_.groups; ++group) {
      codes::Matrix<Scalar> block =
          codes::Matrix<Scalar>::Zero(data_->front().x.rows(), data_->front().x.cols());
      for (int l = 0; l < shape_.blocks; ++l) {
        const auto k = static_cast<std::size_t>(group) * static_cast<std::size_t>(shape_.blocks) +
                       static_cast<std::size_t>(l);
        if (k < data_->size()) block += coefficients(l) * (*data_)[k].x.template cast<Scalar>();
      }
      coded.blocks.push_back(std::move(block));
    }
    return encoded_.emplace(index, std::move(coded)).first->second;
  }

  Shape shape_;
  codes::LagrangeCode<Scalar> code_;
  std::shared_ptr<const std::vector<DataBlock<T>>> data_;
  std::unordered_map<int, Coded> encoded_;
};

class LagrangeCodebook final : public Codebook {
 public:
  explicit LagrangeCodebook(const Shape& shape)
      : blocks_(static_cast<std::size_t>(shape.workers)), real_(shape), prime_(shape) {}

  std::size_t blocks() const override { return blocks_; }
  bool coded_data() const override { return true; }
  std::vector<std::size_t> contents(NodeId, std::uint32_t) const override {
    std::vector<std::size_t> all(
        blocks_);  // a coded block combines all blocks of its group, a message all groups
    std::iota(all.begin(), all.end(), std::size_t{0});
    return all;
  }
  Decoded<double> decode(std::span<const Arrival> taken, const Problem<double>& problem) override {
    return real_.decode(taken, problem);
  }
  Decoded<codes::Gf61> decode(std::span<const Arrival> taken, const Problem<codes::Gf61>& problem) override {
    return prime_.decode(taken, problem);
  }

 private:
  std::size_t blocks_;
  LagrangeField<double> real_;
  LagrangeField<codes::Gf61> prime_;
};

SchemeRecipe recipe(const Shape& shape, const std::vector<Step>& steps) {
  const int threshold = 2 * shape.blocks - 1;
  const auto make = [=]() -> std::unique_ptr<Scheme> {
    const auto need = static_cast<std::uint32_t>(threshold);
    Program program({.need = need, .full = {need}});
    for (int w = 0; w < shape.workers; ++w) program.add(steps);
    return std::make_unique<FixedScheme>(std::move(program),
                                         [=] { return std::make_unique<LagrangeCodebook>(shape); });
  };
  CompletionLaw law{.workers = shape.workers, .work = {}, .need = threshold};
  for (const Step& step : steps) law.work.push_back((law.work.empty() ? 0 : law.work.back()) + step.work);
  return {make, law};
}

enum class Messages { single, multi };

const Choice<Messages> messages_field =
    Choice<Messages>(
        "messages",
        {{"single", Messages::single,
          "One message a worker; any 2 ceil(workers/load) - 1 of them are enough."},
         {"multi", Messages::multi, "A message for each mini-batch; any 2 workers - 1 of them are enough."}},
        "Messages of a worker.")
        .or_else("single");

SchemeRecipe read_lcc(ConfigReader& config, const SchemeContext& context) {
  const int K = context.workers;
  const int load = read_load(config, {.count = 1, .workers = K});
  const Messages messages = config.choice(messages_field);
  if (messages == Messages::single) {
    const int q = (K + load - 1) / load;
    if (2 * q - 1 > K) {
      int least = load;
      while (2 * ((K + least - 1) / least) - 1 > K) ++least;
      config.mistake(
          "load", fmt::format("must be at least {}: with load {} the master needs 2 ceil({}/{}) - 1 = {} of "
                              "{} workers",
                              least, load, K, load, 2 * q - 1, K));
    }
    if (!config.complete()) return {};
    return recipe({.workers = K, .groups = load, .blocks = q, .points_per_worker = 1},
                  {{.work = double(load), .covers = double(load)}});
  }
  if (2 * std::int64_t{K} - 1 > std::int64_t{load} * K)
    config.mistake(
        "load", fmt::format("must be at least 2: with load {} the master needs 2*{} - 1 = {} of {} messages",
                            load, K, 2 * K - 1, std::int64_t{load} * K));
  if (!config.complete()) return {};
  return recipe({.workers = K, .groups = 1, .blocks = K, .points_per_worker = load},
                std::vector<Step>(static_cast<std::size_t>(load), {.work = 1, .covers = 1}));
}

const SchemeRegistration registration(
    "lcc", {.summary = "Lagrange coded computing: the data are encoded (linear regression only).",
            .fields = {load_field(), messages_field},
            .read = read_lcc,
            .place = 5});

}  // namespace
}  // namespace straggle
