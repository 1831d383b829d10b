// What is kept of a scheme's trials at a point: sums whose bytes depend on the trials alone, for they are
// formed chunk by chunk and joined in the order of chunks, whoever computed them.
#pragma once

#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "sim/run/block.h"
#include "sim/run/columns.h"
#include "sim/run/point.h"
#include "sim/run/quantiles.h"
#include "sim/run/statistics.h"

namespace straggle {

/// Moments over the trials that completed.
struct Sums {
  PerTally<Moments> tally;
  Moments paired;                        ///< time, and the baseline's on the same trial, where both completed
  std::array<Moments, causes> critical;  ///< by Cause; without observations unless Keep::critical
  Moments& operator[](Tally which) { return tally[which]; }
  const Moments& operator[](Tally which) const { return tally[which]; }
  void merge(const Sums& next);
};

/// Trials of one scheme from some trial on: of a block, or of all blocks so far.
struct Summary {
  Sums sums;
  QuantileStore times;  ///< completion times, infinite where a trial could not complete
  /// Of Keep::quantiles, in the order of tallies, over the trials that completed.
  std::vector<std::pair<Tally, QuantileStore>> others;
  Verification verification;
  Incomplete incomplete;
  bool critical = false;  ///< whether critical paths were kept

  /// Of no trials yet, to keep what another one keeps, with room for so many.
  static Summary room_for(const Summary& like, std::uint64_t trials);

  std::uint64_t trials() const { return times.size(); }
  /// Appends the trials behind these. Sums are the same to the bit only if what is appended are whole chunks.
  void append(const Summary& next);
};

/// Of a block, and the block of the baseline scheme on the same trials.
Summary summary_of(const Block& block, const Block& baseline, Keep keep = {});

/// What a chunk came to: one summary a scheme.
struct ChunkSummary {
  std::size_t point = 0;    ///< index into the experiment
  std::uint64_t first = 0;  ///< trial
  std::vector<Summary> schemes;

  std::uint64_t trials() const { return schemes.empty() ? 0 : schemes.front().trials(); }
};
ChunkSummary summary_of(const Chunk& chunk, const Point& point, Keep keep = {});

}  // namespace straggle
