// Golden traces: the replay of one trial of tiny configurations, compared to the byte with the text beside
// this file, and replays of every scheme against what the sweep counts for the same trial.
#include <fstream>
#include <iterator>

#include "sim/view/replay.h"
#include "tests/schemes/support.h"

using namespace straggle;
using namespace straggle::testing;

namespace {

/// The stored trace. When a change of the trace is intended, look at the difference and store the new text.
std::string stored(const std::string& name) {
  const std::string path = std::string(STRAGGLE_SOURCE_DIR) + "/tests/golden/" + name;
  std::ifstream file(path, std::ios::binary);
  INFO(path);
  REQUIRE(file);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("golden trace: Example 1 of the GC-MMC paper, correlated design") {
  const Point point = point_of(6, {R"({"scheme": "gc-mmc", "design": "correlated", "load": 3, "order": 2})"});
  CHECK(replay(point, 0, 0).text == stored("correlated.txt"));
}

TEST_CASE("golden trace: two clusters, hybrid rule, two iterations, data-dependent times") {
  const Point point = point_of(6, {R"({"scheme": "gc-mmc", "design": "uncorrelated", "clusters": 2, "load": 3,
                                    "orders": [1, 2, 3], "hybrid": true, "label": "hybrid"})"},
                               Scaling::data_dependent, R"("iterations": 2, "seed": 5,)");
  CHECK(replay(point, 0, 4).text == stored("hybrid.txt"));
}

TEST_CASE("a replayed trial is what the sweep counted for it, for every scheme") {
  for (const Scaling scaling : all_scalings) {
    for (const std::string more : {"", R"("iterations": 3,)"}) {
      const Point point = point_of(
          12,
          {R"({"scheme": "uncoded"})", R"({"scheme": "gc", "load": 4})",
           R"({"scheme": "gc", "load": 4, "clusters": 2})",
           R"({"scheme": "gc", "load": 4, "code": "fractional-repetition"})",
           R"({"scheme": "gc-mmc", "design": "correlated", "clusters": 3, "load": 3, "order": 2})",
           R"({"scheme": "gc-mmc", "design": "uncorrelated", "clusters": 3, "load": 4, "orders": [2, 4], "hybrid": true})",
           R"({"scheme": "uc-mmc", "load": 4, "tolerance": 0.2})",
           R"({"scheme": "lcc", "load": 4, "messages": "single"})",
           R"({"scheme": "lcc", "load": 3, "messages": "multi"})",
           R"({"scheme": "gc-partial", "stragglers": 2, "slowdown": 2})"},
          scaling, more);
      for (const std::uint64_t trial : {0u, 1023u, 1024u, 4711u}) {
        const std::vector<Summary> counted = run_trials(point, trial, trial + 1, 1);
        for (std::size_t s = 0; s < point.schemes.size(); ++s) {
          CAPTURE(point.schemes[s].label, trial);
          const TrialRecord record = replay(point, s, trial).record;
          const Sums sums = counted[s].sums;
          CHECK(record[Tally::time] == sums[Tally::time].mean());
          CHECK(record[Tally::messages] == sums[Tally::messages].mean());
          CHECK(record[Tally::useful_messages] == sums[Tally::useful_messages].mean());
          CHECK(record[Tally::work] == sums[Tally::work].mean());
          CHECK(record[Tally::wasted] == sums[Tally::wasted].mean());
        }
      }
    }
  }
}

TEST_CASE("a trace has a line for every message received, and the last useful one completes") {
  const Point point = point_of(8, {R"({"scheme": "uc-mmc", "load": 4})"});
  for (std::uint64_t trial = 0; trial < 50; ++trial) {
    const Replay replayed = replay(point, 0, trial);
    const auto lines_with = [&](const std::string& word) {
      std::size_t lines = 0;
      for (std::size_t at = replayed.text.find(word); at != std::string::npos;
           at = replayed.text.find(word, at + 1))
        ++lines;
      return lines;
    };
    CHECK(static_cast<double>(lines_with("useful, ")) == replayed.record[Tally::useful_messages]);
    CHECK(static_cast<double>(lines_with("useful, ") + lines_with("a duplicate")) ==
          replayed.record[Tally::messages]);
    CHECK(lines_with("COMPLETE") == 1);
    CHECK(replayed.text.find("COMPLETE") > replayed.text.rfind("useful, "));
  }
}
