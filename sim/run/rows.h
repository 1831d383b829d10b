// Makes the rows of a campaign as its points finish.
#pragma once

#include <functional>
#include <vector>

#include "sim/run/block.h"
#include "sim/run/point.h"
#include "sim/run/row.h"
#include "sim/run/summary.h"

namespace straggle {

/// Takes all trials of points in their order. As soon as a point is done, `sampled` gets each scheme's
/// trials, where it is given, and `finished` its row.
class RowSink final : public Sink {
 public:
  using Finished = std::function<void(const Row&)>;
  using Sampled = std::function<void(const Point&, const Block&)>;

  /// The points must outlive it; chunks name them by their places.
  RowSink(const std::vector<Point>& points, Finished finished, Sampled sampled = {})
      : points_(points), finished_(std::move(finished)), sampled_(std::move(sampled)) {}

  void take(Chunk&& chunk) override;

 private:
  const std::vector<Point>& points_;
  Finished finished_;
  Sampled sampled_;
  std::vector<Summary> summaries_;  // of the point that is under way, one a scheme
  std::vector<Block> trials_;       // the same where they are asked for
};

}  // namespace straggle
