#include "sim/run/quantiles.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <stdexcept>
#include <utility>

#include "sim/run/statistics.h"

namespace straggle {
namespace {

constexpr int bits_left_out = 52 - 7;  // of a fraction

std::uint32_t bin_of(double value) {
  return static_cast<std::uint32_t>(std::bit_cast<std::uint64_t>(value) >> bits_left_out);
}

/// Where a bin begins, and so where the one before it ends.
double begin_of(std::uint32_t bin) {
  return std::bit_cast<double>(std::uint64_t{bin} << bits_left_out);
}

bool is_finite(double value) {
  return std::isfinite(value);
}

std::vector<double> finite_of(const std::vector<double>& values) {
  std::vector<double> finite;
  std::copy_if(values.begin(), values.end(), std::back_inserter(finite), is_finite);
  return finite;
}

/// Joins means and central sums (Pébay, "Formulas for robust, one-pass parallel computation of covariances
/// and arbitrary-order statistical moments", 2008).
void join_moments(QuantileStore::Histogram& here, const QuantileStore::Histogram& next) {
  if (next.finite == 0) return;
  if (here.finite == 0) {
    here.mean = next.mean;
    here.square = next.square;
    here.cube = next.cube;
    return;
  }
  const double a = static_cast<double>(here.finite), b = static_cast<double>(next.finite), n = a + b;
  const double delta = next.mean - here.mean, share = delta / n;
  here.cube +=
      next.cube + delta * a * share * b * share * (a - b) + 3 * share * (a * next.square - b * here.square);
  here.square += next.square + delta * a * share * b;
  here.mean += share * b;
}

}  // namespace

void QuantileStore::add(double value) {
  if (!counted_) {
    values_.push_back(value);
    return;
  }
  if (!std::isfinite(value)) {
    ++histogram_.infinite;
    return;
  }
  value += 0.0;  // -0 is 0
  ++histogram_.bins[bin_of(value)];
  Histogram one;
  one.finite = 1;
  one.mean = value;
  join_moments(histogram_, one);
  ++histogram_.finite;
  histogram_.least = std::min(histogram_.least, value);
  histogram_.greatest = std::max(histogram_.greatest, value);
}

void QuantileStore::append(const QuantileStore& next) {
  if (next.size() == 0) return;
  if (size() == 0) counted_ = next.counted_;
  if (counted_ != next.counted_) throw std::logic_error("values that are kept and counted cannot be joined");
  values_.insert(values_.end(), next.values_.begin(), next.values_.end());
  if (!counted_) return;
  for (const auto& [bin, count] : next.histogram_.bins) histogram_.bins[bin] += count;
  join_moments(histogram_, next.histogram_);
  histogram_.finite += next.histogram_.finite;
  histogram_.infinite += next.histogram_.infinite;
  histogram_.least = std::min(histogram_.least, next.histogram_.least);
  histogram_.greatest = std::max(histogram_.greatest, next.histogram_.greatest);
}

void QuantileStore::drop_infinite() {
  histogram_.infinite = 0;
  std::erase_if(values_, [](double value) { return !is_finite(value); });
}

std::uint64_t QuantileStore::finite() const {
  if (counted_) return histogram_.finite;
  return static_cast<std::uint64_t>(std::count_if(values_.begin(), values_.end(), is_finite));
}

double QuantileStore::least() const {
  if (counted_) return histogram_.finite > 0 ? histogram_.least : std::numeric_limits<double>::quiet_NaN();
  const double least = values_.empty() ? std::numeric_limits<double>::infinity()
                                       : *std::min_element(values_.begin(), values_.end());
  return std::isfinite(least) ? least : std::numeric_limits<double>::quiet_NaN();
}

double QuantileStore::greatest() const {
  if (counted_) return histogram_.finite > 0 ? histogram_.greatest : std::numeric_limits<double>::quiet_NaN();
  double greatest = std::numeric_limits<double>::quiet_NaN();
  for (const double value : values_)
    if (std::isfinite(value) && !(value <= greatest)) greatest = value;
  return greatest;
}

std::vector<QuantileStore::Found> QuantileStore::of_ranks(const std::vector<std::uint64_t>& ranks) {
  std::vector<Found> found(ranks.size());
  if (!counted_) {
    std::vector<std::pair<std::uint64_t, double*>> wanted;
    for (std::size_t i = 0; i < ranks.size(); ++i) wanted.emplace_back(ranks[i], &found[i].value);
    // Infinite ones have the last ranks of all.
    order_statistics(values_, std::move(wanted));
    for (Found& one : found) one.low = one.high = one.value;
    return found;
  }
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    std::uint64_t so_far = 0;
    for (const auto& [bin, count] : histogram_.bins) {
      so_far += count;
      if (so_far < ranks[i]) continue;
      found[i].low = std::max(begin_of(bin), histogram_.least);
      found[i].high = bin == 0 ? 0 : std::min(begin_of(bin + 1), histogram_.greatest);
      found[i].value = found[i].low + (found[i].high - found[i].low) / 2;
      break;
    }
  }
  return found;
}

double QuantileStore::skewness() const {
  if (!counted_) return straggle::skewness(finite() == values_.size() ? values_ : finite_of(values_));
  const double n = static_cast<double>(histogram_.finite);
  if (n < 3 || !(histogram_.greatest - histogram_.least > 1e-12 * histogram_.greatest))
    return std::numeric_limits<double>::quiet_NaN();
  const double found = histogram_.cube / n / std::pow(histogram_.square / n, 1.5);
  return std::isfinite(found) ? found : std::numeric_limits<double>::infinity();  // out of range: not trusted
}

std::uint64_t QuantileStore::unlike_the_most_frequent() const {
  std::uint64_t most = 0;
  if (counted_) {
    for (const auto& [bin, count] : histogram_.bins) most = std::max(most, count);
    return histogram_.finite - most;
  }
  std::vector<double> finite = finite_of(values_);
  std::sort(finite.begin(), finite.end());
  for (auto from = finite.begin(); from != finite.end();) {
    const auto to = std::upper_bound(from, finite.end(), *from);
    most = std::max(most, static_cast<std::uint64_t>(to - from));
    from = to;
  }
  return finite.size() - most;
}

}  // namespace straggle
