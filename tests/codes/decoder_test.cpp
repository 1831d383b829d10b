#include "codes/decoder.h"

#include <catch2/catch.hpp>

#include "codes/cyclic_mds.h"
#include "codes/cyclic_random.h"
#include "codes/polynomial.h"
#include "tests/codes/straggler_sets.h"

using namespace straggle::codes;

namespace {

template <Field T>
LinearCode<T> random_code(int n, int load) {
  std::mt19937_64 random(21);
  return cyclic_random<T>(n, load, test::drawing<T>(random));
}

}  // namespace

TEST_CASE("over the prime field the decoder gives the weights of the direct solve") {
  // Exactly n - s rows of a code of rank n - s are independent, so the weights are unique.
  std::mt19937_64 random(1);
  for (const LinearCode<Gf61>& code :
       {random_code<Gf61>(30, 6), random_code<Gf61>(30, 20), polynomial<Gf61>(cyclic_mask(30, 6)),
        polynomial<Gf61>(cyclic_mask(30, 24))}) {
    const Decoder<Gf61> decoder(code);
    for (int set = 0; set < 10; ++set) {
      const std::vector<int> taken = test::random_set(30, code.threshold, random);
      const auto quick = decoder(taken), direct = decoding(code, taken);
      REQUIRE(quick);
      REQUIRE(direct);
      CHECK((quick->weights == direct->weights));
    }
  }
}

TEST_CASE("over the reals the decoder is as accurate as the direct solve") {
  std::mt19937_64 random(2);
  for (const auto& [n, stragglers] : {std::pair{40, 9}, {40, 20}, {100, 9}, {100, 20}}) {
    std::vector<LinearCode<Complex>> codes = {random_code<Complex>(n, stragglers + 1),
                                              polynomial<Complex>(cyclic_mask(n, stragglers + 1))};
    if (stragglers == 9 && n == 40) codes.push_back(cyclic_mds(n, stragglers + 1));
    for (const LinearCode<Complex>& code : codes) {
      const Decoder<Complex> decoder(code);
      for (int set = 0; set < 10; ++set) {
        const auto missing =
            set < 5 ? test::contiguous(n, 7 * set, stragglers) : test::random_set(n, stragglers, random);
        const std::vector<int> taken = test::all_but(n, missing);
        const auto quick = decoder(taken), direct = decoding(code, taken);
        REQUIRE(quick);
        REQUIRE(direct);
        // Both residuals are a few rounding units times the condition, which has one digit of its own to
        // lose.
        CHECK(quick->condition == Approx(direct->condition).epsilon(1e-3));
        const Matrix<Complex> rows = code.rows(taken, Eigen::all);
        const double residual = (quick->weights * rows - code.wanted).cwiseAbs().maxCoeff();
        CHECK(residual < rounding_bound(quick->condition) / 8);
      }
    }
  }
}

TEMPLATE_TEST_CASE("fewer stragglers than tolerated decode too", "", Complex, Gf61) {
  using T = TestType;
  std::mt19937_64 random(3);
  for (const LinearCode<T>& code : {random_code<T>(20, 6), polynomial<T>(cyclic_mask(20, 6))}) {
    const Decoder<T> decoder(code);
    for (int missing = 0; missing <= 5; ++missing) {
      const std::vector<int> taken = test::all_but(20, test::random_set(20, missing, random));
      CHECK(test::decodes<T>(code, decoder, taken));
    }
  }
}

TEMPLATE_TEST_CASE("the order of the taken rows is the order of the weights", "", Complex, Gf61) {
  using T = TestType;
  std::mt19937_64 random(4);
  for (const LinearCode<T>& code :
       {random_code<T>(15, 4), random_code<T>(15, 12), polynomial<T>(cyclic_mask(15, 4))}) {
    const Decoder<T> decoder(code);
    for (int set = 0; set < 10; ++set) {
      CHECK(test::decodes<T>(code, decoder, test::random_set(15, code.threshold, random)));  // not sorted
    }
  }
}

TEMPLATE_TEST_CASE("a code that does not reach its aim even with all rows decodes nothing", "", Complex,
                   Gf61) {
  LinearCode<TestType> code;
  code.rows = Matrix<TestType>::Identity(4, 4);
  code.rows(2, 2) = TestType(0);
  code.wanted = RowVector<TestType>::Constant(4, TestType(1));
  code.threshold = 4;
  CHECK_FALSE(Decoder<TestType>(code)({0, 1, 2, 3}));
}

TEMPLATE_TEST_CASE("a wanted combination other than the sum decodes as well", "", Complex, Gf61) {
  using T = TestType;
  std::mt19937_64 random(5);
  auto draw = test::drawing<T>(random);
  LinearCode<T> code;  // dense random rows of rank 5: any five decode any combination of the parts
  code.rows = Matrix<T>::NullaryExpr(8, 5, [&] { return draw(); });
  code.wanted = RowVector<T>::NullaryExpr(5, [&] { return draw(); });
  code.threshold = 5;
  const Decoder<T> decoder(code);
  test::for_each_set(8, 5, [&](const std::vector<int>& taken) {
    const auto result = decoder(taken);
    REQUIRE(result);
    const RowVector<T> reached = result->weights * code.rows(taken, Eigen::all);
    if constexpr (std::same_as<T, Complex>) {
      CHECK((reached - code.wanted).cwiseAbs().maxCoeff() <=
            tolerance(result->condition) * code.wanted.cwiseAbs().maxCoeff());
    } else {
      CHECK((reached == code.wanted));
    }
  });
}

TEMPLATE_TEST_CASE("the decoder refuses a row taken twice or unknown", "", Complex, Gf61) {
  const Decoder<TestType> decoder(polynomial<TestType>(cyclic_mask(5, 2)));
  CHECK_THROWS_AS(decoder({0, 1, 2, 0}), std::logic_error);
  CHECK_THROWS_AS(decoder({0, 1, 2, 5}), std::logic_error);
  CHECK_THROWS_AS(decoder({-1}), std::logic_error);
}
