#include "codes/cyclic_mds.h"

#include <catch2/catch.hpp>

#include "codes/decoder.h"
#include "tests/codes/straggler_sets.h"

using namespace straggle::codes;

TEST_CASE("every set of the tolerated stragglers of a cyclic MDS code decodes and one more does not") {
  for (int n = 1; n <= 8; ++n) {
    for (int load = 1; load <= n; ++load) {
      const LinearCode<Complex> code = cyclic_mds(n, load);
      const Decoder<Complex> decoder(code);
      const auto direct = [&](const std::vector<int>& taken) { return decoding(code, taken); };
      REQUIRE(code.threshold == n - load + 1);
      test::for_each_set(n, load - 1, [&](const std::vector<int>& missing) {
        REQUIRE(test::decodes<Complex>(code, decoder, test::all_but(n, missing)));
        REQUIRE(test::decodes<Complex>(code, direct, test::all_but(n, missing)));
      });
      for (int first = 0; first < n; ++first) {
        const std::vector<int> taken = test::all_but(n, test::contiguous(n, first, load));
        REQUIRE_FALSE(decoder(taken));
        REQUIRE_FALSE(direct(taken));
      }
    }
  }
}

TEST_CASE("the circulant holds the coefficients of the product over its roots of unity") {
  for (const auto& [n, load] : {std::pair{7, 3}, {8, 4}, {8, 3}, {12, 6}, {15, 15}, {9, 1}}) {
    const int s = load - 1;
    const LinearCode<Complex> code = cyclic_mds(n, load);
    RowVector<Complex> product = RowVector<Complex>::Zero(load);  // highest power first
    product(0) = 1;
    for (int j = (n - s + 1) / 2; j < (n - s + 1) / 2 + s; ++j) {
      const Complex root = std::polar(1.0, 2 * std::numbers::pi * j / n);
      for (int k = s; k > 0; --k) product(k) -= root * product(k - 1);
    }
    for (int i = 0; i < n; ++i) {
      for (int k = 0; k < n; ++k) {
        const int step = (k - i + n) % n;
        // The reference loses digits to cancellation against partial products of up to 2^s.
        const Complex expected = step < load ? product(step) : 0.0;
        REQUIRE(std::abs(code.rows(i, k) - expected) < 1e-15 * std::ldexp(1.0, s + 3));
      }
    }
  }
}

TEST_CASE("the circulant is real exactly when n + s is odd") {
  for (int n = 2; n <= 12; ++n) {
    for (int load = 2; load <= n; ++load) {
      const bool real = (cyclic_mds(n, load).rows.imag().array() == 0).all();
      CHECK(real == ((n + load - 1) % 2 == 1));
    }
  }
}

TEST_CASE("the known solutions of a cyclic MDS code solve it and are orthonormal") {
  for (const auto& [n, load] : {std::pair{12, 4}, {12, 5}, {40, 10}}) {
    const LinearCode<Complex> code = cyclic_mds(n, load);
    const Matrix<Complex> basis = code.solutions.bottomRows(load - 1);
    const double size = code.rows.row(0).norm();  // coefficients of up to C(s, s/2)
    CHECK((code.solutions.row(0) * code.rows - code.wanted).cwiseAbs().maxCoeff() < 1e-14);
    CHECK((basis * code.rows).cwiseAbs().maxCoeff() < 1e-14 * size);
    CHECK((basis * basis.adjoint() - Matrix<Complex>::Identity(load - 1, load - 1)).cwiseAbs().maxCoeff() <
          1e-14);
  }
}

TEST_CASE("one changed coefficient of a cyclic MDS code is caught") {
  const int n = 20;
  const LinearCode<Complex> code = cyclic_mds(n, 5);
  std::mt19937_64 random(1);
  const Matrix<Complex> gradients = test::random_gradients<Complex>(n, random);
  const std::vector<int> taken = test::all_but(n, test::random_set(n, 4, random));
  const auto result = Decoder<Complex>(code)(taken);
  REQUIRE(result);
  for (const int row : taken) {
    Matrix<Complex> sent = code.rows;
    sent(row, (row + 2) % n) += 0.1;
    CHECK(test::error_of<Complex>(*result, taken, sent * gradients, gradients) >
          1e3 * test::allowed<Complex>(*result));
  }
}

TEST_CASE(
    "at a hundred workers a cyclic MDS code of small load stays within the tolerance of its condition") {
  const int n = 100, stragglers = 7;
  const LinearCode<Complex> code = cyclic_mds(n, stragglers + 1);
  const Decoder<Complex> decoder(code);
  std::mt19937_64 random(2);
  for (int set = 0; set < 40; ++set) {
    const auto missing =
        set < 20 ? test::contiguous(n, 5 * set, stragglers) : test::random_set(n, stragglers, random);
    REQUIRE(test::decodes<Complex>(code, decoder, test::all_but(n, missing)));
  }
}

TEST_CASE("twenty contiguous stragglers among 101 workers leave a cyclic MDS code no digit") {
  const LinearCode<Complex> code = cyclic_mds(101, 21);
  const std::vector<int> taken = test::all_but(101, test::contiguous(101, 30, 20));
  CHECK_FALSE(Decoder<Complex>(code)(taken));
  CHECK_FALSE(decoding(code, taken));
}

TEST_CASE("a cyclic MDS load outside one to n is refused") {
  CHECK_THROWS_AS(cyclic_mds(5, 0), std::invalid_argument);
  CHECK_THROWS_AS(cyclic_mds(5, 6), std::invalid_argument);
}
