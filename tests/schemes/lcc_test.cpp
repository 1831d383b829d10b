// Lagrange coded computing, one message a worker and several: by hand, against closed form and kernel, and
// the degree of the interpolated polynomial from both sides.
#include "tests/schemes/support.h"

using namespace straggle;
using namespace straggle::testing;

namespace {

/// The first `need` messages, whoever sends them; worker w sends message j after work[j] tasks.
auto first_messages(const std::vector<int>& work, const std::vector<int>& covers, std::size_t need) {
  return [=](const DrawnTimes& times) {
    Counted tally;
    std::vector<double> ends;
    for (std::size_t w = 0; w < times.workers(); ++w)
      for (const int tasks : work) ends.push_back(times.end(w, tasks));
    tally.time = kth_smallest(ends, need);
    for (std::size_t w = 0; w < times.workers(); ++w)
      for (std::size_t j = 0; j < work.size(); ++j)
        if (times.end(w, work[j]) <= tally.time)
          tally.useful.insert({static_cast<NodeId>(w + 1), static_cast<std::uint32_t>(j)});
    count(tally, times, work, covers);
    return tally;
  };
}

}  // namespace

TEST_CASE("lcc: the fastest 2 ceil(K/r) - 1 workers, or with several messages the first 2K - 1 of them") {
  Workspace workspace;
  const auto single = scheme_of(4, R"({"scheme": "lcc", "load": 2, "messages": "single"})");
  RoundResult result = run_round(single->next_round({}), Times({1, 2.5, 7, 4}), workspace);
  CHECK(result[Tally::time] == 8);  // three of four, after two tasks: 2, 5, 8
  CHECK(result[Tally::messages] == 3);
  CHECK(result[Tally::useful_messages] == 3);
  CHECK(result[Tally::work] == 7);
  CHECK(result[Tally::wasted] == 1);
  const auto multi = scheme_of(4, R"({"scheme": "lcc", "load": 2, "messages": "multi"})");
  result = run_round(multi->next_round({}), Times({1, 2.5, 7, 4}), workspace);
  CHECK(result[Tally::time] == 8);  // seven of eight: 1 2 2.5 4 5 7 8, without 14
  CHECK(result[Tally::messages] == 7);
  CHECK(result[Tally::useful_messages] == 7);
  CHECK(result[Tally::work] == 7);
  CHECK(result[Tally::wasted] == 0);
}

TEST_CASE("lcc: the mean time is the order statistic's") {
  constexpr int K = 12, r = 3, k = 7;  // 2·4 − 1
  const Point point = point_of(K, {R"({"scheme": "lcc", "load": 3, "messages": "single"})"});
  const double mean = harmonic(K, K - k + 1) / rate, deviation = std::sqrt(harmonic(K, K - k + 1, 2)) / rate;
  // Standard error 0.00073.
  check_mean(simulate(point, 0, 20000)[Tally::time], r * (shift + mean), r * deviation,
             r * (shift + mean + 1.0 / (K - k) / rate));
}

TEST_CASE("lcc: every trial is what sorting all messages gives, in all scalings") {
  for (const Scaling scaling : all_scalings) {
    const Point point = point_of(12,
                                 {R"({"scheme": "lcc", "load": 4, "messages": "single"})",
                                  R"({"scheme": "lcc", "load": 5, "messages": "single"})",
                                  R"({"scheme": "lcc", "load": 3, "messages": "multi"})",
                                  R"({"scheme": "lcc", "load": 12, "messages": "single"})"},
                                 scaling);
    compare(point, 0, 2000, first_messages({4}, {4}, 5));
    compare(point, 1, 2000, first_messages({5}, {5}, 5));  // ⌈12/5⌉ = 3: padded with zero blocks
    compare(point, 2, 2000, first_messages({1, 2, 3}, {1, 1, 1}, 23));
    compare(point, 3, 500, first_messages({12}, {12}, 1));
  }
}

TEST_CASE("lcc: any 2 ceil(K/r) - 1 workers decode and no set of one less does") {
  for (const int load : {2, 3, 4, 5}) {  // three blocks a group, then two; 4 and 5 pad with zero blocks
    CAPTURE(load);
    const auto scheme =
        scheme_of(5, fmt::format(R"({{"scheme": "lcc", "load": {}, "messages": "single"}})", load));
    Prover prover(*scheme);
    const std::size_t threshold = 2 * static_cast<std::size_t>((5 + load - 1) / load) - 1;
    const std::vector<Sent> all = all_messages(5, 1);
    for_each_subset(all, threshold, [&](const std::vector<Sent>& some) { CHECK(prover.decodes(some)); });
    for_each_subset(all, threshold - 1,
                    [&](const std::vector<Sent>& some) { CHECK_FALSE(prover.decodes(some)); });
  }
}

TEST_CASE("lcc with several messages: any 2K - 1 of all evaluations decode and no set of one less does") {
  const auto scheme = scheme_of(4, R"({"scheme": "lcc", "load": 3, "messages": "multi"})");
  Prover prover(*scheme);
  const std::vector<Sent> all = all_messages(4, 3);
  for_each_subset(all, 7, [&](const std::vector<Sent>& some) { CHECK(prover.decodes(some)); });
  for_each_subset(all, 6, [&](const std::vector<Sent>& some) { CHECK_FALSE(prover.decodes(some)); });
}
