#include "sim/run/rows.h"

#include <utility>

namespace straggle {

void RowMaker::take(ChunkSummary&& chunk) {
  const Point& point = points_[chunk.point];
  if (summaries_.empty()) {
    summaries_.resize(point.schemes.size());
    for (Summary& summary : summaries_) summary.times.reserve(point.trials);  // no more than they take
  }
  for (std::size_t s = 0; s < summaries_.size(); ++s) summaries_[s].append(chunk.schemes[s]);
  if (summaries_.front().trials() < point.trials) return;
  for (std::size_t s = 0; s < summaries_.size(); ++s) finished_(make_row(point, s, std::move(summaries_[s])));
  summaries_.clear();
}

}  // namespace straggle
