#include "codes/range.h"

#include <catch2/catch.hpp>

#include "codes/cyclic_mds.h"
#include "codes/cyclic_random.h"
#include "codes/polynomial.h"
#include "codes/repetition.h"
#include "tests/codes/straggler_sets.h"

using namespace straggle::codes;

namespace {

bool keeps(LinearCode<Complex> code, int messages = 1) {
  return keeps_digits(Decoder<Complex>(std::move(code)), messages);
}

}  // namespace

TEST_CASE(
    "the cyclic MDS code at 101 workers keeps its digits up to eight stragglers and is refused for twenty") {
  const auto build = [](int load) { return cyclic_mds(101, load); };
  CHECK_FALSE(keeps(build(21)));
  CHECK(largest_load_in_doubles(101, build) == 9);
  CHECK(keeps(build(9)));
  CHECK_FALSE(keeps(build(10)));
}

TEST_CASE("random and polynomial codes keep their digits where the cyclic MDS code does not") {
  std::mt19937_64 random(1);
  CHECK(keeps(cyclic_random<Complex>(101, 21, test::drawing<Complex>(random))));
  for (const int load : {1, 10, 21, 50, 100, 101}) CHECK(keeps(polynomial<Complex>(cyclic_mask(101, load))));
}

TEST_CASE("a polynomial code with hundreds of spare messages is out of range") {
  CHECK_FALSE(keeps(polynomial<Complex>(cyclic_mask(500, 250))));
  CHECK(keeps(polynomial<Complex>(cyclic_mask(500, 20))));
}

TEST_CASE("several messages a worker are tried with the last ones missing") {
  CHECK(keeps(polynomial<Complex>(multi_message_mask(6, {2, 3})), 2));
  CHECK(keeps(polynomial<Complex>(multi_message_mask(40, {6, 8, 10})), 3));
  CHECK(keeps(polynomial<Complex>(multi_message_mask(100, {6, 8, 10})), 3));
}

TEST_CASE("small codes of every kind are in range up to the full load") {
  CHECK(largest_load_in_doubles(20, [](int load) { return cyclic_mds(20, load); }) == 20);
  CHECK(largest_load_in_doubles(40, [](int load) { return polynomial<Complex>(cyclic_mask(40, load)); }) ==
        40);
  CHECK(largest_load_in_doubles(1, [](int load) { return cyclic_mds(1, load); }) == 1);
  CHECK(keeps(repetition<Complex>(10, 10)));
}

TEST_CASE("the search stops at the first load that fails") {
  // A code that decodes nothing beyond load 5: the wanted sum is out of reach.
  const auto build = [](int load) {
    LinearCode<Complex> code = cyclic_mds(30, std::min(load, 5));
    if (load > 5) code.solutions.resize(0, 0), code.rows.col(3).setZero();
    return code;
  };
  CHECK(largest_load_in_doubles(30, build) == 5);
  CHECK(largest_load_in_doubles(4, build) == 4);
  CHECK(largest_load_in_doubles(6, build) == 5);
}

TEST_CASE("a random code is drawn anew until one keeps its digits or the attempts are used up") {
  int draws = 0;
  const auto third_time_good = [&] { return cyclic_mds(101, ++draws < 3 ? 21 : 5); };
  CHECK(first_to_keep_digits(third_time_good).threshold == 97);
  CHECK(draws == 3);
  draws = 0;
  CHECK(first_to_keep_digits(third_time_good, 2).threshold == 81);
  CHECK(draws == 2);
}
