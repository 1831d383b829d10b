// Gaussian elimination over GF(2^61 - 1): exact, so any nonzero element is as good a pivot as any other.
#pragma once

#include <optional>
#include <vector>

#include "codes/field.h"

namespace straggle::codes {

/// A matrix in reduced row echelon form.
struct Echelon {
  Matrix<Gf61> matrix;
  std::vector<Eigen::Index> pivots;  ///< pivots[i] is the pivot column of row i; the rows below have none
};

/// Reduces a matrix, taking pivots from its first `pivot_columns` columns only (the others are right-hand
/// sides). Zeros are skipped, so a banded matrix costs its size times its band width, a dense one the cube.
inline Echelon reduce(Matrix<Gf61> matrix, Eigen::Index pivot_columns) {
  Echelon echelon{std::move(matrix), {}};
  Matrix<Gf61>& a = echelon.matrix;
  std::vector<Eigen::Index> filled;
  Eigen::Index row = 0;
  for (Eigen::Index column = 0; column < pivot_columns && row < a.rows(); ++column) {
    Eigen::Index found = row;
    while (found < a.rows() && a(found, column) == Gf61(0)) ++found;
    if (found == a.rows()) continue;
    if (found != row) a.row(found).swap(a.row(row));

    filled.clear();
    const Gf61 scale = a(row, column).inverse();
    for (Eigen::Index c = column; c < a.cols(); ++c) {
      if (a(row, c) == Gf61(0)) continue;
      a(row, c) *= scale;
      filled.push_back(c);
    }
    for (Eigen::Index other = 0; other < a.rows(); ++other) {
      const Gf61 factor = a(other, column);
      if (other == row || factor == Gf61(0)) continue;
      for (const Eigen::Index c : filled) a(other, c) -= factor * a(row, c);
    }
    echelon.pivots.push_back(column);
    ++row;
  }
  return echelon;
}

/// One solution x of x * matrix = right (matrix m x k, right 1 x k), or nothing when there is none.
inline std::optional<RowVector<Gf61>> solve_left(const Matrix<Gf61>& matrix, const RowVector<Gf61>& right) {
  const Eigen::Index unknowns = matrix.rows();
  Matrix<Gf61> system(matrix.cols(), unknowns + 1);
  system << matrix.transpose(), right.transpose();
  const Echelon echelon = reduce(std::move(system), unknowns);

  const auto rank = static_cast<Eigen::Index>(echelon.pivots.size());
  for (Eigen::Index row = rank; row < matrix.cols(); ++row) {
    if (echelon.matrix(row, unknowns) != Gf61(0)) return std::nullopt;
  }
  RowVector<Gf61> x = RowVector<Gf61>::Zero(unknowns);
  for (Eigen::Index row = 0; row < rank; ++row) {
    x(echelon.pivots[static_cast<std::size_t>(row)]) = echelon.matrix(row, unknowns);
  }
  return x;
}

}  // namespace straggle::codes
