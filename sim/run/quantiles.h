// What is kept of the values of a tally so that quantiles can be made of them: each value, 8 bytes, or counts
// of values in bins of equal relative width, the histogram of Tene's HdrHistogram.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <vector>

namespace straggle {

/// Values from 0 on, of one tally, a trial each. Infinite ones are of trials that could not complete, and in
/// nothing but size().
class QuantileStore {
 public:
  /// A number in a histogram is off by at most this share of it: a bin holds the numbers of equal exponent
  /// and equal first seven bits of the fraction; what is below 1e-308 counts as 0.
  static constexpr double bin_error = 1.0 / 256;

  /// What a histogram holds. The moments are exact but for rounding.
  struct Histogram {
    std::map<std::uint32_t, std::uint64_t> bins = {};  ///< how many values, by the first bits of a double
    std::uint64_t infinite = 0, finite = 0;
    double least = std::numeric_limits<double>::infinity(), greatest = 0;
    double mean = 0, square = 0, cube = 0;  ///< and the central sums
    bool operator==(const Histogram&) const = default;
  };

  QuantileStore() = default;
  explicit QuantileStore(bool counted) : counted_(counted) {}
  explicit QuantileStore(std::vector<double> values) : values_(std::move(values)) {}
  explicit QuantileStore(Histogram histogram) : counted_(true), histogram_(std::move(histogram)) {}

  bool operator==(const QuantileStore&) const = default;

  /// Whether values are counted in bins, and not kept.
  bool counted() const { return counted_; }
  /// In the order of trials; empty where they are counted.
  const std::vector<double>& values() const { return values_; }
  const Histogram& histogram() const { return histogram_; }
  std::uint64_t size() const {
    return counted_ ? histogram_.finite + histogram_.infinite : std::uint64_t{values_.size()};
  }

  void reserve(std::uint64_t values) {
    if (!counted_) values_.reserve(values);
  }
  void add(double value);
  /// Appends what is kept in the same way; to nothing also what is not. Moments are the same to the bit only
  /// if the same parts are joined in the same order.
  void append(const QuantileStore& next);

  /// Forgets the infinite ones.
  void drop_infinite();
  /// How many are finite.
  std::uint64_t finite() const;
  /// Of the finite ones; NaN where there is none.
  double least() const;
  double greatest() const;
  /// A value, and what it lies between: all three equal where values are kept.
  struct Found {
    double low = std::numeric_limits<double>::quiet_NaN(), value = low, high = low;
  };
  /// The finite values with these ranks, from 1 to finite(). Reorders values().
  std::vector<Found> of_ranks(const std::vector<std::uint64_t>& ranks);
  /// skewness() of the finite ones.
  double skewness() const;
  /// How many of them differ from the most frequent one; in a histogram at least so many.
  std::uint64_t unlike_the_most_frequent() const;

 private:
  bool counted_ = false;
  std::vector<double> values_;
  Histogram histogram_;
};

}  // namespace straggle
