// The Gilbert–Elliott chain: its transitions, its stationary law, its memory, and that a state is a function
// of its address alone.
#include <array>
#include <chrono>

#include "tests/models/support.h"

using namespace straggle;
using namespace straggle::testing;

namespace {

std::shared_ptr<const ComputeModel> chain(double to_slow, double to_fast) {
  return model_of(Json({{"model", "gilbert-elliott"},
                        {"to_slow", to_slow},
                        {"to_fast", to_fast},
                        {"slowdown", 4},
                        {"base", {{"model", "constant"}, {"time", 1}}}})
                      .dump());
}

std::vector<bool> slow(const ComputeModel& model, const DrawAddress& address, std::size_t workers) {
  std::vector<bool> result;
  for (const double x : draw(model, address, workers)) {
    CHECK((x == 1 || x == 4));
    result.push_back(x == 4);
  }
  return result;
}

/// Four standard errors of a frequency.
double limit(double p, double n) {
  return 4 * std::sqrt(p * (1 - p) / n);
}

}  // namespace

TEST_CASE("gilbert-elliott: transitions and shares are those asked for, at every iteration") {
  struct Case {
    double to_slow, to_fast;
  };
  for (const auto& [to_slow, to_fast] : std::vector<Case>{{0.05, 0.3}, {0.4, 0.1}, {0.7, 0.9}}) {
    CAPTURE(to_slow, to_fast);
    const auto model = chain(to_slow, to_fast);
    const double share = to_slow / (to_slow + to_fast);
    constexpr std::size_t workers = 20000;
    // Iterations on both sides of powers of two, where states are drawn from different neighbours.
    std::vector<bool> before = slow(*model, {.seed = 1}, workers), earlier;
    double falls = 0, fast = 0, rises = 0, held = 0;
    for (std::uint32_t iteration = 0; iteration <= 20; ++iteration) {
      CAPTURE(iteration);
      const std::vector<bool> now = slow(*model, {.seed = 1, .iteration = iteration}, workers);
      const auto slow_now = static_cast<double>(std::count(now.begin(), now.end(), true));
      CHECK(std::abs(slow_now / workers - share) < limit(share, workers));
      if (iteration > 0) {
        std::array<std::array<double, 2>, 2> count{};
        for (std::size_t w = 0; w < workers; ++w) ++count[before[w] ? 1 : 0][now[w] ? 1 : 0];
        const double from_fast = count[0][0] + count[0][1], from_slow = count[1][0] + count[1][1];
        CHECK(std::abs(count[0][1] / from_fast - to_slow) < limit(to_slow, from_fast));
        CHECK(std::abs(count[1][0] / from_slow - to_fast) < limit(to_fast, from_slow));
        falls += count[0][1];
        fast += from_fast;
        rises += count[1][0];
        held += from_slow;
      }
      if (iteration > 1) {  // the state before the last makes no difference
        std::array<double, 2> fast_for{}, falling{};
        for (std::size_t w = 0; w < workers; ++w) {
          if (before[w]) continue;
          ++fast_for[earlier[w] ? 1 : 0];
          if (now[w]) ++falling[earlier[w] ? 1 : 0];
        }
        for (std::size_t e = 0; e < 2; ++e)
          CHECK(std::abs(falling[e] / fast_for[e] - to_slow) < limit(to_slow, fast_for[e]));
      }
      earlier = before;
      before = now;
    }
    // All together they are sharp: six percent off would be seen.
    CHECK(std::abs(falls / fast - to_slow) < limit(to_slow, fast));
    CHECK(std::abs(rises / held - to_fast) < limit(to_fast, held));
    CHECK(std::abs(falls / fast - 1.06 * to_slow) > limit(to_slow, fast));
    CHECK(std::abs(rises / held - 1.06 * to_fast) > limit(to_fast, held));
  }
}

TEST_CASE("gilbert-elliott: a state is a function of its address, whatever was drawn before") {
  const auto model = chain(0.02, 0.1);
  const DrawAddress late{.seed = 3, .trial = 5, .iteration = 500};
  const std::vector<bool> alone = slow(*model, late, 50);
  DrawAddress at = late;
  std::vector<bool> in_order;
  for (at.iteration = 0; at.iteration <= 500; ++at.iteration) in_order = slow(*model, at, 50);
  CHECK(in_order == alone);
  slow(*model, {.seed = 4, .trial = 1, .iteration = 499}, 50);
  CHECK(slow(*chain(0.02, 0.1), late, 50) == alone);
  CHECK(slow(*model, {.seed = 3, .trial = 5, .iteration = 500, .index = 9}, 50) == alone);
  const std::vector<bool> fewer = slow(*model, late, 7);
  CHECK(std::equal(fewer.begin(), fewer.end(), alone.begin()));
  CHECK(slow(*model, {.seed = 3, .trial = 6, .iteration = 500}, 50) != alone);
  check_draws(*model);
}

TEST_CASE("gilbert-elliott: the memory fades geometrically, over long distances too") {
  const double to_slow = 0.001, to_fast = 0.003;
  const auto model = chain(to_slow, to_fast);
  constexpr std::size_t workers = 40000;
  const auto at = [&](std::uint32_t iteration) {
    return draw(*model, {.seed = 1, .iteration = iteration}, workers);
  };
  struct Pair {
    std::uint32_t from, to;
  };
  for (const auto& [from, to] :
       std::vector<Pair>{{0, 100}, {100, 300}, {1000, 1001}, {4095, 4096}, {4000, 4500}}) {
    CAPTURE(from, to);
    const double expected = std::pow(1 - to_slow - to_fast, to - from);
    // The standard error of a correlation is at most about 1/√(workers·share), for a rare state.
    CHECK(std::abs(correlation(at(from), at(to)) - expected) < 4 / std::sqrt(workers * 0.25));
  }
}

TEST_CASE("gilbert-elliott: a chain that always changes alternates, one that hardly moves stays") {
  const auto alternating = chain(1, 1);
  const auto stuck = chain(1e-12, 1e-12);
  const auto first = slow(*alternating, {.seed = 1}, 1000);
  const auto start = slow(*stuck, {.seed = 1}, 1000);
  for (const std::uint32_t iteration : {1u, 2u, 3u, 7u, 100u, 1001u, 65536u}) {
    const auto now = slow(*alternating, {.seed = 1, .iteration = iteration}, 1000);
    for (std::size_t w = 0; w < 1000; ++w) CHECK(now[w] == (first[w] != (iteration % 2 == 1)));
    CHECK(slow(*stuck, {.seed = 1, .iteration = iteration}, 1000) == start);
  }
  CHECK(std::abs(static_cast<double>(std::count(start.begin(), start.end(), true)) - 500) <
        4 * std::sqrt(250));
}

TEST_CASE("gilbert-elliott: late iterations cost hardly more than early ones") {
  const auto model = chain(1e-7, 1e-7);  // ten million steps to forget
  std::vector<double> x(10);
  const auto begin = std::chrono::steady_clock::now();
  for (std::uint32_t iteration = 16777000; iteration < 16777200; ++iteration)
    model->draw({.seed = 1, .iteration = iteration}, x);
  // 200 draws of about 50 states for 10 workers: a millisecond. Step by step it would be a minute.
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(1));
}

TEST_CASE("gilbert-elliott: the times are the base's, apart from the slowdown; there is no law") {
  const auto base = model_of(R"({"model": "exponential", "rate": 2})");
  const auto model = model_of(R"({"model": "gilbert-elliott", "to_slow": 0.1, "to_fast": 0.1, "slowdown": 4,
                                  "base": {"model": "exponential", "rate": 2}})");
  const auto states = chain(0.1, 0.1);
  for (const std::uint32_t index : {0u, 1u}) {
    const DrawAddress address{.seed = 1, .trial = 2, .iteration = 3, .index = index};
    const auto x = draw(*base, address, 30), factor = draw(*states, address, 30),
               found = draw(*model, address, 30);
    for (std::size_t w = 0; w < 30; ++w) CHECK(found[w] == factor[w] * x[w]);
  }
  CHECK_FALSE(model->law());
}

TEST_CASE("gilbert-elliott: what a user can get wrong") {
  CHECK_THAT(
      ComputeText(R"({"model": "gilbert-elliott", "to_slow": 0, "to_fast": 1.5, "slowdown": 0.9})").message(),
      Catch::Contains("test#/compute/to_slow: must be a number above 0 and at most 1 (the chance that a "
                      "fast worker is slow in the next iteration), but is 0") &&
          Catch::Contains("test#/compute/to_fast: must be a number above 0 and at most 1") &&
          Catch::Contains("test#/compute/slowdown: must be a number at least 1") &&
          Catch::Contains("test#/compute/base: is missing"));
  CHECK_THAT(ComputeText(R"({"model": "gilbert-elliott", "to_slow": 0.1, "slowdown": 2,
                             "base": {"model": "constant", "time": 1}})")
                 .message(),
             Catch::StartsWith("test#/compute/to_fast: is missing"));
}
