// Lagrange coded computing for a sum of quadratic functions of the data: Yu, Li, Raviv, Mousavi Kalan,
// Soltanolkotabi and Avestimehr, "Lagrange Coded Computing", AISTATS 2019; for regression Li, Mousavi Kalan,
// Yu, Soltanolkotabi and Avestimehr, "Polynomially Coded Regression", 2018.
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <numbers>
#include <stdexcept>
#include <vector>

#include "codes/field.h"
#include "codes/scaled.h"

namespace straggle::codes {

/// q data blocks X_1 … X_q are the values of a polynomial X(z) of degree q - 1 at the points beta_1 … beta_q;
/// a worker holds X(alpha) at points of its own and sends f(X(alpha)). With f quadratic the messages are
/// values of a polynomial of degree 2(q - 1): any 2q - 1 of them give the sum of f(X_l) = f(X(beta_l)).
///
/// Over the reals all points lie on the unit circle, beta_l = exp(2 pi i (l + 1/2) / q) and the j-th of
/// worker i at exp(2 pi i (i / workers + 0.6180339887 j)); over the prime field they are distinct small
/// integers.
template <Field T>
class Lagrange {
 public:
  /// Throws std::invalid_argument unless all three are positive.
  Lagrange(int workers, int blocks, int points_per_worker)
      : workers_(workers), points_per_worker_(points_per_worker), beta_(std::max(blocks, 0)) {
    if (workers < 1 || blocks < 1 || points_per_worker < 1)
      throw std::invalid_argument("a Lagrange code needs a worker, a block and a point a worker");
    for (int l = 0; l < blocks; ++l) {
      if constexpr (std::same_as<T, Complex>) {
        beta_(l) = std::polar(1.0, 2 * std::numbers::pi * (l + 0.5) / blocks);
      } else {
        beta_(l) = Gf61(l + 1);
      }
    }
    encoding_weights_ = inverse_differences(beta_);
  }

  int blocks() const { return static_cast<int>(beta_.size()); }
  /// Messages that decode: 2q - 1.
  int threshold() const { return 2 * blocks() - 1; }

  /// The j-th point of a worker, both counted from 0.
  T alpha(int worker, int j) const {
    if constexpr (std::same_as<T, Complex>) {
      // Whole turns are taken off first: they only cost digits.
      const double turns = static_cast<double>(worker) / workers_ + 0.6180339887 * j;
      return std::polar(1.0, 2 * std::numbers::pi * (turns - std::floor(turns)));
    } else {
      return Gf61(static_cast<std::int64_t>(blocks()) + 1 +
                  static_cast<std::int64_t>(worker) * points_per_worker_ + j);
    }
  }

  /// 1 x q: X(alpha) = sum over l of encoding(alpha)(l) * X_l.
  RowVector<T> encoding(T alpha) const { return basis_at(alpha, beta_, encoding_weights_); }

  /// One weight a message: the sum of f(X_l) is the sum of weight times message, for messages at these
  /// distinct points. Throws std::invalid_argument unless there are exactly threshold() of them.
  RowVector<T> decoding(const std::vector<T>& alphas) const {
    if (static_cast<int>(alphas.size()) != threshold())
      throw std::invalid_argument("a Lagrange code decodes from exactly 2q - 1 messages");
    const RowVector<T> points =
        Eigen::Map<const RowVector<T>>(alphas.data(), static_cast<Eigen::Index>(alphas.size()));
    const RowVector<T> weights = inverse_differences(points);
    RowVector<T> sum = RowVector<T>::Zero(points.size());
    for (const T beta : beta_) sum += basis_at(beta, points, weights);
    return sum;
  }

 private:
  /// 1 / prod over j != i of (x_i - x_j), the barycentric weights, up to a common factor that keeps them in
  /// range.
  static RowVector<T> inverse_differences(const RowVector<T>& points) {
    std::vector<Scaled<T>> products;
    for (Eigen::Index i = 0; i < points.size(); ++i)
      products.push_back(difference_product(points(i), points, i));
    RowVector<T> weights(points.size());
    if constexpr (std::same_as<T, Complex>) {
      long least = products.front().exponent();  // of the products: the largest weight is of order one
      for (const Scaled<T>& product : products) least = std::min(least, product.exponent());
      for (Eigen::Index i = 0; i < points.size(); ++i)
        weights(i) = 1.0 / products[static_cast<std::size_t>(i)].value(least);
    } else {
      std::vector<Gf61> values;
      for (const Scaled<T>& product : products) values.push_back(product.value());
      invert_all(values);
      for (Eigen::Index i = 0; i < points.size(); ++i) weights(i) = values[static_cast<std::size_t>(i)];
    }
    return weights;
  }

  /// The Lagrange basis polynomials of the points, at x: the second barycentric form, in which a common
  /// factor of the weights cancels and which on the circle is stable even next to a point (Berrut and
  /// Trefethen 2004).
  static RowVector<T> basis_at(T x, const RowVector<T>& points, const RowVector<T>& weights) {
    std::vector<T> differences;
    for (Eigen::Index i = 0; i < points.size(); ++i) {
      if (x == points(i)) return RowVector<T>::Unit(points.size(), i);
      differences.push_back(x - points(i));
    }
    if constexpr (std::same_as<T, Gf61>) {
      invert_all(differences);
    } else {
      for (T& difference : differences) difference = 1.0 / difference;
    }
    RowVector<T> basis(points.size());
    T sum(0);
    for (Eigen::Index i = 0; i < points.size(); ++i) {
      basis(i) = weights(i) * differences[static_cast<std::size_t>(i)];
      sum += basis(i);
    }
    return basis / sum;
  }

  int workers_, points_per_worker_;
  RowVector<T> beta_, encoding_weights_;
};

}  // namespace straggle::codes
