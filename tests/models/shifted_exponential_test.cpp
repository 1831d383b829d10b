// The shifted exponential: its draws against its law, and the law against itself.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "models/compute_model.h"

using namespace straggle;

namespace {

std::shared_ptr<const ComputeModel> model(double shift, double rate) {
  Json config = {{"compute", {{"model", "shifted-exponential"}, {"shift", shift}, {"rate", rate}}}};
  Mistakes mistakes("test");
  ConfigReader reader(config, "/compute", mistakes);
  const Compute compute = read_compute(reader, 4, ".");
  mistakes.throw_if_any();
  return compute.model;
}

/// Workers 0..workers-1 of the first trials.
std::vector<double> draws(const ComputeModel& model, std::uint64_t trials, std::size_t workers) {
  std::vector<double> result(trials * workers);
  for (std::uint64_t trial = 0; trial < trials; ++trial)
    model.draw({.seed = 1, .trial = trial}, {result.data() + trial * workers, workers});
  return result;
}

/// The largest distance between the empirical distribution function and that of an exponential with a shift.
double kolmogorov_smirnov(std::vector<double> values, double shift, double rate) {
  std::sort(values.begin(), values.end());
  const auto n = static_cast<double>(values.size());
  double largest = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double below = values[i] <= shift ? 0 : -std::expm1(-rate * (values[i] - shift));
    largest = std::max({largest, below - static_cast<double>(i) / n, static_cast<double>(i + 1) / n - below});
  }
  return largest;
}

}  // namespace

TEST_CASE("shifted exponential: the draws have its mean and variance") {
  const auto values = draws(*model(0.01, 10), 5000, 40);
  const auto n = static_cast<double>(values.size());
  double mean = 0, variance = 0;
  for (const double x : values) mean += x / n;
  for (const double x : values) variance += (x - mean) * (x - mean) / (n - 1);
  // 200 000 draws: standard errors 0.1/√n = 0.000224 of the mean and, the fourth central moment of an
  // exponential being 9/µ⁴, 0.01·√8/√n = 0.0000632 of the variance.
  CHECK(std::abs(mean - 0.11) < 4.5 * 0.000224);
  CHECK(std::abs(variance - 0.01) < 4.5 * 0.0000632);
  CHECK(*std::min_element(values.begin(), values.end()) >= 0.01);
  CHECK(*std::min_element(values.begin(), values.end()) <
        0.01 + 1e-5);  // the smallest of n is Exp(n µ) above
}

TEST_CASE(
    "shifted exponential: the draws have its distribution, sharply enough to see two percent in the rate") {
  const auto values = draws(*model(0.01, 10), 5000, 40);
  // Kolmogorov: exceeded by one seed in a thousand.
  const double limit = 1.95 / std::sqrt(static_cast<double>(values.size()));
  CHECK(kolmogorov_smirnov(values, 0.01, 10) < limit);
  CHECK(kolmogorov_smirnov(values, 0.01, 10.2) > limit);
  CHECK(kolmogorov_smirnov(values, 0.01, 9.8) > limit);
  CHECK(kolmogorov_smirnov(values, 0.011, 10) > limit);
  CHECK(kolmogorov_smirnov(values, 0.009, 10) > limit);
}

TEST_CASE("shifted exponential: one worker over trials and one trial over workers have the same law") {
  const double limit = 1.95 / std::sqrt(20000.0);
  CHECK(kolmogorov_smirnov(draws(*model(0, 1), 20000, 1), 0, 1) < limit);
  CHECK(kolmogorov_smirnov(draws(*model(0, 1), 1, 20000), 0, 1) < limit);
}

TEST_CASE(
    "shifted exponential: a draw is the shift and the standard exponential at its address over the rate") {
  const DrawAddress address{.seed = 3, .trial = 14, .iteration = 1, .index = 5};
  std::vector<double> standard(9), found(9);
  standard_exponentials(address, standard);
  model(0.25, 4)->draw(address, found);
  for (std::size_t w = 0; w < found.size(); ++w) CHECK(found[w] == 0.25 + standard[w] / 4);
}

TEST_CASE("shifted exponential: survival, density and tail belong together") {
  const TimeLaw law = *model(0.01, 10)->law();
  CHECK(law.lower() == 0.01);
  CHECK(law.survival(0) == 1);
  CHECK(law.survival(0.01) == 1);
  CHECK(law.density(0.0099) == 0);
  CHECK(law.survival(0.11) == Approx(std::exp(-1)).epsilon(1e-14));
  CHECK(law.tail(1) == Approx(0.01).epsilon(1e-15));
  for (const double p : {1.0, 0.999, 0.5, 0.1, 1e-3, 1e-9, 1e-15}) {
    CAPTURE(p);
    CHECK(law.survival(law.tail(p)) ==
          Approx(p).epsilon(1e-12));  // 1e-15 amplifies one rounding by ln(1e15) = 35
  }
  for (const double t : {0.011, 0.05, 0.2, 1.0}) CHECK(law.tail(law.survival(t)) == Approx(t).epsilon(1e-12));
  // The density is what the survival function loses: Simpson's rule, error h⁴µ⁴/180 of each integral.
  const auto integral = [&](double from, double to) {
    constexpr int steps = 1000;
    const double h = (to - from) / steps;
    double sum = 0;
    for (int i = 0; i < steps; ++i)
      sum += h / 6 *
             (law.density(from + i * h) + 4 * law.density(from + (i + 0.5) * h) +
              law.density(from + (i + 1) * h));
    return sum;
  };
  CHECK(integral(0.01, 0.01 + 4) == Approx(1).epsilon(1e-9));  // e^-40 beyond
  CHECK(integral(0.05, 0.3) == Approx(law.survival(0.05) - law.survival(0.3)).epsilon(1e-10));
}

TEST_CASE("shifted exponential: the law holds without a shift and for extreme rates") {
  for (const double rate : {1e-6, 1.0, 1e6}) {
    const TimeLaw law = *model(0, rate)->law();
    CHECK(law.lower() == 0);
    CHECK(law.survival(1 / rate) == Approx(std::exp(-1)).epsilon(1e-14));
    CHECK(law.density(0) == Approx(rate).epsilon(1e-15));
    CHECK(law.tail(0.5) == Approx(std::log(2) / rate).epsilon(1e-14));
  }
}
