// Means, variances and covariance by the two-pass formulas: what running moments have to agree with.
#pragma once

#include <catch2/catch.hpp>
#include <utility>
#include <vector>

#include "sim/run/statistics.h"

namespace straggle::testing {

struct TwoPass {
  double mean_x = 0, mean_y = 0, variance_x = 0, variance_y = 0, covariance = 0;
  explicit TwoPass(const std::vector<std::pair<double, double>>& values) {
    const auto n = static_cast<double>(values.size());
    for (const auto& [x, y] : values) {
      mean_x += x / n;
      mean_y += y / n;
    }
    for (const auto& [x, y] : values) {
      variance_x += (x - mean_x) * (x - mean_x) / (n - 1);
      variance_y += (y - mean_y) * (y - mean_y) / (n - 1);
      covariance += (x - mean_x) * (y - mean_y) / (n - 1);
    }
  }
};

inline void check_equal(const Moments& found, const TwoPass& expected, double epsilon) {
  CHECK(found.mean() == Approx(expected.mean_x).epsilon(epsilon));
  CHECK(found.mean_of_other() == Approx(expected.mean_y).epsilon(epsilon));
  CHECK(found.variance() == Approx(expected.variance_x).epsilon(epsilon));
  CHECK(found.variance_of_other() == Approx(expected.variance_y).epsilon(epsilon));
  CHECK(found.covariance() == Approx(expected.covariance).epsilon(epsilon));
}

}  // namespace straggle::testing
