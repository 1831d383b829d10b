// Products and powers of power series: by fast Fourier transform, where an exponential tilt (Esscher, 1932)
// brings a lower tail up first, and by direct sums where every digit counts however small a coefficient is.
#pragma once

#include <cstddef>
#include <limits>
#include <memory>
#include <vector>

namespace straggle::theory {

/// Coefficients of a power series, or of a distribution on 0, 1, …
using Series = std::vector<double>;

/// Elementary steps that one expectation may take, some two seconds: counted, not timed, so that the result
/// is the same on every machine.
constexpr double most_steps = 1.5e9;

/// Thrown where the work is not worth it.
struct TooMuchWork {};

/// Which digits of a small probability are right.
enum class Digits {
  absolute,  ///< those beside 1: a Fourier transform's
  relative,  ///< all, however small it is: those of sums without differences
};

/// The first coefficients of a power: k is off by exp(log_error − slope·k) at most.
struct Power {
  Series coefficients;
  double log_error = -std::numeric_limits<double>::infinity();
  double slope = 0;
};

/// Products and powers of series with nonnegative coefficients.
class Convolver {
 public:
  Convolver();
  ~Convolver();

  /// Elementary ones so far, a nanosecond or so each; those who have more to do beside it add theirs.
  double steps = 0;

  /// The first `limit` coefficients of a·b; absolute error about 1e-16·(sum of a)·(sum of b), or by direct
  /// sums, which throw TooMuchWork where they would take far more than most_steps.
  Series product(const Series& a, const Series& b, std::size_t limit, Digits digits = Digits::absolute);

  /// The first `limit` >= 1 coefficients of p^exponent, exponent >= 0, p a (defective) distribution: the law
  /// of the sum of `exponent` independent draws. Coefficients near `focus` < limit, where that is no more
  /// than the sum's mean, have a relative error of about 1e-16·exponent however small they are; all of them
  /// have that error relative to the sum of the result. With relative digits those near `focus` are as good
  /// as they can be beyond the mean as well, at the expense of the others.
  Power power(const Series& p, int exponent, std::size_t limit, double focus,
              Digits digits = Digits::absolute);

  /// The same by direct sums: every coefficient has a relative error of about 1e-16·(exponent + limit).
  /// Throws TooMuchWork where that would take far more than most_steps.
  Series direct_power(const Series& p, int exponent, std::size_t limit);

 private:
  class Fourier;
  void direct_product(const Series& a, const Series& b, Series& result);

  std::unique_ptr<Fourier> fourier_;
};

}  // namespace straggle::theory
