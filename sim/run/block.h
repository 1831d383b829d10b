// What a run is made of: a stream of blocks. Who fills them (the event engine, a journal, another process)
// and who takes them (statistics, samples, a journal) know nothing of each other.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/engine/tally.h"
#include "sim/engine/timeline.h"
#include "sim/run/verification.h"

namespace straggle {

/// Trials a chunk; changing it changes the last digits of means, which are formed chunk by chunk.
inline constexpr std::uint64_t chunk_trials = 1024;

/// The seconds of a trial's completion time by Cause, a mean over its iterations; they add up to it. NaN for
/// a trial that could not complete.
using CriticalTimes = std::array<double, causes>;

/// Trials of one scheme at one point that follow each other: an array a tally, one entry a trial.
struct Block {
  std::size_t scheme = 0;  ///< index into its point's
  /// Means over a trial's iterations. Of a trial that could not complete the time is infinite and the rest
  /// means nothing.
  PerTally<std::vector<double>> tally;
  std::vector<CriticalTimes> critical;  ///< one entry a trial where Keep::critical asks for it, else empty
  Verification verification;            ///< of those among them that are verified
  Incomplete incomplete;                ///< those that could not complete

  std::size_t trials() const { return tally[Tally::time].size(); }
  bool complete(std::size_t trial) const { return std::isfinite(tally[Tally::time][trial]); }
  const std::vector<double>& operator[](Tally which) const { return tally[which]; }
  /// Appends the trials behind these.
  void append(const Block& next);
};

/// A point's trials from one multiple of chunk_trials to the next, or to the last of them: a block for each
/// scheme, in order.
struct Chunk {
  std::size_t point = 0;    ///< its place in the plan
  std::uint64_t first = 0;  ///< trial
  std::vector<Block> blocks;

  std::uint64_t last() const { return first + (blocks.empty() ? 0 : blocks.front().trials()); }
};

/// Who takes chunks: in the order of points, and of trials in each; one call at a time, from any thread.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void take(Chunk&& chunk) = 0;
};

}  // namespace straggle
