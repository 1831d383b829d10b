// Which scheme is the fastest, and by what: the one answer of the table and of the report page.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace straggle {

/// A number that stands for many, seconds, and how far its 95 % interval reaches below and above it. NaN
/// where there is none; both reaches are 0 where every trial is the same.
struct Location {
  double value = std::numeric_limits<double>::quiet_NaN();
  double below = std::numeric_limits<double>::quiet_NaN(), above = below;
};

/// A scheme at a point, as far as it matters for a comparison of completion times.
struct Contender {
  Location mean, median;         ///< of the complete trials
  bool moments = true;           ///< whether the time is known to lack neither a mean nor a variance
  double recovered = 1;          ///< share of the data set in its result
  std::uint64_t incomplete = 0;  ///< trials that are in neither
};

/// What completion times are compared and drawn by.
enum class Measure { mean, median };

/// Whether a time of these moments (moments_of(), the column time_moments) has a mean and a variance, as far
/// as is known.
bool has_moments(std::string_view moments);

/// By what the times of several schemes are told, all of them by the same: by the median as soon as one of
/// the times has no mean or no variance, since then a mean of trials settles nowhere, or has no interval.
Measure measure_of(const std::vector<Contender>& contenders);

/// A contender's time by a measure.
const Location& time_of(const Contender& contender, Measure measure);

/// The places of those whose times can be compared: every trial completed and with the whole gradient, since
/// what an approximate scheme gains beats no exact one, and a mean without the trials that never end is of
/// other trials. Approximate schemes are compared with each other where there is no exact one.
std::vector<std::size_t> comparable(const std::vector<Contender>& contenders);

/// The place of the least time among the comparable ones, by measure_of() all of them, and behind it those
/// whose difference from it is within its own 95 % interval. The difference is taken as that of independent
/// estimates (its interval recovered from theirs: Zou and Donner 2008; of means the usual one): schemes meet
/// the same workers, so it is rather more certain than that. A contender whose interval is not known is told
/// apart from nobody. Empty where nobody can be compared.
std::vector<std::size_t> fastest(const std::vector<Contender>& contenders);

/// Why a contender is not compared where others are: `incomplete trials` or `approximate`; empty where it has
/// no such reason.
std::string why_apart(const Contender& contender);

/// Why nobody is comparable: `no exact scheme completed all its trials`.
std::string why_nobody(const std::vector<Contender>& contenders);

}  // namespace straggle
