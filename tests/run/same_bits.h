// Whether two statistics are the same to the bit: every tally, the causes, and the pairs with the baseline.
#pragma once

#include <bit>
#include <cstdint>

#include "sim/run/summary.h"

namespace straggle::testing {

inline bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

inline bool same_bits(const Moments& a, const Moments& b) {
  return a.count() == b.count() && same_bits(a.mean(), b.mean()) &&
         same_bits(a.mean_of_other(), b.mean_of_other()) && same_bits(a.variance(), b.variance()) &&
         same_bits(a.variance_of_other(), b.variance_of_other()) && same_bits(a.covariance(), b.covariance());
}

inline bool same_bits(const Sums& a, const Sums& b) {
  for (const Tally which : all_tallies)
    if (!same_bits(a[which], b[which])) return false;
  for (std::size_t cause = 0; cause < causes; ++cause)
    if (!same_bits(a.critical[cause], b.critical[cause])) return false;
  return same_bits(a.paired, b.paired);
}

inline bool same_bits(const Summary& a, const Summary& b) {
  return a.times == b.times && same_bits(a.sums, b.sums);
}

}  // namespace straggle::testing
