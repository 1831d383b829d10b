#include "sim/commands/sweep.h"

#include <fmt/format.h>
#include <unistd.h>

#include <iostream>

namespace straggle {

Progress::Progress(std::uint64_t total) : total_(total), visible_(isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
  if (visible_ && shown_) std::cerr << "\r\x1b[K" << std::flush;
}

void Progress::add(std::uint64_t trials) {
  if (!visible_) return;
  const std::lock_guard lock(mutex_);
  done_ += trials;
  const auto now = Clock::now();
  if (now - last_ < std::chrono::milliseconds(200)) return;
  last_ = now;
  shown_ = true;
  const double elapsed = std::chrono::duration<double>(now - start_).count();
  const double share = static_cast<double>(done_) / static_cast<double>(total_);
  std::cerr << fmt::format("\r\x1b[K{:3.0f} %, {:.0f} s left", 100 * share, elapsed / share - elapsed)
            << std::flush;
}

std::vector<Row> run_all(const Experiment& experiment, unsigned threads,
                         const std::function<void(const Row&)>& finished, Keep keep,
                         const std::function<void(const Point&, std::size_t, const SchemeResult&)>& sampled) {
  std::uint64_t total = 0;
  for (const Point& point : experiment.points) total += point.trials;
  Progress progress(total);
  std::vector<Row> rows;
  for (const Point& point : experiment.points) {
    std::vector<SchemeResult> results = run_trials(
        point, 0, point.trials, threads, [&](std::uint64_t trials) { progress.add(trials); }, keep);
    for (std::size_t s = 0; s < results.size(); ++s) {
      if (sampled) sampled(point, s, results[s]);
      rows.push_back(make_row(point, s, std::move(results[s])));
      finished(rows.back());
    }
  }
  return rows;
}

std::size_t report_inexact(const Experiment& experiment, const std::vector<Row>& rows) {
  std::size_t failures = 0;
  for (const Row& row : rows) {
    if (!row.verification.failed_trial) continue;
    ++failures;
    const std::string& label = experiment.points[row.point].schemes[row.scheme].label;
    std::cerr << fmt::format(
        "{}: scheme \"{}\" calls trial {} of point {} complete, but {}\n  straggle replay {} --point {} "
        "--scheme '{}' "
        "--trial {}\n",
        experiment.file, label, *row.verification.failed_trial, row.point, row.verification.failure,
        experiment.file, row.point, label, *row.verification.failed_trial);
  }
  return failures;
}

}  // namespace straggle
