// Uncoded computation: by hand, against H_K/µ, against a kernel, and that all K messages are needed.
#include "tests/schemes/support.h"

using namespace straggle;
using namespace straggle::testing;

TEST_CASE("uncoded: the master waits for the last worker") {
  const auto scheme = scheme_of(3, R"({"scheme": "uncoded"})");
  Workspace workspace;
  const RoundResult result = run_round(scheme->next_round({}), Times({3, 1, 2}), workspace);
  CHECK(result[Tally::time] == 3);
  CHECK(result[Tally::messages] == 3);
  CHECK(result[Tally::useful_messages] == 3);
  CHECK(result[Tally::work] == 3);
  CHECK(result[Tally::wasted] == 0);
  CHECK(senders(result.taken) == std::vector<Sent>{{2, 0}, {3, 0}, {1, 0}});
}

TEST_CASE("uncoded: the mean time is shift + H_K/rate") {
  constexpr int K = 40;
  const Point point = point_of(K, {R"({"scheme": "uncoded"})"});
  const Sums sums = simulate(point, 0, 20000);
  // Standard error 0.00089; waiting for one worker less would make it H_K − 1.
  check_mean(sums[Tally::time], shift + harmonic(K) / rate, std::sqrt(harmonic(K, 1, 2)) / rate,
             shift + (harmonic(K) - 1) / rate);
  CHECK(sums[Tally::messages].mean() == K);
  CHECK(sums[Tally::messages].variance() == 0);
}

TEST_CASE("uncoded: every trial is the maximum of the drawn times, in all scalings") {
  for (const Scaling scaling : all_scalings) {
    const Point point = point_of(7, {R"({"scheme": "uncoded"})"}, scaling);
    compare(point, 0, 2000, [](const DrawnTimes& times) {
      Counted tally;
      for (std::size_t w = 0; w < times.workers(); ++w) {
        tally.time = std::max(tally.time, times.end(w, 1));
        tally.useful.insert({static_cast<NodeId>(w + 1), 0});
      }
      count(tally, times, {1}, {1});
      return tally;
    });
  }
}

TEST_CASE("uncoded: all messages decode, no smaller set does") {
  const auto scheme = scheme_of(4, R"({"scheme": "uncoded"})");
  Prover prover(*scheme);
  const std::vector<Sent> all = all_messages(4, 1);
  CHECK(prover.decodes(all));
  for_each_subset(all, 3, [&](const std::vector<Sent>& some) { CHECK_FALSE(prover.decodes(some)); });
}
