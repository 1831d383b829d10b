// The two fields every code is built over: the prime field of 2^61 - 1 elements, where equality proves a
// decode, and the complex numbers in doubles, which carry real vectors as pairs of coordinates.
#pragma once

#include <Eigen/Core>
#include <complex>
#include <concepts>
#include <cstdint>
#include <ostream>
#include <stdexcept>
#include <type_traits>
#include <vector>

namespace straggle::codes {

/// An element of GF(p), p = 2^61 - 1 (a Mersenne prime, so that a product is reduced by one shift and one
/// addition).
class Gf61 {
 public:
  static constexpr std::uint64_t modulus = (std::uint64_t{1} << 61) - 1;

  constexpr Gf61() = default;

  /// The residue class of any integer of at most 64 bits; a negative one maps to p - (-value mod p).
  template <std::integral Integer>
  constexpr explicit Gf61(Integer value) {
    if constexpr (std::signed_integral<Integer>) {
      const std::int64_t rest = static_cast<std::int64_t>(value) % static_cast<std::int64_t>(modulus);
      value_ = rest < 0 ? modulus - static_cast<std::uint64_t>(-rest) : static_cast<std::uint64_t>(rest);
    } else {
      value_ = static_cast<std::uint64_t>(value) % modulus;
    }
  }

  /// The representative in 0 … p - 1.
  constexpr std::uint64_t value() const { return value_; }

  friend constexpr bool operator==(Gf61, Gf61) = default;

  friend constexpr Gf61 operator+(Gf61 a, Gf61 b) { return below_two_p(a.value_ + b.value_); }
  friend constexpr Gf61 operator-(Gf61 a, Gf61 b) { return below_two_p(a.value_ + (modulus - b.value_)); }
  friend constexpr Gf61 operator-(Gf61 a) { return below_two_p(modulus - a.value_); }
  friend constexpr Gf61 operator*(Gf61 a, Gf61 b) {
    const Wide product = static_cast<Wide>(a.value_) * b.value_;  // below 2^122: 2^61 = 1 folds it once
    return below_two_p((static_cast<std::uint64_t>(product) & modulus) +
                       static_cast<std::uint64_t>(product >> 61));
  }
  friend constexpr Gf61 operator/(Gf61 a, Gf61 b) { return a * b.inverse(); }

  constexpr Gf61& operator+=(Gf61 other) { return *this = *this + other; }
  constexpr Gf61& operator-=(Gf61 other) { return *this = *this - other; }
  constexpr Gf61& operator*=(Gf61 other) { return *this = *this * other; }
  constexpr Gf61& operator/=(Gf61 other) { return *this = *this / other; }

  /// The power; 0^0 = 1.
  constexpr Gf61 pow(std::uint64_t exponent) const {
    Gf61 result(1);
    for (Gf61 square = *this; exponent != 0; exponent >>= 1, square *= square) {
      if (exponent & 1) result *= square;
    }
    return result;
  }

  /// The multiplicative inverse, by Fermat. Throws std::domain_error for zero.
  constexpr Gf61 inverse() const {
    if (value_ == 0) throw std::domain_error("zero has no inverse in GF(2^61 - 1)");
    return pow(modulus - 2);
  }

  friend std::ostream& operator<<(std::ostream& out, Gf61 a) { return out << a.value_; }

 private:
  __extension__ typedef unsigned __int128 Wide;

  static constexpr Gf61 below_two_p(std::uint64_t value) {
    Gf61 result;
    result.value_ = value >= modulus ? value - modulus : value;
    return result;
  }

  std::uint64_t value_ = 0;
};

}  // namespace straggle::codes

/// Lets Eigen multiply and add matrices over GF(2^61 - 1). Its decompositions compare magnitudes, which a
/// finite field has not: see elimination.h.
template <>
struct Eigen::NumTraits<straggle::codes::Gf61> {
  using Real = straggle::codes::Gf61;
  using NonInteger = straggle::codes::Gf61;
  using Literal = straggle::codes::Gf61;
  using Nested = straggle::codes::Gf61;
  enum {
    IsComplex = 0,
    IsInteger = 1,
    IsSigned = 0,
    RequireInitialization = 1,
    ReadCost = 1,
    AddCost = 3,
    MulCost = 6
  };
};

namespace straggle::codes {

using Complex = std::complex<double>;

template <class T>
using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

template <class T>
using RowVector = Eigen::Matrix<T, 1, Eigen::Dynamic, Eigen::RowMajor>;

/// The fields the codes are instantiated for.
template <class T>
concept Field = std::same_as<T, Complex> || std::same_as<T, Gf61>;

/// Real vectors, one a row, as complex ones of half the length: coordinates 2c and 2c + 1 become the real and
/// the imaginary part of coordinate c (an odd last coordinate gets the imaginary part 0). A code whose
/// weights * rows = wanted is real returns the packed sum exactly, because encoding and decoding are linear
/// over the complex numbers.
inline Matrix<Complex> pack(const Matrix<double>& vectors) {
  const Eigen::Index dimension = vectors.cols();
  Matrix<Complex> packed(vectors.rows(), (dimension + 1) / 2);
  for (Eigen::Index row = 0; row < vectors.rows(); ++row) {
    for (Eigen::Index c = 0; c < packed.cols(); ++c) {
      packed(row, c) = {vectors(row, 2 * c), 2 * c + 1 < dimension ? vectors(row, 2 * c + 1) : 0.0};
    }
  }
  return packed;
}

/// Undoes pack(): `dimension` is the length of the real vectors, and packed has (dimension + 1) / 2 columns
/// (else std::logic_error).
inline Matrix<double> unpack(const Matrix<Complex>& packed, Eigen::Index dimension) {
  if (packed.cols() != (dimension + 1) / 2) {
    throw std::logic_error("unpack: the dimension does not fit the packed vectors");
  }
  Matrix<double> vectors(packed.rows(), dimension);
  for (Eigen::Index row = 0; row < packed.rows(); ++row) {
    for (Eigen::Index d = 0; d < dimension; ++d) {
      vectors(row, d) = d % 2 == 0 ? packed(row, d / 2).real() : packed(row, d / 2).imag();
    }
  }
  return vectors;
}

/// Replaces every value by its inverse, with one inversion and three multiplications a value (Montgomery's
/// trick). Throws std::domain_error if one of them is zero.
inline void invert_all(std::vector<Gf61>& values) {
  std::vector<Gf61> before(values.size());
  Gf61 product(1);
  for (std::size_t i = 0; i < values.size(); ++i) {
    before[i] = product;
    product *= values[i];
  }
  Gf61 rest = product.inverse();
  for (std::size_t i = values.size(); i-- > 0;) {
    const Gf61 value = values[i];
    values[i] = rest * before[i];
    rest *= value;
  }
}

}  // namespace straggle::codes
