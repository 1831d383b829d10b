#include "sim/commands/sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "sim/base/text.h"
#include "sim/commands/arguments.h"
#include "sim/commands/progress.h"

namespace straggle {

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
