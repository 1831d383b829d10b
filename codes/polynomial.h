// The Reed-Solomon-type code for any assignment of parts to messages, after Halbawi, Azizan, Salehi and
// Hassibi, "Improving Distributed Gradient Descent Using Reed-Solomon Codes" (ISIT 2018), and Ozfatura,
// Gunduz and Ulukus, "Gradient Coding with Clustering and Multi-Message Communication" (2019), who use it
// with several messages a worker.
#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "codes/linear_code.h"
#include "codes/scaled.h"

namespace straggle::codes {

/// R x k: true where message i may contain part k.
using Mask = Matrix<bool>;

/// n x n: message i covers the parts i … i + load - 1 (modulo n). Throws std::invalid_argument unless 1 <=
/// load <= n.
inline Mask cyclic_mask(int n, int load) {
  if (load < 1 || load > n) throw std::invalid_argument("a cyclic mask needs 1 <= load <= n");
  Mask mask = Mask::Constant(n, n, false);
  for (int i = 0; i < n; ++i) {
    for (int c = 0; c < load; ++c) mask(i, (i + c) % n) = true;
  }
  return mask;
}

/// (n * l) x n, l = orders.size(): row i * l + j is message j of worker i and covers the parts i … i +
/// orders[j] - 1 (modulo n). Throws std::invalid_argument unless there is an order and each is in 1 … n.
inline Mask multi_message_mask(int n, const std::vector<int>& orders) {
  if (n < 1 || orders.empty())
    throw std::invalid_argument("a multi-message mask needs a worker and an order");
  const auto messages = static_cast<int>(orders.size());
  Mask mask = Mask::Constant(static_cast<Eigen::Index>(n) * messages, n, false);
  for (int j = 0; j < messages; ++j) {
    const int order = orders[static_cast<std::size_t>(j)];
    if (order < 1 || order > n) throw std::invalid_argument("the order of a message must be in 1 ... n");
    for (int i = 0; i < n; ++i) {
      for (int c = 0; c < order; ++c) mask(i * messages + j, (i + c) % n) = true;
    }
  }
  return mask;
}

/// One distinct point a message. Prime field: 1 … R. Reals: the R-th roots of unity exp(2 pi i m / R), handed
/// out in steps of the smallest q >= round(0.618034 R) coprime to R, point i being m = i q mod R:
/// neighbouring messages (a rack of stragglers, a worker's messages) then lie far apart on the circle,
/// without which no digit is left from about a hundred rows.
template <Field T>
RowVector<T> polynomial_points(int rows) {
  RowVector<T> points(rows);
  if constexpr (std::same_as<T, Complex>) {
    int step = std::max(1, static_cast<int>(std::lround(0.618034 * rows)));
    while (std::gcd(step, rows) != 1) ++step;
    for (int i = 0; i < rows; ++i) {
      const auto m = static_cast<int>(static_cast<long long>(i) * step % rows);
      points(i) = std::polar(1.0, 2 * std::numbers::pi * m / rows);
    }
  } else {
    for (int i = 0; i < rows; ++i) points(i) = Gf61(i + 1);
  }
  return points;
}

/// A code whose message i contains exactly the parts k with mask(i, k), decoded by any h + 1 messages, h the
/// largest number of messages that lack one part.
///
/// Column k is a monic polynomial of degree h, B(i, k) = f_k(x_i), whose roots are the points of the rows
/// that lack part k. Spare roots of a column with fewer than h zeros are put at 0, which is no point: on the
/// unit circle they leave all magnitudes alone, and no coefficient the mask allows can vanish. The divided
/// difference over any h + 1 points takes a monic polynomial of degree h to 1, so a_i = 1 / prod_{j != i}
/// (x_i - x_j) over the taken rows gives a * B = 1.
///
/// f_k(x_i) is the product over its roots or, where these are the majority, prod_{j != i} (x_i - x_j) over
/// all rows divided by the same over the rows that have k: less work and less rounding. R^2 + (ones of the
/// mask) * min(ones, zeros of a column) steps. Over the reals the condition grows with the number of rows
/// left out; range.h measures what is left of the digits. Throws std::invalid_argument for an empty mask or a
/// part that no message has.
template <Field T>
LinearCode<T> polynomial(const Mask& mask) {
  const Eigen::Index rows = mask.rows(), parts = mask.cols();
  if (rows < 1 || parts < 1) throw std::invalid_argument("a polynomial code needs a message and a part");
  const Eigen::Index degree = rows - mask.cast<Eigen::Index>().colwise().sum().minCoeff();
  if (degree == rows) throw std::invalid_argument("a polynomial code needs every part in some message");

  LinearCode<T> code;
  code.rows = Matrix<T>::Zero(rows, parts);
  code.wanted = RowVector<T>::Constant(parts, T(1));
  code.threshold = static_cast<int>(degree) + 1;
  code.points = polynomial_points<T>(static_cast<int>(rows));

  std::vector<Scaled<T>> all;
  for (Eigen::Index i = 0; i < rows; ++i) all.push_back(difference_product(code.points(i), code.points, i));

  std::vector<int> having, lacking;
  for (Eigen::Index k = 0; k < parts; ++k) {
    having.clear();
    lacking.clear();
    for (int i = 0; i < rows; ++i) (mask(i, k) ? having : lacking).push_back(i);
    const auto spare = degree - static_cast<Eigen::Index>(lacking.size());
    for (const int i : having) {
      const T x = code.points(i);
      Scaled<T> value;
      if (lacking.size() <= having.size()) {
        value = difference_product(x, code.points, lacking);
      } else {
        value = all[static_cast<std::size_t>(i)];
        value /= difference_product(x, code.points, having, i);
      }
      for (Eigen::Index root = 0; root < spare; ++root) value *= x;
      code.rows(i, k) = value.value();
    }
  }
  return code;
}

}  // namespace straggle::codes
