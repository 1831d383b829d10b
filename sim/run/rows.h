// Makes the rows of a run as its points finish.
#pragma once

#include <functional>
#include <vector>

#include "sim/run/block.h"
#include "sim/run/point.h"
#include "sim/run/row.h"
#include "sim/run/summary.h"

namespace straggle {

/// Takes what the chunks of points came to, in the order of points and of trials in each. As soon as all
/// trials of a point are in, `finished` gets the rows of its schemes.
class RowMaker {
 public:
  using Finished = std::function<void(const Row&)>;

  /// The points must outlive it.
  RowMaker(const std::vector<Point>& points, Finished finished)
      : points_(points), finished_(std::move(finished)) {}

  void take(ChunkSummary&& chunk);

 private:
  const std::vector<Point>& points_;
  Finished finished_;
  std::vector<Summary> summaries_;  // of the point that is under way, one a scheme
};

/// Makes rows of all chunks of a campaign.
class RowSink final : public Sink {
 public:
  RowSink(const std::vector<Point>& points, RowMaker::Finished finished)
      : points_(points), rows_(points, std::move(finished)) {}

  void take(Chunk&& chunk) override { rows_.take(summary_of(chunk, points_[chunk.point])); }

 private:
  const std::vector<Point>& points_;
  RowMaker rows_;
};

}  // namespace straggle
