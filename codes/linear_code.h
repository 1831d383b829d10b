// A linear code for gradient aggregation: every message is a linear combination of partial gradients, and the
// master recombines the messages it got into the full gradient (the pair A, B with A B = 1 of Tandon, Lei,
// Dimakis and Karampatziakis, "Gradient Coding", ICML 2017). Here: the code as data, and its decoding by a
// direct solve.
#pragma once

#include <algorithm>
#include <limits>
#include <optional>
#include <vector>

#include "codes/field.h"

namespace straggle::codes {

/// R messages over k partial gradients. Plain data, filled in by the constructions in this folder.
template <Field T>
struct LinearCode {
  Matrix<T> rows;       ///< R x k: a row holds the coefficients of one message
  RowVector<T> wanted;  ///< 1 x k: what to recover, all ones for the full gradient; not all zero
  int threshold = 0;    ///< any this many rows decode
  /// Empty, or one point a row: a polynomial code (polynomial.h) of degree threshold - 1, which any
  /// `threshold` rows decode in closed form.
  RowVector<T> points;
  /// Empty, or all decodings of all R rows, where a construction knows them in closed form: row 0 is a
  /// solution a of a * rows = wanted, the other rows are a basis (over the reals an orthogonal one) of the
  /// solutions of a * rows = 0.
  Matrix<T> solutions;
};

/// How to recombine the messages taken.
template <Field T>
struct Decoding {
  RowVector<T> weights;  ///< one per taken row: weights * rows(taken) = wanted
  /// Reals: the largest entry of |weights| * |rows(taken)|, in units of the largest |wanted|: what one
  /// relative unit of rounding in coefficients, messages or weights can become in the sum. At least 1. Prime
  /// field: 0.
  double condition = 0;
};

/// No decode over the reals may be further off than this, however ill-conditioned it is: a wrong coefficient
/// is an error of order one, so a decode that needs more slack than a millionth proves nothing.
inline constexpr double kCeiling = 1e-6;

/// What the rounding of doubles explains: a decoded vector differs from the direct sum by at most this times
/// the sum of the norms of the partial gradients. Coefficients, messages, weights and the final sum are each
/// the result of up to a thousand operations, whose independent errors add up to about ten rounding units
/// (measured: 13 over all codes here up to 1000 workers and 3000 messages), and the condition amplifies them;
/// 256 leave a decade to spare.
inline double rounding_bound(double condition) {
  return 256 * std::numeric_limits<double>::epsilon() * std::max(1.0, condition);
}

/// How far a decode over the reals may be off: what rounding explains, and never more than the ceiling.
inline double tolerance(double condition) {
  return std::min(kCeiling, rounding_bound(condition));
}

/// The weights that turn the taken rows into `wanted`, by a direct solve (QR with column pivoting over the
/// reals, Gauss over the prime field) that knows nothing of the code but its rows: the slow reference for
/// Decoder. Nothing when `wanted` is not in the span of the rows; over the reals, when the best weights miss
/// an entry of `wanted` by more than tolerance(condition) in units of the largest one. Throws
/// std::logic_error when a row is taken twice or does not exist.
template <Field T>
std::optional<Decoding<T>> decoding(const LinearCode<T>& code, const std::vector<int>& taken);

/// Throws std::logic_error unless `taken` are distinct indices below `rows`.
void require_distinct(const std::vector<int>& taken, Eigen::Index rows);

}  // namespace straggle::codes
