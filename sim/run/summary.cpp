#include "sim/run/summary.h"

#include <cmath>

namespace straggle {

void Sums::merge(const Sums& next) {
  for (const Tally which : all_tallies) tally[which].merge(next.tally[which]);
  paired.merge(next.paired);
  for (std::size_t cause = 0; cause < causes; ++cause) critical[cause].merge(next.critical[cause]);
}

void Summary::append(const Summary& next) {
  sums.merge(next.sums);
  times.insert(times.end(), next.times.begin(), next.times.end());
  verification.merge(next.verification);
  incomplete.merge(next.incomplete);
  critical = critical || next.critical;
}

Summary summary_of(const Block& block, const Block& baseline) {
  Summary summary{.sums = {},
                  .times = block[Tally::time],
                  .verification = block.verification,
                  .incomplete = block.incomplete,
                  .critical = !block.critical.empty()};
  for (std::size_t trial = 0; trial < block.trials(); ++trial) {
    if (!block.complete(trial)) continue;
    for (const Tally which : all_tallies) summary.sums[which].add(block[which][trial]);
    if (baseline.complete(trial))
      summary.sums.paired.add(block[Tally::time][trial], baseline[Tally::time][trial]);
    if (block.critical.empty()) continue;
    for (std::size_t cause = 0; cause < causes; ++cause)
      summary.sums.critical[cause].add(block.critical[trial][cause]);
  }
  return summary;
}

ChunkSummary summary_of(const Chunk& chunk, const Point& point) {
  ChunkSummary result{.point = point.index, .first = chunk.first, .schemes = {}};
  for (const Block& block : chunk.blocks)
    result.schemes.push_back(summary_of(block, chunk.blocks[point.baseline]));
  return result;
}

}  // namespace straggle
