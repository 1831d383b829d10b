// Repetition: the group of a fractional-repetition gradient code (Tandon, Lei, Dimakis and Karampatziakis,
// "Gradient Coding", ICML 2017), whose workers all hold the same parts and send their plain sum.
#pragma once

#include <stdexcept>

#include "codes/linear_code.h"

namespace straggle::codes {

/// `workers` equal rows of `parts` ones, any one of which decodes. One worker is the uncoded sum. Throws
/// std::invalid_argument unless both are positive.
template <Field T>
LinearCode<T> repetition(int workers, int parts) {
  if (workers < 1 || parts < 1) throw std::invalid_argument("repetition needs a worker and a part");
  LinearCode<T> code;
  code.rows = Matrix<T>::Constant(workers, parts, T(1));
  code.wanted = RowVector<T>::Constant(parts, T(1));
  code.threshold = 1;
  return code;
}

}  // namespace straggle::codes
