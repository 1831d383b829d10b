// Makes the rows of a run as its points finish.
#pragma once

#include <functional>
#include <map>
#include <vector>

#include "sim/run/block.h"
#include "sim/run/point.h"
#include "sim/run/row.h"
#include "sim/run/summary.h"

namespace straggle {

/// Takes what the chunks of points came to, those of a point in the order of its trials, and says how many
/// trials a point takes. As soon as a point and all before it are done, `finished` gets the rows of its
/// schemes.
class RowMaker {
 public:
  using Finished = std::function<void(const Row&)>;

  /// The points must outlive it.
  RowMaker(const std::vector<Point>& points, Finished finished)
      : points_(points), finished_(std::move(finished)) {}

  void take(ChunkSummary&& chunk);
  /// What there is of points that are not done, and what came before its turn; the last to be called.
  void hand_on_unfinished();
  /// How many trials of a point that is not done have been taken.
  std::uint64_t trials(std::size_t point) const;
  /// How many points are done and handed on.
  std::size_t finished_points() const { return next_; }
  /// Up to which trial a point is to be run, as far as is known: where its precision decides, to the next
  /// look.
  std::uint64_t end(std::size_t point) const;

 private:
  struct PointTrials {
    std::vector<Summary> schemes;
    std::uint64_t end = 0;
    bool done = false;
    std::vector<bool> precise = {};  // by scheme, where the point asks for precision
  };
  void hand_on(const Point& point, PointTrials& trials) const;
  /// Decides whether a point that has come to its end goes on.
  void look(const Point& point, PointTrials& trials) const;

  const std::vector<Point>& points_;
  Finished finished_;
  std::size_t next_ = 0;                       // the point whose rows come next
  std::map<std::size_t, PointTrials> open_;    // those that have begun, or are done before their turn
  std::map<std::size_t, std::uint64_t> ends_;  // of points that are done before the end of their trials
};

/// Makes rows of all chunks of a campaign; its plan goes until() end().
class RowSink final : public Sink {
 public:
  RowSink(const std::vector<Point>& points, RowMaker::Finished finished, Keep keep = {})
      : points_(points), keep_(keep), rows_(points, std::move(finished)) {}

  void take(Chunk&& chunk) override { rows_.take(summary_of(chunk, points_[chunk.point], keep_)); }
  std::uint64_t end(std::size_t point) const { return rows_.end(point); }

 private:
  const std::vector<Point>& points_;
  Keep keep_;
  RowMaker rows_;
};

}  // namespace straggle
