#include "sim/commands/campaign.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "sim/base/interrupt.h"
#include "sim/base/text.h"
#include "sim/commands/arguments.h"
#include "sim/commands/progress.h"
#include "sim/commands/run_folder.h"
#include "sim/commands/sweep.h"
#include "sim/table/results_csv.h"
#include "sim/table/results_json.h"
#include "sim/table/table.h"

namespace straggle {
namespace {

std::size_t terminal_width() {
  winsize size{};
  if (isatty(STDOUT_FILENO) == 1 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return size.ws_col;
  return static_cast<std::size_t>(-1) / 2;
}

/// Whether a run goes on, and from where.
void say_where_it_begins(const Journal& journal, const Experiment& experiment, const Progressed& before) {
  const std::string file = printable(journal.file().string());
  if (!journal.note().empty()) std::cerr << printable_lines(journal.note(), 4000) << "\n";
  if (journal.damaged() > 0 && before.done != before.all)
    std::cerr << fmt::format("{}: {} of its records {} damaged, and what they held is run again\n", file,
                             journal.damaged(), journal.damaged() == 1 ? "is" : "are");
  if (before.done > 0 && journal.ended() && experiment.asks_for_precision())
    std::cerr << fmt::format(
        "nothing to compute, unless another precision asks for more: {} trials are in {}\n", before.done,
        file);
  else if (before.all == 0 && before.done > 0)
    std::cerr << fmt::format("going on: {} trials are in {}\n", before.done, file);
  else if (before.done == before.all && before.done > 0)
    std::cerr << fmt::format("nothing to compute: all {} trials are in {}\n", before.all, file);
  else if (before.done > 0)
    std::cerr << fmt::format("going on: {} of {} trials are in {}\n", before.done, before.all, file);
}

/// Runs what the journal lacks, with progress; `finished`, where it is given, gets rows as points finish.
/// Returns how many trials there are in all, 0 where a precision decides.
std::uint64_t run_missing(Journal& journal, const Experiment& experiment, const CampaignOptions& options,
                          const RowMaker::Finished& finished) {
  const Shard shard = options.shard.value_or(Shard{});
  const Progressed before = progress_of(journal, experiment, shard);
  if (!options.prepare) say_where_it_begins(journal, experiment, before);
  Progress progress(before.all == 0 ? 0 : before.all - before.done,
                    options.format == "table" ? &experiment : nullptr);
  RowMaker maker(experiment.points, [&](const Row& row) {
    finished(row);
    progress.add(row);
  });
  RowMaker* const rows = finished ? &maker : nullptr;
  run_into(
      journal, experiment, options.threads, options.keep, shard, rows,
      [&](std::size_t part, std::uint64_t trials) { progress.add(experiment.points[part], trials); },
      helpers_of_process().helpers);
  return before.all;
}

/// The samples of a scheme at a point, from the journal.
void write_samples_of(const Journal& journal, const Point& point, const Row& row, RunFolder& folder) {
  for (std::uint64_t first = 0; first < row.trials; first += chunk_trials)
    folder.add_samples(point, first,
                       journal.samples(point, row.scheme, first, std::min(row.trials, first + chunk_trials)));
}

/// Runs a shard, which has a journal and no results.
void run_shard(Journal& journal, const Experiment& experiment, const CampaignOptions& options,
               RunFolder& folder) {
  InterruptGuard guard;
  const std::uint64_t all = run_missing(journal, experiment, options, nullptr);
  guard.finish();
  journal.commit();
  folder.commit_configuration();
  std::cerr << fmt::format("shard {}: {} trials are in {}; `straggle join` makes results of all {}\n",
                           options.shard->text(), all, printable(journal.file().string()),
                           options.shard->count);
}

/// Runs all that is missing; what there is of files is written when it is whole. Where they cannot be, why.
std::optional<std::string> run_all_into(Journal& journal, const Experiment& experiment,
                                        const CampaignOptions& options, RunFolder& folder,
                                        std::size_t& finished_points, std::vector<Row>& rows) {
  InterruptGuard guard;
  run_missing(journal, experiment, options, [&](const Row& row) {
    const Point& point = experiment.points[row.point];
    if (options.keep.samples) write_samples_of(journal, point, row, folder);
    rows.push_back(row);
    folder.add(row);
    if (row.scheme + 1 == point.schemes.size()) ++finished_points;
  });
  guard.finish();
  std::string unwritten;  // what was found is shown all the same
  const auto attempt = [&](const auto& write) {
    try {
      write();
    } catch (const ConfigError& error) {
      unwritten += (unwritten.empty() ? "" : "\n") + std::string(error.what());
    }
  };
  attempt([&] { folder.commit(rows); });  // makes a folder again that somebody has removed
  attempt([&] { journal.commit(); });
  return unwritten.empty() ? std::nullopt : std::optional(unwritten);
}

}  // namespace

HelpersOfProcess& helpers_of_process() {
  static HelpersOfProcess helpers;
  return helpers;
}

Shard parse_shard(const std::string& text) {
  const std::size_t slash = text.find('/');
  const auto index = parse_whole(text.substr(0, slash));
  const auto count = slash == std::string::npos ? std::nullopt : parse_whole(text.substr(slash + 1));
  if (!index || !count || *index < 1 || *index > *count)
    throw ConfigError(
        fmt::format("--shard {}: must be K/N with K from 1 to N, such as 3/8", printable(text, 100)));
  return {.index = *index, .count = *count};
}

std::string options_of(Keep keep) {
  std::string names;
  for (const auto& [name, which] : quantile_choices())
    if (keep.quantiles[which]) names += (names.empty() ? "" : ",") + name;
  return std::string(keep.critical ? " --critical-path" : "") +
         (names.empty() ? "" : " --quantiles " + names) + (keep.samples ? " --samples" : "") +
         (keep.histogram ? " --histogram" : "");
}

Option format_option() {
  return {.name = "format",
          .value = "FORMAT",
          .help = "what is printed: {choices}",
          .choices = {"table", "latex", "markdown", "csv", "json"}};
}

int run_campaign_into(const Experiment& experiment, const Provenance& provenance,
                      const CampaignOptions& options) {
  RunFolder folder(options.folder, experiment, provenance, options.keep);
  if (options.shard && folder.has_results())
    throw ConfigError(fmt::format(
        "{}: has the results of a run, which a shard would leave without their journal; give another --out",
        printable(options.folder.string())));
  Journal journal(
      folder.path(), subject_of(experiment, provenance, options.keep, folder.path()),
      {.keep = options.keep, .shard = options.shard ? options.shard->text() : "", .fresh = options.fresh});
  if (helpers_of_process().begin) helpers_of_process().begin(experiment);
  std::vector<Row> rows;
  std::size_t finished = 0;  // points
  std::optional<std::string> unwritten;
  try {
    if (options.prepare) {
      InterruptGuard guard;
      options.prepare(journal);
    }
    if (options.shard) {
      run_shard(journal, experiment, options, folder);
      return fine;
    }
    unwritten = run_all_into(journal, experiment, options, folder, finished, rows);
  } catch (const OutOfMemory& error) {
    throw ConfigError(no_memory(experiment, error.part, options.threads));
  } catch (const Interrupted& interrupted) {
    std::string results;
    if (!options.shard) {
      folder.leave_partial(finished);
      results = fmt::format(
          "{} and in {}; {}; ", points_finished(finished, experiment.points.size()),
          printable(RunFolder::partial(folder.results()).string()),
          folder.has_results() ? "results.csv is that of the run before" : "there is no results.csv");
    }
    std::cerr << fmt::format("interrupted: {}the same command goes on from {}\n", results,
                             printable(journal.file().string()));
    return 128 + interrupted.signal;
  }
  if (unwritten)
    std::cerr << printable_lines(*unwritten, 4000) << "\n";
  else
    std::cerr << "results: " << printable(folder.results().string()) << "\n";
  if (options.keep.samples && !unwritten)
    std::cerr << "samples: " << printable(folder.samples().string()) << "\n";
  const std::size_t failures = report_inexact(
      experiment, rows,
      options.again.empty() ? shell_word((folder.path() / "config.json").string()) : options.again);
  print_results(experiment, provenance, rows, options.keep, options.format);
  if (unwritten) return mendable;
  return failures > 0 ? missed : fine;
}

void print_results(const Experiment& experiment, const Provenance& provenance, const std::vector<Row>& rows,
                   Keep keep, const std::string& format, std::optional<std::size_t> unfinished) {
  if (format == "table") {
    if (!experiment.title.empty()) std::cout << printable(experiment.title) << "\n";
    std::cout << to_table(experiment, rows, terminal_width());
  } else if (format == "latex") {
    std::cout << to_latex(experiment, rows, provenance);
  } else if (format == "markdown") {
    std::cout << to_markdown(experiment, rows, provenance);
  } else if (format == "csv") {
    write_csv_header(std::cout, experiment, provenance, keep);
    for (const Row& row : rows) write_csv_row(std::cout, experiment, row);
    if (unfinished)
      write_interrupted(std::cout, *unfinished, experiment.points.size());
    else
      write_end(std::cout, rows.size(), run_id(experiment, provenance, rows, keep));
  } else {
    std::cout << printable_json(to_json(experiment, provenance, rows).dump(2)) << "\n";
  }
}

}  // namespace straggle
