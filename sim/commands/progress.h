// How far a run is, for whoever watches it: a line, and above it the rows of the table as points finish.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "sim/run/experiment.h"
#include "sim/run/row.h"

namespace straggle {

/// The progress line: how much is done, the time left, and what is going on, also while a trial takes long.
/// `share` is NaN where nobody knows; `in_point` trials of the point are done; the first `verified` of them
/// are verified, which takes longer; `silent` is for how many seconds none has ended.
std::string progress_line(double share, double elapsed, std::uint64_t in_point, const Point* point,
                          std::uint64_t verified, double silent);

/// What a terminal of so many columns and lines shows of a run: the heading and the last rows of its table,
/// as many as there is room for, and the progress line, each cut to the width. `before` is how many lines of
/// an earlier picture are above the cursor, which are drawn over; set to how many there are now.
std::string live_picture(const std::string& table, const std::string& line, std::size_t columns,
                         std::size_t lines, std::size_t& before);

/// Shows it on standard error, and only where a person is watching.
class Progress {
 public:
  /// `total` trials; 0 where nobody knows beforehand. With an experiment the rows of its points are shown as
  /// they finish, too.
  explicit Progress(std::uint64_t total, const Experiment* experiment = nullptr);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  /// So many more are done, of a point, which must outlive this, or of no matter what.
  void add(const Point& point, std::uint64_t trials);
  void add(std::uint64_t trials);
  /// A scheme is finished at a point.
  void add(const Row& row);

 private:
  using Clock = std::chrono::steady_clock;
  void show();

  std::uint64_t total_, done_ = 0, in_point_ = 0;
  const Experiment* experiment_;
  const Point* point_ = nullptr;
  std::vector<Row> rows_;  // the last ones
  std::string table_;      // of them
  bool visible_, shown_ = false, over_ = false, new_rows_ = false;
  std::size_t lines_above_ = 0;  // of what is shown
  Clock::time_point start_ = Clock::now(), last_ = start_, /* the last trial's end */ next_table_ = start_;
  std::mutex mutex_;
  std::condition_variable end_;
  std::thread clock_;  // shows the line, whether a trial ends or not
};

}  // namespace straggle
