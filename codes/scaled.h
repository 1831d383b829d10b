// Long products that neither overflow nor underflow: thousands of differences of points on the unit circle
// pass through magnitudes like 1e400 on their way to a result near 1.
#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <vector>

#include "codes/field.h"

namespace straggle::codes {

/// mantissa * 2^exponent, a number of any magnitude; in the prime field the exponent is always 0. Powers of
/// two scale without rounding, so a product of m factors is as accurate as if doubles had no range: a few
/// sqrt(m) rounding units.
template <Field T>
class Scaled {
 public:
  explicit Scaled(T value = T(1)) : mantissa_(value) { normalise(); }

  /// The factor must be below 1e240 in magnitude and, unless zero, above 1e-240.
  Scaled& operator*=(T factor) {
    mantissa_ *= factor;
    normalise();
    return *this;
  }

  /// Throws std::domain_error for a zero divisor in the prime field; over the reals the result is then not
  /// finite.
  Scaled& operator/=(const Scaled& divisor) {
    mantissa_ /= divisor.mantissa_;
    exponent_ -= divisor.exponent_;
    normalise();
    return *this;
  }

  T mantissa() const { return mantissa_; }
  long exponent() const { return exponent_; }

  /// The value divided by 2^shift; infinite or zero where a double cannot hold it.
  T value(long shift = 0) const {
    if constexpr (std::same_as<T, Complex>) {
      const int power = static_cast<int>(std::clamp(exponent_ - shift, -5000L, 5000L));
      return {std::ldexp(mantissa_.real(), power), std::ldexp(mantissa_.imag(), power)};
    } else {
      return mantissa_;
    }
  }

 private:
  void normalise() {
    if constexpr (std::same_as<T, Complex>) {
      const double size = std::max(std::abs(mantissa_.real()), std::abs(mantissa_.imag()));
      if ((size > 0x1p-200 && size < 0x1p200) || size == 0 || !std::isfinite(size)) return;
      const int power = std::ilogb(size);
      mantissa_ = {std::ldexp(mantissa_.real(), -power), std::ldexp(mantissa_.imag(), -power)};
      exponent_ += power;
    }
  }

  T mantissa_;
  long exponent_ = 0;
};

/// The product of x - points(j) over all j but `skip` (none by default).
template <Field T>
Scaled<T> difference_product(T x, const RowVector<T>& points, Eigen::Index skip = -1) {
  Scaled<T> product;
  for (Eigen::Index j = 0; j < points.size(); ++j) {
    if (j != skip) product *= x - points(j);
  }
  return product;
}

/// The same over the points with the given indices.
template <Field T>
Scaled<T> difference_product(T x, const RowVector<T>& points, const std::vector<int>& indices,
                             int skip = -1) {
  Scaled<T> product;
  for (const int j : indices) {
    if (j != skip) product *= x - points(j);
  }
  return product;
}

}  // namespace straggle::codes
