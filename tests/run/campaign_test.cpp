// The sweep of one point: bytes that depend on the trials alone, the paired comparison, verification that
// fails loudly, and no allocation inside a trial.
#include "sim/run/campaign.h"
#include "sim/run/runner.h"

#include <atomic>
#include <bit>
#include <cstdlib>
#include <mutex>
#include <new>
#include <sstream>
#include <stdexcept>

#include "codes/polynomial.h"
#include "sim/schemes/gradient_codes.h"
#include "sim/table/results_csv.h"
#include "tests/run/same_bits.h"
#include "tests/schemes/support.h"

using namespace straggle;
using namespace straggle::testing;

// Every allocation through operator new is counted while a test asks for it. The sanitizers have operators of
// their own, which a replacement would switch off for the whole program.
#ifndef STRAGGLE_SANITIZED
namespace {

std::atomic<bool> counting = false;
std::atomic<std::size_t> allocations = 0;

void* allocate(std::size_t size, std::size_t alignment) {
  if (counting.load(std::memory_order_relaxed)) ++allocations;
  const std::size_t rounded = (std::max<std::size_t>(size, 1) + alignment - 1) / alignment * alignment;
  if (void* memory = std::aligned_alloc(alignment, rounded)) return memory;
  throw std::bad_alloc();
}

}  // namespace

// Where g++ inlines one of a pair and not the other it takes them for a mismatch.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"

void* operator new(std::size_t size) {
  return allocate(size, alignof(std::max_align_t));
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  return allocate(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
  std::free(memory);
}
#endif

namespace {

/// Every scheme, in each of its designs.
const std::vector<std::string> every_scheme = {
    R"({"scheme": "uncoded"})",
    R"({"scheme": "gc", "load": 4})",
    R"({"scheme": "gc", "load": 4, "clusters": 2, "code": "reed-solomon"})",
    R"({"scheme": "gc", "load": 4, "code": "fractional-repetition"})",
    R"({"scheme": "gc-mmc", "design": "correlated", "clusters": 3, "load": 4, "order": 2})",
    R"({"scheme": "gc-mmc", "design": "correlated", "clusters": 3, "load": 4, "order": 2, "hybrid": true})",
    R"({"scheme": "gc-mmc", "design": "uncorrelated", "clusters": 2, "load": 4, "orders": [1, 2, 4]})",
    R"({"scheme": "gc-mmc", "design": "uncorrelated", "clusters": 3, "load": 4, "orders": [1, 2, 4], "hybrid": true})",
    R"({"scheme": "uc-mmc", "load": 5})",
    R"({"scheme": "uc-mmc", "load": 3, "clusters": 4, "tolerance": 0.2})",
    R"({"scheme": "lcc", "load": 4, "messages": "single"})",
    R"({"scheme": "lcc", "load": 3, "messages": "multi"})",
    R"({"scheme": "gc-partial", "stragglers": 2, "slowdown": 2})",
    R"({"scheme": "gc-partial", "stragglers": 3, "slowdown": 2, "code": "fractional-repetition"})",
};
constexpr int workers = 12;

/// All that is not measured in real seconds.
bool same(const Verification& a, const Verification& b) {
  return a.trials == b.trials && a.decodes == b.decodes && a.unjudged == b.unjudged &&
         same_bits(a.real_max_error, b.real_max_error) && a.real == b.real && a.prime == b.prime &&
         a.prime_exact == b.prime_exact && a.failed_trial == b.failed_trial && a.failure == b.failure;
}

/// A point of six workers with one scheme made by hand.
Point point_with(std::function<std::unique_ptr<Scheme>()> make, std::uint64_t verified = 20) {
  Point point = point_of(6, {R"({"scheme": "uncoded"})"});
  point.verify.trials = verified;
  point.schemes = {
      {.scheme = "test", .label = "made by hand", .recipe = {.make = std::move(make), .law = {}}}};
  return point;
}

Program any_four_of_six() {
  Program program({.need = 4, .full = {4}});
  for (int w = 0; w < 6; ++w) program.add({{.work = 3, .covers = 3}});
  return program;
}

/// Gradient coding for six workers and load 3, with the polynomial code, in which worker 1's coefficient of
/// B1 is not what it should be in one of the fields.
enum class Wrong { nowhere, doubles, prime_field };
std::unique_ptr<Scheme> with_changed_coefficient(Wrong where) {
  return std::make_unique<FixedScheme>(any_four_of_six(), [=] {
    const auto code = std::make_shared<SharedCode>(
        [=] {
          auto result = codes::polynomial<codes::Complex>(codes::cyclic_mask(6, 3));
          if (where == Wrong::doubles) result.rows(0, 0) += 0.001;
          return result;
        },
        [=] {
          auto result = codes::polynomial<codes::Gf61>(codes::cyclic_mask(6, 3));
          if (where == Wrong::prime_field) result.rows(0, 0) += codes::Gf61(1);
          return result;
        });
    return std::make_unique<LinearCodebook>(copies(code, 1, 6), [](std::size_t w, std::size_t) {
      return CodeRow{0, w};
    });
  });
}

/// What a made-up decode yields, in one field: how far from the sum, relative to it, and what it says of
/// itself.
struct Yield {
  bool decodable = true;
  double error = 0;
  double rounding = 1e-12;  ///< relative to the sum
  std::optional<double> judged_below = {};
};

/// A codebook whose decodes are made up.
class MadeUp final : public Codebook {
 public:
  MadeUp(const Yield& real, const Yield& prime) : real_(real), prime_(prime) {}
  std::size_t blocks() const override { return 6; }
  std::vector<std::size_t> contents(NodeId, std::uint32_t) const override { return {}; }
  Decoded<double> decode(std::span<const Arrival>, const Problem<double>& problem) override {
    Decoded<double> result = decoded(real_, problem);
    result.rounding = real_.rounding * result.carried.norm();
    result.carried *= 1 + real_.error;
    return result;
  }
  Decoded<codes::Gf61> decode(std::span<const Arrival>, const Problem<codes::Gf61>& problem) override {
    Decoded<codes::Gf61> result = decoded(prime_, problem);
    if (prime_.error > 0) result.carried(0) += codes::Gf61(1);
    return result;
  }

 private:
  template <class T>
  static Decoded<T> decoded(const Yield& yield, const Problem<T>& problem) {
    return {.decodable = yield.decodable,
            .carried = problem.carried().colwise().sum(),
            .meant = {{0, problem.blocks()}},
            .judged_below = yield.judged_below};
  }

  Yield real_, prime_;
};

Verification verification_of(const Yield& real, const Yield& prime) {
  const Point point = point_with([=] {
    return std::make_unique<FixedScheme>(any_four_of_six(),
                                         [=] { return std::make_unique<MadeUp>(real, prime); });
  });
  return run_trials(point, 0, 30, 1)[0].verification;
}

}  // namespace

TEST_CASE("the same bytes for one, two and seven threads") {
  for (const Scaling scaling : all_scalings) {
    const Point point =
        point_of(workers, every_scheme, scaling, R"("verify": {"trials": 30, "dimension": 4},)");
    const auto one = run_trials(point, 0, 5000, 1);
    for (const unsigned threads : {2u, 7u}) {
      const auto many = run_trials(point, 0, 5000, threads);
      for (std::size_t s = 0; s < every_scheme.size(); ++s) {
        CAPTURE(point.schemes[s].label, threads);
        CHECK(same_bits(one[s], many[s]));
        CHECK(same(one[s].verification, many[s].verification));
        CHECK_FALSE(one[s].verification.failed_trial);
      }
    }
  }
}

TEST_CASE("the same row for a label whatever the order of the schemes") {
  const auto rows = [](const std::vector<std::string>& schemes) {
    const std::string text = fmt::format(
        R"({{"workers": {}, "seed": 3, "baseline": "gc load=4", "compute": {}, "verify": {{"trials": 10, "dimension": 4}},
            "schemes": [{}]}})",
        workers, compute_of(Scaling::server_dependent), fmt::join(schemes, ", "));
    const Experiment experiment = read_experiment(parse_json(text, "test"), "test");
    const Point& point = experiment.points[0];
    auto results = run_trials(point, 0, 2000, 2);
    std::map<std::string, std::string> by_label;
    for (std::size_t s = 0; s < schemes.size(); ++s) {
      std::ostringstream row;
      write_csv_row(row, experiment, make_row(point, s, std::move(results[s])));
      by_label[point.schemes[s].label] = row.str();
    }
    return by_label;
  };
  std::vector<std::string> schemes = every_scheme;
  const auto expected = rows(schemes);
  CHECK(expected.size() == every_scheme.size());
  std::reverse(schemes.begin(), schemes.end());
  CHECK(rows(schemes) == expected);
  std::rotate(schemes.begin(), schemes.begin() + 5, schemes.end());
  CHECK(rows(schemes) == expected);
}

TEST_CASE("all schemes of a point see the same workers: none changes another") {
  for (const Scaling scaling : all_scalings) {
    const auto together = run_trials(point_of(workers, every_scheme, scaling), 0, 1500, 1);
    for (std::size_t s = 0; s < every_scheme.size(); ++s) {
      // Alone it is its own baseline, so only what does not speak of the baseline is compared.
      const auto alone = run_trials(point_of(workers, {every_scheme[s]}, scaling), 0, 1500, 1);
      CAPTURE(every_scheme[s]);
      CHECK(alone[0].times.values() == together[s].times.values());
      CHECK(same_bits(alone[0].sums[Tally::messages], together[s].sums[Tally::messages]));
      CHECK(same_bits(alone[0].sums[Tally::wasted], together[s].sums[Tally::wasted]));
    }
  }
}

TEST_CASE("chunks that are run apart and joined are the whole to the bit") {
  const Point point = point_of(workers, every_scheme, Scaling::server_dependent,
                               R"("verify": {"trials": 20, "dimension": 2},)");
  const auto whole = run_trials(point, 0, 3000, 1);
  std::vector<Summary> joined(every_scheme.size());
  for (std::uint64_t first = 0; first < 3000; first += chunk_trials) {
    const auto chunk = run_trials(point, first, std::min<std::uint64_t>(3000, first + chunk_trials), 2);
    for (std::size_t s = 0; s < joined.size(); ++s) joined[s].append(chunk[s]);
  }
  for (std::size_t s = 0; s < joined.size(); ++s) {
    CAPTURE(point.schemes[s].label);
    CHECK(same_bits(joined[s], whole[s]));
    CHECK(same(joined[s].verification, whole[s].verification));
  }
}

TEST_CASE("a campaign hands on every chunk once, in the order of the plan, whatever the threads") {
  const auto point = [](std::uint64_t trials, std::uint64_t verified) {
    Point made = point_of(workers, {R"({"scheme": "uncoded"})", R"({"scheme": "gc", "load": 3})"});
    made.trials = trials;
    made.verify.trials = verified;
    return made;
  };
  const std::vector<Point> points = {point(1, 0), point(5000, 30), point(1024, 1024), point(2049, 0),
                                     point(3, 3)};
  struct Seen {
    std::size_t point;
    std::uint64_t first, last;
    bool operator==(const Seen&) const = default;
  };
  struct Recorder final : Sink {
    std::vector<Seen> seen;
    std::vector<std::vector<double>> times;
    void take(Chunk&& chunk) override {
      seen.push_back({chunk.point, chunk.first, chunk.last()});
      for (const Block& block : chunk.blocks) times.push_back(block[Tally::time]);
    }
  };
  const std::vector<Seen> expected = {{0, 0, 1},       {1, 0, 1024},    {1, 1024, 2048}, {1, 2048, 3072},
                                      {1, 3072, 4096}, {1, 4096, 5000}, {2, 0, 1024},    {3, 0, 1024},
                                      {3, 1024, 2048}, {3, 2048, 2049}, {4, 0, 3}};
  Recorder one;
  run_campaign(Plan::of(points, 1), one);
  CHECK(one.seen == expected);
  for (const unsigned threads : {2u, 3u, 8u, 100u}) {
    Recorder many;
    run_campaign(Plan::of(points, threads), many);
    CAPTURE(threads);
    CHECK(many.seen == expected);
    CHECK(many.times == one.times);
  }
  Plan some{.parts = {{&points[0], 1, 1}, {&points[1], 1024, 2048}, {&points[2], 7, 3}}};
  Recorder part;
  run_campaign(some, part);
  CHECK(part.seen == std::vector<Seen>{{1, 1024, 2048}});
}

TEST_CASE("what comes before the trial that fails is handed on, and its error thrown") {
  // The third point cannot complete: of trial 0 on.
  const Point good = point_of(workers, {R"({"scheme": "uncoded"})"});
  Point bad = good;
  bad.schemes[0].recipe.make = [] {
    Program program({.need = workers + 1, .full = {workers + 1}});
    for (int w = 0; w < workers; ++w) program.add({{.work = 1, .covers = 1}});
    return std::make_unique<FixedScheme>(std::move(program), nullptr);
  };
  struct Counter final : Sink {
    std::uint64_t trials = 0;
    bool over = false;
    void take(Chunk&& chunk) override {
      over = over || chunk.point > 1;
      trials += chunk.last() - chunk.first;
    }
  };
  for (const unsigned threads : {1u, 2u, 5u}) {
    Counter counter;
    Plan plan{.parts = {{&good, 0, 3000}, {&good, 0, 2000}, {&bad, 0, 5000}, {&good, 0, 5000}},
              .threads = threads};
    CHECK_THROWS_AS(run_campaign(plan, counter), std::logic_error);
    CHECK(counter.trials == 5000);
    CHECK_FALSE(counter.over);
  }
}

TEST_CASE("what a sink throws ends the campaign, and nothing is handed on after it") {
  const Point point = point_of(workers, {R"({"scheme": "uncoded"})"});
  struct Thrower final : Sink {
    int calls = 0;
    void take(Chunk&&) override {
      if (++calls == 3) throw std::runtime_error("no room");
    }
  };
  for (const unsigned threads : {1u, 4u}) {
    Thrower sink;
    CHECK_THROWS_WITH(run_campaign({.parts = {{&point, 0, 100000}}, .threads = threads}, sink), "no room");
    CHECK(sink.calls == 3);
  }
}

TEST_CASE("a trial is a function of the configuration and its number") {
  const Point point = point_of(workers, every_scheme);
  const auto range = run_trials(point, 0, 1000, 1);
  for (const std::uint64_t trial : {0u, 1u, 500u, 999u}) {
    const auto alone = run_trials(point, trial, trial + 1, 1);
    for (std::size_t s = 0; s < every_scheme.size(); ++s)
      CHECK(alone[s].times.values() == std::vector<double>{range[s].times.values()[trial]});
  }
  // Another seed gives other trials, and so does every trial.
  const Point other = point_of(workers, every_scheme, Scaling::server_dependent, R"("seed": 2,)");
  CHECK(run_trials(other, 0, 1, 1)[0].times.values()[0] != range[0].times.values()[0]);
  CHECK(range[0].times.values()[0] != range[0].times.values()[1]);
}

TEST_CASE("the tallies of a trial are means over its iterations, each with workers of its own") {
  const Point point = point_of(workers, every_scheme, Scaling::server_dependent, R"("iterations": 3,)");
  TrialRunner runner(point);
  for (std::uint64_t trial = 0; trial < 20; ++trial) {
    const auto counted = run_trials(point, trial, trial + 1, 1);
    std::vector<TrialRecord> sums(every_scheme.size());
    for (std::uint32_t iteration = 0; iteration < 3; ++iteration) {
      runner.draw(trial, iteration);
      for (std::size_t s = 0; s < sums.size(); ++s) {
        const RoundResult& round = runner.run(s);
        sums[s][Tally::time] += round[Tally::time];
        sums[s][Tally::messages] += round[Tally::messages];
        sums[s][Tally::useful_messages] += round[Tally::useful_messages];
        sums[s][Tally::work] += round[Tally::work];
        sums[s][Tally::wasted] += round[Tally::wasted];
      }
    }
    for (std::size_t s = 0; s < sums.size(); ++s) {
      const Sums found = counted[s].sums;
      CHECK(found[Tally::time].mean() == sums[s][Tally::time] / 3);
      CHECK(found.paired.mean_of_other() == sums[0][Tally::time] / 3);
      CHECK(found[Tally::messages].mean() == sums[s][Tally::messages] / 3);
      CHECK(found[Tally::useful_messages].mean() == sums[s][Tally::useful_messages] / 3);
      CHECK(found[Tally::work].mean() == sums[s][Tally::work] / 3);
      CHECK(found[Tally::wasted].mean() == sums[s][Tally::wasted] / 3);
    }
  }
  runner.draw(0, 0);
  const double first = runner.run(0)[Tally::time];
  runner.draw(0, 1);
  CHECK(runner.run(0)[Tally::time] != first);
}

TEST_CASE("speedup is the ratio of the mean times with the error of the paired residuals") {
  const Point point =
      point_of(workers,
               {R"({"scheme": "gc", "load": 4})", R"({"scheme": "gc", "load": 4, "clusters": 2})",
                R"({"scheme": "uc-mmc", "load": 4})"},
               Scaling::server_dependent, R"("baseline": "gc load=4 clusters=2",)");
  auto results = run_trials(point, 0, 3000, 1);
  const std::vector<double> base = results[1].times.values();
  for (std::size_t s = 0; s < 3; ++s) {
    const std::vector<double> own = results[s].times.values();
    double mean_own = 0, mean_base = 0, squares = 0;
    for (std::size_t t = 0; t < own.size(); ++t) {
      mean_own += own[t] / 3000;
      mean_base += base[t] / 3000;
    }
    const double ratio = mean_base / mean_own;
    for (std::size_t t = 0; t < own.size(); ++t) squares += std::pow(base[t] - ratio * own[t], 2);
    const Row row = make_row(point, s, std::move(results[s]));
    CHECK(row.speedup.mean == Approx(ratio).epsilon(1e-12));
    CHECK(row.speedup.std_error ==
          Approx(std::sqrt(squares / 2999 / 3000) / mean_own).epsilon(1e-9).margin(1e-12));
  }
}

TEST_CASE("progress adds up to the trials asked for") {
  const Point point = point_of(workers, {R"({"scheme": "uncoded"})"});
  for (const unsigned threads : {1u, 3u}) {
    std::mutex mutex;
    std::uint64_t total = 0;
    run_trials(point, 100, 5000, threads, [&](std::uint64_t more) {
      const std::lock_guard lock(mutex);
      total += more;
    });
    CHECK(total == 4900);
  }
}

TEST_CASE("no trials give no result, and more threads than trials are no harm") {
  const Point point = point_of(workers, every_scheme);
  const auto none = run_trials(point, 0, 0, 3);
  REQUIRE(none.size() == every_scheme.size());
  CHECK(none[0].trials() == 0);
  CHECK(run_trials(point, 0, 1, 50)[0].trials() == 1);
}

TEST_CASE("verified trials: as many as asked for, with all their iterations, in both fields") {
  const Point point = point_of(workers, every_scheme, Scaling::server_dependent,
                               R"("iterations": 2, "verify": {"trials": 7, "dimension": 3},)");
  for (const Summary& result : run_trials(point, 0, 100, 2)) {
    const Verification& v = result.verification;
    CHECK(v.trials == 7);
    CHECK(v.decodes == 7 * 2 * 2);
    CHECK(v.real);
    CHECK(v.prime);
    CHECK(v.prime_exact);
    CHECK_FALSE(v.failed_trial);
    CHECK(v.real_max_error < 1e-9);  // the ceiling is 1e-6, twelve workers need nothing of it
  }
  const Point prime = point_of(workers, every_scheme, Scaling::server_dependent,
                               R"("verify": {"trials": 5, "fields": ["prime"]},)");
  const Verification v = run_trials(prime, 3, 100, 1)[0].verification;
  CHECK(v.trials == 2);  // trials 3 and 4
  CHECK_FALSE(v.real);
  CHECK(v.decodes == 2);
}

TEST_CASE("one changed coefficient is reported with the first trial that used it, in each field") {
  const Point good = point_with([] { return with_changed_coefficient(Wrong::nowhere); });
  CHECK_FALSE(run_trials(good, 0, 50, 1)[0].verification.failed_trial);
  // The first trial whose messages include worker 1's.
  std::uint64_t first = 0;
  TrialRunner runner(good);
  for (bool used = false; !used; first += !used) {
    runner.draw(first, 0);
    for (const Arrival& arrival : runner.run(0).taken) used = used || arrival.from == 1;
  }
  for (const Wrong where : {Wrong::doubles, Wrong::prime_field}) {
    for (const unsigned threads : {1u, 3u}) {
      const Point point = point_with([=] { return with_changed_coefficient(where); });
      const Verification v = run_trials(point, 0, 50, threads)[0].verification;
      REQUIRE(v.failed_trial);
      CHECK(*v.failed_trial == first);
      CHECK(v.prime_exact == (where == Wrong::doubles));
      CHECK(v.failure == (where == Wrong::doubles ? "its messages do not decode in doubles"
                                                  : "its messages do not decode in the prime field"));
    }
  }
  // Trials that are not verified are not looked at.
  const Point unverified = point_with([] { return with_changed_coefficient(Wrong::doubles); }, 0);
  CHECK_FALSE(run_trials(unverified, 0, 50, 1)[0].verification.failed_trial);
}

TEST_CASE("a decode that is not exact is reported, one that doubles cannot judge is counted") {
  CHECK_FALSE(verification_of({}, {}).failed_trial);
  CHECK(verification_of({}, {}).real_max_error == 0);
  const Verification near = verification_of({.error = 1e-13}, {});
  CHECK_FALSE(near.failed_trial);
  CHECK(near.real_max_error == Approx(1e-13).epsilon(0.01));

  const Verification real = verification_of({.error = 0.25}, {});
  CHECK(real.failed_trial == std::optional<std::uint64_t>(0));
  CHECK(real.failure == "it decodes with relative error 2.50e-01 in doubles");
  CHECK(real.prime_exact);
  // No rounding explains more than the ceiling.
  CHECK(verification_of({.error = 1e-5, .rounding = 1}, {}).failed_trial);
  CHECK_FALSE(verification_of({.error = 9e-7, .rounding = 1}, {}).failed_trial);

  const Verification prime = verification_of({}, {.error = 1});
  CHECK(prime.failed_trial == std::optional<std::uint64_t>(0));
  CHECK(prime.failure == "it decodes to a wrong sum in the prime field");
  CHECK_FALSE(prime.prime_exact);

  const Verification unjudged = verification_of({.error = 5, .rounding = 0.01, .judged_below = 1e-3}, {});
  CHECK_FALSE(unjudged.failed_trial);
  CHECK(unjudged.unjudged == 20);
  CHECK(unjudged.real_max_error == 0);
  CHECK(verification_of({.error = 1e-4, .rounding = 9e-4, .judged_below = 1e-3}, {}).real_max_error > 9e-5);
  CHECK(verification_of({.error = 2e-3, .rounding = 9e-4, .judged_below = 1e-3}, {}).failed_trial);

  CHECK(verification_of({.decodable = false, .rounding = 1, .judged_below = 1e-3}, {}).failed_trial);
}

TEST_CASE("a scheme that can never complete is a logic error that names it") {
  const auto impossible = [] {
    Program program({.need = 7, .full = {7}});
    for (int w = 0; w < 6; ++w) program.add({{.work = 1, .covers = 1}});
    return std::make_unique<FixedScheme>(std::move(program), nullptr);
  };
  for (const unsigned threads : {1u, 3u}) {
    CHECK_THROWS_AS(run_trials(point_with(impossible), 17, 3000, threads), std::logic_error);
    CHECK_THROWS_WITH(run_trials(point_with(impossible), 17, 3000, threads),
                      Catch::Contains("trial 17") && Catch::Contains("made by hand") &&
                          Catch::Contains("1 of the 7 useful messages"));
  }
}

TEST_CASE("a program for other workers than the point has is a logic error") {
  Point point = point_with([] { return std::make_unique<FixedScheme>(any_four_of_six(), nullptr); });
  point.workers = 7;
  CHECK_THROWS_AS(TrialRunner(point), std::logic_error);
}

TEST_CASE("no allocation inside a trial after the first") {
#ifdef STRAGGLE_SANITIZED
  WARN("not counted: the sanitizers' operator new must not be replaced");
#else
  const auto allocations_of = [](const std::vector<std::string>& schemes, Scaling scaling) {
    const Point point = point_of(workers, schemes, scaling, R"("iterations": 2,)");
    TrialRunner runner(point);
    const auto run_trial = [&](std::uint64_t trial) {
      for (std::uint32_t iteration = 0; iteration < 2; ++iteration) {
        runner.draw(trial, iteration);
        for (std::size_t s = 0; s < schemes.size(); ++s) runner.run(s);
      }
    };
    run_trial(0);
    allocations = 0;
    counting = true;
    for (std::uint64_t trial = 1; trial < 500; ++trial) run_trial(trial);
    counting = false;
    return allocations.load();
  };
  // The counter counts: a vector of this size is one allocation.
  allocations = 0;
  counting = true;
  const std::vector<double> counted(1000);
  counting = false;
  CHECK(allocations == 1);
  CHECK(counted.size() == 1000);

  for (const Scaling scaling : all_scalings) {
    CHECK(allocations_of(every_scheme, scaling) == 0);
    for (const std::string& scheme : every_scheme) {
      CAPTURE(scheme);
      CHECK(allocations_of({scheme}, scaling) == 0);
    }
  }
#endif
}

TEST_CASE("no allocation inside a trial after the first on serial links, in trees and in exchanges") {
#ifndef STRAGGLE_SANITIZED
  Point point = point_of(workers, every_scheme, Scaling::server_dependent, R"("iterations": 2,)");
  Program tree({.need = 2, .full = {2}});
  for (int relay = 0; relay < 3; ++relay) tree.add({{.work = 1, .covers = 1, .need = 2}});
  for (NodeId leaf = 3; leaf < workers; ++leaf) tree.add({{.work = 1, .covers = 1, .to = 1 + leaf % 3}});
  Program ring = Program::exchange(5, 0.5);
  for (NodeId w = 0; w < workers; ++w) ring.add({{.work = 1, .to = 1 + (w + 1) % workers}});
  for (const Program& program : {tree, ring}) {
    SchemeSetup setup{.scheme = "test", .label = "made by hand", .recipe = {}};
    setup.recipe.make = [=] { return std::make_unique<FixedScheme>(program, nullptr); };
    point.schemes.push_back(setup);
  }
  const auto allocations_of = [&] {
    TrialRunner runner(point);
    const auto run_trial = [&](std::uint64_t trial) {
      for (std::uint32_t iteration = 0; iteration < 2; ++iteration) {
        runner.draw(trial, iteration);
        for (std::size_t s = 0; s < point.schemes.size(); ++s) runner.run(s);
      }
    };
    run_trial(0);
    allocations = 0;
    counting = true;
    for (std::uint64_t trial = 1; trial < 300; ++trial) run_trial(trial);
    counting = false;
    return allocations.load();
  };
  CHECK(allocations_of() == 0);
  point.links = {.discipline = Discipline::serial,
                 .latency = 0.001,
                 .overhead = 0.003,
                 .bytes = 1,
                 .egress = std::vector<double>(workers + 1, 100),
                 .ingress = std::vector<double>(workers + 1, 200)};
  for (const Downlink downlink : {Downlink::none, Downlink::unicast})
    for (const bool silence : {false, true}) {
      point.downlink = downlink;
      point.silence = silence;
      CHECK(allocations_of() == 0);
    }
#endif
}

TEST_CASE("work that is finished in a later iteration is done and wasted there") {
  // Four iterations of 2 s. The fast worker computes 2 mini-batches in each, 8 in all, and is all the master
  // needs. The slow one ends one at 1.75, 3.5, 5.25, 7: 4 in all. Under abandon it ends one at 1.75, is at
  // the next boundary at 3.5, begins anew, and so on: the same four.
  const auto sums = [](const std::string& mode, const std::string& scaling) {
    const std::string text = fmt::format(
        R"({{"trials": 1, "iterations": 4, "round_start": "{}", "workers": 2, "verify": {{"trials": 0}},
            "compute": {{"model": "classes", {} "classes": [
               {{"name": "f", "workers": 1, "model": "constant", "time": 1}},
               {{"name": "s", "workers": 1, "model": "constant", "time": 1.75}}]}},
            "schemes": [{{"scheme": "gc", "load": 2, "code": "fractional-repetition"}}]}})",
        mode, scaling);
    const Sums all =
        run_trials(read_experiment(parse_json(text, "test"), "test").points.front(), 0, 1, 1)[0].sums;
    return std::pair(all[Tally::work].mean(), all[Tally::wasted].mean());
  };
  for (const std::string scaling : {"", R"("scaling": "additive",)"}) {
    CHECK(sums("backlog", scaling) == std::pair(3.0, 1.0));
    CHECK(sums("abandon", scaling) == std::pair(3.0, 1.0));
    CHECK(sums("fresh", scaling) == std::pair(3.0, 1.0));
  }
}
