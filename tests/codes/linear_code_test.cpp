#include "codes/linear_code.h"

#include <catch2/catch.hpp>
#include <limits>

#include "tests/codes/straggler_sets.h"

using namespace straggle::codes;

namespace {

// The example of three workers and one straggler in Tandon et al.: g1/2 + g2, g2 - g3, g1/2 + g3.
template <Field T>
LinearCode<T> three_workers() {
  const T half = T(1) / T(2), one = T(1), none = T(0);
  LinearCode<T> code;
  code.rows.resize(3, 3);
  code.rows << half, one, none, none, one, -one, half, none, one;
  code.wanted = RowVector<T>::Constant(3, one);
  code.threshold = 2;
  return code;
}

}  // namespace

TEMPLATE_TEST_CASE("the three-worker example decodes with the printed weights", "", Complex, Gf61) {
  using T = TestType;
  const LinearCode<T> code = three_workers<T>();
  const std::vector<std::pair<std::vector<int>, std::vector<int>>> printed = {
      {{1, 2}, {1, 2}}, {{0, 2}, {1, 1}}, {{0, 1}, {2, -1}}};
  for (const auto& [taken, weights] : printed) {
    const auto result = decoding(code, taken);
    REQUIRE(result);
    for (int i = 0; i < 2; ++i) {
      const T difference = result->weights(i) - T(weights[static_cast<std::size_t>(i)]);
      if constexpr (std::same_as<T, Complex>) {
        CHECK(std::abs(difference) < 1e-14);  // a 3 x 2 system, well conditioned
      } else {
        CHECK(difference == T(0));
      }
    }
  }
}

TEST_CASE("the condition is the largest column of absolute weights times absolute rows") {
  const auto result = decoding(three_workers<Complex>(), {0, 1});
  REQUIRE(result);
  // weights 2, -1: columns 2/2, 2 + 1, 1
  CHECK(result->condition == Approx(3));
  CHECK(decoding(three_workers<Gf61>(), {0, 1})->condition == 0);
}

TEMPLATE_TEST_CASE("rows that do not span what is wanted decode nothing", "", Complex, Gf61) {
  const LinearCode<TestType> code = three_workers<TestType>();
  for (int row = 0; row < 3; ++row) CHECK_FALSE(decoding(code, {row}));
  CHECK_FALSE(decoding(code, {}));
}

TEMPLATE_TEST_CASE("more rows than needed decode as well, in any order", "", Complex, Gf61) {
  const LinearCode<TestType> code = three_workers<TestType>();
  const auto decode = [&](const std::vector<int>& taken) { return decoding(code, taken); };
  CHECK(test::decodes<TestType>(code, decode, {0, 1, 2}));
  CHECK(test::decodes<TestType>(code, decode, {2, 0, 1}));
  CHECK(test::decodes<TestType>(code, decode, {2, 1}));
}

TEMPLATE_TEST_CASE("a row taken twice or unknown is a programming error", "", Complex, Gf61) {
  const LinearCode<TestType> code = three_workers<TestType>();
  CHECK_THROWS_AS(decoding(code, {0, 1, 0}), std::logic_error);
  CHECK_THROWS_AS(decoding(code, {0, 3}), std::logic_error);
  CHECK_THROWS_AS(decoding(code, {-1, 0}), std::logic_error);
}

TEST_CASE("the tolerance grows with the condition up to the ceiling") {
  CHECK(tolerance(0) == tolerance(1));
  CHECK(tolerance(1000) == Approx(1000 * tolerance(1)));
  CHECK(tolerance(1e30) == kCeiling);
  CHECK(tolerance(std::numeric_limits<double>::infinity()) == kCeiling);
  CHECK(rounding_bound(1e30) > 1);
}

TEST_CASE("over the reals a nearly dependent system decodes only within the tolerance of its condition") {
  // wanted = (1, 1) from the rows (1, 1 + e) and (1, 1 - e): weights 1/2, 1/2 are exact for any e.
  LinearCode<Complex> code;
  code.wanted = RowVector<Complex>::Ones(2);
  code.threshold = 2;
  code.rows.resize(2, 2);
  code.rows << 1, 1 + 1e-9, 1, 1 - 1e-9;
  CHECK(decoding(code, {0, 1}));
  // A single row misses by 1e-9, which its condition of 1 does not explain.
  CHECK_FALSE(decoding(code, {0}));
  // Half a rounding unit is explained.
  code.rows << 1, 1 + 1e-16, 1, 1 - 1e-16;
  CHECK(decoding(code, {0}));
}
