#include "codes/cyclic_random.h"

#include <catch2/catch.hpp>

#include "codes/decoder.h"
#include "codes/elimination.h"
#include "tests/codes/straggler_sets.h"

using namespace straggle::codes;

namespace {

template <Field T>
LinearCode<T> code_of(int n, int load, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  return cyclic_random<T>(n, load, test::drawing<T>(random));
}

}  // namespace

TEMPLATE_TEST_CASE("every set of the tolerated stragglers decodes and one more does not", "", Complex, Gf61) {
  using T = TestType;
  for (int n = 1; n <= 7; ++n) {
    for (int load = 1; load <= n; ++load) {
      const LinearCode<T> code = code_of<T>(n, load, 100);
      const Decoder<T> decoder(code);
      const auto direct = [&](const std::vector<int>& taken) { return decoding(code, taken); };
      REQUIRE(code.threshold == n - load + 1);
      test::for_each_set(n, load - 1, [&](const std::vector<int>& missing) {
        REQUIRE(test::decodes<T>(code, decoder, test::all_but(n, missing)));
        REQUIRE(test::decodes<T>(code, direct, test::all_but(n, missing)));
      });
      // With `load` contiguous workers missing, nobody who is left has the part they share.
      for (int first = 0; first < n; ++first) {
        const std::vector<int> taken = test::all_but(n, test::contiguous(n, first, load));
        REQUIRE_FALSE(decoder(taken));
        REQUIRE_FALSE(direct(taken));
      }
    }
  }
}

TEMPLATE_TEST_CASE("row i is one on part i and covers the next load parts only", "", Complex, Gf61) {
  const int n = 9, load = 4;
  const LinearCode<TestType> code = code_of<TestType>(n, load, 5);
  for (int i = 0; i < n; ++i) {
    CHECK(code.rows(i, i) == TestType(1));
    for (int k = 0; k < n; ++k) CHECK((code.rows(i, k) != TestType(0)) == ((k - i + n) % n < load));
  }
}

TEMPLATE_TEST_CASE("load one is the identity and load n the repetition code", "", Complex, Gf61) {
  const LinearCode<TestType> identity = code_of<TestType>(6, 1, 1), full = code_of<TestType>(6, 6, 1);
  for (int i = 0; i < 6; ++i) {
    for (int k = 0; k < 6; ++k) {
      CHECK(identity.rows(i, k) == TestType(i == k ? 1 : 0));
      if constexpr (std::same_as<TestType, Complex>) {
        CHECK(std::abs(full.rows(i, k) - 1.0) < 1e-15);  // solved with 64 bits, rounded to 53
      } else {
        CHECK(full.rows(i, k) == TestType(1));
      }
    }
  }
}

TEST_CASE("all rows lie in the null space of one random matrix of s rows") {
  // So the rank is n - s: what makes any n - s of them span the all-ones vector.
  const LinearCode<Gf61> code = code_of<Gf61>(12, 5, 3);
  CHECK(reduce(code.rows, 12).pivots.size() == 8);
}

TEMPLATE_TEST_CASE("one changed coefficient of a cyclic random code is caught", "", Complex, Gf61) {
  using T = TestType;
  const int n = 20;
  const LinearCode<T> code = code_of<T>(n, 5, 9);
  std::mt19937_64 random(1);
  const Matrix<T> gradients = test::random_gradients<T>(n, random);
  const std::vector<int> taken = test::all_but(n, test::random_set(n, 4, random));
  const auto result = Decoder<T>(code)(taken);
  REQUIRE(result);
  for (const int row : taken) {
    Matrix<T> sent = code.rows;
    sent(row, (row + 2) % n) += T(1);
    CHECK(test::error_of<T>(*result, taken, sent * gradients, gradients) > 1e3 * test::allowed<T>(*result));
  }
}

TEST_CASE(
    "at a hundred workers random and contiguous stragglers stay within the tolerance of their condition") {
  for (const int stragglers : {9, 20}) {
    const int n = 100;
    const LinearCode<Complex> code = code_of<Complex>(n, stragglers + 1, 7);
    const Decoder<Complex> decoder(code);
    std::mt19937_64 random(2);
    for (int set = 0; set < 40; ++set) {
      const auto missing =
          set < 20 ? test::contiguous(n, 5 * set, stragglers) : test::random_set(n, stragglers, random);
      REQUIRE(test::decodes<Complex>(code, decoder, test::all_but(n, missing)));
    }
  }
}

TEST_CASE("a load outside one to n is refused") {
  CHECK_THROWS_AS(code_of<Gf61>(5, 0, 1), std::invalid_argument);
  CHECK_THROWS_AS(code_of<Gf61>(5, 6, 1), std::invalid_argument);
  CHECK_THROWS_AS(cyclic_random<Gf61>(4, 3, [] { return Gf61(0); }), std::domain_error);
}
