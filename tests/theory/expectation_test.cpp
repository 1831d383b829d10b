// Expectations against closed forms, published values, and a kernel of its own that enumerates what every
// worker has sent and integrates by Simpson's rule.
#include "sim/theory/expectation.h"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "tests/theory/support.h"

namespace {

using namespace straggle;
using namespace straggle::testing;
using Kind = CompletionLaw::Kind;

Expectation expect(const CompletionLaw& law, const TimeLaw& x, Scaling scaling = Scaling::server_dependent,
                   double increment = 0) {
  const auto result = straggle::expectation(law, x, scaling, increment);
  REQUIRE(result.has_value());
  return *result;
}

// The documented accuracy; what is compared with it is exact to more.
constexpr double accuracy = 1e-9;

// ---- The kernel: every worker's number of messages, enumerated ----

/// How many vectors of message counts leave the law undecoded, by how many workers have sent how many
/// messages.
using Census = std::map<std::vector<int>, double>;

class Enumeration {
 public:
  explicit Enumeration(const CompletionLaw& law) : law_(law), given_(law.work.size() + 1) {
    std::vector<int> sent(static_cast<std::size_t>(law.clusters * law.workers), 0);
    do {
      if (decoded(law, sent)) continue;
      std::vector<int> workers(law.work.size() + 1, 0);
      for (int count : sent) ++workers[static_cast<std::size_t>(count)];
      ++all_[workers];
      --workers[static_cast<std::size_t>(sent[0])];
      ++given_[static_cast<std::size_t>(sent[0])][workers];
    } while (next(sent));
  }

  /// Simpson's rule between the messages' lower ends, and beyond in pieces that double.
  Expectation integrate(const ShiftedExponential& x, Scaling scaling, double increment) const {
    const bool server = scaling == Scaling::server_dependent;
    std::vector<double> begins;
    for (double w : law_.work) begins.push_back(server ? w * x.shift : x.shift + w * increment);
    std::vector<double> cuts = begins;
    const double stretch = server ? law_.work.back() : 1;
    double width = (server ? law_.work.front() : 1) * 0.05 / x.rate;
    for (double t = begins.back(); t < begins.back() + 45 * stretch / x.rate; width *= 2)
      cuts.push_back(t += width);

    Expectation result{.time = begins.front()};
    for (std::size_t piece = 0; piece + 1 < cuts.size(); ++piece) {
      const int intervals = 400;
      const double h = (cuts[piece + 1] - cuts[piece]) / intervals;
      for (int i = 0; i <= intervals; ++i) {
        const double t = cuts[piece] + i * h;
        const double weight = h / 3 * (i == 0 || i == intervals ? 1 : i % 2 == 1 ? 4 : 2);
        std::vector<double> unsent(law_.work.size(), 1), density(law_.work.size(), 0);
        for (std::size_t j = 0; j < law_.work.size() && j <= piece; ++j) {
          const double at = server ? t / law_.work[j] : t - law_.work[j] * increment;
          unsent[j] = std::exp(-x.rate * (at - x.shift));
          density[j] = x.rate * unsent[j] / (server ? law_.work[j] : 1);
        }
        std::vector<double> p(law_.work.size() + 1);
        for (std::size_t j = 0; j < p.size(); ++j) {
          p[j] = (j < unsent.size() ? unsent[j] : 1) - (j > 0 ? unsent[j - 1] : 0);
        }
        result.time += weight * probability(all_, p);
        for (std::size_t j = 0; j < density.size(); ++j) {
          if (density[j] > 0) result.messages += weight * density[j] * probability(given_[j], p);
        }
      }
    }
    result.messages *= law_.clusters * law_.workers;
    return result;
  }

 private:
  bool next(std::vector<int>& sent) const {
    for (int& count : sent) {
      if (++count <= static_cast<int>(law_.work.size())) return true;
      count = 0;
    }
    return false;
  }

  static double probability(const Census& census, const std::vector<double>& p) {
    double sum = 0;
    for (const auto& [workers, vectors] : census) {
      double product = vectors;
      for (std::size_t j = 0; j < p.size(); ++j) {
        for (int i = 0; i < workers[j]; ++i) product *= p[j];
      }
      sum += product;
    }
    return sum;
  }

  CompletionLaw law_;
  Census all_;
  std::vector<Census> given_;  ///< of the other workers, given what worker 0 has sent
};

void require_enumerated(const std::string& name, const CompletionLaw& law) {
  const Enumeration enumeration(law);
  struct Setting {
    ShiftedExponential x;
    Scaling scaling;
    double increment;
  };
  for (const auto& [x, scaling, increment] :
       {Setting{{.rate = 10, .shift = 0.01}, Scaling::server_dependent, 0},
        Setting{{.rate = 0.7, .shift = 1}, Scaling::server_dependent, 0},
        Setting{{.rate = 2, .shift = 0.3}, Scaling::data_dependent, 0.2}}) {
    INFO(name << ", rate " << x.rate << ", increment " << increment);
    const Expectation exact = enumeration.integrate(x, scaling, increment);
    const Expectation integrated = expect(law, x.law(), scaling, increment);
    // Simpson's rule is good for 1e-9 with these intervals.
    CHECK(integrated.time == close(exact.time, 2 * accuracy));
    CHECK(integrated.messages == close(exact.messages, 2 * accuracy));
  }
}

}  // namespace

TEST_CASE("the first k of K workers follow the order statistics of exponentials") {
  for (const auto& [workers, load, need] : {std::array{40, 10, 31},
                                            {40, 1, 40},
                                            {40, 10, 7},
                                            {40, 3, 1},
                                            {1, 2, 1},
                                            {1000, 10, 991},
                                            {1000, 1, 1000},
                                            {1000, 5, 1},
                                            {997, 400, 598}}) {
    INFO(need << " of " << workers << " workers at load " << load);
    const CompletionLaw law{.workers = workers, .work = {static_cast<double>(load)}, .need = need};
    const double spread = (harmonic(workers) - harmonic(workers - need)) / paper.rate;
    const Expectation server = expect(law, paper.law());
    CHECK(server.time == close(load * (paper.shift + spread), accuracy));
    CHECK(server.messages == close(need, accuracy));
    const Expectation data = expect(law, paper.law(), Scaling::data_dependent, 0.05);
    CHECK(data.time == close(paper.shift + spread + load * 0.05, accuracy));
    CHECK(data.messages == close(need, accuracy));

    // A worker that sends a single item is the same whatever the item.
    CompletionLaw items = law;
    items.kind = Kind::distinct;
    const Expectation distinct = expect(items, paper.law());
    CHECK(distinct.time == close(server.time, accuracy));
    CHECK(distinct.messages == close(need, accuracy));
  }
}

TEST_CASE("fractional repetition waits for the slowest group's fastest worker") {
  for (const auto& [clusters, load] : {std::pair{4, 10}, {20, 2}, {1, 8}, {100, 10}}) {
    const CompletionLaw law{.clusters = clusters, .workers = load, .work = {1.0 * load}, .need = 1};
    CHECK(expect(law, paper.law()).time ==
          close(load * paper.shift + harmonic(clusters) / paper.rate, accuracy));
  }
}

TEST_CASE("pooled single items of all clusters are order statistics of all workers") {
  for (int missing : {0, 1, 30}) {
    const CompletionLaw law{.kind = Kind::distinct,
                            .clusters = 10,
                            .workers = 20,
                            .work = {2},
                            .need = 200 - missing,
                            .pooled = true};
    const Expectation result = expect(law, paper.law());
    CHECK(result.time ==
          close(2 * (paper.shift + (harmonic(200) - harmonic(missing)) / paper.rate), accuracy));
    CHECK(result.messages == close(200 - missing, accuracy));
  }
}

TEST_CASE("the nine schemes of the multi-message comparison have their exact expectations") {
  // K = 40, µ = 10, α = 0.01. Exact values, printed to the digits given; half a unit of the last one is
  // allowed.
  struct Row {
    std::string scheme;
    CompletionLaw law;
    double time, time_digit, messages, messages_digit;
  };
  const std::vector<Row> rows{
      {"GC cyclic r=10", {.workers = 40, .work = {10}, .need = 31}, 1.549574785, 1e-9, 31, 1e-7},
      {"GC in 4 clusters",
       {.clusters = 4, .workers = 10, .work = {10}, .need = 1},
       .308333,
       1e-6,
       7.485128,
       1e-6},
      {"LCC r=10", {.workers = 40, .work = {10}, .need = 7}, .289744813, 1e-9, 7, 1e-7},
      {"uncoded", {.workers = 40, .work = {1}, .need = 40}, .437854304, 1e-9, 40, 1e-7},
      {"UC-MMC r=10",
       {.kind = Kind::distinct, .workers = 40, .work = steps(1, 10), .need = 40},
       .1688605,
       1e-7,
       106.03078,
       1e-5},
      {"GC-MMC-1",
       {.kind = Kind::distinct, .clusters = 4, .workers = 10, .work = steps(6, 10), .need = 5},
       .2718076,
       1e-7,
       42.47996,
       1e-5},
      {"GC-MMC-2",
       {.clusters = 4, .workers = 10, .work = {6, 8, 10}, .need = 7},
       .4391203,
       1e-7,
       43.731196,
       1e-6},
      {"GC-MMC-2 hybrid",
       {.clusters = 4, .workers = 10, .work = {6, 8, 10}, .need = 7, .finisher_decodes = true},
       .3038946,
       1e-7,
       30.069683,
       1e-6},
      {"LCC multi-message r=10", {.workers = 40, .work = steps(1, 10), .need = 79}, .1268777, 1e-7, 79, 1e-7},
  };
  for (const Row& row : rows) {
    INFO(row.scheme);
    const Expectation result = expect(row.law, paper.law());
    CHECK(std::abs(result.time - row.time) <= 0.51 * row.time_digit);
    CHECK(std::abs(result.messages - row.messages) <= 0.51 * row.messages_digit);
  }
}

TEST_CASE("partial recovery agrees with the tables of Ozfatura, Ulukus and Gündüz") {
  // Tables III and IV of the journal version of their coded partial gradient computations (arXiv 1811.09271),
  // K = 40: means of a finite sample, hence 2 %.
  struct Row {
    int load, need;
    double time, messages;
  };
  for (const auto& [load, need, time, messages] :
       {Row{3, 40, .2424, 81.29}, Row{3, 34, .1170, 51.16}, Row{3, 28, .0799, 36.70},
        Row{6, 40, .1874, 99.63}, Row{6, 34, .0986, 55.06}, Row{6, 28, .0736, 38.30}}) {
    const CompletionLaw law{.kind = Kind::distinct, .workers = 40, .work = steps(1, load), .need = need};
    const Expectation result = expect(law, paper.law());
    CHECK(result.time == close(time, 0.02));
    CHECK(result.messages == close(messages, 0.02));
  }
}

TEST_CASE("message counts agree with an enumeration") {
  for (int need : {1, 4, 7, 12, 15}) {
    require_enumerated("count, need " + std::to_string(need),
                       {.workers = 5, .work = {2, 3, 5}, .need = need});
  }
  require_enumerated("count in two clusters", {.clusters = 2, .workers = 3, .work = {1, 2.5}, .need = 4});
  require_enumerated("count in clusters of one", {.clusters = 4, .workers = 1, .work = {1, 2, 3}, .need = 2});
  require_enumerated("one worker", {.workers = 1, .work = {1, 2, 3}, .need = 3});
}

TEST_CASE("the hybrid rule and the wait for every first message agree with an enumeration") {
  for (int need : {1, 5, 10, 40}) {
    require_enumerated("finisher, need " + std::to_string(need),
                       {.workers = 5, .work = {2, 3, 5}, .need = need, .finisher_decodes = true});
  }
  require_enumerated("finisher in clusters",
                     {.clusters = 2, .workers = 3, .work = {2, 3}, .need = 4, .finisher_decodes = true});
  for (int need : {0, 4, 7, 12, 15}) {
    require_enumerated("first of all, need " + std::to_string(need),
                       {.workers = 5, .work = {2, 3, 5}, .need = need, .first_of_all = true});
  }
  require_enumerated("first of all in clusters",
                     {.clusters = 3, .workers = 2, .work = {0.4, 1.4}, .need = 3, .first_of_all = true});
  require_enumerated("first of all in clusters of one",
                     {.clusters = 3, .workers = 1, .work = {1, 2}, .need = 2, .first_of_all = true});
  require_enumerated(
      "both", {.workers = 4, .work = {1, 2, 3}, .need = 8, .finisher_decodes = true, .first_of_all = true});
}

TEST_CASE("distinct items agree with an enumeration of the ring") {
  for (int messages : {1, 2, 4, 6}) {
    for (int need : {1, 3, 4, 5, 6}) {
      require_enumerated("distinct, " + std::to_string(messages) + " messages, need " + std::to_string(need),
                         {.kind = Kind::distinct, .workers = 6, .work = steps(1, messages), .need = need});
    }
  }
  require_enumerated("orders from 3", {.kind = Kind::distinct, .workers = 6, .work = steps(3, 5), .need = 4});
  require_enumerated("two clusters",
                     {.kind = Kind::distinct, .clusters = 2, .workers = 3, .work = steps(1, 3), .need = 2});
  require_enumerated("clusters of one",
                     {.kind = Kind::distinct, .clusters = 5, .workers = 1, .work = {2}, .need = 1});
}

TEST_CASE("items pooled over clusters agree with an enumeration") {
  for (int need = 1; need <= 6; ++need) {
    require_enumerated("2 x 3, need " + std::to_string(need), {.kind = Kind::distinct,
                                                               .clusters = 2,
                                                               .workers = 3,
                                                               .work = {1, 2, 3},
                                                               .need = need,
                                                               .pooled = true});
    require_enumerated(
        "3 x 2, need " + std::to_string(need),
        {.kind = Kind::distinct, .clusters = 3, .workers = 2, .work = {1, 2}, .need = need, .pooled = true});
  }
  require_enumerated(
      "5 x 1", {.kind = Kind::distinct, .clusters = 5, .workers = 1, .work = {3}, .need = 3, .pooled = true});
  require_enumerated(
      "1 x 5",
      {.kind = Kind::distinct, .clusters = 1, .workers = 5, .work = {2, 3, 4}, .need = 4, .pooled = true});
}

TEST_CASE("pooled items agree with a simulation") {
  // The enumeration conditions on a worker's own messages as the integral does, the simulation on nothing.
  const CompletionLaw law{
      .kind = Kind::distinct, .clusters = 2, .workers = 5, .work = steps(1, 4), .need = 8, .pooled = true};
  std::mt19937_64 bits(20240607);
  std::exponential_distribution<double> exponential(paper.rate);
  const int trials = 40000;
  double time = 0, time_squared = 0, messages = 0, messages_squared = 0;
  for (int trial = 0; trial < trials; ++trial) {
    std::vector<std::pair<double, int>> arrivals;
    for (int worker = 0; worker < 10; ++worker) {
      const double x = paper.shift + exponential(bits);
      for (int j = 0; j < 4; ++j) arrivals.push_back({(j + 1) * x, worker / 5 * 5 + (worker + j) % 5});
    }
    std::sort(arrivals.begin(), arrivals.end());
    std::array<bool, 10> seen{};
    int distinct = 0, taken = 0;
    while (distinct < law.need) {
      bool& item = seen[static_cast<std::size_t>(arrivals[static_cast<std::size_t>(taken++)].second)];
      distinct += !std::exchange(item, true);
    }
    const double t = arrivals[static_cast<std::size_t>(taken - 1)].first;
    time += t / trials, time_squared += t * t / trials;
    messages += 1.0 * taken / trials, messages_squared += 1.0 * taken * taken / trials;
  }
  const Expectation result = expect(law, paper.law());
  // Four standard errors of the mean, below 1 % here; one message more or less would be 7 %.
  CHECK(std::abs(result.time - time) < 4 * std::sqrt((time_squared - time * time) / trials));
  CHECK(std::abs(result.messages - messages) <
        4 * std::sqrt((messages_squared - messages * messages) / trials));
}

TEST_CASE("partial stragglers follow the printed distribution of the completion time") {
  // P(T <= t) = Σ_{j<=s} C(n,j) F(t/w2)^{n−j} (F(t/w1) − F(t/w2))^j, by Simpson's rule.
  for (const auto& [n, s, slowdown] : {std::array{10, 2, 4}, {40, 3, 2}, {12, 0, 2}}) {
    const double w1 = (s + 1.0) / (slowdown + s), w2 = slowdown * w1;
    const auto cdf = [](double x) {
      return x > paper.shift ? -std::expm1(-paper.rate * (x - paper.shift)) : 0;
    };
    double mean = w2 * paper.shift;
    double width = 0.002 * w1;
    for (double t = mean; t < mean + 45 * w2 / paper.rate; t += width, width *= 1.25) {
      for (int i = 0; i <= 64; ++i) {
        const double f1 = cdf((t + i * width / 64) / w1), f2 = cdf((t + i * width / 64) / w2);
        double complete = 0, choose = 1;
        for (int j = 0; j <= s; choose = choose * (n - j) / (j + 1), ++j) {
          complete += choose * std::pow(f2, n - j) * std::pow(f1 - f2, j);
        }
        mean += (i == 0 || i == 64 ? 1 : i % 2 == 1 ? 4 : 2) * width / 192 * (1 - complete);
      }
    }
    const CompletionLaw law{.workers = n, .work = {w1, w2}, .need = 2 * n - s, .first_of_all = true};
    CHECK(expect(law, paper.law()).time == close(mean, 2 * accuracy));  // Simpson's share is below 1e-9
  }
}

TEST_CASE("a correlated cluster is decoded no later than its first worker finishes") {
  // Load n: the last of a worker's n−m+1 codewords is the threshold, so a rule for finished workers adds
  // nothing.
  const CompletionLaw law{.kind = Kind::distinct, .workers = 8, .work = steps(5, 8), .need = 4};
  const double first_finished = 8 * (paper.shift + 1 / (8 * paper.rate));
  CHECK(expect(law, paper.law()).time < first_finished);
}

TEST_CASE("a thousand workers take any scheme") {
  const auto items = [](int clusters, std::vector<double> work, int need, bool pooled) {
    const int workers = 1000 / clusters;
    return CompletionLaw{.kind = Kind::distinct,
                         .clusters = clusters,
                         .workers = workers,
                         .work = std::move(work),
                         .need = need,
                         .pooled = pooled};
  };
  // One cluster's count of messages at the end is its threshold, whatever the numbers in between.
  const CompletionLaw uncorrelated{.workers = 1000, .work = {6, 8, 10}, .need = 2977};
  CHECK(expect(uncorrelated, paper.law()).messages == close(2977, accuracy));
  const CompletionLaw lagrange{.workers = 1000, .work = steps(1, 1000), .need = 1999};
  CHECK(expect(lagrange, paper.law()).messages == close(1999, accuracy));

  // More messages never hurt, and those that nobody sends before completion change nothing.
  const Expectation ten = expect(items(1, steps(1, 10), 1000, false), paper.law());
  const Expectation twenty = expect(items(1, steps(1, 20), 1000, false), paper.law());
  CHECK(twenty.time < ten.time);
  CHECK(ten.time > 0.28);
  const Expectation tolerant = expect(items(1, steps(1, 10), 700, false), paper.law());
  const Expectation tolerant_all = expect(items(1, steps(1, 1000), 700, false), paper.law());
  CHECK(tolerant.time == close(tolerant_all.time, 1e-6));

  // Two rings of 500 differ from one of 1000 only where they close, which the mean of this law does not see;
  // a wrong count of clusters would show.
  const Expectation pooled = expect(items(2, steps(1, 10), 700, true), paper.law());
  CHECK(pooled.time == close(tolerant.time, 1e-6));
  CHECK(pooled.messages == close(tolerant.messages, 1e-6));
  CHECK(expect(items(4, steps(50, 100), 201, false), paper.law()).time > 1);
}

TEST_CASE("uniform times have the order statistics of uniforms, up to their upper end") {
  for (const auto& [workers, need] : {std::pair{10, 10}, {10, 3}, {1000, 991}}) {
    const CompletionLaw law{.workers = workers, .work = {3}, .need = need};
    const Expectation result = expect(law, uniform(0.5, 2));
    CHECK(result.time == close(3 * (0.5 + 1.5 * need / (workers + 1)), accuracy));
    CHECK(result.messages == close(need, accuracy));
  }
  const CompletionLaw several{.workers = 40, .work = steps(1, 10), .need = 79};
  CHECK(expect(several, uniform(0.5, 1)).messages == close(79, accuracy));
}

TEST_CASE("a heavy tail is integrated to its end, and an infinite mean is refused") {
  // E X_(k) of n Pareto times is Γ(n+1)Γ(n−k+1−1/β) / (Γ(n−k+1)Γ(n+1−1/β)); lgamma leaves 1e-12 at n = 1000.
  for (const auto& [workers, need, index] :
       {std::tuple{1000, 1000, 1.5}, {1000, 1000, 1.1}, {1000, 999, 1.1}, {40, 31, 2.0}, {1000, 999, 0.9}}) {
    INFO(need << " of " << workers << ", index " << index);
    const double mean = std::exp(std::lgamma(workers + 1.0) + std::lgamma(workers - need + 1 - 1 / index) -
                                 std::lgamma(workers - need + 1.0) - std::lgamma(workers + 1 - 1 / index));
    CHECK(expect({.workers = workers, .work = {1}, .need = need}, pareto(1, index)).time ==
          close(mean, accuracy));
    CHECK(expect({.kind = Kind::distinct, .workers = workers, .work = {1}, .need = need}, pareto(1, index))
              .time == close(mean, accuracy));
    const CompletionLaw pooled{.kind = Kind::distinct,
                               .clusters = 10,
                               .workers = workers / 10,
                               .work = {1},
                               .need = need,
                               .pooled = true};
    CHECK(expect(pooled, pareto(1, index)).time == close(mean, accuracy));
  }
  const CompletionLaw all{.workers = 10, .work = {1}, .need = 10};
  const Expectation infinite = expect(all, pareto(1, 1));
  CHECK(std::isnan(infinite.time));
  CHECK(infinite.messages == close(10, accuracy));
}

TEST_CASE("a density that is unbounded at its lower end is integrated") {
  for (double shape : {0.5, 0.7, 1.5}) {
    INFO("shape " << shape);
    const CompletionLaw law{.workers = 10, .work = steps(1, 10), .need = 19};
    CHECK(expect(law, shifted_weibull(0.1, shape)).messages == close(19, accuracy));
    CHECK(expect(law, shifted_weibull(0, shape)).messages == close(19, accuracy));
    CHECK(expect(law, shifted_weibull(0, shape), Scaling::data_dependent, 0.1).messages ==
          close(19, accuracy));
  }
}

TEST_CASE("messages of shapes from .05 to 10 add up, whatever the shift, and errors are owned") {
  const CompletionLaw uncoded{.workers = 10, .work = {1}, .need = 10};
  const CompletionLaw counted{.workers = 10, .work = steps(1, 10), .need = 19};
  const CompletionLaw repeated{.clusters = 5, .workers = 2, .work = {2}, .need = 1};
  // Whatever continuous law: of 10 workers in 5 pairs, those before the last pair's first.
  const double pairs = expect(repeated, paper.law()).messages;
  for (const double shape : {0.05, 0.1, 0.3, 0.45, 0.7, 1.0, 1.7, 3.3, 10.0}) {
    for (const double shift : {0.0, 1e-3, 1.0, 1e12}) {
      INFO("shape " << shape << ", shift " << shift);
      const TimeLaw x = shifted_weibull(shift, shape);
      for (const auto& [law, messages] :
           {std::pair{&uncoded, 10.0}, std::pair{&counted, 19.0}, std::pair{&repeated, pairs}}) {
        const Expectation found = expect(*law, x);
        CHECK(found.time > 0);
        if (law != &uncoded && std::isnan(found.messages)) {
          // Of so many draws, those in the first unit in the last place, or the densest: ties.
          const double cell = shift * 0x1p-52;
          CHECK(100 * std::max(-std::expm1(-std::pow(cell, shape)), shape * cell) > 1e-7);
          continue;
        }
        CHECK(std::abs(found.messages - messages) <= found.messages_error);
        CHECK(found.messages == close(messages, accuracy));
      }
      // The least of n is a Weibull time as well: E = shift + Γ(1 + 1/shape)·n^(−1/shape).
      const Expectation least = expect({.workers = 10, .work = {3}, .need = 1}, x);
      const double truth = 3 * (shift + std::exp(std::lgamma(1 + 1 / shape) - std::log(10) / shape));
      CHECK(std::abs(least.time - truth) <= least.time_error + 1e-12 * truth);  // lgamma's share
      CHECK(least.time == close(truth, accuracy));
    }
  }
}

namespace {

/// Messages received, and their standard error, where every end of a message is a double: whatever ends at
/// the instant of completion counts. `draw` gives x.
template <class Draw>
std::pair<double, double> simulated_messages(const CompletionLaw& law, Scaling scaling, double increment,
                                             const Draw& draw) {
  std::mt19937_64 bits(1);
  const auto workers = static_cast<std::size_t>(law.clusters * law.workers);
  double sum = 0, squares = 0;
  constexpr int trials = 4000;
  for (int trial = 0; trial < trials; ++trial) {
    std::vector<std::pair<double, std::size_t>> ends;
    for (std::size_t w = 0; w < workers; ++w) {
      const double x = draw((static_cast<double>(bits() >> 12) + 0.5) * 0x1p-52);
      for (const double work : law.work)
        ends.emplace_back(scaling == Scaling::server_dependent ? work * x : x + work * increment, w);
    }
    std::sort(ends.begin(), ends.end());
    std::vector<int> sent(workers, 0);
    std::size_t received = 0;
    while (!decoded(law, sent)) ++sent[ends[received++].second];
    while (received < ends.size() && ends[received].first == ends[received - 1].first) ++received;
    sum += static_cast<double>(received);
    squares += static_cast<double>(received * received);
  }
  const double mean = sum / trials;
  return {mean, std::sqrt(std::max(squares / trials - mean * mean, 0.0) / trials)};
}

const std::vector<std::pair<std::string, CompletionLaw>> of_four_workers{
    {"first of all workers", {.workers = 4, .work = {4}, .need = 1}},
    {"three of them", {.workers = 4, .work = {2}, .need = 3}},
    {"fractional repetition", {.clusters = 2, .workers = 2, .work = {2}, .need = 1}},
    {"coded multi-message", {.workers = 4, .work = {1, 2, 3, 4}, .need = 7}},
    {"distinct items", {.kind = Kind::distinct, .workers = 4, .work = {1, 2}, .need = 4}},
    {"distinct items but one", {.kind = Kind::distinct, .workers = 4, .work = {1, 2, 3}, .need = 3}},
    {"pooled",
     {.kind = Kind::distinct, .clusters = 2, .workers = 2, .work = {1, 2}, .need = 3, .pooled = true}},
    {"finisher", {.workers = 4, .work = {1, 2, 3}, .need = 10, .finisher_decodes = true}},
    {"partial", {.workers = 4, .work = {0.5, 1}, .need = 7, .first_of_all = true}},
    {"all messages", {.workers = 4, .work = {1, 2}, .need = 8}},
};

}  // namespace

TEST_CASE("messages are blank where the doubles of times are too coarse to part them") {
  struct Setting {
    std::string name;
    double shift, scale, shape;  // x = shift + scale·Exp(1)^(1/shape)
    Scaling scaling;
    double increment;
    bool coarse;
  };
  const auto server = Scaling::server_dependent, data = Scaling::data_dependent;
  for (const Setting& at : {Setting{"spread", 1e-3, 1, 1, server, 0, false},
                            {"unbounded at a lower end of 0", 0, 1, 0.1, server, 0, false},
                            {"unbounded beside a shift", 1e-3, 1, 0.1, server, 0, true},
                            {"a little of it", 10, 1e-3, 0.15, server, 0, true},
                            {"an exponential far away", 1e13, 1, 1, server, 0, true},
                            {"narrow and far away", 3e12, 1, 20, server, 0, true},
                            {"near enough", 1e5, 1, 1, server, 0, false},
                            {"made far by increments", 0.1, 1, 1, data, 1e14, true},
                            {"increments of its own size", 0.1, 1, 1, data, 0.3, false},
                            {"unbounded, and increments", 1e-3, 1, 0.1, data, 0.3, true}}) {
    const double lower = at.shift;
    TimeLaw x = shifted_weibull(lower, at.shape);
    x.parts[0].scale = at.scale;
    for (const auto& [name, law] : of_four_workers) {
      INFO(at.name << ", " << name);
      // Nothing at all where the time is lost in roundings as well.
      const Expectation found = straggle::expectation(law, x, at.scaling, at.increment)
                                    .value_or(Expectation{.time = std::nan(""), .messages = std::nan("")});
      // Where the last messages are all needed too, coarse or not, there is nobody left to tie with.
      if (name == "first of all workers" || name == "three of them" || name == "coded multi-message" ||
          name == "fractional repetition" || name == "distinct items but one")
        CHECK(std::isnan(found.messages) == at.coarse);
      else if (name == "all messages" || !at.coarse)
        CHECK_FALSE(std::isnan(found.messages));
      if (std::isnan(found.messages)) continue;
      CHECK(found.messages_error <= 1e-7 * found.messages);
      const auto [mean, error] = simulated_messages(law, at.scaling, at.increment, [&](double u) {
        return at.shift + at.scale * std::pow(-std::log(u), 1 / at.shape);
      });
      CHECK(std::abs(mean - found.messages) <= 4.5 * error + 1e-9 * mean);
    }
  }
}

TEST_CASE("a density without bound at ends that are hardly ever those of completion leaves messages known") {
  const CompletionLaw counted{.workers = 100, .work = steps(1, 20), .need = 199};
  for (const double shape : {0.5, 0.7, 0.9}) {
    INFO("shape " << shape);
    const Expectation found = expect(counted, shifted_weibull(0, shape), Scaling::data_dependent, 0.1);
    CHECK(found.messages == close(199, accuracy));
    CHECK(found.messages_error < 1e-5);
  }
}

TEST_CASE("without increments a worker sends all its messages at once, and all of them count") {
  const ShiftedExponential x{.rate = 1, .shift = 0.5};
  for (const auto& [name, law] : of_four_workers) {
    INFO(name);
    const Expectation found = expect(law, x.law(), Scaling::data_dependent, 0);
    const auto [mean, error] =
        simulated_messages(law, Scaling::data_dependent, 0, [](double u) { return 0.5 - std::log(u); });
    CHECK(std::abs(mean - found.messages) <= 4.5 * error + 1e-9 * mean);
    // The time is that of ever smaller increments; messages that doubles still part are not all there.
    const Expectation nearly = expect(law, x.law(), Scaling::data_dependent, 1e-11);
    CHECK(found.time == close(nearly.time, 1e-9));
    CHECK(nearly.messages <= found.messages + 1e-6);
    // Increments beside which a time is a double that has no room for them.
    const Expectation lost = expect(law, x.law(), Scaling::data_dependent, 1e-17);
    CHECK(found.time == close(lost.time, accuracy));
    CHECK(std::isnan(lost.messages) == (law.work.size() > 1 && name != "all messages"));
  }
  // The second of the four windows of two items lies across from the first in a third of the cases: 4
  // messages; else the third completes: 6.
  CHECK(expect({.kind = Kind::distinct, .workers = 4, .work = {1, 2}, .need = 4}, x.law(),
               Scaling::data_dependent, 0)
            .messages == close(16.0 / 3, accuracy));
  CHECK(
      expect({.workers = 4, .work = {1, 2, 3, 4}, .need = 7}, x.law(), Scaling::data_dependent, 0).messages ==
      close(8, accuracy));
}

TEST_CASE(
    "a time of few doubles has no expectation that its rounding leaves alone, one of a single double has") {
  const CompletionLaw all{.workers = 4, .work = {1}, .need = 4};
  const auto time = [&](double shift) {
    const auto found = straggle::expectation(all, ShiftedExponential{.rate = 1, .shift = shift}.law(),
                                             Scaling::server_dependent, 0);
    return found ? found->time : std::nan("");
  };
  CHECK(time(1e13) == close(1e13 + harmonic(4), 1e-16));  // neighbours 0.002 apart
  CHECK(std::isnan(time(1e16)));                          // 2 apart
  CHECK(time(1e20) == 1e20);                              // 16384 apart
}

TEST_CASE("times of 1e-300 and of 1e300 seconds are as exact as others") {
  for (const double rate : {1e-300, 1e-30, 1.0, 1e300, 1e306}) {
    const ShiftedExponential x{.rate = rate, .shift = 0};
    CHECK(expect({.workers = 10, .work = {1}, .need = 10}, x.law()).time * rate ==
          close(harmonic(10), accuracy));
  }
}

TEST_CASE("a Pareto tail that has only just a mean is integrated to its end") {
  for (const double index : {1.001, 1.01, 1.05}) {
    const double mean =
        std::exp(std::lgamma(11.0) + std::lgamma(1 - 1 / index) - std::lgamma(11 - 1 / index));
    const Expectation found = expect({.workers = 10, .work = {1}, .need = 10}, pareto(1, index));
    CHECK(std::abs(found.time - mean) <= found.time_error + 1e-11 * mean);  // lgamma's share near its pole
    CHECK(found.time == close(mean, accuracy));
  }
}

TEST_CASE("a million workers are bound by steps") {
  const CompletionLaw single{.workers = 1000000, .work = {10}, .need = 999991};
  CHECK(expect(single, paper.law()).time ==
        close(10 * (paper.shift + (harmonic(1000000) - harmonic(9)) / paper.rate), 1e-8));
  const CompletionLaw several{.workers = 1000000, .work = steps(1, 10), .need = 1999999};
  CHECK_FALSE(straggle::expectation(several, paper.law(), Scaling::server_dependent, 0).has_value());
}

TEST_CASE("a law much narrower than its times is not overlooked") {
  const ShiftedExponential narrow{.rate = 1e5, .shift = 0.1};
  const CompletionLaw law{.workers = 40, .work = steps(1, 4), .need = 95};
  const Expectation result = expect(law, narrow.law());
  // All 40 first and second messages, and 15 third ones, which are order statistics of their own.
  CHECK(result.time == close(3 * (0.1 + (harmonic(40) - harmonic(25)) / 1e5), accuracy));
  CHECK(result.messages == close(95, accuracy));
}

TEST_CASE("messages of a law with two humps far apart add up, and of a power tail behind large increments") {
  const CompletionLaw all{.workers = 12, .work = {1}, .need = 12};
  const CompletionLaw twice{.workers = 12, .work = {1, 2}, .need = 24};
  const CompletionLaw pairs{.kind = Kind::distinct, .clusters = 2, .workers = 2, .work = {1, 2}, .need = 2};
  for (const double far : {1e-3, 1e3, 1e6, 1e9, 1e12, 1e15}) {
    INFO(far);
    // Two humps behind an increment that is far from both: four first messages, if any are known.
    TimeLaw two = pareto(1e-9, 1000);
    two.parts[0].probability = 0.1;
    two.parts.push_back(pareto(1e-3, 1000).parts[0]);
    two.parts[1].probability = 0.9;
    const auto found = straggle::expectation(pairs, two, Scaling::data_dependent, far);
    if (far > 1 && found && !std::isnan(found->messages)) CHECK(found->messages == close(4, 1e-7));
    const auto law = [](double lower, double scale, double probability) {
      TimeLaw::Part part = shifted_weibull(lower, 1).parts[0];
      part.scale = scale;
      part.probability = probability;
      return part;
    };
    const TimeLaw humps{{law(far, 1, 0.1), law(1.5 * far, 1.5, 0.9)}};
    CHECK(expect(all, humps).messages == close(12, accuracy));
    CHECK(expect(twice, humps).messages == close(24, accuracy));
    for (const double index : {5.0, 1000.0}) {
      CHECK(expect(all, pareto(1e-3, index), Scaling::data_dependent, far).messages == close(12, accuracy));
      CHECK(expect(twice, pareto(1e-3, index), Scaling::data_dependent, far).messages == close(24, accuracy));
    }
  }
  // Peaks that are narrow beside their own place.
  TimeLaw narrow = pareto(1, 1e6);
  narrow.parts[0].probability = 0.7;
  narrow.parts.push_back(pareto(1e6, 1e6).parts[0]);
  narrow.parts[1].probability = 0.3;
  CHECK(expect(all, narrow).messages == close(12, accuracy));
  CHECK(expect({.workers = 4, .work = {1}, .need = 3}, narrow).messages == close(3, accuracy));
}

TEST_CASE("additive scaling has no expectation and nothing to wait for takes no time") {
  const CompletionLaw law{.workers = 4, .work = {1}, .need = 2};
  CHECK_FALSE(straggle::expectation(law, paper.law(), Scaling::additive, 0).has_value());
  const Expectation nothing =
      expect({.kind = Kind::distinct, .clusters = 2, .workers = 2, .work = {1}, .need = 0, .pooled = true},
             paper.law());
  CHECK(nothing.time == 0);
  CHECK(nothing.messages == 0);
}

TEST_CASE("a completion law that can never be complete is refused") {
  const auto refused = [](const CompletionLaw& law) {
    CHECK_THROWS_AS(straggle::expectation(law, paper.law(), Scaling::server_dependent, 0), std::logic_error);
  };
  refused({.workers = 4, .work = {1, 2}, .need = 9});
  refused({.kind = Kind::distinct, .workers = 4, .work = {1, 2}, .need = 5});
  refused({.kind = Kind::distinct, .clusters = 2, .workers = 4, .work = {1}, .need = 9, .pooled = true});
  refused({.kind = Kind::distinct, .workers = 2, .work = {1, 2, 3}, .need = 2});
  refused({.kind = Kind::distinct, .workers = 4, .work = {1, 2}, .need = 4, .finisher_decodes = true});
  refused({.workers = 4, .work = {1, 2}, .need = 4, .pooled = true});
  refused({.workers = 4, .work = {2, 1}, .need = 4});
  refused({.workers = 4, .work = {0, 1}, .need = 4});
  refused({.workers = 4, .work = {}, .need = 1});
}
