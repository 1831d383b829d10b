// What the trial runner puts around a round: draws kept or drawn again, delays, failures, the model's way
// down, what is left of earlier iterations; and serial links against Lindley's recursion for every kind of
// star.
#include <bit>
#include <filesystem>
#include <functional>

#include "sim/run/campaign.h"
#include "sim/run/runner.h"
#include "sim/table/results_csv.h"
#include "tests/engine/support.h"
#include "tests/schemes/support.h"

using namespace straggle;
using namespace straggle::testing;

namespace {

/// x of worker w by a formula of (trial, iteration, w, index), and perhaps a delay.
class Formula final : public ComputeModel {
 public:
  using F = std::function<double(const DrawAddress&, std::size_t)>;
  explicit Formula(F x, F delay = nullptr) : x_(std::move(x)), delay_(std::move(delay)) {}

  void draw(const DrawAddress& address, std::span<double> out) const override {
    for (std::size_t w = 0; w < out.size(); ++w) out[w] = x_(address, w);
  }
  bool delay(const DrawAddress& address, std::span<double> out) const override {
    if (!delay_ || delay_(address, 0) < 0) return false;
    for (std::size_t w = 0; w < out.size(); ++w) out[w] = delay_(address, w);
    return true;
  }
  std::optional<TimeLaw> law() const override { return std::nullopt; }

 private:
  F x_, delay_;
};

/// x[iteration][worker], the same in every trial.
std::shared_ptr<Formula> fixed_times(std::vector<std::vector<double>> x) {
  return std::make_shared<Formula>([x = std::move(x)](const DrawAddress& address, std::size_t w) {
    return x.at(address.iteration).at(w);
  });
}

SchemeSetup made_by_hand(const Program& program, const std::string& label) {
  return {.scheme = "test",
          .label = label,
          .recipe = {.make = [=] { return std::make_unique<FixedScheme>(program, nullptr); }, .law = {}}};
}

/// A point of these programs, nothing verified.
Point point_of_programs(const std::vector<Program>& programs, std::shared_ptr<const ComputeModel> model) {
  Point point = point_of(static_cast<int>(programs[0].workers()), {R"({"scheme": "uncoded"})"});
  point.schemes.clear();
  for (std::size_t s = 0; s < programs.size(); ++s)
    point.schemes.push_back(made_by_hand(programs[s], fmt::format("program {}", s)));
  point.compute.model = std::move(model);
  return point;
}

/// Each worker sends one message after `work` mini-batches; the master needs so many.
Program any_of(std::uint32_t need, std::size_t workers, double work = 1) {
  Program program({.need = need, .full = {need}});
  for (std::size_t w = 0; w < workers; ++w) program.add({{.work = work, .covers = work}});
  return program;
}

std::vector<double> times_of(TrialRunner& runner, std::uint64_t trial, std::uint32_t iterations,
                             std::size_t s = 0) {
  std::vector<double> times;
  for (std::uint32_t i = 0; i < iterations; ++i) {
    runner.draw(trial, i);
    times.push_back(runner.run(s)[Tally::time]);
  }
  return times;
}

/// Lindley's recursion: in the order in which messages reach the port, each ends `seconds` after the later of
/// its coming and the one before.
Counted lindley(const Program& program, const Links& links, const DrawnTimes& times) {
  struct Coming {
    double at;
    NodeId from;
    std::uint32_t message;
  };
  std::vector<Coming> coming;
  for (NodeId node = 1; node <= program.workers(); ++node)
    for (std::uint32_t j = 0; j < program.messages(node).size(); ++j)
      coming.push_back({times.end(node - 1, program.messages(node)[j].work) + links.latency, node, j});
  std::sort(coming.begin(), coming.end(), [](const Coming& a, const Coming& b) {
    return std::tie(a.at, a.from, a.message) < std::tie(b.at, b.from, b.message);
  });
  Counted tally;
  PlainIntake intake(program.goal());
  for (const Coming& next : coming) {
    tally.time = std::max(tally.time, next.at) +
                 (links.overhead + links.bytes / std::min(links.egress[next.from], links.ingress[master]));
    ++tally.messages;
    if (intake.receive(program.messages(next.from)[next.message]) == Fate::useful)
      tally.useful.insert({next.from, next.message});
    if (intake.enough()) break;
  }
  std::vector<int> work, covers;
  for (const Program::Message& message : program.messages(1)) {
    work.push_back(static_cast<int>(message.work));
    covers.push_back(static_cast<int>(message.covers));
  }
  const std::uint32_t messages = tally.messages;
  count(tally, times, work, covers);
  tally.messages = messages;  // those that the port has served
  return tally;
}

}  // namespace

TEST_CASE("every kind of star on serial links is Lindley's recursion, under every scaling") {
  const std::vector<std::string> schemes = {
      R"({"scheme": "uncoded"})",
      R"({"scheme": "gc", "load": 4})",
      R"({"scheme": "gc", "load": 3, "clusters": 2, "code": "fractional-repetition"})",
      R"({"scheme": "gc-mmc", "design": "correlated", "clusters": 3, "load": 4, "order": 2})",
      R"({"scheme": "gc-mmc", "design": "uncorrelated", "clusters": 3, "load": 4, "orders": [1, 2, 4]})",
      R"({"scheme": "gc-mmc", "design": "uncorrelated", "clusters": 3, "load": 4, "orders": [1, 2, 4], "hybrid": true})",
      R"({"scheme": "uc-mmc", "load": 5})",
      R"({"scheme": "uc-mmc", "load": 3, "clusters": 4, "tolerance": 0.2})",
      R"({"scheme": "lcc", "load": 4, "messages": "single"})",
      R"({"scheme": "lcc", "load": 3, "messages": "multi"})",
  };
  for (const Scaling scaling : all_scalings) {
    Point point = point_of(12, schemes, scaling);
    point.links = serial_links(12, 0.002, 0.01);
    point.links.bytes = 4;
    for (std::size_t node = 0; node <= 12; ++node) point.links.egress[node] = 1000 + 300.0 * (node % 3);
    point.links.ingress[master] = 1500;
    for (std::size_t s = 0; s < schemes.size(); ++s) {
      const std::unique_ptr<Scheme> scheme = point.schemes[s].recipe.make();
      const Program& program = scheme->next_round({});
      compare(point, s, 60, [&](const DrawnTimes& times) { return lindley(program, point.links, times); });
    }
  }
}

TEST_CASE("the tallies of ports reach the sums of a sample") {
  Point point = point_of(12, {R"({"scheme": "uncoded"})", R"({"scheme": "uc-mmc", "load": 3})"});
  point.links = serial_links(12, 0.01);
  point.iterations = 2;
  const auto results = run_trials(point, 0, 50, 1);
  TrialRunner runner(point);
  for (std::size_t s = 0; s < 2; ++s) {
    Moments hops, volume, largest, utilisation;
    for (std::uint64_t trial = 0; trial < 50; ++trial) {
      double sums[4] = {};
      for (std::uint32_t i = 0; i < 2; ++i) {
        runner.draw(trial, i);
        const RoundResult& round = runner.run(s);
        sums[0] += static_cast<double>(round[Tally::messages_in_all]);
        sums[1] += round[Tally::bytes_in_all];
        sums[2] += round[Tally::bytes_into_busiest];
        sums[3] += round[Tally::port_utilisation];
      }
      hops.add(sums[0] / 2);
      volume.add(sums[1] / 2);
      largest.add(sums[2] / 2);
      utilisation.add(sums[3] / 2);
    }
    const Sums found = results[s].sums;
    CHECK(found[Tally::messages_in_all].mean() == hops.mean());
    CHECK(found[Tally::bytes_in_all].mean() == volume.mean());
    CHECK(found[Tally::bytes_into_busiest].mean() == largest.mean());
    CHECK(found[Tally::port_utilisation].mean() == utilisation.mean());
    CHECK(found[Tally::port_utilisation].mean() > 0);
  }
}

TEST_CASE("a worker that keeps its draws keeps them for all iterations of a trial, and only of that") {
  const auto x = std::make_shared<Formula>([](const DrawAddress& address, std::size_t w) {
    return 1 + 10.0 * address.trial + 100.0 * address.iteration + 1000.0 * address.index + 0.125 * w;
  });
  for (const Scaling scaling : all_scalings) {
    Point point = point_of_programs({any_of(3, 3, 2)}, x);
    point.compute.scaling = scaling;
    point.compute.increment = 0.5;
    const double load =
        scaling == Scaling::server_dependent ? 2 : 1;  // draws that enter the end, but see below
    const double rest = scaling == Scaling::data_dependent ? 2 * 0.5 : 0;
    for (const bool again : {true, false}) {
      point.compute.redraw_each_iteration = again;
      TrialRunner runner(point);
      for (const std::uint64_t trial : {0u, 3u}) {
        std::vector<double> expected;
        for (std::uint32_t i = 0; i < 3; ++i) {
          const double draw = 1.25 + 10.0 * trial + (again ? 100.0 * i : 0);
          expected.push_back(scaling == Scaling::additive ? 2 * draw + 1000 : load * draw + rest);
        }
        CHECK(times_of(runner, trial, 3) == expected);
      }
    }
  }
}

TEST_CASE("times given for the whole data set are divided by the mini-batches, what no work enters is not") {
  const auto x =
      std::make_shared<Formula>([](const DrawAddress&, std::size_t) { return 8; },
                                [](const DrawAddress&, std::size_t w) { return w == 0 ? 0.5 : 0.25; });
  Point point = point_of_programs({any_of(4, 4, 3)}, x);
  const auto time = [&](Scaling scaling) {
    point.compute.scaling = scaling;
    point.compute.increment = 2;
    TrialRunner runner(point);
    return times_of(runner, 0, 1)[0];
  };
  CHECK(time(Scaling::server_dependent) == 0.5 + 3 * 8);
  CHECK(time(Scaling::data_dependent) == 0.5 + 8 + 3 * 2);
  CHECK(time(Scaling::additive) == 0.5 + 3 * 8);
  point.compute.per_data_set = true;  // a mini-batch is a quarter of it
  CHECK(time(Scaling::server_dependent) == 0.5 + 3 * 2);
  CHECK(time(Scaling::data_dependent) == 0.5 + 8 + 3 * 0.5);
  CHECK(time(Scaling::additive) == 0.5 + 3 * 2);
}

TEST_CASE("a delay of one trial is forgotten in the next") {
  // Held up in even trials only.
  const auto x = std::make_shared<Formula>(
      [](const DrawAddress&, std::size_t) { return 1; },
      [](const DrawAddress& address, std::size_t) { return address.trial % 2 == 0 ? 5 : -1; });
  Point point = point_of_programs({any_of(2, 2)}, x);
  for (const Scaling scaling : all_scalings) {
    point.compute.scaling = scaling;
    TrialRunner runner(point);
    for (std::uint64_t trial = 0; trial < 6; ++trial)
      CHECK(times_of(runner, trial, 1)[0] == (trial % 2 == 0 ? 6 : 1));
  }
}

TEST_CASE("workers hold the model before they compute, after what they had to do before") {
  Point point = point_of_programs({any_of(2, 2)}, fixed_times({{1, 4}, {1, 1}}));
  point.links = serial_links(2, 1);
  point.downlink = Downlink::unicast;
  point.iterations = 2;
  TrialRunner runner(point);
  // The model at 1 and 2; messages at 2 and 6, received until 7. Then at 2 and 3: 3 and 4.
  CHECK(times_of(runner, 0, 2) == std::vector<double>{7, 4});
  runner.draw(0, 0);
  CHECK(runner.run(0)[Tally::messages_in_all] == 4);

  // One message is enough, and worker 2 has four more seconds of old work to do. Its message comes to the
  // port at 3, while worker 1's is there from 2 to 3.
  Point backlog = point;
  backlog.schemes = {made_by_hand(any_of(1, 2), "one")};
  backlog.round_start = RoundStart::backlog;
  TrialRunner late(backlog);
  CHECK(times_of(late, 0, 2) == std::vector<double>{3, 3});
  late.draw(0, 0);
  late.run(0);
  late.draw(0, 1);
  const RoundResult& second = late.run(0);
  CHECK(second[Tally::time] == 3);
  CHECK(second[Tally::messages] == 1);
  CHECK(second[Tally::work] ==
        2);  // worker 1's, and what worker 2 had left of the iteration before, which ends at 3
}

TEST_CASE("each scheme has its own leftovers, each trial begins without any") {
  // By hand in the engine's tests: backlog takes 4, 7, 11 and abandon 4, 6, 9.
  Program three_each({.need = 3, .full = {3}});
  for (int w = 0; w < 3; ++w)
    three_each.add({{.work = 1, .covers = 1}, {.work = 1, .covers = 1}, {.work = 1, .covers = 1}});
  const auto x = fixed_times({{1, 1.5, 3.5}, {2, 0.25, 0.5}, {1, 1, 1}});
  Point point = point_of_programs({three_each, any_of(3, 3), three_each}, x);
  point.links = serial_links(3, 1);
  point.iterations = 3;
  const auto expect = [&](RoundStart mode, const std::vector<double>& times) {
    point.round_start = mode;
    TrialRunner runner(point);
    for (std::uint64_t trial = 0; trial < 3; ++trial) {
      for (std::uint32_t i = 0; i < 3; ++i) {
        runner.draw(trial, i);
        CHECK(runner.run(0)[Tally::time] == times[i]);
        CHECK(runner.run(1)[Tally::time] ==
              std::vector<double>{4.5, 3.25, 4}[i]);  // it needs all, and leaves none
        CHECK(runner.run(2)[Tally::time] == times[i]);
      }
    }
    const auto results = run_trials(point, 0, 10, 3);
    CHECK(results[0].sums[Tally::time].mean() == Approx((times[0] + times[1] + times[2]) / 3));
  };
  expect(RoundStart::backlog, {4, 7, 11});
  expect(RoundStart::abandon, {4, 6, 9});
  expect(RoundStart::fresh, {4, 3.25, 4});
}

TEST_CASE("an exchange beside stars with leftovers starts afresh, on serial and shared links") {
  Program ring = Program::exchange(2, 0.5);
  ring.add({{.work = 1, .to = 2}});
  ring.add({{.work = 1, .to = 1}});
  Point point = point_of_programs({ring}, fixed_times({{1, 2}, {3, 1}, {1, 1}}));
  point.links = serial_links(2, 1);
  point.iterations = 3;
  point.round_start = RoundStart::backlog;
  TrialRunner serial(point);
  CHECK(times_of(serial, 0, 3) == std::vector<double>{4, 5, 3});
  point.links = shared_links(2, 2, 1);
  TrialRunner shared(point);
  CHECK(times_of(shared, 0, 3) == std::vector<double>{4, 5, 3});
}

TEST_CASE("workers that never answer: none, all but surely, and those of a list") {
  Point point = point_of(12, {R"({"scheme": "uncoded"})", R"({"scheme": "gc", "load": 4})"});
  const auto healthy = run_trials(point, 0, 300, 1);
  point.compute.failure.probability = std::nextafter(1.0, 0.0);
  for (const Summary& result : run_trials(point, 0, 300, 1)) {
    CHECK(result.incomplete.trials == 300);
    CHECK(result.trials() == 300);
    CHECK(result.sums[Tally::time].count() == 0);
  }
  point.compute.failure.probability = 0;
  const auto none = run_trials(point, 0, 300, 1);
  for (std::size_t s = 0; s < 2; ++s) CHECK(none[s].times.values() == healthy[s].times.values());

  // Workers 3 and 12 are dead: uncoded never completes, gradient coding waits for nine of ten.
  point.compute.failure.workers = {2, 11};
  const auto listed = run_trials(point, 0, 300, 1);
  CHECK(listed[0].incomplete.trials == 300);
  CHECK(listed[0].incomplete.first == std::optional<std::uint64_t>(0));
  CHECK(listed[0].incomplete.missing == "2 of the 12 useful messages never came (2 workers never answered)");
  CHECK(listed[1].incomplete.trials == 0);
  DrawnTimes times(12, Scaling::server_dependent, 4);
  for (std::uint64_t trial = 0; trial < 300; ++trial) {
    times.draw(trial);
    std::vector<double> ends;
    for (std::size_t w = 0; w < 12; ++w)
      if (w != 2 && w != 11) ends.push_back(times.end(w, 4));
    REQUIRE(listed[1].times.values()[trial] == kth_smallest(ends, 9));
  }
}

TEST_CASE("a worker's failure changes nothing of the others, and nobody's time depends on the probability") {
  for (const Scaling scaling : all_scalings) {
    Point point = point_of(12, {R"({"scheme": "gc", "load": 4})"}, scaling);
    TrialRunner healthy(point);
    std::vector<std::vector<char>> dead;  // by probability
    for (const double probability : {0.1, 0.4}) {
      point.compute.failure.probability = probability;
      TrialRunner runner(point);
      dead.emplace_back();
      for (std::uint64_t trial = 0; trial < 50; ++trial)
        for (std::uint32_t iteration = 0; iteration < 2; ++iteration) {
          healthy.draw(trial, iteration);
          runner.draw(trial, iteration);
          for (std::size_t w = 0; w < 12; ++w) {
            const double end = runner.conditions().end_of(3, w);
            dead.back().push_back(end == never);
            if (end < never) REQUIRE(end == healthy.conditions().end_of(3, w));
          }
        }
    }
    // Whoever is dead at 0.1 is dead at 0.4. Of 1200, about 120 and 480; five standard deviations are 52
    // and 85.
    std::size_t few = 0, many = 0;
    for (std::size_t i = 0; i < dead[0].size(); ++i) {
      REQUIRE(dead[0][i] <= dead[1][i]);
      few += dead[0][i];
      many += dead[1][i];
    }
    CHECK(std::abs(static_cast<double>(few) - 120) < 52);
    CHECK(std::abs(static_cast<double>(many) - 480) < 85);
  }
}

TEST_CASE("failures are drawn in every iteration, also where draws are kept") {
  Point point = point_of(12, {R"({"scheme": "gc", "load": 4})"});
  point.compute.redraw_each_iteration = false;
  point.compute.failure.probability = 0.3;
  TrialRunner runner(point);
  std::vector<std::vector<char>> dead(2);
  for (std::uint32_t iteration = 0; iteration < 2; ++iteration)
    for (std::uint64_t trial = 0; trial < 20; ++trial) {
      runner.draw(trial, iteration);
      for (std::size_t w = 0; w < 12; ++w)
        dead[iteration].push_back(runner.conditions().end_of(1, w) == never);
    }
  CHECK(dead[0] != dead[1]);
}

TEST_CASE("an infinite draw is a worker that never answers") {
  // Worker 2 in odd trials; under additive scaling in its second mini-batch.
  const auto x = std::make_shared<Formula>([](const DrawAddress& address, std::size_t w) {
    return w == 1 && address.trial % 2 == 1 && address.index != 0 + 2 ? never : 1.0;
  });
  Program program({.need = 2, .full = {2}});
  program.add({{.work = 2.5, .covers = 2.5}});
  program.add({{.work = 0}, {.work = 2.5, .covers = 2.5}});  // no work is no time, not zero times infinity
  for (const Scaling scaling : all_scalings) {
    Point point = point_of_programs({program, any_of(1, 2)}, x);
    point.compute.scaling = scaling;
    const auto results = run_trials(point, 0, 20, 1);
    CHECK(results[0].incomplete.trials == 10);
    CHECK(results[0].incomplete.first == std::optional<std::uint64_t>(1));
    CHECK(results[0].incomplete.missing == "1 of the 2 useful messages never came (1 worker never answered)");
    CHECK(results[1].incomplete.trials == 0);
  }
}

TEST_CASE("a worker whose further draws are infinite never answers the scheme that asks for them alone") {
  // Worker 2's second mini-batch never ends. One scheme asks for it from its second iteration on.
  class Growing final : public Scheme {
   public:
    const Program& next_round(const RoundContext& context) override {
      program_ = any_of(2, 2, 1 + context.iteration);
      return program_;
    }
    Codebook& codebook() override { throw std::logic_error("not asked for"); }

   private:
    Program program_{Goal{}};
  };
  const auto x = std::make_shared<Formula>([](const DrawAddress& address, std::size_t w) {
    return w == 1 && address.index == 1 ? Tournament::never : 1 + static_cast<double>(w);
  });
  Point point = point_of_programs({any_of(2, 2), any_of(2, 2), any_of(2, 2)}, x);
  point.schemes[1].recipe.make = [] { return std::make_unique<Growing>(); };
  point.compute.scaling = Scaling::additive;
  point.iterations = 2;
  TrialRunner runner(point);
  for (std::uint64_t trial = 0; trial < 3; ++trial) {
    runner.draw(trial, 0);
    for (std::size_t s = 0; s < 3; ++s) REQUIRE(runner.run(s)[Tally::time] == 2);
    runner.draw(trial, 1);
    CHECK(runner.run(0)[Tally::time] == 2);
    CHECK_FALSE(runner.run(1).complete);
    CHECK(runner.missing(1) == "1 of the 2 useful messages never came (1 worker never answered)");
    CHECK(runner.run(2)[Tally::time] == 2);
  }
}

TEST_CASE("incomplete trials are counted, and are in no mean, quantile or pair") {
  Point point = point_of(6, {R"({"scheme": "uncoded", "label": "all"})", R"({"scheme": "gc", "load": 3})"});
  point.compute.failure.probability = 0.08;
  auto results = run_trials(point, 0, 1500, 1);
  // Trial by trial.
  TrialRunner runner(point);
  std::vector<double> times[2], pairs[2];
  std::uint64_t incomplete[2] = {}, first[2] = {9999, 9999};
  for (std::uint64_t trial = 0; trial < 1500; ++trial) {
    runner.draw(trial, 0);
    const RoundResult all = runner.run(0), coded = runner.run(1);
    REQUIRE(coded.complete >= all.complete);
    for (int s = 0; s < 2; ++s) {
      const RoundResult& round = s == 0 ? all : coded;
      if (!round.complete) {
        ++incomplete[s];
        first[s] = std::min(first[s], trial);
        REQUIRE(results[s].times.values()[trial] == never);
        continue;
      }
      REQUIRE(results[s].times.values()[trial] == round[Tally::time]);
      times[s].push_back(round[Tally::time]);
      if (all.complete) pairs[s].push_back(round[Tally::time]);
    }
  }
  const auto mean = [](const std::vector<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  };
  for (std::size_t s = 0; s < 2; ++s) {
    CHECK(results[s].incomplete.trials == incomplete[s]);
    CHECK(results[s].incomplete.first == std::optional<std::uint64_t>(first[s]));
    CHECK(incomplete[s] > 0);
    const Row row = make_row(point, s, std::move(results[s]));
    CHECK(row.incomplete.trials == incomplete[s]);
    CHECK(row.speedup.mean == Approx(mean(pairs[0]) / mean(pairs[s])).epsilon(1e-12));
    const Sums sums = run_trials(point, 0, 1500, 1)[s].sums;
    CHECK(sums[Tally::time].count() == times[s].size());
    CHECK(sums[Tally::time].mean() == Approx(mean(times[s])).epsilon(1e-12));
    CHECK(sums[Tally::messages].count() == times[s].size());
    CHECK(sums.paired.count() == pairs[s].size());
    for (const auto& [p, found] :
         {std::pair{0.5, row.p50}, std::pair{0.95, row.p95}, std::pair{0.99, row.p99}})
      CHECK(found == nearest_rank(times[s], p));
  }
}

TEST_CASE("a trial stops at its first incomplete iteration") {
  // Worker 1 is dead in iteration 1 of odd trials.
  const auto x = std::make_shared<Formula>([](const DrawAddress& address, std::size_t w) {
    return w == 0 && address.trial % 2 == 1 && address.iteration == 1 ? never : 1.0 + address.iteration;
  });
  Point point = point_of_programs({any_of(2, 2), any_of(1, 2)}, x);
  point.iterations = 3;
  TrialRunner runner(point);
  for (std::uint64_t trial = 0; trial < 4; ++trial) {
    for (std::uint32_t i = 0; i < 3; ++i) {
      runner.draw(trial, i);
      CHECK(runner.run(0).complete == (trial % 2 == 0 || i == 0));
      CHECK(runner.run(1).complete);
    }
  }
  const auto results = run_trials(point, 0, 10, 1);
  CHECK(results[0].incomplete.trials == 5);  // once a trial
  CHECK(results[0].sums[Tally::time].mean() == 2);
  CHECK(results[0].sums[Tally::time].count() == 5);
  CHECK(results[1].incomplete.trials == 0);
  CHECK(results[1].sums[Tally::time].count() == 10);
}

TEST_CASE("the same bytes for one and three threads with links, leftovers, failures and a model to send") {
  Point point =
      point_of(12, {R"({"scheme": "gc", "load": 4})", R"({"scheme": "uc-mmc", "load": 4, "clusters": 2})"});
  point.schemes.push_back(made_by_hand(any_of(8, 12, 2), "eight"));
  point.iterations = 3;
  point.compute.failure.probability = 0.05;
  point.downlink = Downlink::unicast;
  const auto bits = [](const Summary& result) {
    std::vector<std::uint64_t> all;
    for (const double time : result.times.values()) all.push_back(std::bit_cast<std::uint64_t>(time));
    const Sums sums = result.sums;
    for (const Moments& moments :
         {sums[Tally::time], sums[Tally::messages], sums[Tally::useful_messages],
          sums[Tally::messages_in_all], sums[Tally::bytes_in_all], sums[Tally::bytes_into_busiest],
          sums[Tally::port_utilisation], sums[Tally::work], sums[Tally::wasted], sums.paired})
      for (const double value : {moments.mean(), moments.variance(), moments.mean_of_other()})
        all.push_back(std::bit_cast<std::uint64_t>(value));
    all.push_back(result.incomplete.trials);
    all.push_back(result.incomplete.first.value_or(99999));
    return all;
  };
  for (const RoundStart mode : {RoundStart::fresh, RoundStart::abandon, RoundStart::backlog})
    for (const bool shared : {false, true}) {
      if (shared && mode != RoundStart::fresh) continue;
      point.round_start = mode;
      point.silence = mode == RoundStart::abandon;
      point.links = shared ? shared_links(12, 1, 500, 0.001) : serial_links(12, 0.004, 0.001);
      const auto one = run_trials(point, 0, 2100, 1), three = run_trials(point, 0, 2100, 3);
      for (std::size_t s = 0; s < point.schemes.size(); ++s) CHECK(bits(one[s]) == bits(three[s]));
      CHECK(one[0].incomplete.trials > 0);
    }
}

TEST_CASE("a scheme is shown the messages of its own iteration before, though others have run since") {
  class Watching final : public Scheme {
   public:
    Watching() : program_(any_of(2, 3)) {}
    const Program& next_round(const RoundContext& context) override {
      CHECK((context.previous == nullptr) == (context.iteration == 0));
      if (context.previous) {
        CHECK(context.previous->complete);
        CHECK((*context.previous)[Tally::time] == 2);
        REQUIRE(context.previous->taken.size() == 2);
        CHECK(context.previous->taken[0].from == 1);
        CHECK(context.previous->taken[1].from == 2);
      }
      return program_;
    }
    Codebook& codebook() override { throw std::logic_error("not asked for"); }

   private:
    Program program_;
  };
  Point point = point_of_programs({any_of(2, 3), any_of(1, 3)}, fixed_times({{1, 2, 3}, {1, 2, 3}}));
  point.schemes[0].recipe.make = [] { return std::make_unique<Watching>(); };
  point.iterations = 2;
  TrialRunner runner(point);
  for (std::uint32_t i = 0; i < 2; ++i) {
    runner.draw(0, i);
    runner.run(0);
    runner.run(1);
  }
}

namespace {

/// The pointers of all numbers in a value.
void find_numbers(const Json& value, const std::string& pointer, std::vector<std::string>& found) {
  if (value.is_number()) found.push_back(pointer);
  if (value.is_object())
    for (const auto& [key, inner] : value.items()) find_numbers(inner, pointer + "/" + key, found);
  if (value.is_array())
    for (std::size_t i = 0; i < value.size(); ++i)
      find_numbers(value[i], pointer + "/" + std::to_string(i), found);
}

}  // namespace

TEST_CASE(
    "every number of every model is refused where times would leave the range of double, and none does "
    "else") {
  namespace fs = std::filesystem;
  const fs::path folder = fs::path(STRAGGLE_SOURCE_DIR) / "configs/models";
  std::vector<Json> configs;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".json") configs.push_back(read_json_file(entry.path().string()));
  CHECK(configs.size() > 8);
  const auto add = [&](const std::string& compute, const std::string& network) {
    configs.push_back(parse_json(R"({"workers": 4, "gradient": {"bytes": 100}, "compute": )" + compute +
                                     R"(, "network": )" + network +
                                     R"(, "schemes": [{"scheme": "uncoded"}, {"scheme": "rar"}]})",
                                 "test"));
  };
  const std::string exponential = R"({"model": "exponential", "rate": 2})";
  add(exponential,
      R"({"model": "serial", "bandwidth": 1e4, "overhead": 0.1, "latency": 0.01, "master": {"egress": 10, "ingress": 5}})");
  add(exponential, R"({"model": "shared", "egress": 1e4, "ingress": 3e3, "latency": 0.01})");
  add(R"({"model": "exponential", "rate": 2, "scaling": "data-dependent", "increment": 0.5, "per": "data-set"})",
      R"({"model": "ideal"})");
  add(R"({"model": "exponential", "rate": 2, "scaling": "additive", "failure": {"probability": 0.1}})",
      R"({"model": "ideal"})");
  for (Json& config : configs) {
    config["trials"] = 3;
    config["verify"] = {{"trials", 0}};
    config.erase("expect");
    std::vector<std::string> pointers;
    for (const char* part : {"compute", "network", "gradient"})
      if (config.contains(part)) find_numbers(config[part], std::string("/") + part, pointers);
    for (const std::string& pointer : pointers) {
      for (const double value : {1e308, 1e300, 5e-324, 1e75, 1e-75}) {
        Json changed = config;
        changed[Json::json_pointer(pointer)] = value;
        CAPTURE(pointer, value, config["compute"].dump());
        std::string message;
        try {
          const Experiment experiment = read_experiment(changed, (folder / "test.json").string());
          const Point& point = experiment.points[0];
          for (const Summary& result : run_trials(point, 0, 3, 1)) {
            const Sums sums = result.sums;
            if (sums[Tally::time].count() == 0) continue;  // some may fail
            CHECK(std::isfinite(sums[Tally::time].mean()));
            CHECK(!std::isinf(sums[Tally::time].variance()));
          }
        } catch (const ConfigError& error) {
          message = error.what();
        }
        if (value == 1e308 || value == 1e300 || value == 5e-324)
          CHECK_THAT(message, Catch::Contains("#" + pointer + ": "));
      }
    }
  }
}

TEST_CASE("transfers and slowdowns that are too long together are refused too") {
  const auto message = [](const std::string& text) {
    try {
      read_experiment(parse_json(text, "test"), "test");
    } catch (const ConfigError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  const std::string schemes = R"(, "schemes": [{"scheme": "uncoded"}]})";
  CHECK_THAT(
      message(R"({"workers": 2, "gradient": {"bytes": 1e60}, "compute": {"model": "constant", "time": 1},
                         "network": {"model": "serial", "bandwidth": 1e-60})" +
              schemes),
      Catch::Contains("#/network: makes a gradient of 1e+60 bytes take 1e+120 s"));
  const auto nested = [&](const char* inner) {
    return message(R"({"workers": 2, "compute": {"model": "bimodal", "share": 0.5, "slowdown": 1e7, "base":
      {"model": "gilbert-elliott", "to_slow": 0.5, "to_fast": 0.5, "slowdown": )" +
                   std::string(inner) + R"(, "base": {"model": "constant", "time": 1}}})" + schemes);
  };
  CHECK(nested("1e5").empty());
  CHECK_THAT(nested("1e6"), Catch::Contains("#/compute/base/slowdown: makes workers 1e+13 times slower"));
}
