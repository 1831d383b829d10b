// Decoding by a direct solve. Compiled once: Eigen's decompositions take a compiler far longer than a
// program.
#include "codes/linear_code.h"

#include <Eigen/QR>
#include <stdexcept>
#include <string>
#include <utility>

#include "codes/elimination.h"

namespace straggle::codes {
namespace {

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

std::optional<Decoding<Complex>> solve(const Matrix<Complex>& rows, const RowVector<Complex>& wanted) {
  RowVector<Complex> weights;
  // Most codes are real, and then the solve takes a tenth of the time.
  if ((rows.imag().array() == 0).all() && (wanted.imag().array() == 0).all()) {
    weights = least_squares<double>(rows.real(), wanted.real()).cast<Complex>();
  } else {
    weights = least_squares<Complex>(rows, wanted);
  }
  const double unit = wanted.cwiseAbs().maxCoeff();
  const double residual = (weights * rows - wanted).cwiseAbs().maxCoeff() / unit;
  const double condition = (weights.cwiseAbs() * rows.cwiseAbs()).maxCoeff() / unit;
  // The largest entry of a vector with a NaN may be another one.
  if (!weights.allFinite() || !(residual <= tolerance(condition))) return std::nullopt;
  return Decoding<Complex>{std::move(weights), condition};
}

std::optional<Decoding<Gf61>> solve(const Matrix<Gf61>& rows, const RowVector<Gf61>& wanted) {
  std::optional<RowVector<Gf61>> weights = solve_left(rows, wanted);
  if (!weights) return std::nullopt;
  return Decoding<Gf61>{*std::move(weights), 0};
}

}  // namespace

void require_distinct(const std::vector<int>& taken, Eigen::Index rows) {
  std::vector<char> seen(static_cast<std::size_t>(rows), 0);
  for (const int row : taken) {
    if (row < 0 || row >= rows) throw std::logic_error("decoding: there is no row " + std::to_string(row));
    if (std::exchange(seen[static_cast<std::size_t>(row)], 1)) {
      throw std::logic_error("decoding: row " + std::to_string(row) + " is taken twice");
    }
  }
}

template <Field T>
std::optional<Decoding<T>> decoding(const LinearCode<T>& code, const std::vector<int>& taken) {
  require_distinct(taken, code.rows.rows());
  if (taken.empty()) return std::nullopt;
  return solve(Matrix<T>(code.rows(taken, Eigen::all)), code.wanted);
}

template std::optional<Decoding<Complex>> decoding(const LinearCode<Complex>&, const std::vector<int>&);
template std::optional<Decoding<Gf61>> decoding(const LinearCode<Gf61>&, const std::vector<int>&);

}  // namespace straggle::codes
