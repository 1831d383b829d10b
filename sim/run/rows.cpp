#include "sim/run/rows.h"

#include <utility>

namespace straggle {

void RowSink::take(Chunk&& chunk) {
  const Point& point = points_[chunk.point];
  const std::size_t schemes = point.schemes.size();
  if (summaries_.empty()) {
    summaries_.resize(schemes);
    for (Summary& summary : summaries_) summary.times.reserve(point.trials);  // no more than they take
  }
  for (std::size_t s = 0; s < schemes; ++s)
    summaries_[s].append(summary_of(chunk.blocks[s], chunk.blocks[point.baseline]));
  const std::uint64_t last = chunk.last();
  if (sampled_) {
    trials_.resize(schemes);
    for (std::size_t s = 0; s < schemes; ++s) {
      trials_[s].append(chunk.blocks[s]);
      trials_[s].scheme = s;
    }
  }
  if (last < point.trials) return;
  for (std::size_t s = 0; s < schemes; ++s) {
    if (sampled_) sampled_(point, trials_[s]);
    finished_(make_row(point, s, std::move(summaries_[s])));
  }
  summaries_.clear();
  trials_.clear();
}

}  // namespace straggle
