// A whole sweep from the command line: with progress, and complaints about what does not decode.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "sim/run/campaign.h"
#include "sim/run/experiment.h"
#include "sim/run/rows.h"

namespace straggle {

/// The progress line: how much is done, the time left, and what is going on, also while a trial takes long.
/// `share` is NaN where nobody knows; `in_point` trials of the point are done; the first `verified` of them
/// are verified, which takes longer; `silent` is for how many seconds none has ended.
std::string progress_line(double share, double elapsed, std::uint64_t in_point, const Point* point,
                          std::uint64_t verified, double silent);

/// Shows it on standard error, and only where a person is watching.
class Progress {
 public:
  /// `total` trials; 0 where nobody knows beforehand.
  explicit Progress(std::uint64_t total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  /// So many more are done, of a point, which must outlive this, or of no matter what.
  void add(const Point& point, std::uint64_t trials);
  void add(std::uint64_t trials);

 private:
  using Clock = std::chrono::steady_clock;
  void show();

  std::uint64_t total_, done_ = 0, in_point_ = 0;
  const Point* point_ = nullptr;
  bool visible_, shown_ = false, over_ = false;
  Clock::time_point start_ = Clock::now(), last_ = start_;  // the last trial's end
  std::mutex mutex_;
  std::condition_variable end_;
  std::thread clock_;  // shows the line, whether a trial ends or not
};

/// Says what decides most of the memory that point `where` takes, and what to lower.
std::string no_memory(const Experiment& experiment, std::size_t where, unsigned threads);

/// All trials of an experiment; 0 where its precision decides.
std::uint64_t trials_of(const Experiment& experiment);

/// Runs all points, with progress, and keeps nothing but the rows.
std::vector<Row> run_all(const Experiment& experiment, unsigned threads);

/// Complains about every scheme whose trials did not decode; the number of complaints. `configuration`: what
/// the command line names it by, with its options, ready for a shell.
std::size_t report_inexact(const Experiment& experiment, const std::vector<Row>& rows,
                           const std::string& configuration);

}  // namespace straggle
