// The cyclic MDS code of Raviv, Tamo, Tandon and Dimakis, "Gradient Coding from Cyclic MDS Codes and Expander
// Graphs" (arXiv 1707.03858): a circulant of the coefficients of a polynomial with consecutive roots of
// unity.
#pragma once

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>

#include "codes/linear_code.h"

namespace straggle::codes {

/// n messages over n parts, message i over the parts i … i + load - 1 (modulo n); any n - s decode, s = load
/// - 1.
///
/// Row i holds the coefficients of g(x) = prod_{j in Z} (x - w^j), w = exp(2 pi i / n), highest power first,
/// where Z is s consecutive numbers around n / 2 without 0. By the q-binomial theorem the coefficient of
/// x^{s-k} is exp(2 pi i k (c - n/2) / n) * prod_{j=1..k} sin(pi (s-j+1) / n) / sin(pi j / n), c the centre
/// of Z: no digit is lost to cancellation. The code is real and positive when n + s is odd (c = n/2) and
/// complex otherwise (c = (n-1)/2).
///
/// Its decodings are known: a * rows = 0 for the rows (w^{jt})_t of the Fourier matrix with j in Z, and a = 1
/// / g(1) for all rows. Over the reals only, as GF(2^61 - 1) has no n-th root of unity for most n: its twin
/// there is polynomial<Gf61>(cyclic_mask(n, load)). Contiguous stragglers amplify errors exponentially in s,
/// so ask range.h before use. Throws std::invalid_argument unless 1 <= load <= n.
inline LinearCode<Complex> cyclic_mds(int n, int load) {
  if (load < 1 || load > n) throw std::invalid_argument("a cyclic code needs 1 <= load <= n");
  const int s = load - 1;
  const int first = (n - s + 1) / 2;  // Z = first … first + s - 1
  const double turn = std::numbers::pi / n;
  const int shift = 2 * first + s - 1 - n;  // twice the distance of the centre from n/2: 0 or -1

  // The sine is taken in the first quadrant: near pi it would lose the digits of the difference.
  const auto sine = [&](int m) { return std::sin(turn * std::min(m, n - m)); };
  RowVector<Complex> coefficients(load);
  double size = 1;
  for (int k = 0; k <= s; ++k) {
    if (k > 0) size *= sine(s - k + 1) / sine(k);
    coefficients(k) = shift == 0 ? Complex(size) : std::polar(size, turn * shift * k);
  }

  LinearCode<Complex> code;
  code.rows = Matrix<Complex>::Zero(n, n);
  for (int i = 0; i < n; ++i) {
    for (int k = 0; k <= s; ++k) code.rows(i, (i + k) % n) = coefficients(k);
  }
  code.wanted = RowVector<Complex>::Ones(n);
  code.threshold = n - s;
  code.solutions.resize(load, n);
  code.solutions.row(0).setConstant(1.0 / coefficients.sum());
  for (int j = 0; j < s; ++j) {
    for (int t = 0; t < n; ++t) {
      const auto power = static_cast<int>(static_cast<long long>(first + j) * t % n);
      code.solutions(j + 1, t) = std::polar(1 / std::sqrt(n), 2 * turn * power);
    }
  }
  return code;
}

}  // namespace straggle::codes
