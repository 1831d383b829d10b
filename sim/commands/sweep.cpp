#include "sim/commands/sweep.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <new>

#include "sim/base/text.h"

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

namespace {

/// Names what decides most of the memory of a point.
std::string no_memory(const Experiment& experiment, const Point& point, unsigned threads, Keep keep) {
  const double schemes = static_cast<double>(point.schemes.size()),
               trials = static_cast<double>(point.trials);
  const double a_trial =
      sizeof(double) + (keep.records ? sizeof(TrialRecord) : 0) + (keep.critical ? sizeof(CriticalTimes) : 0);
  // A worker has some ten numbers in the workspace of each thread, messages on top; a thread its stack and
  // its share of the heap.
  const double for_trials = schemes * trials * a_trial, for_workers = 80 * schemes * threads * point.workers,
               for_threads = threads < 2 ? 0 : 1e6 * threads;
  const std::string place = fmt::format("takes more memory than there is, at point {}", point.index);
  if (for_threads > std::max(for_trials, for_workers))
    return fmt::format("--threads {}: {}; lower it", threads, place);
  if (for_trials > for_workers)
    return fmt::format("{}#/trials: {}: {} trials of {} schemes; lower it{}", printable(experiment.file),
                       place, point.trials, point.schemes.size(),
                       keep.records ? ", or run without --samples" : "");
  return fmt::format(
      "{}#/workers: {}: {} workers of {} schemes on {} threads; lower it, or the load of a scheme, "
      "or --threads",
      printable(experiment.file), place, point.workers, point.schemes.size(), threads);
}

}  // namespace

std::vector<Row> run_all(const Experiment& experiment, unsigned threads,
                         const std::function<void(const Row&)>& finished, Keep keep,
                         const std::function<void(const Point&, std::size_t, const SchemeResult&)>& sampled) {
  std::uint64_t total = 0;
  for (const Point& point : experiment.points) total += point.trials;
  Progress progress(total);
  std::vector<Row> rows;
  for (const Point& point : experiment.points) {
    std::vector<SchemeResult> results;
    try {
      results = run_trials(
          point, 0, point.trials, threads, [&](std::uint64_t trials) { progress.add(trials); }, keep);
    } catch (const std::bad_alloc&) {
      throw ConfigError(no_memory(experiment, point, threads, keep));
    }
    for (std::size_t s = 0; s < results.size(); ++s) {
      if (sampled) sampled(point, s, results[s]);
      rows.push_back(make_row(point, s, std::move(results[s])));
      finished(rows.back());
    }
  }
  return rows;
}

std::size_t report_inexact(const Experiment& experiment, const std::vector<Row>& rows,
                           const std::string& configuration) {
  std::size_t failures = 0;
  for (const Row& row : rows) {
    if (!row.verification.failed_trial) continue;
    ++failures;
    const std::string& label = experiment.points[row.point].schemes[row.scheme].label;
    const std::uint64_t trial = *row.verification.failed_trial;
    std::cerr << fmt::format("{}: scheme \"{}\" calls trial {} of point {} complete, but {}\n",
                             printable(experiment.file), printable(label), trial, row.point,
                             row.verification.failure)
              << fmt::format("  straggle replay {} --point {} --scheme {} --trial {}\n", configuration,
                             row.point, shell_word(label), trial);
  }
  return failures;
}

}  // namespace straggle
