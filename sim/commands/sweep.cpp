#include "sim/commands/sweep.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <new>
#include <system_error>

#include "sim/base/interrupt.h"
#include "sim/base/text.h"
#include "sim/commands/arguments.h"

namespace straggle {

std::string progress_line(double share, double elapsed, std::uint64_t in_point, const Point* point,
                          std::uint64_t verified, double silent) {
  std::string line;
  if (!std::isnan(share)) line = fmt::format("{:3.0f} %, ", 100 * share);
  line +=
      share > 0 ? fmt::format("{:.0f} s left", elapsed / share - elapsed) : fmt::format("{:.0f} s", elapsed);
  if (!point) return line;
  if (!point->axes.empty()) line += fmt::format("; point {}", point->index);
  if (in_point >= point->trials) return line + "; comparing with theory";
  line += fmt::format("; {}trial {} of {}{}", in_point < verified ? "verifying, " : "", in_point,
                      point->precision ? "at most " : "", point->trials);
  constexpr double long_trial = 2;  // seconds
  if (silent > long_trial) line += fmt::format(", the next ones have taken {:.0f} s so far", silent);
  return line;
}

Progress::Progress(std::uint64_t total) : total_(total), visible_(isatty(STDERR_FILENO) == 1) {
  if (!visible_) return;
  try {
    clock_ = std::thread([this] {
      std::unique_lock lock(mutex_);
      while (!end_.wait_for(lock, std::chrono::milliseconds(300), [this] { return over_; })) show();
    });
  } catch (const std::system_error&) {
    visible_ = false;  // no thread to be had: without a line, then
  }
}

Progress::~Progress() {
  if (!visible_) return;
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  end_.notify_one();
  clock_.join();
  if (shown_) std::cerr << "\r\x1b[K" << std::flush;
}

void Progress::add(const Point& point, std::uint64_t trials) {
  if (!visible_) return;
  const std::lock_guard lock(mutex_);
  done_ += trials;
  last_ = Clock::now();
  if (point_ && point.index < point_->index) return;  // a late one: shown is the furthest
  if (point_ != &point) in_point_ = 0;
  point_ = &point;
  in_point_ += trials;
}

void Progress::add(std::uint64_t trials) {
  if (!visible_) return;
  const std::lock_guard lock(mutex_);
  done_ += trials;
  last_ = Clock::now();
}

void Progress::show() {
  shown_ = true;
  const auto seconds = [now = Clock::now()](Clock::time_point from) {
    return std::chrono::duration<double>(now - from).count();
  };
  std::cerr << "\r\x1b[K"
            << progress_line(total_ > 0 ? static_cast<double>(done_) / static_cast<double>(total_)
                                        : std::numeric_limits<double>::quiet_NaN(),
                             seconds(start_), in_point_, point_, point_ ? point_->verify.trials : 0,
                             seconds(last_))
            << std::flush;
}

std::string no_memory(const Experiment& experiment, std::size_t where, unsigned threads) {
  const Point& point = experiment.points[where];
  const double schemes = static_cast<double>(point.schemes.size()),
               trials = static_cast<double>(point.trials);
  // A worker has some ten numbers in the workspace of each thread, messages on top; a thread its stack and
  // its share of the heap.
  const double for_trials = schemes * trials * sizeof(double),
               for_workers = 80 * schemes * threads * point.workers,
               for_threads = threads < 2 ? 0 : 1e6 * threads;
  const std::string place = fmt::format("takes more memory than there is, at point {}", point.index);
  if (for_threads > std::max(for_trials, for_workers))
    return fmt::format("--threads {}: {}; lower it", threads, place);
  if (for_trials > for_workers)
    return fmt::format("{}#/trials: {}: {} trials of {} schemes; lower it", printable(experiment.file), place,
                       point.trials, point.schemes.size());
  return fmt::format(
      "{}#/workers: {}: {} workers of {} schemes on {} threads; lower it, or the load of a scheme, "
      "or --threads",
      printable(experiment.file), place, point.workers, point.schemes.size(), threads);
}

std::uint64_t trials_of(const Experiment& experiment) {
  if (experiment.asks_for_precision()) return 0;
  std::uint64_t total = 0;
  for (const Point& point : experiment.points) total += point.trials;
  return total;
}

std::vector<Row> run_all(const Experiment& experiment, unsigned threads) {
  Progress progress(trials_of(experiment));
  std::vector<Row> rows;
  RowSink sink(experiment.points, [&](const Row& row) { rows.push_back(row); });
  Plan plan = Plan::of(experiment.points, threads);
  plan.until([&](std::size_t point) { return sink.end(point); });
  plan.progress = [&](std::size_t part, std::uint64_t trials) {
    progress.add(experiment.points[part], trials);
  };
  try {
    run_campaign(plan, sink);
  } catch (const OutOfMemory& error) {
    throw ConfigError(no_memory(experiment, error.part, threads));
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
