// What theory says on links that cost time and of skewness, from plain laws, against closed forms.
#include "sim/theory/prediction.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "tests/theory/support.h"

namespace {

using namespace straggle;
using namespace straggle::testing;

const WorkLaw work{.x = paper.law()};

/// E X_(k) of n workers' times for a load.
double kth(int n, int k, double load) {
  return load * (paper.shift + (harmonic(n) - harmonic(n - k)) / paper.rate);
}

}  // namespace

TEST_CASE("theory: a star on ideal links has its expectation, also of messages alone") {
  const auto found = predict_star({.workers = 10, .work = {3}, .need = 8}, work);
  REQUIRE(found);
  CHECK(found->kind == Prediction::Kind::exact);
  CHECK(found->time_low == close(kth(10, 8, 3), 1e-9));
  CHECK(found->time_high == found->time_low);
  CHECK(*found->messages == close(8, 1e-9));
  const auto heavy = predict_star({.workers = 10, .work = {1}, .need = 10}, {.x = pareto(1, 0.5)});
  REQUIRE(heavy);
  CHECK(std::isnan(heavy->time_low));
  CHECK(*heavy->messages == close(10, 1e-9));
  CHECK_FALSE(predict_star({.workers = 10, .work = {1}, .need = 10},
                           {.x = paper.law(), .scaling = Scaling::additive}));
}

TEST_CASE(
    "theory: bounds of one message are in order, whatever rounding makes of two ways to the same number") {
  for (int i = 0; i < 500; ++i) {
    const double shift = 0.001 * (i % 50), hold = 0.008 + 0.0001 * i;
    ShiftedExponential x = paper;
    x.shift = shift;
    const auto found =
        predict_serial_star({.workers = 2, .work = {2}, .need = 1}, {.x = x.law()}, 0.01, hold);
    REQUIRE(found);
    REQUIRE(found->time_low <= found->time_high);
    REQUIRE(found->time_high == Approx(found->time_low).epsilon(1e-12));
  }
}

TEST_CASE("theory: messages on a serial port have bounds that meet where it holds them for no time") {
  const CompletionLaw law{.workers = 10, .work = {3}, .need = 8};
  for (const double hold : {0.001, 0.05, 1.0}) {
    const auto found = predict_serial_star(law, work, 0.5, hold);
    REQUIRE(found);
    CHECK(found->kind == Prediction::Kind::bounds);
    CHECK(found->time_low == close(0.5 + std::max(kth(10, 8, 3) + hold, kth(10, 1, 3) + 8 * hold), 1e-9));
    CHECK(found->time_high == close(0.5 + kth(10, 8, 3) + 8 * hold, 1e-9));
    CHECK(*found->messages == 8);
  }
  const auto at_once = predict_serial_star(law, work, 0.5, 0);
  REQUIRE(at_once);
  CHECK(at_once->kind == Prediction::Kind::exact);
  CHECK(at_once->time_low == at_once->time_high);
  // Bounds are of one message a worker, in one cluster, of a time that has a mean.
  CHECK_FALSE(predict_serial_star({.workers = 10, .work = {1, 2}, .need = 8}, work, 0, 1));
  CHECK_FALSE(predict_serial_star({.clusters = 2, .workers = 10, .work = {1}, .need = 8}, work, 0, 1));
  CHECK_FALSE(predict_serial_star({.workers = 10, .work = {1}, .need = 10}, {.x = pareto(1, 0.5)}, 0, 1));
}

TEST_CASE("theory: an exchange is its slowest worker and its rounds, a tree a band around a quantile") {
  const auto ring = predict_exchange(6, 2, 10, 0.25, work);
  REQUIRE(ring);
  CHECK(ring->time_low == close(kth(6, 6, 2) + 2.5, 1e-9));
  CHECK(ring->time_high == ring->time_low);
  CHECK(*ring->messages == 60);

  const auto tree = predict_tree({.arity = 12, .depth = 2, .stragglers = 3}, 156, 4, 0.25, work);
  REQUIRE(tree);
  CHECK(tree->kind == Prediction::Kind::asymptotic);
  const double quantile = paper.shift + std::log(4) / paper.rate;  // which three of twelve exceed
  CHECK(tree->time_low == close(4 * quantile + 10 * 0.25, 1e-12));
  CHECK(tree->time_high == close(4 * quantile + 18 * 0.25, 1e-12));
  CHECK(*tree->messages == 9);
  const auto data = predict_tree({.arity = 12, .depth = 2, .stragglers = 3}, 156, 4, 0,
                                 {.x = paper.law(), .scaling = Scaling::data_dependent, .increment = 0.5});
  REQUIRE(data);
  CHECK(data->time_low == close(quantile + 4 * 0.5, 1e-12));
  CHECK_FALSE(predict_tree({.arity = 12, .depth = 2, .stragglers = 0}, 156, 4, 0.25, work));
}

TEST_CASE("theory: the skewness of a Pareto time holds however little its index passes 3") {
  const auto check = [](int workers, int need, double shape) {
    CAPTURE(workers, need, shape);
    // E X_(k)^p of n Pareto times is Γ(n+1)Γ(n−k+1−p/β) / (Γ(n−k+1)Γ(n+1−p/β)).
    const int beyond = workers - need + 1;
    const auto moment = [&](int p) {
      return std::exp(std::lgamma(workers + 1.0) + std::lgamma(beyond - p / shape) - std::lgamma(beyond) -
                      std::lgamma(workers + 1 - p / shape));
    };
    const double mean = moment(1), variance = moment(2) - mean * mean;
    const double third = moment(3) - 3 * mean * moment(2) + 2 * mean * mean * mean;
    const auto found = skewness({.workers = workers, .work = {2}, .need = need}, pareto(2, shape));
    REQUIRE(found);
    // Of 30 workers' slowness the power law is not all there yet where the integral ends.
    CHECK(*found == Approx(third / std::pow(variance, 1.5)).epsilon(beyond < 30 ? 1e-3 : 3e-3));
  };
  for (const double above : {1e-6, 1e-4, 1e-3, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 2.0, 7.0}) {
    check(1, 1, 3 + above);
    check(4, 4, 3 + above);
    check(4, 1, (3 + above) / 4);
    check(10, 9, (3 + above) / 2);
    check(40, 11, (3 + above) / 30);
  }
}

TEST_CASE("theory: the skewness of exponentials is known, also of clusters and beside a huge shift") {
  // Of the largest of n exponentials the cumulants are those of a sum: κ_p = (p − 1)!·Σ k^(−p).
  const auto largest = [](int n) {
    double second = 0, third = 0;
    for (int k = 1; k <= n; ++k) {
      second += std::pow(k, -2);
      third += 2 * std::pow(k, -3);
    }
    return third / std::pow(second, 1.5);
  };
  for (const double shift : {0.0, 0.01, 1e13}) {
    const TimeLaw x = ShiftedExponential{.rate = 10, .shift = shift}.law();
    CHECK(*skewness({.workers = 7, .work = {3}, .need = 7}, x) == Approx(largest(7)).epsilon(1e-3));
    // The slowest of five pairs' faster ones: exponentials as well.
    CHECK(*skewness({.clusters = 5, .workers = 2, .work = {3}, .need = 1}, x) ==
          Approx(largest(5)).epsilon(1e-3));
  }
  CHECK_FALSE(skewness({.workers = 7, .work = {1, 2}, .need = 7}, paper.law()));
  CHECK_FALSE(skewness({.workers = 7, .work = {1}, .need = 0}, paper.law()));
}
