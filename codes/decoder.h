// Decoding many straggler sets of one code: what does not depend on the set is done once.
#pragma once

#include <Eigen/QR>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "codes/linear_code.h"
#include "codes/scaled.h"

namespace straggle::codes {

/// Decodes what decoding() decodes, by the cheapest way that is numerically as good:
/// - a polynomial code in closed form, from the first `threshold` rows taken (further ones get the weight 0);
/// - a code that needs more than half of its rows, from all decodings a0 + z * N of all R rows (N: a basis of
/// the
///   solutions of a * rows = 0): leaving out the rows S means z * N_S = -a0_S, a system as large as S. Over
///   the reals N is orthonormal and a0 the shortest solution for rows of length one, so |z| <= |a| and the
///   residual is bounded as that of QR is, by the rounding unit times |a|;
/// - else by the direct solve.
/// Every decoding is checked against the rows before it is handed out. Const calls from several threads are
/// safe.
template <Field T>
class Decoder {
 public:
  explicit Decoder(LinearCode<T> code);

  const LinearCode<T>& code() const { return code_; }

  /// See decoding(): the same contract. The weights may differ where several choices decode.
  std::optional<Decoding<T>> operator()(const std::vector<int>& taken) const;

 private:
  struct Entry {
    Eigen::Index column;
    T value;
  };

  void prepare_solutions();
  std::vector<int> all_but(const std::vector<int>& taken) const;
  RowVector<T> in_closed_form(const std::vector<int>& taken) const;
  std::optional<RowVector<T>> from_solutions(const std::vector<int>& taken,
                                             const std::vector<int>& missing) const;
  std::optional<Decoding<T>> checked(const std::vector<int>& taken, RowVector<T> weights) const;

  LinearCode<T> code_;
  std::vector<std::vector<Entry>> entries_;  ///< the coefficients that are not zero, row by row
  std::vector<Scaled<T>> all_differences_;   ///< polynomial codes: prod_{j != i} (x_i - x_j) over all rows j
  /// (1 + dimension) x R: a0 and the basis N, for rows divided by lengths_. No rows: not in use.
  Matrix<T> solutions_;
  RowVector<double>
      lengths_;  ///< reals: the Euclidean length of each row, so that scaling a row changes nothing
};

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
  detail::require_distinct(taken, code_.rows.rows());
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
  const Eigen::Index rows = code_.rows.rows();
  if constexpr (std::same_as<T, Complex>) {
    lengths_ = code_.rows.rowwise().norm().transpose();
    lengths_ = (lengths_.array() == 0).select(1.0, lengths_);
    if (code_.solutions.size() != 0) {
      solutions_ = code_.solutions * lengths_.cast<Complex>().asDiagonal();
      solutions_.bottomRows(solutions_.rows() - 1).rowwise().normalize();
      return;
    }
    // QR of the rows as they stand: the first columns of Q span them, the others are the solutions of a *
    // rows = 0.
    const auto factorise = [&]<class Scalar>(const Matrix<Scalar>& matrix, const RowVector<Scalar>& wanted) {
      using Columns = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>;
      const Eigen::ColPivHouseholderQR<Columns> qr(Columns(lengths_.cwiseInverse().asDiagonal() * matrix));
      const Eigen::Index rank = qr.rank();
      const Columns q = qr.householderQ();
      const RowVector<Scalar> permuted = wanted * qr.colsPermutation();
      const auto triangle = qr.matrixR().topLeftCorner(rank, rank).template triangularView<Eigen::Upper>();
      const RowVector<Scalar> y = triangle.transpose().solve(permuted.head(rank).transpose()).transpose();
      solutions_.resize(1 + rows - rank, rows);
      solutions_.row(0) = (y * q.leftCols(rank).adjoint()).template cast<Complex>();
      solutions_.bottomRows(rows - rank) = q.rightCols(rows - rank).adjoint().template cast<Complex>();
    };
    if (detail::is_real(code_.rows) && detail::is_real(code_.wanted)) {
      factorise.template operator()<double>(code_.rows.real(), code_.wanted.real());
    } else {
      factorise.template operator()<Complex>(code_.rows, code_.wanted);
    }
  } else {
    if (code_.solutions.size() != 0) {
      solutions_ = code_.solutions;
      return;
    }
    Matrix<Gf61> system(code_.rows.cols(), rows + 1);
    system << code_.rows.transpose(), code_.wanted.transpose();
    const Echelon echelon = reduce(std::move(system), rows);
    const auto rank = static_cast<Eigen::Index>(echelon.pivots.size());
    for (Eigen::Index row = rank; row < echelon.matrix.rows(); ++row) {
      if (echelon.matrix(row, rows) != Gf61(0)) return;  // not even all rows decode
    }
    solutions_ = Matrix<Gf61>::Zero(1 + rows - rank, rows);
    std::vector<char> is_pivot(static_cast<std::size_t>(rows), 0);
    for (const Eigen::Index pivot : echelon.pivots) is_pivot[static_cast<std::size_t>(pivot)] = 1;
    for (Eigen::Index i = 0; i < rank; ++i) {
      solutions_(0, echelon.pivots[static_cast<std::size_t>(i)]) = echelon.matrix(i, rows);
    }
    Eigen::Index next = 1;
    for (Eigen::Index free = 0; free < rows; ++free) {
      if (is_pivot[static_cast<std::size_t>(free)]) continue;
      solutions_(next, free) = Gf61(1);
      for (Eigen::Index i = 0; i < rank; ++i) {
        solutions_(next, echelon.pivots[static_cast<std::size_t>(i)]) = -echelon.matrix(i, free);
      }
      ++next;
    }
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
  const Eigen::Index dimension = solutions_.rows() - 1;
  RowVector<T> weights = solutions_.row(0)(taken);
  if (!missing.empty()) {
    if (dimension == 0) return std::nullopt;
    const auto basis = solutions_.bottomRows(dimension);
    const Matrix<T> system = basis(Eigen::all, missing);
    const RowVector<T> right = -solutions_.row(0)(missing);
    RowVector<T> z;
    if constexpr (std::same_as<T, Complex>) {
      const Eigen::CompleteOrthogonalDecomposition<Eigen::MatrixXcd> factors(
          Eigen::MatrixXcd(system.transpose()));
      z = factors.solve(right.transpose()).transpose();  // the shortest one, if fewer are missing than may be
    } else {
      std::optional<RowVector<Gf61>> solution = solve_left(system, right);
      if (!solution) return std::nullopt;
      z = *std::move(solution);
    }
    weights += z * basis(Eigen::all, taken);
  }
  if constexpr (std::same_as<T, Complex>)
    weights = weights.cwiseQuotient(lengths_(taken).template cast<Complex>());
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
    if (!(error.cwiseAbs().maxCoeff() / unit <= tolerance(condition))) return std::nullopt;  // NaN, too
    return Decoding<T>{std::move(weights), condition};
  } else {
    for (const Gf61 entry : error) {
      if (entry != Gf61(0)) return std::nullopt;
    }
    return Decoding<T>{std::move(weights), 0};
  }
}

}  // namespace straggle::codes
