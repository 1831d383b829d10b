// The three ways to decode. Compiled once: Eigen's decompositions take a compiler far longer than a program.
#include "codes/decoder.h"

#include <Eigen/QR>
#include <cmath>
#include <concepts>
#include <utility>

#include "codes/elimination.h"

namespace straggle::codes {
namespace {

bool is_real(const Matrix<Complex>& matrix) {
  return (matrix.imag().array() == 0).all();
}

// Row 0: the shortest a with a * rows = wanted; below it an orthonormal basis of the a with a * rows = 0. By
// QR of the rows: the first columns of Q span what rows span, the others are orthogonal to it.
template <class Scalar>
Matrix<Complex> all_solutions_by_qr(const Matrix<Scalar>& rows, const RowVector<Scalar>& wanted) {
  using Columns = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>;
  const Eigen::ColPivHouseholderQR<Columns> qr{Columns(rows)};
  const Eigen::Index count = rows.rows(), rank = qr.rank();
  const Columns q = qr.householderQ();
  const RowVector<Scalar> permuted = wanted * qr.colsPermutation();
  const auto triangle = qr.matrixR().topLeftCorner(rank, rank).template triangularView<Eigen::Upper>();
  const RowVector<Scalar> y = triangle.transpose().solve(permuted.head(rank).transpose()).transpose();
  Matrix<Complex> solutions(1 + count - rank, count);
  solutions.row(0) = (y * q.leftCols(rank).adjoint()).template cast<Complex>();
  solutions.bottomRows(count - rank) = q.rightCols(count - rank).adjoint().template cast<Complex>();
  return solutions;
}

Matrix<Complex> all_solutions(const Matrix<Complex>& rows, const RowVector<Complex>& wanted) {
  if (is_real(rows) && is_real(wanted)) return all_solutions_by_qr<double>(rows.real(), wanted.real());
  return all_solutions_by_qr<Complex>(rows, wanted);
}

// The same over the prime field, where the basis has a 1 for one free row each. Empty if not even all rows
// decode.
Matrix<Gf61> all_solutions(const Matrix<Gf61>& rows, const RowVector<Gf61>& wanted) {
  const Eigen::Index count = rows.rows();
  Matrix<Gf61> system(rows.cols(), count + 1);
  system << rows.transpose(), wanted.transpose();
  const Echelon echelon = reduce(std::move(system), count);
  const auto rank = static_cast<Eigen::Index>(echelon.pivots.size());
  for (Eigen::Index row = rank; row < rows.cols(); ++row) {
    if (echelon.matrix(row, count) != Gf61(0)) return {};
  }

  Matrix<Gf61> solutions = Matrix<Gf61>::Zero(1 + count - rank, count);
  for (Eigen::Index i = 0; i < rank; ++i) {
    solutions(0, echelon.pivots[static_cast<std::size_t>(i)]) = echelon.matrix(i, count);
  }
  std::vector<char> is_pivot(static_cast<std::size_t>(count), 0);
  for (const Eigen::Index pivot : echelon.pivots) is_pivot[static_cast<std::size_t>(pivot)] = 1;
  Eigen::Index next = 1;
  for (Eigen::Index column = 0; column < count; ++column) {
    if (is_pivot[static_cast<std::size_t>(column)]) continue;
    solutions(next, column) = Gf61(1);
    for (Eigen::Index i = 0; i < rank; ++i) {
      solutions(next, echelon.pivots[static_cast<std::size_t>(i)]) = -echelon.matrix(i, column);
    }
    ++next;
  }
  return solutions;
}

// z with z * basis = right: over the reals the shortest of the best.
std::optional<RowVector<Complex>> combination(const Matrix<Complex>& basis, const RowVector<Complex>& right) {
  using Columns = Eigen::MatrixXcd;
  const Eigen::CompleteOrthogonalDecomposition<Columns> factors{Columns(basis.transpose())};
  return RowVector<Complex>(factors.solve(right.transpose()).transpose());
}

std::optional<RowVector<Gf61>> combination(const Matrix<Gf61>& basis, const RowVector<Gf61>& right) {
  return solve_left(basis, right);
}

}  // namespace

template <Field T>
Decoder<T>::Decoder(LinearCode<T> code) : code_(std::move(code)) {
  const Eigen::Index rows = code_.rows.rows();
  entries_.resize(static_cast<std::size_t>(rows));
  for (Eigen::Index i = 0; i < rows; ++i) {
    for (Eigen::Index k = 0; k < code_.rows.cols(); ++k) {
      if (code_.rows(i, k) != T(0)) entries_[static_cast<std::size_t>(i)].push_back({k, code_.rows(i, k)});
    }
  }
  if (code_.points.size() != 0) {
    for (Eigen::Index i = 0; i < rows; ++i) {
      all_differences_.push_back(difference_product(code_.points(i), code_.points, i));
    }
  } else if (2 * static_cast<Eigen::Index>(code_.threshold) > rows) {
    prepare_solutions();
  }
}

template <Field T>
std::optional<Decoding<T>> Decoder<T>::operator()(const std::vector<int>& taken) const {
  require_distinct(taken, code_.rows.rows());
  const bool enough = static_cast<int>(taken.size()) >= code_.threshold;
  if (code_.points.size() != 0 && enough) return checked(taken, in_closed_form(taken));
  if (solutions_.size() != 0) {
    const std::vector<int> missing = all_but(taken);
    if (missing.size() < taken.size()) {
      std::optional<RowVector<T>> weights = from_solutions(taken, missing);
      return weights ? checked(taken, *std::move(weights)) : std::nullopt;
    }
  }
  return decoding(code_, taken);
}

template <Field T>
void Decoder<T>::prepare_solutions() {
  if constexpr (std::same_as<T, Complex>) {
    lengths_ = code_.rows.rowwise().norm().transpose();
    lengths_ = (lengths_.array() == 0).select(1.0, lengths_);
    if (code_.solutions.size() == 0) {
      solutions_ = all_solutions(lengths_.cwiseInverse().asDiagonal() * code_.rows, code_.wanted);
    } else {
      solutions_ = code_.solutions * lengths_.cast<Complex>().asDiagonal();
      solutions_.bottomRows(solutions_.rows() - 1).rowwise().normalize();
    }
  } else {
    solutions_ = code_.solutions.size() == 0 ? all_solutions(code_.rows, code_.wanted) : code_.solutions;
  }
}

template <Field T>
std::vector<int> Decoder<T>::all_but(const std::vector<int>& taken) const {
  std::vector<char> has(static_cast<std::size_t>(code_.rows.rows()), 0);
  for (const int row : taken) has[static_cast<std::size_t>(row)] = 1;
  std::vector<int> others;
  for (int row = 0; row < code_.rows.rows(); ++row) {
    if (!has[static_cast<std::size_t>(row)]) others.push_back(row);
  }
  return others;
}

template <Field T>
RowVector<T> Decoder<T>::in_closed_form(const std::vector<int>& taken) const {
  const std::vector<int> used(taken.begin(), taken.begin() + code_.threshold);
  const std::vector<int> unused = all_but(used);
  // a_i = 1 / prod over the used = prod over the unused / prod over all, whichever is less work and rounding.
  const bool by_unused = unused.size() < used.size();
  RowVector<T> weights = RowVector<T>::Zero(static_cast<Eigen::Index>(taken.size()));
  for (std::size_t i = 0; i < used.size(); ++i) {
    const int row = used[i];
    const T x = code_.points(row);
    Scaled<T> weight;
    if (by_unused) {
      weight = difference_product(x, code_.points, unused);
      weight /= all_differences_[static_cast<std::size_t>(row)];
    } else {
      weight /= difference_product(x, code_.points, used, row);
    }
    weights(static_cast<Eigen::Index>(i)) = weight.value();
  }
  return weights;
}

template <Field T>
std::optional<RowVector<T>> Decoder<T>::from_solutions(const std::vector<int>& taken,
                                                       const std::vector<int>& missing) const {
  RowVector<T> weights = solutions_.row(0)(taken);
  if (!missing.empty()) {
    const Eigen::Index dimension = solutions_.rows() - 1;
    if (dimension == 0) return std::nullopt;
    const auto basis = solutions_.bottomRows(dimension);
    const auto z =
        combination(Matrix<T>(basis(Eigen::all, missing)), RowVector<T>(-solutions_.row(0)(missing)));
    if (!z) return std::nullopt;
    weights += *z * Matrix<T>(basis(Eigen::all, taken));
  }
  if constexpr (std::same_as<T, Complex>) {
    for (std::size_t i = 0; i < taken.size(); ++i)
      weights(static_cast<Eigen::Index>(i)) /= lengths_(taken[i]);
  }
  return weights;
}

template <Field T>
std::optional<Decoding<T>> Decoder<T>::checked(const std::vector<int>& taken, RowVector<T> weights) const {
  RowVector<T> error = -code_.wanted;
  RowVector<double> amplified = RowVector<double>::Zero(code_.wanted.size());
  for (std::size_t i = 0; i < taken.size(); ++i) {
    const T weight = weights(static_cast<Eigen::Index>(i));
    if (weight == T(0)) continue;
    for (const Entry& entry : entries_[static_cast<std::size_t>(taken[i])]) {
      const T term = weight * entry.value;
      error(entry.column) += term;
      if constexpr (std::same_as<T, Complex>) amplified(entry.column) += std::abs(term);
    }
  }
  if constexpr (std::same_as<T, Complex>) {
    const double unit = code_.wanted.cwiseAbs().maxCoeff();
    const double condition = amplified.maxCoeff() / unit;
    const bool explained = error.cwiseAbs().maxCoeff() / unit <= tolerance(condition);
    if (!explained || !weights.allFinite() || !error.allFinite()) return std::nullopt;
    return Decoding<T>{std::move(weights), condition};
  } else {
    for (const Gf61 entry : error) {
      if (entry != Gf61(0)) return std::nullopt;
    }
    return Decoding<T>{std::move(weights), 0};
  }
}

template class Decoder<Complex>;
template class Decoder<Gf61>;

}  // namespace straggle::codes
