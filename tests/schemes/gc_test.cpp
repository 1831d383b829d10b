// Gradient coding with one message a worker, whole and in clusters: by hand, against order statistics in
// closed form, against a kernel that sorts each cluster, and the threshold K/P − r + 1 from both sides.
#include "tests/schemes/support.h"

using namespace straggle;
using namespace straggle::testing;

namespace {

/// Each cluster of `size` workers is decoded by its `threshold` fastest.
auto fastest_of_each_cluster(std::size_t size, std::size_t threshold, int load) {
  return [=](const DrawnTimes& times) {
    Counted tally;
    for (std::size_t first = 0; first < times.workers(); first += size) {
      std::vector<double> ends;
      for (std::size_t w = first; w < first + size; ++w) ends.push_back(times.end(w, load));
      const double decoded = kth_smallest(ends, threshold);
      for (std::size_t w = first; w < first + size; ++w)
        if (times.end(w, load) <= decoded) tally.useful.insert({static_cast<NodeId>(w + 1), 0});
      tally.time = std::max(tally.time, decoded);
    }
    count(tally, times, {load}, {load});
    return tally;
  };
}

}  // namespace

TEST_CASE("gc: any K - r + 1 workers complete, whole mini-batches of the others are wasted") {
  const auto scheme = scheme_of(4, R"({"scheme": "gc", "load": 2})");
  Workspace workspace;
  const RoundResult result = run_round(scheme->next_round({}), Times({1, 4, 3, 2}), workspace);
  CHECK(result[Tally::time] == 6);  // 2·1, 2·2, 2·3
  CHECK(result[Tally::messages] == 3);
  CHECK(result[Tally::useful_messages] == 3);
  CHECK(result[Tally::work] == 7);  // worker 2 has finished one of its two mini-batches
  CHECK(result[Tally::wasted] == 1);
  CHECK(senders(result.taken) == std::vector<Sent>{{1, 0}, {4, 0}, {3, 0}});
}

TEST_CASE("gc in clusters: each needs its own workers, and takes no more than it needs") {
  const auto scheme = scheme_of(4, R"({"scheme": "gc", "load": 2, "clusters": 2})");
  Workspace workspace;
  workspace.keep_all = true;
  const RoundResult result = run_round(scheme->next_round({}), Times({1, 1.5, 4, 2}), workspace);
  CHECK(result[Tally::time] == 4);  // worker 1 at 2, worker 2 (not needed) at 3, worker 4 at 4
  CHECK(result[Tally::messages] == 3);
  CHECK(result[Tally::useful_messages] == 2);
  CHECK(result[Tally::work] == 7);
  CHECK(result[Tally::wasted] == 3);
  CHECK(senders(result.taken) == std::vector<Sent>{{1, 0}, {4, 0}});
  CHECK(workspace.all()[1].fate == Arrival::Fate::group_full);
}

TEST_CASE("gc with fractional repetition: one of each group of consecutive workers") {
  const auto scheme = scheme_of(4, R"({"scheme": "gc", "load": 2, "code": "fractional-repetition"})");
  Workspace workspace;
  workspace.keep_all = true;
  const RoundResult result = run_round(scheme->next_round({}), Times({1, 1.5, 4, 2}), workspace);
  CHECK(result[Tally::time] == 4);
  CHECK(result[Tally::messages] == 3);
  CHECK(result[Tally::useful_messages] == 2);
  CHECK(result[Tally::wasted] == 3);
  CHECK(senders(result.taken) == std::vector<Sent>{{1, 0}, {4, 0}});
  CHECK(workspace.all()[1].fate == Arrival::Fate::group_full);
}

TEST_CASE("gc: silence means the same to repetition and to clusters of one group each, message by message") {
  const Point point = point_of(8,
                               {R"({"scheme": "gc", "load": 2, "code": "fractional-repetition"})",
                                R"({"scheme": "gc", "load": 2, "clusters": 4})"},
                               Scaling::server_dependent,
                               R"("silence": true, "network": {"model": "serial", "overhead": 0.05},)");
  TrialRunner runner(point);
  for (std::uint64_t trial = 0; trial < 200; ++trial) {
    runner.draw(trial, 0);
    const RoundResult repetition = runner.run(0);
    const RoundResult clusters = runner.run(1);
    CHECK(repetition[Tally::time] == clusters[Tally::time]);
    CHECK(repetition[Tally::messages] == 4);
    CHECK(clusters[Tally::messages] == 4);
  }
}

TEST_CASE("gc: the mean time is the order statistic's, under server- and data-dependent scaling") {
  constexpr int K = 12, r = 4, k = K - r + 1;
  // X_(k) of K exponentials has mean (H_K − H_{K−k})/µ and variance Σ_{j=K−k+1..K} j^-2/µ².
  const double mean = harmonic(K, K - k + 1) / rate, deviation = std::sqrt(harmonic(K, K - k + 1, 2)) / rate;
  const double one_more = 1.0 / (K - k) / rate;
  // Standard errors 0.0013 and 0.00033.
  const Sums server = simulate(point_of(K, {R"({"scheme": "gc", "load": 4})"}), 0, 20000);
  check_mean(server[Tally::time], r * shift + r * mean, r * deviation, r * (shift + mean + one_more));
  CHECK(server[Tally::messages].mean() == k);
  CHECK(server[Tally::messages].variance() == 0);
  const Point point = point_of(K, {R"({"scheme": "gc", "load": 4})"}, Scaling::data_dependent);
  const Sums data = simulate(point, 0, 20000);
  check_mean(data[Tally::time], shift + mean + r * increment, deviation,
             shift + mean + one_more + r * increment);
}

TEST_CASE("gc with fractional repetition: the mean time is r·shift + H_{K/r}/rate") {
  constexpr int K = 12, r = 4, groups = K / r;
  const Point point = point_of(K, {R"({"scheme": "gc", "load": 4, "code": "fractional-repetition"})"});
  // The fastest of r workers, each at load r, is exponential of rate µ; standard error 0.00083.
  check_mean(simulate(point, 0, 20000)[Tally::time], r * shift + harmonic(groups) / rate,
             std::sqrt(harmonic(groups, 1, 2)) / rate, r * shift + harmonic(groups + 1) / rate);
}

TEST_CASE("gc: every trial is what sorting each cluster gives, for all codes and scalings") {
  for (const Scaling scaling : all_scalings) {
    const Point point = point_of(
        12,
        {R"({"scheme": "gc", "load": 5})", R"({"scheme": "gc", "load": 5, "code": "reed-solomon"})",
         R"({"scheme": "gc", "load": 3, "code": "cyclic-mds"})",
         R"({"scheme": "gc", "load": 3, "clusters": 2})", R"({"scheme": "gc", "load": 3, "clusters": 4})",
         R"({"scheme": "gc", "load": 3, "code": "fractional-repetition"})",
         R"({"scheme": "gc", "load": 2, "code": "fractional-repetition", "clusters": 3})",
         R"({"scheme": "gc", "load": 1})", R"({"scheme": "gc", "load": 12})"},
        scaling);
    compare(point, 0, 2000, fastest_of_each_cluster(12, 8, 5));
    compare(point, 1, 200, fastest_of_each_cluster(12, 8, 5));
    compare(point, 2, 200, fastest_of_each_cluster(12, 10, 3));
    compare(point, 3, 2000, fastest_of_each_cluster(6, 4, 3));
    compare(point, 4, 2000, fastest_of_each_cluster(3, 1, 3));
    compare(point, 5, 2000, fastest_of_each_cluster(3, 1, 3));
    compare(point, 6, 2000, fastest_of_each_cluster(2, 1, 2));
    compare(point, 7, 200, fastest_of_each_cluster(12, 12, 1));
    compare(point, 8, 200, fastest_of_each_cluster(12, 1, 12));
  }
}

TEST_CASE("gc: any K - r + 1 workers decode, K - r without a mini-batch do not, for every cyclic code") {
  for (const std::string code : {"cyclic", "reed-solomon", "cyclic-mds"}) {
    for (std::size_t load = 1; load <= 6; ++load) {
      CAPTURE(code, load);
      const auto scheme =
          scheme_of(6, fmt::format(R"({{"scheme": "gc", "load": {}, "code": "{}"}})", load, code));
      Prover prover(*scheme);
      const std::vector<Sent> all = all_messages(6, 1);
      for_each_subset(all, 7 - load, [&](const std::vector<Sent>& some) { CHECK(prover.decodes(some)); });
      for (std::size_t block = 0; block < 6; ++block) {
        const std::vector<Sent> without = messages_without(*scheme, all, block);
        CHECK(without.size() == 6 - load);
        CHECK_FALSE(prover.decodes(without));
      }
      // With coefficients in general position no other set of K − r decodes either. The circulant of cyclic
      // MDS has more structure: with load 2 its rows are e_i + e_{i+1}, of which every second one is enough
      // for an even K.
      if (code == "cyclic-mds") continue;
      for_each_subset(all, 6 - load,
                      [&](const std::vector<Sent>& some) { CHECK_FALSE(prover.decodes(some)); });
    }
  }
}

TEST_CASE("gc with fractional repetition: sets that meet every group decode, others do not") {
  const auto scheme = scheme_of(6, R"({"scheme": "gc", "load": 2, "code": "fractional-repetition"})");
  Prover prover(*scheme);
  const std::vector<Sent> all = all_messages(6, 1);
  for (std::size_t size = 1; size <= 6; ++size) {
    for_each_subset(all, size, [&](const std::vector<Sent>& some) {
      std::set<NodeId> groups;
      for (const Sent& sent : some) groups.insert((sent.from - 1) / 2);
      // The master never takes two of a group: the second is a duplicate.
      if (groups.size() == some.size()) CHECK(prover.decodes(some) == (groups.size() == 3));
    });
  }
}

TEST_CASE("gc in clusters: one cluster short of a message does not decode, whatever the others sent") {
  const auto scheme = scheme_of(8, R"({"scheme": "gc", "load": 2, "clusters": 2})");
  Prover prover(*scheme);  // three of each four workers
  CHECK(prover.decodes({{1, 0}, {2, 0}, {4, 0}, {5, 0}, {7, 0}, {8, 0}}));
  CHECK_FALSE(prover.decodes({{1, 0}, {2, 0}, {3, 0}, {4, 0}, {5, 0}, {7, 0}}));
}
