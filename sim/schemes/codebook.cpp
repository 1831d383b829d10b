#include "sim/schemes/codebook.h"

#include <algorithm>

#include "codes/linear_code.h"

namespace straggle {

template <class T>
codes::RowVector<T> Decoded<T>::vector(std::size_t dimension) const {
  const auto columns = static_cast<Eigen::Index>(dimension);
  if (at_workers.rows() > 0) return at_workers.row(0);
  if (carried.size() == 0) return {};
  if constexpr (std::is_same_v<T, double>) {
    if (layout == Layout::pairs) return codes::unpack(carried, columns);
    return carried.real();
  } else {
    return carried;
  }
}

template codes::RowVector<double> Decoded<double>::vector(std::size_t) const;
template codes::RowVector<codes::Gf61> Decoded<codes::Gf61>::vector(std::size_t) const;

namespace {

/// The sum of these rows, range by range, in the scalars of a decoded vector.
template <class Scalar, class T>
codes::RowVector<Scalar> sum_of(const codes::Matrix<T>& rows,
                                const std::vector<std::pair<std::size_t, std::size_t>>& ranges) {
  codes::RowVector<Scalar> sum = codes::RowVector<Scalar>::Zero(rows.cols());
  for (const auto& [first, count] : ranges)
    sum += rows.middleRows(static_cast<Eigen::Index>(first), static_cast<Eigen::Index>(count))
               .colwise()
               .sum()
               .template cast<Scalar>();
  return sum;
}

/// The vectors, one a row, against what all of them should be.
template <class T, class Scalar>
Exactness compare(const Decoded<T>& decoded, const codes::Matrix<Scalar>& vectors,
                  const codes::RowVector<Scalar>& expected) {
  Exactness result{.decodable = decoded.decodable, .seconds = decoded.seconds};
  if constexpr (std::is_same_v<T, double>) {
    const double scale = expected.norm() > 0 ? expected.norm() : 1;
    for (const auto& vector : vectors.rowwise())
      result.error = std::max(result.error, (vector - expected).norm() / scale);
    // Rounding is in units of the gradients' own norms, of which the sum may have lost some to cancellation.
    const double explained = decoded.rounding / scale;
    result.judged = !decoded.judged_below || explained <= *decoded.judged_below;
    const double allowed = decoded.judged_below ? explained : std::min(codes::kCeiling, explained);
    result.exact = result.decodable && result.error <= allowed;
  } else {
    result.exact = result.decodable && std::all_of(vectors.rowwise().begin(), vectors.rowwise().end(),
                                                   [&](const auto& vector) { return vector == expected; });
  }
  return result;
}

template <class T>
Exactness judge(const Decoded<T>& decoded, const Problem<T>& problem) {
  using Scalar = Carried<T>;
  if (decoded.at_workers.rows() > 0)
    return compare<T, T>(decoded, decoded.at_workers, sum_of<T>(problem.gradients(), decoded.meant));
  if (decoded.carried.size() == 0) return {.decodable = decoded.decodable, .seconds = decoded.seconds};
  if (decoded.layout == Layout::pairs)
    return compare<T, Scalar>(decoded, decoded.carried, sum_of<Scalar>(problem.carried(), decoded.meant));
  return compare<T, Scalar>(decoded, decoded.carried, sum_of<Scalar>(problem.gradients(), decoded.meant));
}

}  // namespace

Exactness Codebook::check(std::span<const Arrival> taken, const Problem<double>& problem) {
  return judge(decode(taken, problem), problem);
}

Exactness Codebook::check(std::span<const Arrival> taken, const Problem<codes::Gf61>& problem) {
  return judge(decode(taken, problem), problem);
}

}  // namespace straggle
