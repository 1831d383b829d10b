// Products and powers of power series by fast Fourier transform, to a small relative error also far below
// the mean of what they count: an exponential tilt (Esscher, 1932) brings a lower tail up first.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace straggle::theory {

/// Coefficients of a power series, or of a distribution on 0, 1, …
using Series = std::vector<double>;

/// Products and powers of series with nonnegative coefficients.
class Convolver {
 public:
  Convolver();
  ~Convolver();

  /// Elementary ones so far, a nanosecond or so each; those who have more to do beside it add theirs.
  double steps = 0;

  /// The first `limit` coefficients of a·b; absolute error about 1e-16·(sum of a)·(sum of b).
  Series product(const Series& a, const Series& b, std::size_t limit);

  /// The first `limit` >= 1 coefficients of p^exponent, exponent >= 0, p a (defective) distribution: the law
  /// of the sum of `exponent` independent draws. Coefficients near `focus` < limit, where that is no more
  /// than the sum's mean, have a relative error of about 1e-16·exponent however small they are; all of them
  /// have that error relative to the sum of the result.
  Series power(const Series& p, int exponent, std::size_t limit, double focus);

 private:
  class Fourier;
  std::unique_ptr<Fourier> fourier_;
};

}  // namespace straggle::theory
