// What the tests of compute models share: reading a model from text, its draws, and distances between laws.
#pragma once

#include <algorithm>
#include <boost/math/quadrature/tanh_sinh.hpp>
#include <catch2/catch.hpp>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "models/compute_model.h"

namespace straggle::testing {

/// An object "compute" as a user writes it, read for so many workers.
struct ComputeText {
  Json config;
  Mistakes mistakes{"test"};
  Compute compute;

  explicit ComputeText(const std::string& text, std::size_t workers = 4, const std::string& folder = ".")
      : config({{"compute", parse_json(text, "test")}}) {
    ConfigReader reader(config, "/compute", mistakes);
    compute = read_compute(reader, workers, folder);
  }
  /// All mistakes, one a line; empty without any.
  std::string message() const {
    try {
      mistakes.throw_if_any();
    } catch (const ConfigError& error) {
      return error.what();
    }
    return "";
  }
};

inline std::shared_ptr<const ComputeModel> model_of(const std::string& text, std::size_t workers = 4,
                                                    const std::string& folder = ".") {
  const ComputeText read(text, workers, folder);
  read.mistakes.throw_if_any();
  return read.compute.model;
}

inline std::vector<double> draw(const ComputeModel& model, const DrawAddress& address, std::size_t workers) {
  std::vector<double> result(workers);
  model.draw(address, result);
  return result;
}

/// Workers 0 … workers − 1 of the first trials, smallest first.
inline std::vector<double> sorted_draws(const ComputeModel& model, std::uint64_t trials,
                                        std::size_t workers) {
  std::vector<double> result(trials * workers);
  for (std::uint64_t trial = 0; trial < trials; ++trial)
    model.draw({.seed = 1, .trial = trial}, {result.data() + trial * workers, workers});
  std::sort(result.begin(), result.end());
  return result;
}

/// The largest distance between the empirical distribution function of sorted values and `cdf`.
template <class Cdf>
double kolmogorov_smirnov(const std::vector<double>& values, const Cdf& cdf) {
  const auto n = static_cast<double>(values.size());
  double largest = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double below = cdf(values[i]);
    largest = std::max({largest, below - static_cast<double>(i) / n, static_cast<double>(i + 1) / n - below});
  }
  return largest;
}

/// Kolmogorov's critical value: n values from the law itself exceed it for one seed in a thousand.
inline double kolmogorov_limit(std::size_t n) {
  return 1.95 / std::sqrt(static_cast<double>(n));
}

/// The correlation of pairs of values at the same place; its standard error without one is 1/√n.
inline double correlation(const std::vector<double>& a, const std::vector<double>& b) {
  const auto n = static_cast<double>(a.size());
  double mean_a = 0, mean_b = 0, aa = 0, bb = 0, ab = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    mean_a += a[i] / n;
    mean_b += b[i] / n;
  }
  for (std::size_t i = 0; i < a.size(); ++i) {
    aa += (a[i] - mean_a) * (a[i] - mean_a);
    bb += (b[i] - mean_b) * (b[i] - mean_b);
    ab += (a[i] - mean_a) * (b[i] - mean_b);
  }
  return ab / std::sqrt(aa * bb);
}

/// A law against itself: survival is what the density leaves, tail inverts survival, nothing lies below.
inline void check_law(const TimeLaw& law) {
  CHECK(law.survival(law.lower()) == 1);
  CHECK(law.survival(law.lower() - 1) == 1);
  CHECK(law.density(law.lower() - 1e-3) == 0);
  CHECK(law.tail(1) == Approx(law.lower()).epsilon(1e-15));
  for (const double p : {0.999, 0.5, 0.1, 1e-3, 1e-9, 1e-15, 1e-100, 1e-300}) {
    CAPTURE(p);
    const double t = law.tail(p);
    CHECK(t > law.lower());
    CHECK(law.survival(t) ==
          Approx(p).epsilon(1e-9));  // 1e-300 amplifies roundings of t by its logarithm, 690
  }
  boost::math::quadrature::tanh_sinh<double> integrate;  // at ease with a density that has no bound
  const double quarter = law.tail(0.75), median = law.tail(0.5), late = law.tail(0.01);
  const auto density = [&](double t) { return std::isfinite(law.density(t)) ? law.density(t) : 0; };
  // Next to a lower end above zero, doubles are too coarse for an unbounded density.
  const double tolerance = law.lower() > 0 && !(law.density(law.lower()) < 1e6) ? 1e-6 : 1e-10;
  CHECK(integrate.integrate(density, law.lower(), quarter) == Approx(0.25).epsilon(tolerance));
  CHECK(integrate.integrate(density, quarter, median) == Approx(0.25).epsilon(1e-10));
  CHECK(integrate.integrate(density, median, late) == Approx(0.49).epsilon(1e-10));
}

/// Draws at many addresses: positive, finite, the same when drawn again and when drawn for fewer workers.
inline void check_draws(const ComputeModel& model, std::size_t workers = 101) {
  for (const std::uint64_t trial : {0ull, 1ull, 123456789ull}) {
    for (const std::uint32_t iteration : {0u, 1u, 17u, 16777214u}) {
      for (const std::uint32_t index : {0u, 1u, 999999u}) {
        CAPTURE(trial, iteration, index);
        const DrawAddress address{.seed = 5, .trial = trial, .iteration = iteration, .index = index};
        const std::vector<double> many = draw(model, address, workers);
        for (const double x : many) CHECK((x > 0 && std::isfinite(x)));
        CHECK(draw(model, address, workers) == many);
        for (const std::size_t fewer : {std::size_t{1}, std::size_t{2}, workers / 2})
          CHECK(draw(model, address, fewer) ==
                std::vector<double>(many.begin(), many.begin() + static_cast<std::ptrdiff_t>(fewer)));
      }
    }
  }
}

/// Draws of different workers, trials, iterations and mini-batches are as good as uncorrelated. `to_normal`
/// tames heavy tails, for which a correlation says nothing.
template <class Map>
void check_independence(const ComputeModel& model, const Map& to_normal) {
  constexpr std::size_t workers = 20000;
  const auto at = [&](const DrawAddress& address) {
    std::vector<double> values = draw(model, address, workers);
    for (double& x : values) x = to_normal(x);
    return values;
  };
  const std::vector<double> first = at({.seed = 1});
  const double limit = 4 / std::sqrt(static_cast<double>(workers));  // four standard errors
  CHECK(std::abs(correlation(first, at({.seed = 2}))) < limit);
  CHECK(std::abs(correlation(first, at({.seed = 1, .trial = 1}))) < limit);
  CHECK(std::abs(correlation(first, at({.seed = 1, .iteration = 1}))) < limit);
  CHECK(std::abs(correlation(first, at({.seed = 1, .index = 1}))) < limit);
  std::vector<double> next(first.begin() + 1, first.end());
  CHECK(std::abs(correlation({first.begin(), first.end() - 1}, next)) < limit);
  CHECK(correlation(first, at({.seed = 1})) == Approx(1));
}

}  // namespace straggle::testing
