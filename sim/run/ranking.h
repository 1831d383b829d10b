// Which scheme is the fastest: the one answer of the table and of the report page.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace straggle {

/// A scheme at a point, as far as it matters for a comparison of completion times.
struct Contender {
  double time, half;             ///< a mean and half of its 95 % interval, seconds; NaN where there is none
  double recovered = 1;          ///< share of the data set in its result
  std::uint64_t incomplete = 0;  ///< trials that are not in `time`
};

/// The places of those whose times can be compared: every trial completed and with the whole gradient, since
/// what an approximate scheme gains beats no exact one, and a mean without the trials that never end is of
/// other trials. Approximate schemes are compared with each other where there is no exact one.
std::vector<std::size_t> comparable(const std::vector<Contender>& contenders);

/// The place of the least time among the comparable ones, and behind it those whose difference from it is
/// within its own 95 % interval. The difference is taken as that of independent means: schemes meet the same
/// workers, so it is rather more certain than that. A contender whose interval is not known is told apart
/// from nobody. Empty where nobody can be compared.
std::vector<std::size_t> fastest(const std::vector<Contender>& contenders);

}  // namespace straggle
