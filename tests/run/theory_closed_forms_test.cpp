// Expectations against the closed forms of order statistics, and against the values the GC-MMC comparison is
// held to.
#include <catch2/catch.hpp>
#include <cmath>

#include "sim/run/theory.h"

using namespace straggle;

namespace {

constexpr double shift = 0.01, rate = 10;

TimeLaw shifted_exponential() {
  return {.lower = shift,
          .survival = [](double t) { return t <= shift ? 1.0 : std::exp(-rate * (t - shift)); },
          .density = [](double t) { return t < shift ? 0.0 : rate * std::exp(-rate * (t - shift)); },
          .tail = [](double p) { return shift - std::log(p) / rate; }};
}

double harmonic(int n) {
  double sum = 0;
  for (int k = 1; k <= n; ++k) sum += 1.0 / k;
  return sum;
}

Expectation under(const CompletionLaw& law, Scaling scaling = Scaling::server_dependent,
                  double increment = 0) {
  const auto result = expectation(law, shifted_exponential(), scaling, increment);
  REQUIRE(result.has_value());
  return *result;
}

std::vector<double> tasks(int from, int to) {
  std::vector<double> result;
  for (int w = from; w <= to; ++w) result.push_back(w);
  return result;
}

}  // namespace

TEST_CASE("any k of K workers with load r: r shift + (r/rate)(H_K - H_(K-k)), and k messages") {
  for (const int K : {1, 2, 5, 40, 200, 1000})
    for (const int r : {1, 3, 10})
      for (const int k : {1, K / 2 + 1, K}) {
        const Expectation e = under({.workers = K, .work = {double(r)}, .need = k});
        INFO("K " << K << ", r " << r << ", k " << k);
        CHECK(e.time == Approx(r * shift + r / rate * (harmonic(K) - harmonic(K - k))).epsilon(1e-9));
        CHECK(e.messages == Approx(k).epsilon(1e-9));
      }
}

TEST_CASE("fractional repetition in G groups: r shift + H_G/rate") {
  for (const int groups : {1, 4, 100})
    for (const int r : {1, 10}) {
      const Expectation e = under({.clusters = groups, .workers = r, .work = {double(r)}, .need = 1});
      CHECK(e.time == Approx(r * shift + harmonic(groups) / rate).epsilon(1e-9));
    }
}

TEST_CASE("data-dependent gradient coding: shift + (H_K - H_(K-k))/rate + r increment") {
  const Expectation e = under({.workers = 40, .work = {10}, .need = 31}, Scaling::data_dependent, 0.02);
  CHECK(e.time == Approx(shift + (harmonic(40) - harmonic(9)) / rate + 10 * 0.02).epsilon(1e-9));
  CHECK(e.messages == Approx(31).epsilon(1e-9));
}

TEST_CASE("additive scaling has no expectation") {
  CHECK_FALSE(
      expectation({.workers = 4, .work = {1}, .need = 4}, shifted_exponential(), Scaling::additive, 0));
}

TEST_CASE("the rows of the GC-MMC comparison, to the digits they are known") {
  using Kind = CompletionLaw::Kind;
  struct Row {
    const char* name;
    CompletionLaw law;
    double time, time_unit, messages, messages_unit;  // the units are those of the last digit known
  };
  const std::vector<Row> rows = {
      {"GC", {.workers = 40, .work = {10}, .need = 31}, 1.549574785, 1e-9, 31, 1e-8},
      {"GC in 4 clusters",
       {.clusters = 4, .workers = 10, .work = {10}, .need = 1},
       0.308333,
       1e-6,
       7.485128,
       1e-6},
      {"LCC", {.workers = 40, .work = {10}, .need = 7}, 0.289744813, 1e-9, 7, 1e-8},
      {"uncoded", {.workers = 40, .work = {1}, .need = 40}, 0.437854304, 1e-9, 40, 1e-8},
      {"UC-MMC",
       {.kind = Kind::distinct, .workers = 40, .work = tasks(1, 10), .need = 40},
       0.1688605,
       1e-7,
       106.03078,
       1e-5},
      {"GC-MMC-1",
       {.kind = Kind::distinct, .clusters = 4, .workers = 10, .work = tasks(6, 10), .need = 5},
       0.2718076,
       1e-7,
       42.47996,
       1e-5},
      {"GC-MMC-2",
       {.clusters = 4, .workers = 10, .work = {6, 8, 10}, .need = 7},
       0.4391203,
       1e-7,
       43.731196,
       1e-6},
      {"GC-MMC-2 hybrid",
       {.clusters = 4, .workers = 10, .work = {6, 8, 10}, .need = 7, .finisher_decodes = true},
       0.3038946,
       1e-7,
       30.069683,
       1e-6},
      {"LCC multi-message", {.workers = 40, .work = tasks(1, 10), .need = 79}, 0.1268777, 1e-7, 79, 1e-8},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    const Expectation e = under(row.law);
    CHECK(e.time == Approx(row.time).margin(row.time_unit).epsilon(0));
    CHECK(e.messages == Approx(row.messages).margin(row.messages_unit).epsilon(0));
  }
}

TEST_CASE("two workers that send both partial gradients: min over who covers what, in closed form") {
  // Complete at min(2 x_1, 2 x_2, max(x_1, x_2)). With a = min and b = max of two draws this is min(2a, b):
  // the excess of b over a is exponential and a >= shift, so E = E a + E min(a, Exp(rate)).
  const Expectation e =
      under({.kind = CompletionLaw::Kind::distinct, .workers = 2, .work = {1, 2}, .need = 2});
  // a = shift + Exp(2 rate): E min(a, X) = (1 - E exp(-rate a))/rate, E exp(-rate a) = exp(-rate shift) 2/3.
  const double expected = shift + 1 / (2 * rate) + (1 - std::exp(-rate * shift) * 2 / 3) / rate;
  CHECK(e.time == Approx(expected).epsilon(1e-9));
}

TEST_CASE("partial stragglers: the formula over those that have sent only their first message") {
  // n = 6, s = 2, a = 2: first message at work 3/4, second at 3/2.
  const int n = 6, s = 2;
  const double w1 = 3.0 / 4, w2 = 3.0 / 2;
  const auto F = [](double t) { return t <= shift ? 0.0 : -std::expm1(-rate * (t - shift)); };
  const auto incomplete = [&](double t) {
    const double first = F(t / w1), both = F(t / w2);
    double sum = 0, choose = 1;
    for (int j = 0; j <= s; ++j) {
      sum += choose * std::pow(both, n - j) * std::pow(first - both, j);
      choose = choose * (n - j) / (j + 1);
    }
    return 1 - sum;
  };
  const Expectation e = under({.workers = n, .work = {w1, w2}, .need = n + (n - s), .first_of_all = true});
  // Simpson from the kink at w2 shift, before which nothing is complete; the tail beyond 8 s is below 1e-20.
  const double start = w2 * shift, end = 8;
  const int steps = 400000;
  const double h = (end - start) / steps;
  double integral = incomplete(start) + incomplete(end);
  for (int i = 1; i < steps; ++i) integral += (i % 2 == 1 ? 4 : 2) * incomplete(start + i * h);
  CHECK(e.time == Approx(start + integral * h / 3).epsilon(1e-8));
}
