// Whether two statistics are the same to the bit: every tally, and the pairs with the baseline.
#pragma once

#include <bit>
#include <cstdint>

#include "sim/run/statistics.h"

namespace straggle::testing {

inline bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

inline bool same_bits(const Moments& a, const Moments& b) {
  return a.count() == b.count() && same_bits(a.mean(), b.mean()) &&
         same_bits(a.mean_of_other(), b.mean_of_other()) && same_bits(a.variance(), b.variance()) &&
         same_bits(a.variance_of_other(), b.variance_of_other()) && same_bits(a.covariance(), b.covariance());
}

inline bool same_bits(const Sample& a, const Sample& b) {
  const Sample::Sums x = a.sums(), y = b.sums();
  if (a.first() != b.first() || a.times() != b.times()) return false;
  for (Moments Sample::Sums::*moments :
       {&Sample::Sums::time, &Sample::Sums::messages, &Sample::Sums::useful_messages,
        &Sample::Sums::messages_in_all, &Sample::Sums::volume, &Sample::Sums::largest_volume,
        &Sample::Sums::utilisation, &Sample::Sums::work, &Sample::Sums::wasted, &Sample::Sums::paired})
    if (!same_bits(x.*moments, y.*moments)) return false;
  return true;
}

}  // namespace straggle::testing
