// A whole sweep from the command line: with progress, and complaints about what does not decode.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "sim/run/row.h"

namespace straggle {

/// Progress with the time left, on standard error and only where a person is watching.
class Progress {
 public:
  explicit Progress(std::uint64_t total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void add(std::uint64_t trials);

 private:
  using Clock = std::chrono::steady_clock;
  std::uint64_t total_, done_ = 0;
  bool visible_, shown_ = false;
  Clock::time_point start_ = Clock::now(), last_ = start_;
  std::mutex mutex_;
};

/// Runs all points. As soon as one is done, `sampled` gets what was kept of each scheme's trials, and
/// `finished` its row.
std::vector<Row> run_all(
    const Experiment& experiment, unsigned threads, const std::function<void(const Row&)>& finished,
    Keep keep = {}, const std::function<void(const Point&, std::size_t, const SchemeResult&)>& sampled = {});

/// Complains about every scheme whose trials did not decode; the number of complaints. `configuration`: what
/// the command line names it by, with its options, ready for a shell.
std::size_t report_inexact(const Experiment& experiment, const std::vector<Row>& rows,
                           const std::string& configuration);

}  // namespace straggle
