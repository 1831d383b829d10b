// Gradient coding with multi-message communication: both designs by hand, against kernels that know codewords
// and clusters but no events, and the decoding thresholds from both sides. The paper's own examples are in
// tests/golden.
#include "tests/schemes/support.h"

using namespace straggle;
using namespace straggle::testing;

namespace {

/// Worker i of a cluster of n sends codewords i, i + 1, … (modulo n) after m, m + 1, …, r tasks; a cluster is
/// decoded by the n − m + 1 codewords that come first. The hybrid rule changes what the last message of a
/// worker covers, and nothing of when (a finished worker has supplied r − m + 1 = n − m + 1 codewords).
auto correlated(std::size_t n, int r, int m, bool hybrid = false) {
  return [=](const DrawnTimes& times) {
    const std::size_t threshold = n - static_cast<std::size_t>(m) + 1,
                      each = static_cast<std::size_t>(r - m) + 1;
    Counted tally;
    for (std::size_t first = 0; first < times.workers(); first += n) {
      std::vector<double> earliest;
      std::vector<Sent> source;
      for (std::size_t codeword = 0; codeword < n; ++codeword) {
        double best = never;
        Sent by{};
        for (std::size_t j = 0; j < each; ++j) {
          const std::size_t w = first + (codeword + n - j) % n;
          const double end = times.end(w, m + static_cast<int>(j));
          if (end < best) {
            best = end;
            by = {static_cast<NodeId>(w + 1), static_cast<std::uint32_t>(j)};
          }
        }
        earliest.push_back(best);
        source.push_back(by);
      }
      const double decoded = kth_smallest(earliest, threshold);
      for (std::size_t codeword = 0; codeword < n; ++codeword)
        if (earliest[codeword] <= decoded) tally.useful.insert(source[codeword]);
      tally.time = std::max(tally.time, decoded);
    }
    std::vector<int> work, covers;
    for (int tasks = m; tasks <= r; ++tasks) {
      work.push_back(tasks);
      covers.push_back(hybrid && tasks == r ? r : m);
    }
    count(tally, times, work, covers);
    return tally;
  };
}

/// Message j of a worker comes after orders[j] tasks; a cluster of n is decoded by its first threshold
/// messages or, with the hybrid rule, by its first finished worker, whichever is earlier.
auto uncorrelated(std::size_t n, const std::vector<int>& orders, std::size_t threshold, bool hybrid) {
  return [=](const DrawnTimes& times) {
    Counted tally;
    for (std::size_t first = 0; first < times.workers(); first += n) {
      std::vector<double> messages, finished;
      for (std::size_t w = first; w < first + n; ++w) {
        for (const int order : orders) messages.push_back(times.end(w, order));
        finished.push_back(times.end(w, orders.back()));
      }
      double decoded = kth_smallest(messages, threshold);
      if (hybrid) decoded = std::min(decoded, kth_smallest(finished, 1));
      for (std::size_t w = first; w < first + n; ++w)
        for (std::size_t j = 0; j < orders.size(); ++j)
          if (times.end(w, orders[j]) <= decoded)
            tally.useful.insert({static_cast<NodeId>(w + 1), static_cast<std::uint32_t>(j)});
      tally.time = std::max(tally.time, decoded);
    }
    count(tally, times, orders, orders);
    return tally;
  };
}

}  // namespace

TEST_CASE("gc-mmc correlated: a codeword counts once, whoever sends it") {
  // Codewords c1 c2 c3, any two decode; worker i sends c_i after two tasks and c_{i+1} after three.
  const auto scheme = scheme_of(3, R"({"scheme": "gc-mmc", "design": "correlated", "load": 3, "order": 2})");
  const Program& program = scheme->next_round({});
  Workspace workspace;
  workspace.keep_all = true;
  RoundResult result = run_round(program, Times({1, 2, 9}), workspace);
  CHECK(result[Tally::time] == 3);  // c1 at 2 and c2 at 3, both of worker 1
  CHECK(result[Tally::messages] == 2);
  CHECK(result[Tally::useful_messages] == 2);
  CHECK(result[Tally::work] == 4);  // worker 2 has one
  CHECK(result[Tally::wasted] == 1);
  CHECK(senders(result.taken) == std::vector<Sent>{{1, 0}, {1, 1}});

  // Worker 1 is dead. Worker 3 sends c3 at 2 and c1 at 3: any two distinct ones.
  result = run_round(program, Times({never, 1.25, 1}), workspace);
  CHECK(result[Tally::time] == 2.5);  // c3 at 2, c2 at 2.5
  CHECK(senders(result.taken) == std::vector<Sent>{{3, 0}, {2, 0}});

  // Four codewords of load 1 and two tasks: worker 1's second message is worker 2's first.
  const auto four = scheme_of(4, R"({"scheme": "gc-mmc", "design": "correlated", "load": 2, "order": 1})");
  result = run_round(four->next_round({}), Times({1, 1.5, 9, 4}), workspace);
  CHECK(result[Tally::time] == 4);  // c1 1, c2 1.5, c2 again 2, c3 3, c4 4
  CHECK(result[Tally::messages] == 5);
  CHECK(result[Tally::useful_messages] == 4);
  CHECK(workspace.all()[2].fate == Arrival::Fate::duplicate);
  CHECK(result[Tally::wasted] == 1);
}

TEST_CASE(
    "gc-mmc uncorrelated: every message counts, and with the hybrid rule one finished worker is enough") {
  // Three workers, two messages each: 3·2 − (1 + 3) + 1 = 3 decode.
  const std::string fields = R"("scheme": "gc-mmc", "design": "uncorrelated", "load": 3, "orders": [1, 3])";
  const auto plain = scheme_of(3, "{" + fields + "}"),
             hybrid = scheme_of(3, "{" + fields + R"(, "hybrid": true})");
  Workspace workspace;
  RoundResult result = run_round(plain->next_round({}), Times({1, 5, 9}), workspace);
  CHECK(result[Tally::time] == 5);  // 1 and 3 of worker 1, 5 of worker 2
  CHECK(result[Tally::messages] == 3);
  CHECK(result[Tally::useful_messages] == 3);
  CHECK(result[Tally::work] == 4);
  CHECK(result[Tally::wasted] == 0);
  result = run_round(hybrid->next_round({}), Times({1, 5, 9}), workspace);
  CHECK(result[Tally::time] == 3);
  CHECK(result[Tally::messages] == 2);
  CHECK(result[Tally::useful_messages] == 2);
  CHECK(senders(result.taken) == std::vector<Sent>{{1, 0}, {1, 1}});
  // With workers of like speed the three short messages are there first.
  for (Scheme* scheme : {plain.get(), hybrid.get()}) {
    result = run_round(scheme->next_round({}), Times({1, 1.5, 2}), workspace);
    CHECK(result[Tally::time] == 2);
    CHECK(result[Tally::messages] == 3);
    CHECK(senders(result.taken) == std::vector<Sent>{{1, 0}, {2, 0}, {3, 0}});
  }
}

TEST_CASE("gc-mmc uncorrelated in clusters: a finished worker decodes its own cluster only") {
  const auto scheme = scheme_of(4, R"({"scheme": "gc-mmc", "design": "uncorrelated", "clusters": 2, "load": 2,
                                       "orders": [1, 2], "hybrid": true})");
  Workspace workspace;
  workspace.keep_all = true;
  // Two of a cluster's four messages decode it. Worker 1: 1, 2; worker 2: 3; worker 3: 4; worker 4: 6.
  const RoundResult result = run_round(scheme->next_round({}), Times({1, 3, 4, 6}), workspace);
  CHECK(result[Tally::time] == 6);
  CHECK(result[Tally::messages] ==
        6);  // also worker 2 at 6, the instant of completion, and before it worker 2 at 3
  CHECK(result[Tally::useful_messages] == 4);
  CHECK(senders(result.taken) == std::vector<Sent>{{1, 0}, {1, 1}, {3, 0}, {4, 0}});
  CHECK(workspace.all()[2].fate == Arrival::Fate::group_full);
}

TEST_CASE("gc-mmc correlated: every trial is what the first copies of the codewords give, in all scalings") {
  for (const Scaling scaling : all_scalings) {
    const Point point = point_of(
        12,
        {R"({"scheme": "gc-mmc", "design": "correlated", "load": 5, "order": 3})",
         R"({"scheme": "gc-mmc", "design": "correlated", "load": 4, "order": 2, "clusters": 2})",
         R"({"scheme": "gc-mmc", "design": "correlated", "load": 4, "order": 2, "clusters": 3})",
         R"({"scheme": "gc-mmc", "design": "correlated", "load": 6, "order": 1, "clusters": 2})",
         R"({"scheme": "gc-mmc", "design": "correlated", "load": 4, "order": 2, "clusters": 3, "hybrid": true})",
         R"({"scheme": "gc-mmc", "design": "correlated", "load": 6, "order": 6, "clusters": 2})"},
        scaling);
    compare(point, 0, 2000, correlated(12, 5, 3));
    compare(point, 1, 2000, correlated(6, 4, 2));
    compare(point, 2, 2000, correlated(4, 4, 2));
    compare(point, 3, 2000, correlated(6, 6, 1));
    compare(point, 4, 2000, correlated(4, 4, 2, true));
    compare(point, 5, 500, correlated(6, 6, 6));
  }
}

TEST_CASE("gc-mmc uncorrelated: every trial is what sorting each cluster's messages gives, in all scalings") {
  for (const Scaling scaling : all_scalings) {
    const Point point = point_of(
        12,
        {R"({"scheme": "gc-mmc", "design": "uncorrelated", "load": 3, "orders": [2, 3]})",
         R"({"scheme": "gc-mmc", "design": "uncorrelated", "load": 4, "orders": [1, 2, 4], "clusters": 2})",
         R"({"scheme": "gc-mmc", "design": "uncorrelated", "load": 4, "orders": [2, 3, 4], "clusters": 3})",
         R"({"scheme": "gc-mmc", "design": "uncorrelated", "load": 4, "orders": [2, 3, 4], "clusters": 3,
                      "hybrid": true})",
         R"({"scheme": "gc-mmc", "design": "uncorrelated", "load": 6, "orders": [1, 3, 6], "clusters": 2,
                      "hybrid": true})",
         R"({"scheme": "gc-mmc", "design": "uncorrelated", "load": 5, "orders": [5]})"},
        scaling);
    compare(point, 0, 2000, uncorrelated(12, {2, 3}, 12 * 2 - 5 + 1, false));
    compare(point, 1, 2000, uncorrelated(6, {1, 2, 4}, 6 * 3 - 7 + 1, false));
    compare(point, 2, 2000, uncorrelated(4, {2, 3, 4}, 4 * 3 - 9 + 1, false));
    compare(point, 3, 2000, uncorrelated(4, {2, 3, 4}, 4 * 3 - 9 + 1, true));
    compare(point, 4, 2000, uncorrelated(6, {1, 3, 6}, 6 * 3 - 10 + 1, true));
    compare(point, 5, 500, uncorrelated(12, {5}, 12 - 5 + 1, false));
  }
}

TEST_CASE(
    "gc-mmc uncorrelated: the last cluster of four has the threshold's messages when nobody finishes first") {
  // One cluster, l messages a worker: the mean number of messages is the threshold exactly.
  const Point point =
      point_of(10, {R"({"scheme": "gc-mmc", "design": "uncorrelated", "load": 10, "orders": [6, 8, 10]})"});
  const Sums sums = simulate(point, 0, 500);
  CHECK(sums[Tally::messages].mean() == 7);
  CHECK(sums[Tally::messages].variance() == 0);
}

TEST_CASE("gc-mmc correlated: any n - m + 1 distinct codewords decode and n - m do not, whoever sent them") {
  // Workers 1..6 send codewords w and w + 1: codeword c is message 0 of worker c or message 1 of worker c
  // − 1.
  for (const std::string code : {"cyclic", "reed-solomon", "cyclic-mds"}) {
    const auto scheme = scheme_of(
        6,
        fmt::format(R"({{"scheme": "gc-mmc", "design": "correlated", "load": 3, "order": 2, "code": "{}"}})",
                    code));
    Prover prover(*scheme);
    const std::vector<NodeId> codewords = {1, 2, 3, 4, 5, 6};
    for (unsigned by_second = 0; by_second < 64; ++by_second) {
      const auto sent = [&](const std::vector<NodeId>& some) {
        std::vector<Sent> messages;
        for (const NodeId codeword : some)
          messages.push_back(by_second >> (codeword - 1) & 1 ? Sent{codeword == 1 ? 6 : codeword - 1, 1}
                                                             : Sent{codeword, 0});
        return messages;
      };
      for_each_subset(codewords, 5,
                      [&](const std::vector<NodeId>& some) { CHECK(prover.decodes(sent(some))); });
      // Codewords k − 1 and k are the only ones over mini-batch k.
      for (std::size_t block = 0; block < 6; ++block)
        CHECK_FALSE(prover.decodes(messages_without(*scheme, sent(codewords), block)));
      if (code == "cyclic-mds") continue;  // see gc_test.cpp
      for_each_subset(codewords, 4,
                      [&](const std::vector<NodeId>& some) { CHECK_FALSE(prover.decodes(sent(some))); });
    }
  }
}

TEST_CASE("gc-mmc uncorrelated: any threshold of messages decodes, those without a mini-batch do not") {
  const auto scheme =
      scheme_of(4, R"({"scheme": "gc-mmc", "design": "uncorrelated", "load": 3, "orders": [1, 3]})");
  Prover prover(*scheme);  // 4·2 − 4 + 1 = 5 of 8
  const std::vector<Sent> all = all_messages(4, 2);
  for_each_subset(all, 5, [&](const std::vector<Sent>& some) { CHECK(prover.decodes(some)); });
  // One less, the worst case. (Other sets of four may decode: they can have the full rank 4.)
  for (std::size_t block = 0; block < 4; ++block) {
    const std::vector<Sent> without = messages_without(*scheme, all, block);
    CHECK(without.size() == 4);
    CHECK_FALSE(prover.decodes(without));
  }
}

TEST_CASE("gc-mmc uncorrelated where the threshold is below the workers: no smaller set decodes") {
  // n = 5, orders 3 and 5: any 3 of 10; with rows in general position fewer than n rows have no slack.
  const auto scheme =
      scheme_of(5, R"({"scheme": "gc-mmc", "design": "uncorrelated", "load": 5, "orders": [3, 5]})");
  Prover prover(*scheme);
  const std::vector<Sent> all = all_messages(5, 2);
  for_each_subset(all, 3, [&](const std::vector<Sent>& some) { CHECK(prover.decodes(some)); });
  for_each_subset(all, 2, [&](const std::vector<Sent>& some) { CHECK_FALSE(prover.decodes(some)); });
}

TEST_CASE(
    "gc-mmc hybrid: the plain sum of one finished worker decodes, without it the threshold is the same") {
  const auto scheme =
      scheme_of(5, R"({"scheme": "gc-mmc", "design": "uncorrelated", "load": 5, "orders": [3, 5],
                                       "hybrid": true})");
  Prover prover(*scheme);
  for (NodeId w = 1; w <= 5; ++w) CHECK(prover.decodes({{w, 1}}));
  // The coded rows alone: message 0 of any three workers, not of two.
  const std::vector<Sent> coded = all_messages(5, 1);
  for_each_subset(coded, 3, [&](const std::vector<Sent>& some) { CHECK(prover.decodes(some)); });
  for_each_subset(coded, 2, [&](const std::vector<Sent>& some) { CHECK_FALSE(prover.decodes(some)); });
}
