#include "codes/field.h"

#include <catch2/catch.hpp>
#include <limits>
#include <random>

using namespace straggle::codes;

namespace {

__extension__ typedef unsigned __int128 Wide;
constexpr std::uint64_t p = Gf61::modulus;

// Random residues and the corners, where a carry or a reduction goes wrong first.
std::vector<std::uint64_t> residues() {
  std::mt19937_64 random(1);
  std::vector<std::uint64_t> values = {
      0, 1, 2, 3, p - 1, p - 2, (p - 1) / 2, (p + 1) / 2, std::uint64_t{1} << 60};
  for (int i = 0; i < 60; ++i) values.push_back(random() % p);
  return values;
}

}  // namespace

TEST_CASE("field operations agree with 128-bit integer arithmetic modulo 2^61 - 1") {
  for (const std::uint64_t a : residues()) {
    REQUIRE((-Gf61(a)).value() == (p - a) % p);
    for (const std::uint64_t b : residues()) {
      REQUIRE((Gf61(a) + Gf61(b)).value() == (a + b) % p);
      REQUIRE((Gf61(a) - Gf61(b)).value() == (a + p - b) % p);
      REQUIRE((Gf61(a) * Gf61(b)).value() == static_cast<std::uint64_t>(static_cast<Wide>(a) * b % p));
    }
  }
}

TEST_CASE("the field axioms hold on random elements") {
  std::mt19937_64 random(2);
  for (int i = 0; i < 1000; ++i) {
    const Gf61 a(random()), b(random()), c(random());
    REQUIRE((a + b) + c == a + (b + c));
    REQUIRE((a * b) * c == a * (b * c));
    REQUIRE(a * (b + c) == a * b + a * c);
    REQUIRE(a + b == b + a);
    REQUIRE(a * b == b * a);
    REQUIRE(a + (-a) == Gf61(0));
    REQUIRE(a - b == a + (-b));
    if (b != Gf61(0)) REQUIRE(a / b * b == a);
  }
}

TEST_CASE("every nonzero element has an inverse and zero has none") {
  for (const std::uint64_t a : residues()) {
    if (a != 0) REQUIRE(Gf61(a) * Gf61(a).inverse() == Gf61(1));
  }
  CHECK_THROWS_AS(Gf61(0).inverse(), std::domain_error);
  CHECK_THROWS_AS(Gf61(5) / Gf61(p), std::domain_error);
}

TEST_CASE("integers of any width and sign map to their residue") {
  CHECK(Gf61(-1).value() == p - 1);
  CHECK(Gf61(-1) + Gf61(1u) == Gf61(0));
  CHECK(Gf61(p).value() == 0);
  CHECK(Gf61(~std::uint64_t{0}).value() == 7);  // 2^64 - 1 = 8 (2^61 - 1) + 7
  // -2^63 = -4 (2^61 - 1) - 4, and 2^63 - 1 = 4 (2^61 - 1) + 3
  CHECK(Gf61(std::numeric_limits<std::int64_t>::min()).value() == p - 4);
  CHECK(Gf61(std::numeric_limits<std::int64_t>::max()).value() == 3);
  CHECK(Gf61(-static_cast<std::int64_t>(p)).value() == 0);
}

TEST_CASE("powers follow repeated multiplication and Fermat") {
  const Gf61 a(123456789);
  Gf61 power(1);
  for (std::uint64_t exponent = 0; exponent < 20; ++exponent, power *= a) REQUIRE(a.pow(exponent) == power);
  CHECK(a.pow(p - 1) == Gf61(1));
  CHECK(Gf61(0).pow(0) == Gf61(1));
  CHECK(Gf61(2).pow(61) == Gf61(1));
}

TEST_CASE("Eigen multiplies matrices over the prime field") {
  std::mt19937_64 random(3);
  const auto draw = [&] { return Gf61(random()); };
  const Matrix<Gf61> a = Matrix<Gf61>::NullaryExpr(37, 41, draw), b = Matrix<Gf61>::NullaryExpr(41, 29, draw);
  const Matrix<Gf61> product = a * b;
  for (int i = 0; i < 37; ++i) {
    for (int j = 0; j < 29; ++j) {
      Gf61 sum(0);
      for (int k = 0; k < 41; ++k) sum += a(i, k) * b(k, j);
      REQUIRE(product(i, j) == sum);
    }
  }
  const RowVector<Gf61> row = a.row(3) * b;
  CHECK((row == product.row(3)));
}

TEST_CASE("inverting many values at once gives each its own inverse") {
  std::mt19937_64 random(4);
  std::vector<Gf61> values;
  for (int i = 0; i < 100; ++i) values.emplace_back(random());
  std::vector<Gf61> inverses = values;
  invert_all(inverses);
  for (std::size_t i = 0; i < values.size(); ++i) REQUIRE(inverses[i] == values[i].inverse());
  values[50] = Gf61(0);
  CHECK_THROWS_AS(invert_all(values), std::domain_error);
  std::vector<Gf61> none;
  CHECK_NOTHROW(invert_all(none));
}

TEST_CASE("packing a real vector in pairs loses nothing for odd and even lengths") {
  std::mt19937_64 random(5);
  std::normal_distribution<double> normal;
  for (const int dimension : {0, 1, 2, 7, 8}) {
    const Matrix<double> vectors = Matrix<double>::NullaryExpr(3, dimension, [&] { return normal(random); });
    const Matrix<Complex> packed = pack(vectors);
    REQUIRE(packed.cols() == (dimension + 1) / 2);
    REQUIRE((unpack(packed, dimension) == vectors));
  }
  CHECK(pack(Matrix<double>::Constant(1, 3, 2.5))(0, 1) == Complex(2.5, 0));
  CHECK_THROWS_AS(unpack(Matrix<Complex>::Zero(1, 2), 5), std::logic_error);
}

TEST_CASE("a complex combination with real effect acts on packed vectors as on real ones") {
  // Rows (1 + i), (1 - i) with weights 1/2, 1/2 recover the single part, though both messages are complex.
  const Matrix<double> vector = (Matrix<double>(1, 3) << 3, -4, 5).finished();
  Matrix<Complex> coefficients(2, 1);
  coefficients << Complex(1, 1), Complex(1, -1);
  const Matrix<Complex> messages = coefficients * pack(vector);
  CHECK((unpack(0.5 * messages.row(0) + 0.5 * messages.row(1), 3) == vector));
}
