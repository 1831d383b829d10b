// What Ozfatura, Gündüz and Ulukus, "Gradient Coding with Clustering and Multi-message Communication" (2019),
// state of their examples: sections III-A (correlated design, Example 1), III-B (uncorrelated design, Example
// 1 continued), III-C (clustering), III-D (hybrid), and IV (UC-MMC is GC-MMC of order one).
#include "tests/schemes/support.h"

using namespace straggle;
using namespace straggle::testing;

namespace {

/// Example 1: K = 6, r = 3, m = 2.
const char* const correlated = R"({"scheme": "gc-mmc", "design": "correlated", "load": 3, "order": 2})";
const char* const uncorrelated =
    R"({"scheme": "gc-mmc", "design": "uncorrelated", "load": 3, "orders": [2, 3]})";
const char* const plain_gc = R"({"scheme": "gc", "load": 3})";

/// The round in which worker i computes tasks[i] mini-batches, one a second, and then stops for good.
RoundResult survivors(Scheme& scheme, const std::vector<int>& tasks, Workspace& workspace) {
  const Program& program = scheme.next_round({});
  std::vector<double> prefix;
  for (int done = 0; done <= program.largest_load(); ++done)
    for (const int most : tasks) prefix.push_back(done <= most ? done : never);
  const std::vector<double> at_once(tasks.size(), 0);
  return run_round(program, {.offset = at_once, .prefix = prefix, .workers = tasks.size()}, workspace);
}

/// Two schemes come to the same in every trial; with `Waste::no_more` the second may waste less.
enum class Waste { same, no_more };
void require_same(const Point& point, std::size_t a, std::size_t b, std::uint64_t trials,
                  Waste waste = Waste::same) {
  TrialRunner runner(point);
  for (std::uint64_t trial = 0; trial < trials; ++trial) {
    INFO(point.schemes[a].label << " and " << point.schemes[b].label << ", trial " << trial);
    runner.draw(trial, 0);
    const RoundResult first = runner.run(a);
    const std::vector<Sent> taken = senders(first.taken);
    const RoundResult& second = runner.run(b);
    REQUIRE(first[Tally::time] == second[Tally::time]);
    REQUIRE(first[Tally::messages] == second[Tally::messages]);
    REQUIRE(first[Tally::useful_messages] == second[Tally::useful_messages]);
    REQUIRE(first[Tally::work] == second[Tally::work]);
    if (waste == Waste::same) {
      REQUIRE(first[Tally::wasted] == second[Tally::wasted]);
    } else {
      REQUIRE(first[Tally::wasted] >= second[Tally::wasted]);
    }
    REQUIRE(taken == senders(second.taken));
  }
}

}  // namespace

TEST_CASE(
    "Example 1 correlated: workers 1, 2 and 4 with two messages each give c1 to c5 and the full gradient") {
  const auto scheme = scheme_of(6, correlated);
  CHECK(scheme->next_round({}).goal().need == 5);  // K − m + 1; the paper prints "K − m − 1 = 5"
  Workspace workspace;
  const RoundResult result = survivors(*scheme, {3, 3, 0, 3, 0, 0}, workspace);
  REQUIRE(result.complete);
  CHECK(result[Tally::time] == 3);
  CHECK(result[Tally::messages] == 6);
  CHECK(result[Tally::useful_messages] == 5);  // c2 comes from worker 1 and from worker 2
  std::set<std::uint32_t> codewords;
  for (const Sent& sent : senders(result.taken)) codewords.insert(sent.from + sent.message);
  CHECK(codewords == std::set<std::uint32_t>{1, 2, 3, 4, 5});
  Prover prover(*scheme);
  CHECK(prover.decodes(senders(result.taken)));
  // Four of these codewords are not enough, nor any other four.
  for_each_subset(all_messages(6, 1), 4,
                  [&](const std::vector<Sent>& four) { CHECK_FALSE(prover.decodes(four)); });
  CHECK_FALSE(survivors(*scheme, {3, 0, 0, 3, 0, 0}, workspace).complete);  // c1, c2, c4, c5
  // The original scheme needs four workers.
  const auto original = scheme_of(6, plain_gc);
  CHECK(original->next_round({}).goal().need == 4);
  CHECK_FALSE(survivors(*original, {3, 3, 0, 3, 0, 0}, workspace).complete);
}

TEST_CASE("Example 1: codeword c1 combines g1 and g2, c2 combines g2 and g3, and worker 1 sends both") {
  const auto scheme = scheme_of(6, correlated);
  CHECK(scheme->next_round({}).messages(1).size() == 2);
  CHECK(scheme->next_round({}).messages(1)[0].work == 2);
  CHECK(scheme->next_round({}).messages(1)[1].work == 3);
  Codebook& codebook = scheme->codebook();
  CHECK(codebook.contents(1, 0) == std::vector<std::size_t>{0, 1});
  CHECK(codebook.contents(1, 1) == std::vector<std::size_t>{1, 2});
  CHECK(codebook.contents(2, 0) == codebook.contents(1, 1));
  CHECK(codebook.contents(6, 0) == std::vector<std::size_t>{0, 5});
  CHECK(codebook.contents(6, 1) == std::vector<std::size_t>{0, 1});
}

TEST_CASE("Example 1 uncorrelated: the mask matrix is the paper's equation 3") {
  const std::vector<std::vector<std::size_t>> full = {{0, 1, 2}, {1, 2, 3}, {2, 3, 4},
                                                      {3, 4, 5}, {0, 4, 5}, {0, 1, 5}};
  const std::vector<std::vector<std::size_t>> half = {{0, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 5}, {0, 5}};
  const auto scheme = scheme_of(6, uncorrelated);
  for (NodeId w = 1; w <= 6; ++w) {
    CHECK(scheme->codebook().contents(w, 0) == half[w - 1]);
    CHECK(scheme->codebook().contents(w, 1) == full[w - 1]);
  }
  // Exactly seven zeros in each column, so eight messages are needed in the worst case and always enough.
  for (std::size_t block = 0; block < 6; ++block)
    CHECK(messages_without(*scheme, all_messages(6, 2), block).size() == 7);
  CHECK(scheme->next_round({}).goal().need == 8);
}

TEST_CASE(
    "Example 1 uncorrelated: three workers full, two half, one dead is enough, and for plain GC it is not") {
  const auto scheme = scheme_of(6, uncorrelated);
  const auto original = scheme_of(6, plain_gc);
  Prover prover(*scheme);
  Workspace workspace;
  std::vector<int> tasks = {0, 2, 2, 3, 3, 3};
  int cases = 0;
  do {
    ++cases;
    const RoundResult result = survivors(*scheme, tasks, workspace);
    REQUIRE(result.complete);
    CHECK(result[Tally::messages] == 8);
    CHECK(prover.decodes(senders(result.taken)));
    CHECK_FALSE(survivors(*original, tasks, workspace).complete);
    // With seven messages it is not complete, whichever is missing.
    for (std::size_t w = 0; w < 6; ++w) {
      if (tasks[w] == 0) continue;
      std::vector<int> fewer = tasks;
      fewer[w] = tasks[w] == 3 ? 2 : 0;
      const RoundResult seven = survivors(*scheme, fewer, workspace);
      CHECK(seven[Tally::messages] == 7);
      CHECK_FALSE(seven.complete);
    }
  } while (std::next_permutation(tasks.begin(), tasks.end()));
  CHECK(cases == 60);
  // Seven are not enough for the code either: those in which one mini-batch has no part.
  for (std::size_t block = 0; block < 6; ++block)
    CHECK_FALSE(prover.decodes(messages_without(*scheme, all_messages(6, 2), block)));
}

TEST_CASE("K = r = 5: orders 3 and 5 need exactly three messages, fractional repetition the fastest worker") {
  const auto mmc =
      scheme_of(5, R"({"scheme": "gc-mmc", "design": "uncorrelated", "load": 5, "orders": [3, 5]})");
  CHECK(mmc->next_round({}).goal().need == 3);
  Prover prover(*mmc);
  const std::vector<Sent> all = all_messages(5, 2);
  for_each_subset(all, 3, [&](const std::vector<Sent>& three) { CHECK(prover.decodes(three)); });
  for_each_subset(all, 2, [&](const std::vector<Sent>& two) { CHECK_FALSE(prover.decodes(two)); });

  const auto repetition = scheme_of(5, R"({"scheme": "gc", "load": 5, "code": "fractional-repetition"})");
  const auto hybrid =
      scheme_of(5, R"({"scheme": "gc-mmc", "design": "uncorrelated", "load": 5, "orders": [3, 5],
                                       "hybrid": true})");
  Workspace workspace;
  const auto time = [&](Scheme& scheme, std::vector<double> x) {
    return run_round(scheme.next_round({}), Times(std::move(x)), workspace)[Tally::time];
  };
  // Workers of like speed: three messages of order 3 are earlier. One much faster worker: waiting for it is
  // better. The hybrid rule has the earlier of the two.
  const std::vector<double> alike = {1, 1.25, 1.5, 2, 2}, one_fast = {4, 1, 4, 8, 4};
  CHECK(time(*mmc, alike) == 4.5);
  CHECK(time(*repetition, alike) == 5);
  CHECK(time(*hybrid, alike) == 4.5);
  CHECK(time(*mmc, one_fast) == 12);
  CHECK(time(*repetition, one_fast) == 5);
  CHECK(time(*hybrid, one_fast) == 5);
}

TEST_CASE("fractional repetition is clustering with clusters of r workers, in every trial") {
  const Point point = point_of(20, {R"({"scheme": "gc", "load": 5, "clusters": 4})",
                                    R"({"scheme": "gc", "load": 5, "code": "fractional-repetition"})"});
  require_same(point, 0, 1, 2000);
}

TEST_CASE("whenever GC is complete, GC in clusters is, and not the other way round") {
  const Point point = point_of(
      24, {R"({"scheme": "gc", "load": 4})", R"({"scheme": "gc", "load": 4, "clusters": 2})",
           R"({"scheme": "gc", "load": 4, "clusters": 3})", R"({"scheme": "gc", "load": 4, "clusters": 4})",
           R"({"scheme": "gc", "load": 4, "clusters": 6})"});
  TrialRunner runner(point);
  std::vector<int> earlier(5, 0);
  for (std::uint64_t trial = 0; trial < 2000; ++trial) {
    runner.draw(trial, 0);
    const double whole = runner.run(0)[Tally::time];
    for (std::size_t s = 1; s < 5; ++s) {
      const double time = runner.run(s)[Tally::time];
      INFO(point.schemes[s].label << ", trial " << trial);
      REQUIRE(time <= whole);
      earlier[s] += time < whole;
    }
  }
  for (std::size_t s = 1; s < 5; ++s) CHECK(earlier[s] > 1000);

  // And for every set of survivors of eight workers at load 2, which P = 1, 2 and 4 allow.
  Workspace workspace;
  const auto gc = scheme_of(8, R"({"scheme": "gc", "load": 2})");
  for (const int clusters : {2, 4}) {
    const auto clustered =
        scheme_of(8, fmt::format(R"({{"scheme": "gc", "load": 2, "clusters": {}}})", clusters));
    int only_clustered = 0;
    for (unsigned alive = 0; alive < 256; ++alive) {
      std::vector<int> tasks;
      for (unsigned w = 0; w < 8; ++w) tasks.push_back(alive >> w & 1 ? 2 : 0);
      const bool whole = survivors(*gc, tasks, workspace).complete;
      const bool in_clusters = survivors(*clustered, tasks, workspace).complete;
      CHECK((in_clusters || !whole));
      only_clustered += in_clusters && !whole;
    }
    // At most one straggler in each cluster, (1 + 4)² and 3⁴ sets, less the 9 with at most one in all.
    CHECK(only_clustered == (clusters == 2 ? 25 - 9 : 81 - 9));
  }
}

TEST_CASE("the hybrid rule changes nothing of the correlated design but the waste, in every trial") {
  const Point point = point_of(
      20,
      {R"({"scheme": "gc-mmc", "design": "correlated", "clusters": 4, "load": 5, "order": 3})",
       R"({"scheme": "gc-mmc", "design": "correlated", "clusters": 4, "load": 5, "order": 3, "hybrid": true})",
       R"({"scheme": "gc-mmc", "design": "correlated", "clusters": 2, "load": 10, "order": 1})",
       R"({"scheme": "gc-mmc", "design": "correlated", "clusters": 2, "load": 10, "order": 1, "hybrid": true})"});
  // A finished worker alone supplies r − m + 1 codewords, the threshold: its plain sum comes when its last
  // codeword would have. But the sum covers all of its mini-batches, where some of its codewords may have
  // been duplicates.
  require_same(point, 0, 1, 2000, Waste::no_more);
  require_same(point, 2, 3, 2000, Waste::no_more);
}

TEST_CASE("correlated GC-MMC of order 1 is UC-MMC, and of order r it is GC, in every trial") {
  const Point point =
      point_of(20, {R"({"scheme": "gc-mmc", "design": "correlated", "load": 5, "order": 1})",
                    R"({"scheme": "uc-mmc", "load": 5})",
                    R"({"scheme": "gc-mmc", "design": "correlated", "load": 5, "order": 5})",
                    R"({"scheme": "gc", "load": 5})",
                    R"({"scheme": "gc-mmc", "design": "correlated", "load": 5, "order": 1, "clusters": 2})",
                    R"({"scheme": "uc-mmc", "load": 5, "clusters": 2})",
                    R"({"scheme": "gc-mmc", "design": "correlated", "load": 5, "order": 5, "clusters": 2})",
                    R"({"scheme": "gc", "load": 5, "clusters": 2})",
                    R"({"scheme": "gc-mmc", "design": "uncorrelated", "load": 5, "orders": [5]})"});
  require_same(point, 0, 1, 2000);
  require_same(point, 2, 3, 2000);
  require_same(point, 4, 5, 2000);
  require_same(point, 6, 7, 2000);
  require_same(point, 8, 3, 2000);
}
