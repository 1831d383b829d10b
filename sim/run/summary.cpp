#include "sim/run/summary.h"

#include <cmath>
#include <stdexcept>

namespace straggle {

void Sums::merge(const Sums& next) {
  for (const Tally which : all_tallies) tally[which].merge(next.tally[which]);
  paired.merge(next.paired);
  for (std::size_t cause = 0; cause < causes; ++cause) critical[cause].merge(next.critical[cause]);
}

Summary Summary::room_for(const Summary& like, std::uint64_t trials) {
  Summary summary;
  summary.times = QuantileStore(like.times.counted());
  summary.times.reserve(trials);
  for (const auto& [which, store] : like.others) {
    summary.others.emplace_back(which, QuantileStore(store.counted()));
    summary.others.back().second.reserve(trials);
  }
  return summary;
}

void Summary::append(const Summary& next) {
  sums.merge(next.sums);
  times.append(next.times);
  if (others.empty()) others.resize(next.others.size());
  if (others.size() != next.others.size())
    throw std::logic_error("trials of which quantiles of other tallies are kept cannot be joined");
  for (std::size_t i = 0; i < next.others.size(); ++i) {
    others[i].first = next.others[i].first;
    others[i].second.append(next.others[i].second);
  }
  verification.merge(next.verification);
  incomplete.merge(next.incomplete);
  critical = critical || next.critical;
}

Summary summary_of(const Block& block, const Block& baseline, Keep keep) {
  Summary summary{.sums = {},
                  .times = keep.histogram ? QuantileStore(true) : QuantileStore(block[Tally::time]),
                  .others = {},
                  .verification = block.verification,
                  .incomplete = block.incomplete,
                  .critical = !block.critical.empty()};
  for (const Tally which : all_tallies)
    if (keep.quantiles[which]) summary.others.emplace_back(which, QuantileStore(keep.histogram));
  for (std::size_t trial = 0; trial < block.trials(); ++trial) {
    if (keep.histogram) summary.times.add(block[Tally::time][trial]);
    if (!block.complete(trial)) continue;
    for (const Tally which : all_tallies) summary.sums[which].add(block[which][trial]);
    for (auto& [which, store] : summary.others) store.add(block[which][trial]);
    if (baseline.complete(trial))
      summary.sums.paired.add(block[Tally::time][trial], baseline[Tally::time][trial]);
    if (block.critical.empty()) continue;
    for (std::size_t cause = 0; cause < causes; ++cause)
      summary.sums.critical[cause].add(block.critical[trial][cause]);
  }
  return summary;
}

ChunkSummary summary_of(const Chunk& chunk, const Point& point, Keep keep) {
  ChunkSummary result{.point = point.index, .first = chunk.first, .schemes = {}};
  for (const Block& block : chunk.blocks)
    result.schemes.push_back(summary_of(block, chunk.blocks[point.baseline], keep));
  return result;
}

}  // namespace straggle
