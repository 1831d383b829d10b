// The coefficients of the cyclic repetition code, row by row (Algorithm 2 of Tandon et al.).
#include "codes/cyclic_random.h"

#include <Eigen/LU>

#include "codes/elimination.h"

namespace straggle::codes {
namespace {

// x with window * x = -column.
RowVector<Complex> null_combination(const Matrix<long double>& window, const RowVector<long double>& column) {
  using Columns = Eigen::Matrix<long double, Eigen::Dynamic, Eigen::Dynamic>;
  const RowVector<long double> x = Columns(window).partialPivLu().solve(-column.transpose()).transpose();
  return x.cast<double>().cast<Complex>();
}

RowVector<Gf61> null_combination(const Matrix<Gf61>& window, const RowVector<Gf61>& column) {
  Matrix<Gf61> system(window.rows(), window.cols() + 1);
  system << window, -column.transpose();
  const Echelon echelon = reduce(std::move(system), window.cols());
  if (static_cast<Eigen::Index>(echelon.pivots.size()) < window.cols()) {
    throw std::domain_error("cyclic_random: the random matrix is singular, draw another");
  }
  return echelon.matrix.col(window.cols()).transpose();
}

template <class T, class Scalar>
LinearCode<T> code_from(const Matrix<Scalar>& h) {
  const Eigen::Index s = h.rows(), n = h.cols();
  LinearCode<T> code;
  code.rows = Matrix<T>::Identity(n, n);
  code.wanted = RowVector<T>::Constant(n, T(1));
  code.threshold = static_cast<int>(n - s);
  Matrix<Scalar> window(s, s);
  for (Eigen::Index i = 0; i < n && s > 0; ++i) {
    for (Eigen::Index c = 0; c < s; ++c) window.col(c) = h.col((i + 1 + c) % n);
    const RowVector<T> x = null_combination(window, RowVector<Scalar>(h.col(i).transpose()));
    for (Eigen::Index c = 0; c < s; ++c) code.rows(i, (i + 1 + c) % n) = x(c);
  }
  return code;
}

}  // namespace

LinearCode<Complex> cyclic_code_from(const Matrix<long double>& h) {
  return code_from<Complex>(h);
}
LinearCode<Gf61> cyclic_code_from(const Matrix<Gf61>& h) {
  return code_from<Gf61>(h);
}

}  // namespace straggle::codes
