// Gradient coding for partial stragglers: by hand, against the law of the completion time integrated here,
// against a kernel, and that the first message of all and the second of n − s (or of one per group) are
// needed.
#include "tests/schemes/support.h"

using namespace straggle;
using namespace straggle::testing;

namespace {

/// The first messages of all n and the n − s earliest second ones; `group`: 0, or the size of the groups of
/// which one second message each is needed. Work in mini-batches.
auto two_messages(double first_work, double second_work, std::size_t stragglers, std::size_t group) {
  return [=](const DrawnTimes& times) {
    const std::size_t n = times.workers();
    Counted tally;
    std::vector<double> second;
    for (std::size_t w = 0; w < n; ++w) {
      tally.time = std::max(tally.time, times.end(w, first_work));
      second.push_back(times.end(w, second_work));
      tally.useful.insert({static_cast<NodeId>(w + 1), 0});
    }
    const std::size_t size = group == 0 ? n : group, taken = group == 0 ? n - stragglers : 1;
    for (std::size_t first = 0; first < n; first += size) {
      const auto begin = second.begin() + static_cast<std::ptrdiff_t>(first);
      const double decoded = kth_smallest({begin, begin + static_cast<std::ptrdiff_t>(size)}, taken);
      for (std::size_t w = first; w < first + size; ++w)
        if (second[w] <= decoded) tally.useful.insert({static_cast<NodeId>(w + 1), 1});
      tally.time = std::max(tally.time, decoded);
    }
    for (std::size_t w = 0; w < n; ++w) {
      tally.messages += (times.end(w, first_work) <= tally.time) + (second[w] <= tally.time);
      // Whole mini-batches one by one from where a message began, the rest of one when its message is sent.
      double done = 0;
      for (const double goal : {first_work, second_work}) {
        while (done + 1 < goal && times.end(w, done + 1) <= tally.time) ++done;
        if (times.end(w, goal) > tally.time) break;
        done = goal;
      }
      const bool second_used = tally.useful.contains({static_cast<NodeId>(w + 1), 1});
      tally.work += done;
      tally.wasted += done - (second_used ? second_work : first_work);
    }
    return tally;
  };
}

/// The law of x.
double cdf(double t) {
  return t <= shift ? 0 : 1 - std::exp(-rate * (t - shift));
}

/// E T = ∫ P(T > t) dt by Simpson's rule, P(T <= t) = Σ_{j<=s} C(n,j) F(t/w2)^{n−j} (F(t/w1) − F(t/w2))^j:
/// all workers have sent their first message and at most s lack the second. Also E T².
std::pair<double, double> moments_of_time(int n, int s, double w1, double w2) {
  const auto survival = [&](double t) {
    const double both = cdf(t / w2), one = cdf(t / w1) - both;
    double done = 0, binomial = 1;
    for (int j = 0; j <= s; ++j) {
      done += binomial * std::pow(both, n - j) * std::pow(one, j);
      binomial = binomial * (n - j) / (j + 1);
    }
    return 1 - done;
  };
  // The integrand has kinks at w1·shift and w2·shift only; 5 s beyond them it is below 1e-15.
  double mean = w1 * shift, square = mean * mean;
  const auto integrate = [&](double from, double to, int steps) {
    const double h = (to - from) / steps;
    for (int i = 0; i < steps; ++i) {
      const double a = from + i * h, b = a + h, m = (a + b) / 2;
      mean += h / 6 * (survival(a) + 4 * survival(m) + survival(b));
      square += h / 6 * 2 * (a * survival(a) + 4 * m * survival(m) + b * survival(b));
    }
  };
  integrate(w1 * shift, w2 * shift, 200);
  integrate(w2 * shift, w2 * (shift + 4), 20000);
  return {mean, square};
}

}  // namespace

TEST_CASE("gc-partial: the first message of all and the second of n - s") {
  // n = 3, s = 1, slowdown 2: two naive parts and two coded of nine, so 2/3 of a mini-batch, then 2/3 more.
  const auto scheme = scheme_of(3, R"({"scheme": "gc-partial", "stragglers": 1, "slowdown": 2})");
  const Program& program = scheme->next_round({});
  CHECK(scheme->codebook().blocks() == 9);
  CHECK(scheme->codebook().contents(2, 0) == std::vector<std::size_t>{2, 3});
  CHECK(scheme->codebook().contents(2, 1) == std::vector<std::size_t>{7, 8});
  Workspace workspace;
  RoundResult result = run_round(program, Times({3, 6, 9.5}), workspace);
  CHECK(result[Tally::time] == Approx(8));  // firsts at 2, 4, 6.33; seconds at 4, 8
  CHECK(result[Tally::messages] == 5);
  CHECK(result[Tally::useful_messages] == 5);
  CHECK(result[Tally::work] == Approx(4 / 3.0 + 4 / 3.0 + 2 / 3.0));
  CHECK(result[Tally::wasted] == Approx(0).margin(1e-12));
  // A first message that comes last, when the seconds are long there; the third second is not needed.
  result = run_round(program, Times({1, 1.5, 12}), workspace);
  CHECK(result[Tally::time] == Approx(8));
  CHECK(result[Tally::useful_messages] == 5);
  result = run_round(program, Times({3, 3.3, 3.6}), workspace);
  CHECK(result[Tally::time] == Approx(4.4));
  CHECK(result[Tally::messages] == 5);
}

TEST_CASE("gc-partial with fractional repetition: the second message of one worker a group") {
  const auto scheme = scheme_of(4, R"({"scheme": "gc-partial", "stragglers": 1, "slowdown": 3,
                                       "code": "fractional-repetition"})");
  // One naive part and two shared of 8: half a mini-batch, then a whole one more.
  CHECK(scheme->codebook().blocks() == 8);
  CHECK(scheme->codebook().contents(4, 1) == std::vector<std::size_t>{6, 7});
  Workspace workspace;
  workspace.keep_all = true;
  const RoundResult result = run_round(scheme->next_round({}), Times({2, 3, 4, 8}), workspace);
  CHECK(result[Tally::time] == 6);  // firsts 1, 1.5, 2, 4; seconds 3, 4.5, 6
  CHECK(result[Tally::messages] == 7);
  CHECK(result[Tally::useful_messages] == 6);
  CHECK(workspace.all()[5].fate == Arrival::Fate::group_full);  // worker 2's second
  CHECK(result[Tally::work] == 1.5 + 1.5 + 1.5 + 0.5);
  CHECK(result[Tally::wasted] == 1);
}

TEST_CASE("gc-partial: the mean time is the integral of its law") {
  constexpr int n = 12, s = 3;
  const Point point = point_of(n, {R"({"scheme": "gc-partial", "stragglers": 3, "slowdown": 2})"});
  const double w1 = 0.8, w2 = 1.6;  // (s + 1)/(a + s) and a times that
  const auto [mean, square] = moments_of_time(n, s, w1, w2);
  const double off_by_one = moments_of_time(n, s - 1, w1, w2).first;
  // Standard error 0.0004.
  check_mean(simulate(point, 0, 20000)[Tally::time], mean, std::sqrt(square - mean * mean), off_by_one);
}

TEST_CASE("gc-partial: every trial is what the two order statistics give, for both codes and all scalings") {
  for (const Scaling scaling : all_scalings) {
    const Point point = point_of(
        12,
        {R"({"scheme": "gc-partial", "stragglers": 3, "slowdown": 2})",
         R"({"scheme": "gc-partial", "stragglers": 1, "slowdown": 3, "code": "reed-solomon"})",
         R"({"scheme": "gc-partial", "stragglers": 3, "slowdown": 3, "code": "fractional-repetition"})",
         R"({"scheme": "gc-partial", "stragglers": 0, "slowdown": 1.5})",
         R"({"scheme": "gc-partial", "stragglers": 2, "slowdown": 4, "code": "fractional-repetition"})"},
        scaling);
    // Fractional work: the kernel's products and sums are others than the program's, which differ by
    // rounding.
    constexpr double rounding = 1e-13;
    compare(point, 0, 2000, two_messages(4 / 5.0, 8 / 5.0, 3, 0), rounding);
    compare(point, 1, 2000, two_messages(2 / 4.0, 6 / 4.0, 1, 0), rounding);
    compare(point, 2, 2000, two_messages(4 / 6.0, 12 / 6.0, 3, 4), rounding);
    compare(point, 3, 1000, two_messages(1 / 1.5, 1.0, 0, 0), rounding);
    compare(point, 4, 2000, two_messages(3 / 6.0, 12 / 6.0, 2, 3), rounding);
  }
}

TEST_CASE("gc-partial: every first message is needed, and n - s second ones") {
  const auto scheme = scheme_of(4, R"({"scheme": "gc-partial", "stragglers": 1, "slowdown": 2})");
  Prover prover(*scheme);
  const std::vector<Sent> firsts = all_messages(4, 1);
  const std::vector<Sent> seconds = {{1, 1}, {2, 1}, {3, 1}, {4, 1}};
  const auto with = [](std::vector<Sent> a, const std::vector<Sent>& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
  };
  for_each_subset(seconds, 3, [&](const std::vector<Sent>& some) {
    CHECK(prover.decodes(with(firsts, some)));
    for_each_subset(firsts, 3,
                    [&](const std::vector<Sent>& few) { CHECK_FALSE(prover.decodes(with(few, some))); });
  });
  for_each_subset(seconds, 2,
                  [&](const std::vector<Sent>& some) { CHECK_FALSE(prover.decodes(with(firsts, some))); });

  const auto groups = scheme_of(4, R"({"scheme": "gc-partial", "stragglers": 1, "slowdown": 2,
                                       "code": "fractional-repetition"})");
  Prover by_group(*groups);
  CHECK(by_group.decodes(with(firsts, {{1, 1}, {4, 1}})));
  CHECK_FALSE(by_group.decodes(with(firsts, {{3, 1}})));
}

TEST_CASE("gc-partial with fractional repetition: silence falls group by group, as in gc") {
  constexpr std::size_t n = 6;
  constexpr double port = 0.02;  // seconds a message
  const Point point = point_of(
      n,
      {R"({"scheme": "gc-partial", "stragglers": 1, "slowdown": 2, "code": "fractional-repetition"})",
       R"({"scheme": "gc", "load": 2, "code": "fractional-repetition"})"},
      Scaling::server_dependent, R"("network": {"model": "serial", "overhead": 0.02}, "silence": true,)");
  // One queue, without programs or groups: what is sent when, and whether anybody still listens.
  struct Waiting {
    double sent;
    std::size_t worker;
    bool second;
  };
  const auto by_queue = [&](const DrawnTimes& times, bool partial) {
    std::vector<Waiting> queue;
    for (std::size_t w = 0; w < n; ++w) {
      if (partial) queue.push_back({times.end(w, 2 / 3.0), w, false});
      queue.push_back({times.end(w, partial ? 4 / 3.0 : 2.0), w, true});
    }
    std::sort(queue.begin(), queue.end(), [](const Waiting& a, const Waiting& b) { return a.sent < b.sent; });
    std::set<std::size_t> decoded;
    std::size_t firsts = partial ? 0 : n;
    std::pair<double, std::uint64_t> result{0, 0};  // when the port is free, messages
    for (const Waiting& next : queue) {
      if (firsts == n && decoded.size() == n / 2) break;
      if (next.second && decoded.contains(next.worker / 2)) continue;
      result = {std::max(result.first, next.sent) + port, result.second + 1};
      if (next.second) {
        decoded.insert(next.worker / 2);
      } else {
        ++firsts;
      }
    }
    return result;
  };
  TrialRunner runner(point);
  DrawnTimes times(n, Scaling::server_dependent, 2, point.seed);
  int dropped = 0;
  for (std::uint64_t trial = 0; trial < 1000; ++trial) {
    CAPTURE(trial);
    runner.draw(trial, 0);
    times.draw(trial);
    for (const std::size_t s : {0u, 1u}) {
      const RoundResult& result = runner.run(s);
      const auto [time, messages] = by_queue(times, s == 0);
      REQUIRE(result[Tally::time] == Approx(time).epsilon(1e-12));
      REQUIRE(result[Tally::messages] == messages);
      if (s == 0) dropped += messages < 2 * n - 1;
    }
  }
  CHECK(dropped > 500);
}
