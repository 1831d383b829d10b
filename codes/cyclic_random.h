// The cyclic repetition code with random coefficients: Algorithm 2 of Tandon, Lei, Dimakis and
// Karampatziakis, "Gradient Coding" (ICML 2017).
#pragma once

#include <complex>
#include <concepts>
#include <stdexcept>
#include <type_traits>

#include "codes/linear_code.h"

namespace straggle::codes {

/// The code of an s x n matrix H whose rows sum to zero (see cyclic_random). Over the reals H and its solves
/// are carried with more digits than a double has, as the coefficients lose the condition of an s x s system;
/// they are rounded once.
LinearCode<Complex> cyclic_code_from(const Matrix<long double>& h);
LinearCode<Gf61> cyclic_code_from(const Matrix<Gf61>& h);

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
  using Scalar = std::conditional_t<std::same_as<T, Complex>, long double, Gf61>;
  Matrix<Scalar> h(load - 1, n);
  for (Eigen::Index row = 0; row < h.rows(); ++row) {
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
  return cyclic_code_from(h);
}

}  // namespace straggle::codes
