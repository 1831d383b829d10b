// A linear code for gradient aggregation: every message is a linear combination of partial gradients, and the
// master recombines the messages it got into the full gradient (the pair A, B with A B = 1 of Tandon, Lei,
// Dimakis and Karampatziakis, "Gradient Coding", ICML 2017). Here: the code as data, and its decoding by a
// direct solve.
#pragma once

#include <Eigen/QR>
#include <algorithm>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "codes/elimination.h"
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
/// (measured: 12 over all codes here up to 1000 workers and 3000 messages), and the condition amplifies them;
/// 256 leave a decade to spare.
inline double rounding_bound(double condition) {
  return 256 * std::numeric_limits<double>::epsilon() * std::max(1.0, condition);
}

/// How far a decode over the reals may be off: what rounding explains, and never more than the ceiling.
inline double tolerance(double condition) {
  return std::min(kCeiling, rounding_bound(condition));
}

namespace detail {

/// Throws std::logic_error unless `taken` are distinct indices below `rows`.
inline void require_distinct(const std::vector<int>& taken, Eigen::Index rows) {
  std::vector<char> seen(static_cast<std::size_t>(rows), 0);
  for (const int row : taken) {
    if (row < 0 || row >= rows) throw std::logic_error("decoding: there is no row " + std::to_string(row));
    if (std::exchange(seen[static_cast<std::size_t>(row)], 1)) {
      throw std::logic_error("decoding: row " + std::to_string(row) + " is taken twice");
    }
  }
}

inline bool is_real(const Matrix<Complex>& matrix) {
  return (matrix.imag().array() == 0).all();
}

/// The least-squares x of x * matrix = right, refined once: the residual of the first solution is small
/// beside the norms of matrix and x, that of the second also beside the single entries.
template <class Scalar>
RowVector<Scalar> least_squares(const Matrix<Scalar>& matrix, const RowVector<Scalar>& right) {
  using Columns = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>;
  const Eigen::ColPivHouseholderQR<Columns> qr(Columns(matrix.transpose()));
  RowVector<Scalar> x = qr.solve(right.transpose()).transpose();
  const RowVector<Scalar> residual = right - x * matrix;
  x += qr.solve(residual.transpose()).transpose();
  return x;
}

}  // namespace detail

/// The weights that turn the taken rows into `wanted`, by a direct solve (QR with column pivoting over the
/// reals, Gauss over the prime field) that knows nothing of the code but its rows: the slow reference for
/// Decoder. Nothing when `wanted` is not in the span of the rows; over the reals, when the best weights miss
/// an entry of `wanted` by more than tolerance(condition) in units of the largest one. Throws
/// std::logic_error when a row is taken twice or does not exist.
template <Field T>
std::optional<Decoding<T>> decoding(const LinearCode<T>& code, const std::vector<int>& taken) {
  detail::require_distinct(taken, code.rows.rows());
  if (taken.empty()) return std::nullopt;
  const Matrix<T> rows = code.rows(taken, Eigen::all);
  if constexpr (std::same_as<T, Complex>) {
    RowVector<Complex> weights;
    if (detail::is_real(rows) && detail::is_real(code.wanted)) {  // most codes are, at a tenth of the cost
      weights = detail::least_squares<double>(rows.real(), code.wanted.real()).template cast<Complex>();
    } else {
      weights = detail::least_squares<Complex>(rows, code.wanted);
    }
    const double unit = code.wanted.cwiseAbs().maxCoeff();
    const double residual = (weights * rows - code.wanted).cwiseAbs().maxCoeff() / unit;
    const double condition = (weights.cwiseAbs() * rows.cwiseAbs()).maxCoeff() / unit;
    if (!(residual <= tolerance(condition))) return std::nullopt;  // NaN, too
    return Decoding<Complex>{std::move(weights), condition};
  } else {
    std::optional<RowVector<Gf61>> weights = solve_left(rows, code.wanted);
    if (!weights) return std::nullopt;
    return Decoding<Gf61>{*std::move(weights), 0};
  }
}

}  // namespace straggle::codes
