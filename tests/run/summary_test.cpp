// What is kept of blocks, against the trials in them.
#include "sim/run/summary.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "tests/run/same_bits.h"
#include "tests/run/two_pass.h"

using namespace straggle;
using namespace straggle::testing;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// The trials [first, last), each with numbers of its own: tally number i is x^(i + 1).
Block block(std::uint64_t first, std::uint64_t last, double phase = 0) {
  Block result;
  for (std::uint64_t trial = first; trial < last; ++trial) {
    const double x = std::sin(static_cast<double>(trial) + phase) + 2;
    double power = 1;
    for (std::vector<double>& values : result.tally) values.push_back(power *= x);
    result.critical.push_back({x, 2 * x, 3 * x, 4 * x});
  }
  return result;
}

std::vector<std::pair<double, double>> alone(const std::vector<double>& values) {
  std::vector<std::pair<double, double>> result;
  for (const double value : values) result.emplace_back(value, 0);
  return result;
}

}  // namespace

TEST_CASE("the summary of a block has the moments of each of its tallies and causes, and of its pairs") {
  const Block own = block(0, 2500), baseline = block(0, 2500, 1);
  const Summary found = summary_of(own, baseline);
  CHECK(found.trials() == 2500);
  CHECK(found.times.values() == own[Tally::time]);
  for (const Tally which : all_tallies) check_equal(found.sums[which], TwoPass(alone(own[which])), 1e-11);
  std::vector<std::pair<double, double>> paired;
  for (std::size_t i = 0; i < 2500; ++i) paired.emplace_back(own[Tally::time][i], baseline[Tally::time][i]);
  check_equal(found.sums.paired, TwoPass(paired), 1e-11);
  REQUIRE(found.critical);
  for (std::size_t cause = 0; cause < causes; ++cause)
    CHECK(found.sums.critical[cause].mean() ==
          Approx(static_cast<double>(cause + 1) * found.sums[Tally::time].mean()).epsilon(1e-12));
}

TEST_CASE("trials that could not complete are in no mean, and no pair has an incomplete half") {
  Block own = block(0, 2000), baseline = block(0, 2000, 1);
  std::vector<std::pair<double, double>> times, work, paired;
  for (std::size_t i = 0; i < 2000; ++i) {
    if (i % 3 == 0) own.tally[Tally::time][i] = infinity;
    if (i % 5 == 0) baseline.tally[Tally::time][i] = infinity;
    if (i % 3 == 0) continue;
    times.emplace_back(own[Tally::time][i], 0);
    work.emplace_back(own[Tally::work][i], 0);
    if (i % 5 != 0) paired.emplace_back(own[Tally::time][i], baseline[Tally::time][i]);
  }
  const Summary found = summary_of(own, baseline);
  CHECK(found.trials() == 2000);
  CHECK(std::isinf(found.times.values()[3]));
  check_equal(found.sums[Tally::time], TwoPass(times), 1e-11);
  check_equal(found.sums[Tally::work], TwoPass(work), 1e-11);
  check_equal(found.sums.paired, TwoPass(paired), 1e-11);
}

TEST_CASE("summaries of blocks that follow each other make that of all their trials") {
  Summary joined;
  Block all;
  for (std::uint64_t first = 0; first < 5000; first += chunk_trials) {
    const Block next = block(first, std::min<std::uint64_t>(5000, first + chunk_trials));
    joined.append(summary_of(next, next));
    all.append(next);
  }
  const Summary whole = summary_of(all, all);
  CHECK(joined.times.values() == whole.times.values());
  CHECK(joined.critical);
  // Not to the bit: rounding depends on where sums are cut, which is why runs cut them at the same places.
  for (const Tally which : all_tallies) {
    CHECK(joined.sums[which].count() == 5000);
    CHECK(joined.sums[which].mean() == Approx(whole.sums[which].mean()).epsilon(1e-12));
    CHECK(joined.sums[which].variance() == Approx(whole.sums[which].variance()).epsilon(1e-10));
  }
  Summary nothing;
  nothing.append(joined);
  CHECK(same_bits(nothing, joined));
  joined.append(Summary{});
  CHECK(same_bits(nothing, joined));
}
