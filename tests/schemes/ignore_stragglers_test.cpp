// Uncoded without the last s workers: by hand, the order statistic in closed form, and what is recovered.
#include "tests/schemes/support.h"

using namespace straggle;
using namespace straggle::testing;

TEST_CASE("ignore-stragglers: the first K - s workers complete, whoever they are") {
  const auto scheme = scheme_of(4, R"({"scheme": "ignore-stragglers", "stragglers": 1})");
  Workspace workspace;
  const RoundResult result = run_round(scheme->next_round({}), Times({3, never, 1, 2}), workspace);
  CHECK(result.complete);
  CHECK(result[Tally::time] == 3);
  CHECK(result[Tally::messages] == 3);
  CHECK(result[Tally::useful_messages] == 3);
  CHECK(result[Tally::work] == 3);
  CHECK(result[Tally::wasted] == 0);
  CHECK(senders(result.taken) == std::vector<Sent>{{3, 0}, {4, 0}, {1, 0}});
}

TEST_CASE("ignore-stragglers: the mean time is the order statistic's") {
  constexpr int K = 12, s = 3;
  const Point point = point_of(K, {R"({"scheme": "ignore-stragglers", "stragglers": 3})"});
  const double mean = harmonic(K, s + 1) / rate, deviation = std::sqrt(harmonic(K, s + 1, 2)) / rate;
  // Standard error 0.00033; one straggler fewer would take 1/3 of 1/rate longer.
  const Sums sums = simulate(point, 0, 20000);
  check_mean(sums[Tally::time], shift + mean, deviation, shift + mean + 1.0 / s / rate);
  CHECK(sums[Tally::messages].mean() == K - s);
}

TEST_CASE("ignore-stragglers: any K - s workers are the sum of theirs, K - s - 1 are too few") {
  const auto scheme = scheme_of(5, R"({"scheme": "ignore-stragglers", "stragglers": 2})");
  Prover prover(*scheme);
  const std::vector<Sent> all = all_messages(5, 1);
  for_each_subset(all, 3, [&](const std::vector<Sent>& some) { CHECK(prover.decodes(some)); });
  for_each_subset(all, 2, [&](const std::vector<Sent>& some) { CHECK_FALSE(prover.decodes(some)); });
}

TEST_CASE("ignore-stragglers: the share of the data set in the result is (K - s)/K") {
  const auto recovered = [](const std::string& scheme) {
    return point_of(40, {scheme}).schemes.front().recipe.recovered;
  };
  CHECK(recovered(R"({"scheme": "ignore-stragglers", "stragglers": 10})") == 0.75);
  CHECK(recovered(R"({"scheme": "ignore-stragglers", "stragglers": 0})") == 1);
  // The other scheme with approximate results: 0.15 of 40 is 6.
  CHECK(recovered(R"({"scheme": "uc-mmc", "load": 3, "tolerance": 0.15})") == 34.0 / 40);
  CHECK(recovered(R"({"scheme": "uc-mmc", "load": 3, "clusters": 4, "tolerance": 0.01})") == 1);
  CHECK(recovered(R"({"scheme": "uc-mmc", "load": 3})") == 1);
  CHECK(recovered(R"({"scheme": "uncoded"})") == 1);
}

TEST_CASE("ignore-stragglers: without stragglers it is uncoded, trial by trial") {
  const Point point =
      point_of(8, {R"({"scheme": "uncoded"})", R"({"scheme": "ignore-stragglers", "stragglers": 0})"});
  TrialRunner runner(point);
  for (std::uint64_t trial = 0; trial < 50; ++trial) {
    runner.draw(trial, 0);
    const double uncoded = runner.run(0)[Tally::time];
    CHECK(runner.run(1)[Tally::time] == uncoded);
  }
}
