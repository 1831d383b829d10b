#include "codes/polynomial.h"

#include <catch2/catch.hpp>

#include "codes/decoder.h"
#include "tests/codes/straggler_sets.h"

using namespace straggle::codes;

namespace {

// f_k(x_i) from its roots, spare ones at 0.
template <Field T>
T from_roots(const Mask& mask, const RowVector<T>& points, int degree, Eigen::Index i, Eigen::Index k) {
  T value(1);
  int roots = 0;
  for (Eigen::Index j = 0; j < mask.rows(); ++j) {
    if (mask(j, k)) continue;
    value *= points(i) - points(j);
    ++roots;
  }
  for (; roots < degree; ++roots) value *= points(i);
  return value;
}

Mask random_mask(int rows, int parts, std::mt19937_64& random) {
  Mask mask = Mask::NullaryExpr(rows, parts, [&] { return random() % 3 != 0; });
  for (int k = 0; k < parts; ++k) mask(k % rows, k) = true;
  return mask;
}

// Every set of `threshold` rows decodes in closed form and by the direct solve, and some smaller set does
// not.
template <Field T>
void check_threshold(const LinearCode<T>& code) {
  const auto rows = static_cast<int>(code.rows.rows());
  const Decoder<T> decoder(code);
  const auto direct = [&](const std::vector<int>& taken) { return decoding(code, taken); };
  test::for_each_set(rows, code.threshold, [&](const std::vector<int>& taken) {
    REQUIRE(test::decodes<T>(code, decoder, taken));
    REQUIRE(test::decodes<T>(code, direct, taken));
  });
  bool smaller_fails = false;
  test::for_each_set(rows, code.threshold - 1, [&](const std::vector<int>& taken) {
    smaller_fails = smaller_fails || (!decoder(taken) && !direct(taken));
  });
  CHECK(smaller_fails);
}

}  // namespace

TEMPLATE_TEST_CASE("any n - s messages of a cyclic polynomial code decode and some smaller set does not", "",
                   Complex, Gf61) {
  for (int n = 1; n <= 7; ++n) {
    for (int load = 1; load <= n; ++load) {
      const LinearCode<TestType> code = polynomial<TestType>(cyclic_mask(n, load));
      REQUIRE(code.threshold == n - load + 1);
      check_threshold(code);
    }
  }
}

TEMPLATE_TEST_CASE("GC-MMC Example 1 with six workers and orders 2 and 3 decodes from any 8 of 12 messages",
                   "", Complex, Gf61) {
  const Mask mask = multi_message_mask(6, {2, 3});
  REQUIRE(mask.rows() == 12);
  const LinearCode<TestType> code = polynomial<TestType>(mask);
  CHECK(code.threshold == 8);
  check_threshold(code);
}

TEMPLATE_TEST_CASE("five workers with orders 3 and 5 need three messages", "", Complex, Gf61) {
  const LinearCode<TestType> code = polynomial<TestType>(multi_message_mask(5, {3, 5}));
  CHECK(code.threshold == 3);
  check_threshold(code);
}

TEMPLATE_TEST_CASE("an irregular mask with spare roots decodes from any threshold of its rows", "", Complex,
                   Gf61) {
  std::mt19937_64 random(4);
  for (int round = 0; round < 5; ++round) {
    const Mask mask = random_mask(9, 6, random);
    const LinearCode<TestType> code = polynomial<TestType>(mask);
    const auto ones = mask.cast<int>().colwise().sum();
    REQUIRE(code.threshold == 9 - ones.minCoeff() + 1);
    REQUIRE(ones.minCoeff() < ones.maxCoeff());
    check_threshold(code);
  }
}

TEMPLATE_TEST_CASE("coefficients are the monic polynomials with the prescribed roots at the points", "",
                   Complex, Gf61) {
  using T = TestType;
  std::mt19937_64 random(5);
  for (const Mask& mask : {cyclic_mask(11, 3), cyclic_mask(11, 9), random_mask(12, 7, random)}) {
    const LinearCode<T> code = polynomial<T>(mask);
    for (Eigen::Index i = 0; i < mask.rows(); ++i) {
      for (Eigen::Index k = 0; k < mask.cols(); ++k) {
        REQUIRE((code.rows(i, k) != T(0)) == mask(i, k));
        const T expected = from_roots<T>(mask, code.points, code.threshold - 1, i, k);
        if constexpr (std::same_as<T, Complex>) {
          if (mask(i, k)) REQUIRE(std::abs(code.rows(i, k) / expected - 1.0) < 1e-14);  // some 12 factors
        } else {
          REQUIRE((mask(i, k) ? expected : T(0)) == code.rows(i, k));
        }
      }
    }
  }
}

TEST_CASE("real points are all the roots of unity and neighbours lie far apart") {
  for (const int rows : {1, 2, 3, 4, 10, 100, 120}) {
    const RowVector<Complex> points = polynomial_points<Complex>(rows);
    for (int i = 0; i < rows; ++i) {
      CHECK(std::abs(std::pow(points(i), rows) - 1.0) < 1e-13);
      for (int j = 0; j < i; ++j) CHECK(std::abs(points(i) - points(j)) > 3.0 / rows);
      if (rows >= 10 && i > 0) CHECK(std::abs(points(i) - points(i - 1)) > 1);
    }
  }
}

TEMPLATE_TEST_CASE("further messages are taken but get the weight zero", "", Complex, Gf61) {
  const LinearCode<TestType> code = polynomial<TestType>(cyclic_mask(8, 4));
  const Decoder<TestType> decoder(code);
  const std::vector<int> taken = {7, 1, 2, 5, 0, 3, 6};
  REQUIRE(test::decodes<TestType>(code, decoder, taken));
  const auto result = decoder(taken);
  CHECK(result->weights(5) == TestType(0));
  CHECK(result->weights(6) == TestType(0));
}

TEMPLATE_TEST_CASE("one changed coefficient of a polynomial code is caught", "", Complex, Gf61) {
  using T = TestType;
  const int n = 10;
  const LinearCode<T> code = polynomial<T>(multi_message_mask(n, {2, 4}));
  const auto rows = static_cast<int>(code.rows.rows());
  std::mt19937_64 random(1);
  const Matrix<T> gradients = test::random_gradients<T>(n, random);
  const std::vector<int> taken = test::random_set(rows, code.threshold, random);
  const auto result = Decoder<T>(code)(taken);
  REQUIRE(result);
  CHECK(test::error_of<T>(*result, taken, code.rows * gradients, gradients) <= test::allowed<T>(*result));
  for (const int row : taken) {
    Matrix<T> sent = code.rows;
    sent(row, row / 2) += T(1);
    CHECK(test::error_of<T>(*result, taken, sent * gradients, gradients) > 1e3 * test::allowed<T>(*result));
  }
}

TEST_CASE("at a hundred workers a polynomial code keeps its digits for random and contiguous stragglers") {
  const int n = 100;
  for (const int stragglers : {9, 20, 50}) {
    const LinearCode<Complex> code = polynomial<Complex>(cyclic_mask(n, stragglers + 1));
    const Decoder<Complex> decoder(code);
    std::mt19937_64 random(2);
    for (int set = 0; set < 40; ++set) {
      const bool rack = set < 20;
      const auto missing =
          rack ? test::contiguous(n, 5 * set, stragglers) : test::random_set(n, stragglers, random);
      const std::vector<int> taken = test::all_but(n, missing);
      REQUIRE(test::decodes<Complex>(code, decoder, taken));
      if (rack) REQUIRE(decoder(taken)->condition < 100);  // what scattering the points is for
    }
  }
}

TEST_CASE("a thousand workers with three messages decode from 2977 of 3000 messages") {
  const LinearCode<Complex> code = polynomial<Complex>(multi_message_mask(1000, {6, 8, 10}));
  REQUIRE(code.rows.rows() == 3000);
  REQUIRE(code.threshold == 2977);
  const Decoder<Complex> decoder(code);
  std::mt19937_64 random(3);
  for (int set = 0; set < 6; ++set) {
    const auto missing =
        set % 2 == 0 ? test::contiguous(3000, 500 * set, 23) : test::random_set(3000, 23, random);
    const auto result = decoder(test::all_but(3000, missing));
    REQUIRE(result);
    CHECK(rounding_bound(result->condition) < kCeiling);
  }
}

TEST_CASE("masks have the documented shape and refuse impossible orders") {
  const Mask mask = multi_message_mask(5, {1, 3});
  CHECK(mask.rows() == 10);
  CHECK(mask.cols() == 5);
  for (int i = 0; i < 5; ++i) {
    for (int k = 0; k < 5; ++k) {
      CHECK(mask(2 * i, k) == (k == i));
      CHECK(mask(2 * i + 1, k) == ((k - i + 5) % 5 < 3));
    }
  }
  CHECK((cyclic_mask(5, 3) == multi_message_mask(5, {3})));
  CHECK_THROWS_AS(cyclic_mask(5, 0), std::invalid_argument);
  CHECK_THROWS_AS(cyclic_mask(5, 6), std::invalid_argument);
  CHECK_THROWS_AS(multi_message_mask(5, {}), std::invalid_argument);
  CHECK_THROWS_AS(multi_message_mask(5, {2, 6}), std::invalid_argument);
  CHECK_THROWS_AS(multi_message_mask(5, {0}), std::invalid_argument);
}

TEST_CASE("a mask with a part that nobody has is refused") {
  Mask mask = cyclic_mask(4, 2);
  mask.col(2).setConstant(false);
  CHECK_THROWS_AS(polynomial<Gf61>(mask), std::invalid_argument);
  CHECK_THROWS_AS(polynomial<Complex>(Mask()), std::invalid_argument);
}
