// The cyclic repetition code with random coefficients: Algorithm 2 of Tandon, Lei, Dimakis and
// Karampatziakis, "Gradient Coding" (ICML 2017).
#pragma once

#include <Eigen/LU>
#include <optional>
#include <stdexcept>

#include "codes/linear_code.h"

namespace straggle::codes {

/// n messages over n parts, message i over the parts i … i + load - 1 (modulo n); any n - s decode, s = load
/// - 1.
///
/// H is a random s x n matrix whose columns sum to zero, so that H * 1 = 0; row i of B is 1 on part i and
/// -inv(H_{i+1 … i+s}) h_i on the s parts after it, so that every row of B lies in the null space of H, which
/// has dimension n - s, contains the all-ones vector, and is spanned by any n - s rows. The construction
/// works with probability one; a singular draw (2^-61 times n in the prime field) throws std::domain_error.
///
/// draw() returns a random element: a standard normal for Complex (the code is then real), a uniform one for
/// Gf61. It is called s * (n - 1) times, for H row by row without the last column. The work grows as n * s^3.
/// Throws std::invalid_argument unless 1 <= load <= n.
template <Field T, class Draw>
LinearCode<T> cyclic_random(int n, int load, Draw&& draw) {
  if (load < 1 || load > n) throw std::invalid_argument("a cyclic code needs 1 <= load <= n");
  const Eigen::Index s = load - 1;
  // Reals: s equations lose up to log10(cond) digits, so H and its solves are carried with the 64-bit
  // mantissa of the x87 and the coefficients are rounded once at the end.
  using Scalar = std::conditional_t<std::same_as<T, Complex>, long double, Gf61>;

  Matrix<Scalar> h(s, n);
  for (Eigen::Index row = 0; row < s; ++row) {
    Scalar sum(0);
    for (Eigen::Index column = 0; column + 1 < n; ++column) {
      if constexpr (std::same_as<T, Complex>) {
        h(row, column) = std::real(Complex(draw()));
      } else {
        h(row, column) = draw();
      }
      sum += h(row, column);
    }
    h(row, n - 1) = -sum;
  }

  LinearCode<T> code;
  code.rows = Matrix<T>::Zero(n, n);
  code.wanted = RowVector<T>::Constant(n, T(1));
  code.threshold = n - static_cast<int>(s);
  Matrix<Scalar> window(s, s);
  for (Eigen::Index i = 0; i < n; ++i) {
    for (Eigen::Index c = 0; c < s; ++c) window.col(c) = h.col((i + 1 + c) % n);
    code.rows(i, i) = T(1);
    if (s == 0) continue;
    if constexpr (std::same_as<T, Complex>) {
      const Eigen::Matrix<Scalar, Eigen::Dynamic, 1> x = window.partialPivLu().solve(-h.col(i));
      for (Eigen::Index c = 0; c < s; ++c) code.rows(i, (i + 1 + c) % n) = T(static_cast<double>(x(c)));
    } else {
      const std::optional<RowVector<Gf61>> x = solve_left(window.transpose(), -h.col(i).transpose());
      if (!x) throw std::domain_error("cyclic_random: the random matrix is singular, draw another");
      for (Eigen::Index c = 0; c < s; ++c) code.rows(i, (i + 1 + c) % n) = (*x)(c);
    }
  }
  return code;
}

}  // namespace straggle::codes
