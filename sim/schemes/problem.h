// The data a verified trial carries through the code: a least-squares problem in equal blocks, in doubles or
// in the prime field.
#pragma once

#include <boost/random/normal_distribution.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <vector>

#include "codes/field.h"
#include "sim/base/random.h"

namespace straggle {

/// The scalars of the data, and what a linear code makes of them: doubles travel in pairs as complex numbers.
template <class T>
using Carried = std::conditional_t<std::is_same_v<T, double>, codes::Complex, T>;

/// Block k of the data set: labels y_k of the rows X_k.
template <class T>
struct DataBlock {
  codes::Matrix<T> x;     ///< rows × dimension
  codes::RowVector<T> y;  ///< one entry a row
};

/// A least-squares problem Σ_k ‖X_k θ − y_k‖²/2 whose partial gradients are g_k = X_kᵀ(X_k θ − y_k). The data
/// are a function of the seed; θ is a function of the seed, trial and iteration. T is double (standard normal
/// entries) or codes::Gf61 (uniform entries).
template <class T>
class Problem {
 public:
  static constexpr Eigen::Index rows = 3;  // a block of fewer rows than columns, as a mini-batch has

  Problem(std::uint64_t seed, std::size_t blocks, std::size_t dimension);

  /// Moves to the model of a trial's iteration and computes every partial gradient.
  void set_model(std::uint64_t trial, std::uint32_t iteration);

  std::size_t blocks() const { return data_->size(); }
  /// Shared with whoever encodes the data itself and wants to know whether they are still the same.
  const std::shared_ptr<const std::vector<DataBlock<T>>>& data() const { return data_; }
  const codes::RowVector<T>& model() const { return model_; }
  /// blocks × dimension: row k is g_k.
  const codes::Matrix<T>& gradients() const { return gradients_; }
  /// The same as a linear code carries them: for doubles blocks × ⌈dimension/2⌉ complex numbers.
  const codes::Matrix<Carried<T>>& carried() const { return carried_; }

 private:
  static codes::RowVector<T> draw(std::size_t count, RandomStream stream);

  std::uint64_t seed_;
  std::shared_ptr<const std::vector<DataBlock<T>>> data_;
  codes::RowVector<T> model_;
  codes::Matrix<T> gradients_;
  codes::Matrix<Carried<T>> carried_;
};

template <class T>
codes::RowVector<T> Problem<T>::draw(std::size_t count, RandomStream stream) {
  codes::RowVector<T> result(static_cast<Eigen::Index>(count));
  if constexpr (std::is_same_v<T, double>) {
    boost::random::normal_distribution<double> normal;
    for (double& value : result) value = normal(stream);
  } else {
    for (T& value : result) value = T(stream());
  }
  return result;
}

template <class T>
Problem<T>::Problem(std::uint64_t seed, std::size_t blocks, std::size_t dimension)
    : seed_(seed), model_(static_cast<Eigen::Index>(dimension)) {
  std::vector<DataBlock<T>> data(blocks);
  for (std::size_t k = 0; k < blocks; ++k) {
    const RandomStream stream({.seed = seed, .purpose = Purpose::data}, static_cast<std::uint32_t>(k));
    const codes::RowVector<T> entries = draw(rows * (dimension + 1), stream);
    const auto columns = static_cast<Eigen::Index>(dimension);
    data[k].x = Eigen::Map<const codes::Matrix<T>>(entries.data(), rows, columns);
    data[k].y = entries.tail(rows);
  }
  data_ = std::make_shared<const std::vector<DataBlock<T>>>(std::move(data));
  gradients_.resize(static_cast<Eigen::Index>(blocks), static_cast<Eigen::Index>(dimension));
}

template <class T>
void Problem<T>::set_model(std::uint64_t trial, std::uint32_t iteration) {
  // Index 2^27 onwards: the blocks' own streams start at index 0 of trial 0.
  const DrawAddress address{
      .seed = seed_, .trial = trial, .iteration = iteration, .purpose = Purpose::data, .index = 1u << 27};
  model_ = draw(static_cast<std::size_t>(model_.size()), RandomStream(address, 0));
  for (std::size_t k = 0; k < blocks(); ++k) {
    const DataBlock<T>& block = (*data_)[k];
    const codes::RowVector<T> residual = model_ * block.x.transpose() - block.y;
    gradients_.row(static_cast<Eigen::Index>(k)) = residual * block.x;
  }
  if constexpr (std::is_same_v<T, double>) {
    carried_ = codes::pack(gradients_);
  } else {
    carried_ = gradients_;
  }
}

}  // namespace straggle
