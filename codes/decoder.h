// Decoding many straggler sets of one code: what does not depend on the set is done once.
#pragma once

#include <optional>
#include <vector>

#include "codes/linear_code.h"
#include "codes/scaled.h"

namespace straggle::codes {

/// Decodes what decoding() decodes, by the cheapest way that is numerically as good:
/// - a polynomial code in closed form, from the first `threshold` rows taken (further ones get the weight 0);
/// - a code that needs more than half of its rows, from all decodings a0 + z * N of all R rows (N: a basis of
///   the solutions of a * rows = 0): leaving out the rows S means z * N_S = -a0_S, a system as large as S.
///   Over the reals N is orthonormal and a0 the shortest solution for rows of length one, so |z| <= |a| and
///   the residual is bounded as that of QR is, by the rounding unit times |a|;
/// - else by the direct solve.
///
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
  RowVector<double> lengths_;  ///< reals: the Euclidean length of each row; scaling a row changes nothing
};

extern template class Decoder<Complex>;
extern template class Decoder<Gf61>;

}  // namespace straggle::codes
