// Lagrange coded computing for the gradient of linear regression: Yu, Li, Raviv, Kalan, Soltanolkotabi and
// Avestimehr, "Lagrange Coded Computing: Optimal Design for Resiliency, Security, and Privacy" (AISTATS
// 2019); with one message a worker also Li, Kalan, Yu, Soltanolkotabi and Avestimehr, "Polynomially Coded
// Regression" (2018).
#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>
#include <stdexcept>
#include <vector>

#include "codes/linear_code.h"
#include "codes/scaled.h"

namespace straggle::codes {

/// q data blocks X_1 … X_q lie on a polynomial X(z) = sum_l X_l ell_l(z) of degree q - 1 with X(beta_l) =
/// X_l; message i is f(X(alpha_i)) with f(X) = X^T X theta, a polynomial of degree 2 (q - 1) in alpha_i, so
/// any 2 (q - 1) + 1 messages interpolate it and give sum_l f(X_l), the sum of its values in the beta_l.
///
/// With one evaluation point a worker the same code serves every group of blocks the worker holds (it sends
/// the sum of its f); with several, a worker sends them one by one. Message worker * evaluations + j is a
/// worker's j-th.
///
/// Points over the reals: beta_l = exp(2 pi i (l + 1/2) / q), alpha = exp(2 pi i (worker / workers +
/// 0.6180339887 j)), well spread whichever messages come first; over the prime field the integers 1, 2, 3, …,
/// first the beta. All formulas are barycentric in the points as they are stored, so rounding the points
/// costs no exactness.
template <Field T>
class LagrangeCode {
 public:
  /// Throws std::invalid_argument unless all are positive and there are as many messages as needed to decode.
  LagrangeCode(int workers, int blocks, int evaluations);

  int blocks() const { return static_cast<int>(betas_.size()); }
  int messages() const { return static_cast<int>(alphas_.size()); }
  int threshold() const { return 2 * (blocks() - 1) + 1; }
  const RowVector<T>& betas() const { return betas_; }    ///< 1 x blocks
  const RowVector<T>& alphas() const { return alphas_; }  ///< 1 x messages

  /// 1 x blocks: ell_l(alpha) of a message, the coefficients of the blocks in its coded block.
  RowVector<T> encoding(int message) const;

  /// Weights, one per taken message, such that sum_l p(beta_l) = sum_i w_i p(alpha_i) for every polynomial p
  /// of degree 2 (q - 1). The first threshold() messages are used, the others get the weight 0; nothing if
  /// there are fewer. Throws std::logic_error when a message is taken twice or does not exist.
  ///
  /// The condition over the reals is sum_i |w_i| L_i^2 / q with L_i = sum_l |ell_l(alpha_i)|: as |X(alpha_i)|
  /// is at most L_i times the largest block, a relative rounding unit in coded blocks, messages or weights
  /// becomes at most this many units of q |X_l|^2 |theta|, X_l the largest block. Large for unlucky subsets,
  /// so the caller decides what he still believes (rounding_bound() has the scale); infinite where a weight
  /// overflows.
  std::optional<Decoding<T>> decoding(const std::vector<int>& taken) const;

 private:
  static void invert(std::vector<T>& values);

  RowVector<T> betas_, alphas_;
  std::vector<Scaled<T>> beta_differences_;  ///< prod_{m != l} (beta_l - beta_m)
  std::vector<double> lebesgue_;             ///< reals: sum_l |ell_l(alpha_i)| of each message
};

template <Field T>
LagrangeCode<T>::LagrangeCode(int workers, int blocks, int evaluations) {
  if (workers < 1 || blocks < 1 || evaluations < 1) {
    throw std::invalid_argument("a Lagrange code needs a worker, a block and an evaluation");
  }
  betas_.resize(blocks);
  alphas_.resize(static_cast<Eigen::Index>(workers) * evaluations);
  if (alphas_.size() < threshold()) {
    throw std::invalid_argument("a Lagrange code needs 2 * blocks - 1 messages to decode");
  }
  if constexpr (std::same_as<T, Complex>) {
    const auto on_circle = [](double turns) {
      return std::polar(1.0, 2 * std::numbers::pi * (turns - std::floor(turns)));
    };
    for (int l = 0; l < blocks; ++l) betas_(l) = on_circle((l + 0.5) / blocks);
    for (int i = 0; i < workers; ++i) {
      for (int j = 0; j < evaluations; ++j) {
        alphas_(i * evaluations + j) = on_circle(static_cast<double>(i) / workers + 0.6180339887 * j);
      }
    }
  } else {
    for (int l = 0; l < blocks; ++l) betas_(l) = Gf61(l + 1);
    for (Eigen::Index i = 0; i < alphas_.size(); ++i) alphas_(i) = Gf61(blocks + i + 1);
  }
  for (Eigen::Index l = 0; l < blocks; ++l) {
    beta_differences_.push_back(difference_product(betas_(l), betas_, l));
  }
  if constexpr (std::same_as<T, Complex>) {
    for (int i = 0; i < messages(); ++i) lebesgue_.push_back(encoding(i).cwiseAbs().sum());
  }
}

template <Field T>
void LagrangeCode<T>::invert(std::vector<T>& values) {
  if constexpr (std::same_as<T, Complex>) {
    for (T& value : values)
      value = std::conj(value) / std::norm(value);  // differences on the circle: no overflow
  } else {
    invert_all(values);
  }
}

template <Field T>
RowVector<T> LagrangeCode<T>::encoding(int message) const {
  const Eigen::Index q = betas_.size();
  const T alpha = alphas_(message);
  RowVector<T> coefficients = RowVector<T>::Zero(q);
  std::vector<T> factors;
  for (Eigen::Index l = 0; l < q; ++l) {
    if (alpha == betas_(l)) {  // the block itself
      coefficients(l) = T(1);
      return coefficients;
    }
    factors.push_back(alpha - betas_(l));
  }
  // ell_l(alpha) = prod_m (alpha - beta_m) / ((alpha - beta_l) prod_{m != l} (beta_l - beta_m))
  const Scaled<T> product = difference_product(alpha, betas_);
  for (Eigen::Index l = 0; l < q; ++l) {
    const Scaled<T>& differences = beta_differences_[static_cast<std::size_t>(l)];
    factors[static_cast<std::size_t>(l)] *= differences.mantissa();
  }
  invert(factors);
  for (Eigen::Index l = 0; l < q; ++l) {
    Scaled<T> value = product;
    value *= factors[static_cast<std::size_t>(l)];
    coefficients(l) = value.value(beta_differences_[static_cast<std::size_t>(l)].exponent());
  }
  return coefficients;
}

template <Field T>
std::optional<Decoding<T>> LagrangeCode<T>::decoding(const std::vector<int>& taken) const {
  require_distinct(taken, alphas_.size());
  if (static_cast<int>(taken.size()) < threshold()) return std::nullopt;
  const Eigen::Index need = threshold(), q = betas_.size();
  RowVector<T> points(need);
  for (Eigen::Index i = 0; i < need; ++i) points(i) = alphas_(taken[static_cast<std::size_t>(i)]);

  // The Lagrange basis on the taken points is L_i(z) = prod_j (z - alpha_j) / ((z - alpha_i) prod_{j != i}
  // (alpha_i - alpha_j)), so w_i = sum_l L_i(beta_l); magnitudes beyond a double are carried as powers of
  // two.
  std::vector<Scaled<T>> products;
  std::optional<long> largest_exponent;
  for (Eigen::Index l = 0; l < q; ++l) {
    products.push_back(difference_product(betas_(l), points));
    if (products.back().mantissa() == T(0)) continue;
    largest_exponent =
        std::max(largest_exponent.value_or(products.back().exponent()), products.back().exponent());
  }
  const long largest = largest_exponent.value_or(0);
  RowVector<T> sums = RowVector<T>::Zero(need);  // in units of 2^largest
  RowVector<T> direct =
      RowVector<T>::Zero(need);  // from a beta that is a taken point: L_i is 1 there, the others 0
  std::vector<T> inverses(static_cast<std::size_t>(need));
  for (Eigen::Index l = 0; l < q; ++l) {
    const Scaled<T>& product = products[static_cast<std::size_t>(l)];
    if (product.mantissa() == T(0)) {
      for (Eigen::Index i = 0; i < need; ++i) {
        if (points(i) == betas_(l)) direct(i) += T(1);
      }
      continue;
    }
    const T value = product.value(largest);
    for (Eigen::Index i = 0; i < need; ++i) inverses[static_cast<std::size_t>(i)] = betas_(l) - points(i);
    invert(inverses);
    for (Eigen::Index i = 0; i < need; ++i) sums(i) += value * inverses[static_cast<std::size_t>(i)];
  }

  Decoding<T> result{RowVector<T>::Zero(static_cast<Eigen::Index>(taken.size())), 0};
  for (Eigen::Index i = 0; i < need; ++i) {
    Scaled<T> weight(sums(i));
    weight /= difference_product(points(i), points, i);
    result.weights(i) = weight.value(-largest) + direct(i);
    if constexpr (std::same_as<T, Complex>) {
      const double lebesgue = lebesgue_[static_cast<std::size_t>(taken[static_cast<std::size_t>(i)])];
      result.condition += std::abs(result.weights(i)) * lebesgue * lebesgue / static_cast<double>(q);
    }
  }
  return result;
}

}  // namespace straggle::codes
