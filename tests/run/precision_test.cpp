// When a run stops by its precision: at which numbers of trials, and on what grounds.
#include "sim/run/precision.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <sstream>
#include <string>
#include <vector>

#include "sim/run/campaign.h"
#include "sim/run/experiment.h"
#include "sim/run/resume.h"
#include "sim/run/rows.h"
#include "tests/temporary_folder.h"

using namespace straggle;

namespace {

const std::string two_schemes = R"({"scheme": "uncoded"}, {"scheme": "gc", "load": 2})";

Experiment experiment_of(const std::string& precision, const std::string& compute, std::uint64_t seed = 1,
                         const std::string& more = "", const std::string& schemes = two_schemes) {
  const std::string text = R"({"workers": 4, "verify": {"trials": 0}, "seed": )" + std::to_string(seed) +
                           R"(, "precision": )" + precision + R"(, "compute": )" + compute + more +
                           R"(, "schemes": [)" + schemes + "]}";
  return read_experiment(parse_json(text, "test"), "test");
}

std::vector<Row> rows_of(const Experiment& experiment, unsigned threads = 1) {
  std::vector<Row> rows;
  RowSink sink(experiment.points, [&](const Row& row) { rows.push_back(row); });
  Plan plan = Plan::of(experiment.points, threads);
  plan.until([&](std::size_t point) { return sink.end(point); });
  run_campaign(plan, sink);
  return rows;
}

const std::string exponential = R"({"model": "exponential", "rate": 1})";

}  // namespace

TEST_CASE("precision: looks are powers of two of blocks, and the most") {
  CHECK(next_look(0, 10000) == 1024);
  CHECK(next_look(1024, 10000) == 2048);
  CHECK(next_look(8192, 10000) == 10000);
  CHECK(next_look(10000, 10000) == 10000);
  CHECK(next_look(0, 1024) == 1024);
}

TEST_CASE("precision: a point stops at the first look at which all its intervals are narrow enough") {
  const Experiment experiment = experiment_of(R"({"relative": 0.01, "most": 1000000})", exponential);
  const std::vector<Row> rows = rows_of(experiment);
  REQUIRE(rows.size() == 2);
  for (const Row& row : rows) {
    CHECK(row.precise == true);
    CHECK(half_interval(row[Tally::time]) <= 0.01 * row[Tally::time].mean);
  }
  CHECK(rows[0].trials == rows[1].trials);
  const std::uint64_t trials = rows[0].trials;
  CHECK(trials % 1024 == 0);
  // One look before, one of them was not.
  const auto before = run_trials(experiment.points[0], 0, trials / 2, 1);
  bool all = true;
  for (const Summary& summary : before) {
    const Estimate time = estimate(summary.sums[Tally::time]);
    all = all && half_interval(time) <= 0.01 * time.mean;
  }
  CHECK_FALSE(all);
  const auto same = run_trials(experiment.points[0], 0, trials, 1);
  CHECK(rows[0][Tally::time].mean == estimate(same[0].sums[Tally::time]).mean);
}

TEST_CASE("precision: of a speedup the baseline has to know its own spread, too") {
  // Without gc an iteration is a thousand times slower once in three thousand; 4,096 trials meet that once or
  // twice, or not.
  const std::string rare = R"({"model": "bimodal", "share": 0.0001, "slowdown": 1000,
      "base": {"model": "shifted-exponential", "shift": 1, "rate": 10}})";
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    for (const Row& row :
         rows_of(experiment_of(R"({"metric": "speedup", "relative": 0.05, "most": 4096})", rare, seed))) {
      if (row.scheme == 0) continue;  // the baseline: 1 by definition
      CHECK(row.precise == false);
      CHECK(row.trials == 4096);
    }
  }
}

TEST_CASE("precision: threads, and an interruption at any block, change nothing") {
  const std::string sweep = R"(, "sweep": [{"path": "/compute/rate", "values": [1, 2, 5, 7]}])";
  const Experiment experiment =
      experiment_of(R"({"metric": "speedup", "relative": 0.02, "most": 100000})", exponential, 3, sweep);
  const std::vector<Row> one = rows_of(experiment);
  const auto same = [&](const std::vector<Row>& rows) {
    REQUIRE(rows.size() == one.size());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      CHECK(rows[i].point == one[i].point);
      CHECK(rows[i].trials == one[i].trials);
      CHECK(rows[i].precise == true);
      CHECK(rows[i][Tally::time].mean == one[i][Tally::time].mean);
      CHECK(rows[i].speedup.std_error == one[i].speedup.std_error);
    }
  };
  for (const unsigned threads : {2u, 5u, 30u}) same(rows_of(experiment, threads));
  const TemporaryFolder folder;
  const JournalSubject subject = subject_of(experiment, {.command = "", .version = "0"}, {}, ".");
  struct Stop {};
  for (int blocks = 1;; ++blocks) {  // each attempt takes a few blocks more
    std::vector<Row> rows;
    Journal journal(folder.path, subject, {});
    RowMaker maker(experiment.points, [&](const Row& row) { rows.push_back(row); });
    int done = 0;
    try {
      run_into(journal, experiment, 1, {}, {}, &maker, [&](std::size_t, std::uint64_t trials) {
        if (trials > 0 && ++done == 3) throw Stop{};
      });
    } catch (const Stop&) {
      REQUIRE(blocks < 1000);
      continue;
    }
    CHECK(blocks > 3);
    same(rows);
    break;
  }
}

TEST_CASE("precision: what cannot be trusted goes on to the most, and is marked") {
  // Late once in 1,250 rounds: the first thousand trials often have no spread at all.
  const std::string rare = R"({"model": "constant", "time": 1, "failure": {"probability": 0}})";
  const std::string rarely =
      R"({"model": "bimodal", "share": 0.0002, "slowdown": 50, "base": {"model": "constant", "time": 1}})";
  const std::vector<Row> seldom = rows_of(experiment_of(R"({"relative": 0.05, "most": 20000})", rarely));
  CHECK(seldom[0].trials == 20000);  // some 16 late rounds are too few
  CHECK(seldom[0].precise == false);
  const std::vector<Row> constant = rows_of(experiment_of(R"({"relative": 0.001, "most": 100000})", rare));
  CHECK(constant[0].trials == 1024);  // nothing varies, by construction
  CHECK(constant[0].precise == true);
  // No variance: never, whatever the trials say.
  const std::vector<Row> heavy = rows_of(experiment_of(R"({"relative": 0.5, "most": 5000})",
                                                       R"({"model": "pareto", "shape": 1.5, "scale": 1})"));
  CHECK(heavy[0].trials == 5000);
  CHECK(heavy[0].precise == false);
  // Skewed: 50 times the square of its skewness, which the first look has not.
  const std::vector<Row> skewed = rows_of(experiment_of(
      R"({"relative": 0.5, "most": 1000000})", R"({"model": "log-normal", "median": 1, "sigma": 1})"));
  CHECK(static_cast<double>(skewed[0].trials) >= skewed[0].trials_needed);
  CHECK(skewed[0].trials > 1024);
}

TEST_CASE("precision: its mistakes") {
  for (const auto& [precision, why] : std::vector<std::pair<std::string, std::string>>{
           {R"({"relative": 0.1, "absolute": 1})", "/precision: needs either"},
           {R"({"most": 5000})", "/precision: needs either"},
           {R"({"relative": 0})", "/precision/relative"},
           {R"({"relative": 0.1, "most": 1000})", "/precision/most"},
           {R"({"relative": 0.1, "metric": "work"})", "/precision/metric"},
           {R"({"relative": 0.1}, "trials": 100)", "/trials: is for \"precision\" to decide"}})
    CHECK_THROWS_WITH(experiment_of(precision, exponential), Catch::Contains(why));
}

TEST_CASE("precision: intervals at the stop hold the mean as often as they say", "[.][slow]") {
  // 2,000 runs each; the share of intervals that hold the expectation is within 1.5 % of 95 %, three standard
  // errors.
  struct Law {
    const char* compute;
    double mean;  // of uncoded with four workers
  };
  // E max of four log-normal times, by integration of 1 − Φ(ln t)^4.
  const auto expected_maximum = [](double sigma) {
    double sum = 0;
    for (double z = -10; z < 12; z += 1e-4) {  // t = exp(σz), dt = σt dz
      const double below = 0.5 * std::erfc(-z / std::sqrt(2.0));
      sum += (1 - std::pow(below, 4)) * sigma * std::exp(sigma * z) * 1e-4;
    }
    return sum;
  };
  const double log_normal = expected_maximum(1);
  for (
      const auto& [compute, mean] :
      {Law{R"({"model": "shifted-exponential", "shift": 0.1, "rate": 1})", 0.1 + 1 + 0.5 + 1 / 3.0 + 0.25},
       Law{R"({"model": "log-normal", "median": 1, "sigma": 1})", log_normal},
       // Rarely met: a worker in five thousand is fifty times as slow, so that of the first thousand trials
       // two in five have no spread at all.
       Law{R"({"model": "bimodal", "share": 0.0002, "slowdown": 50, "base": {"model": "constant", "time": 1}})",
           1 + 49 * (1 - std::pow(1 - 0.0002, 4))}}) {
    CAPTURE(compute);
    int held = 0;
    constexpr int runs = 2000;
    for (int seed = 1; seed <= runs; ++seed) {
      const std::vector<Row> rows =
          rows_of(experiment_of(R"({"relative": 0.05, "most": 1000000})", compute,
                                static_cast<std::uint64_t>(seed), "", R"({"scheme": "uncoded"})"));
      REQUIRE(rows[0].precise == true);
      const Estimate& time = rows[0][Tally::time];
      const double half = half_interval(time);
      if (std::isnan(half) || std::abs(time.mean - mean) <= half) ++held;
    }
    const double share = static_cast<double>(held) / runs;
    CHECK(share == Approx(0.95).margin(0.015));
  }
}
