#include "codes/repetition.h"

#include <catch2/catch.hpp>

#include "codes/decoder.h"
#include "tests/codes/straggler_sets.h"

using namespace straggle::codes;

TEMPLATE_TEST_CASE("any non-empty set of repetition workers decodes and none does not", "", Complex, Gf61) {
  const LinearCode<TestType> code = repetition<TestType>(5, 3);
  const Decoder<TestType> decoder(code);
  const auto direct = [&](const std::vector<int>& taken) { return decoding(code, taken); };
  CHECK(code.threshold == 1);
  for (int count = 1; count <= 5; ++count) {
    test::for_each_set(5, count, [&](const std::vector<int>& taken) {
      REQUIRE(test::decodes<TestType>(code, decoder, taken));
      REQUIRE(test::decodes<TestType>(code, direct, taken));
    });
  }
  CHECK_FALSE(decoder({}));
  CHECK_FALSE(direct({}));
}

TEMPLATE_TEST_CASE("one worker with one part is the uncoded sum", "", Complex, Gf61) {
  const LinearCode<TestType> code = repetition<TestType>(1, 1);
  CHECK(code.rows(0, 0) == TestType(1));
  CHECK(test::decodes<TestType>(code, Decoder<TestType>(code), {0}));
}

TEST_CASE("a repetition code of nothing is refused") {
  CHECK_THROWS_AS(repetition<Gf61>(0, 1), std::invalid_argument);
  CHECK_THROWS_AS(repetition<Gf61>(1, 0), std::invalid_argument);
}
