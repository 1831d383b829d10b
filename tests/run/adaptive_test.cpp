// Schemes whose program changes from one iteration to the next: at random, or by what came before. Their
// results depend on trial and iteration alone, also where additive scaling draws further mini-batches.
#include <bit>
#include <set>

#include "sim/run/campaign.h"
#include "sim/run/runner.h"
#include "sim/schemes/gradient_codes.h"
#include "sim/view/replay.h"
#include "tests/run/same_bits.h"
#include "tests/schemes/support.h"

using namespace straggle;
using namespace straggle::testing;

namespace {

constexpr std::size_t K = 6;

/// Uncoded, sent at once: in which order every worker computes which mini-batches.
using Order = std::vector<std::vector<std::size_t>>;

/// A scheme that says the order anew for every iteration.
class Ordered : public Scheme {
 public:
  const Program& next_round(const RoundContext& context) override {
    order_ = order(context);
    program_ = Program({.need = K, .full = {K}, .items = K});
    for (const std::vector<std::size_t>& batches : order_) {
      std::vector<Step> steps;
      for (const std::size_t batch : batches)
        steps.push_back({.work = 1, .covers = 1, .item = static_cast<std::uint32_t>(batch)});
      program_.add(steps);
    }
    return program_;
  }
  Codebook& codebook() override { return codebook_; }

 private:
  virtual Order order(const RoundContext& context) = 0;

  Order order_;
  Program program_{Goal{}};
  LinearCodebook codebook_{copies(sum_code(1), K, 1), [this](std::size_t w, std::size_t j) {
                             return CodeRow{order_[w][j], 0};
                           }};
};

/// Worker w computes mini-batches places[w], places[w] + 1, ...
Order from(const std::vector<std::size_t>& places, std::size_t load) {
  Order order(K);
  for (std::size_t w = 0; w < K; ++w)
    for (std::size_t j = 0; j < load; ++j) order[w].push_back((places[w] + j) % K);
  return order;
}

/// Shuffled for every iteration: who stands in for whom.
class Shuffled final : public Ordered {
  Order order(const RoundContext& context) override {
    RandomStream random = context.random();
    std::vector<std::size_t> places(K);
    for (std::size_t i = 0; i < K; ++i) {  // inside out
      const std::size_t j = uniform_index(random(), i + 1);
      places[i] = places[j];
      places[j] = i;
    }
    return from(places, 2);
  }
};

/// Twice the mini-batches of the workers that sent nothing useful the last time, and one more.
std::size_t next_load(std::span<const Arrival> taken) {
  std::set<NodeId> useful;
  for (const Arrival& arrival : taken) useful.insert(arrival.from);
  return std::min(K, 1 + 2 * (K - useful.size()));
}

/// Loads by what was taken in the iteration before; two at first.
class Adaptive final : public Ordered {
  Order order(const RoundContext& context) override {
    std::vector<std::size_t> places(K);
    for (std::size_t i = 0; i < K; ++i) places[i] = i;
    return from(places, context.previous ? next_load(context.previous->taken) : 2);
  }
};

/// Remembers how many useful messages each worker has sent in the trial, and gives the best ones more.
class Remembering final : public Ordered {
  Order order(const RoundContext& context) override {
    if (context.iteration == 0) useful_.assign(K, 0);
    if (context.previous)
      for (const Arrival& arrival : context.previous->taken) ++useful_[arrival.from - 1];
    Order order(K);
    for (std::size_t w = 0; w < K; ++w)
      for (std::size_t j = 0; j < std::min(K, 1 + useful_[w]); ++j) order[w].push_back((w + j) % K);
    return order;
  }
  std::vector<std::size_t> useful_ = std::vector<std::size_t>(K, 0);
};

template <class S>
SchemeSetup setup_of(const std::string& label) {
  return {.scheme = "test", .label = label, .recipe = {.make = [] { return std::make_unique<S>(); }}};
}

Point changing_point(Scaling scaling, RoundStart start = RoundStart::fresh) {
  Point point =
      point_of(static_cast<int>(K), {R"({"scheme": "uncoded"})", R"({"scheme": "uc-mmc", "load": 2})"},
               scaling, R"("iterations": 5, "verify": {"trials": 200, "dimension": 5},)");
  point.round_start = start;
  point.schemes.push_back(setup_of<Shuffled>("shuffled"));
  point.schemes.push_back(setup_of<Adaptive>("adaptive"));
  point.schemes.push_back(setup_of<Remembering>("remembering"));
  return point;
}

}  // namespace

TEST_CASE("random, adaptive and remembering schemes decode exactly, alike on any threads and in a replay") {
  for (const Scaling scaling : all_scalings)
    for (const RoundStart start : {RoundStart::fresh, RoundStart::backlog}) {
      const Point point = changing_point(scaling, start);
      const auto one = run_trials(point, 0, 3000, 1), three = run_trials(point, 0, 3000, 3);
      for (std::size_t s = 0; s < point.schemes.size(); ++s) {
        CAPTURE(point.schemes[s].label);
        REQUIRE(one[s].times.values().size() == 3000);
        CHECK(same_bits(one[s], three[s]));
        CHECK_FALSE(one[s].verification.failed_trial);
        CHECK(one[s].verification.trials == 200);
        CHECK(one[s].verification.decodes == 2 * 5 * 200);
        CHECK(one[s].verification.prime_exact);
        for (const std::uint64_t trial : {0u, 7u, 2222u})
          CHECK(replay(point, s, trial).record[Tally::time] == one[s].times.values()[trial]);
      }
    }
}

TEST_CASE("a scheme that changes its program changes no other, and is changed by no other") {
  const Point point = changing_point(Scaling::additive);
  const auto all = run_trials(point, 0, 400, 1);
  for (std::size_t s = 0; s < point.schemes.size(); ++s) {
    Point alone = point;
    alone.schemes = {point.schemes[s]};
    alone.baseline = 0;
    CAPTURE(point.schemes[s].label);
    CHECK(run_trials(alone, 0, 400, 1)[0].times.values() == all[s].times.values());
  }
  // Another label is another stream.
  Point renamed = point;
  renamed.schemes[2].label = "shuffled otherwise";
  const auto other = run_trials(renamed, 0, 400, 1);
  CHECK(other[2].times.values() != all[2].times.values());
  CHECK(other[3].times.values() == all[3].times.values());
}

TEST_CASE("what a scheme computes beyond its first load is drawn at its address") {
  const Point point = changing_point(Scaling::additive);
  Point loads = point;
  loads.schemes.clear();
  for (std::size_t load = 1; load <= K; ++load)
    loads.schemes.push_back(
        point_of(static_cast<int>(K), {fmt::format(R"({{"scheme": "uc-mmc", "load": {}}})", load)})
            .schemes[0]);
  TrialRunner runner(point), expected(loads);
  constexpr std::size_t adaptive = 3;
  std::set<std::size_t> met;
  for (std::uint64_t trial = 0; trial < 300; ++trial) {
    std::size_t load = 2;
    for (std::uint32_t iteration = 0; iteration < point.iterations; ++iteration) {
      runner.draw(trial, iteration);
      expected.draw(trial, iteration);
      for (std::size_t s = 0; s < adaptive; ++s) runner.run(s);
      const RoundResult& round = runner.run(adaptive);
      REQUIRE(runner.program(adaptive).largest_load() == static_cast<double>(load));
      for (std::size_t l = 1; l <= K; ++l) {
        const RoundResult& wanted = expected.run(l - 1);
        if (l == load) REQUIRE(round[Tally::time] == wanted[Tally::time]);
        if (l == load) REQUIRE(round[Tally::work] == wanted[Tally::work]);
      }
      met.insert(load);
      load = next_load(round.taken);
      runner.run(adaptive + 1);
    }
  }
  CHECK(met == std::set<std::size_t>{1, 2, 3, 5, 6});
}

TEST_CASE("the random numbers of a scheme are its own: of its label, the trial and the iteration") {
  const auto first = [](RoundContext context) { return context.random()(); };
  const RoundContext here{.seed = 3, .trial = 4, .iteration = 5, .stream = stream_of("a")};
  CHECK(first(here) == first(here));
  std::set<std::uint64_t> numbers = {first(here)};
  for (const auto& change : std::vector<std::function<void(RoundContext&)>>{
           [](RoundContext& c) { c.seed = 4; }, [](RoundContext& c) { c.trial = 5; },
           [](RoundContext& c) { c.iteration = 4; }, [](RoundContext& c) { c.stream = stream_of("b"); }}) {
    RoundContext other = here;
    change(other);
    numbers.insert(first(other));
  }
  CHECK(numbers.size() == 5);
  CHECK(stream_of("") < 1u << 28);
  CHECK(stream_of("gc load=4") != stream_of("gc load=5"));
}
