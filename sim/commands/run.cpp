// straggle run: a sweep, its table and its files.
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <filesystem>
#include <iostream>

#include "sim/base/interrupt.h"
#include "sim/base/text.h"
#include "sim/base/version.h"
#include "sim/commands/arguments.h"
#include "sim/commands/command.h"
#include "sim/commands/run_folder.h"
#include "sim/commands/sweep.h"
#include "sim/run/cost.h"
#include "sim/run/runner.h"
#include "sim/table/results_csv.h"
#include "sim/table/results_json.h"
#include "sim/table/table.h"

namespace straggle {
namespace {

namespace fs = std::filesystem;

int run_command(const Arguments& arguments);

const CommandRegistration registration({
    .name = "run",
    .summary = "run a sweep, print its table, write results.csv",
    .description =
        R"(Runs every point of the sweep and every scheme in it. CONFIG is a file, or - for standard input. Prints a
table on standard output and writes DIR/results.csv (one row a point and scheme) and DIR/config.json (the
configuration with every default) when all of it is done: until then what an earlier run has left there stays. Ctrl-C
ends with code 130 (SIGTERM: 143) and leaves the points that are finished in DIR/results.csv.partial.)",
    .positional = configuration(),
    .options =
        {set_option(),
         trials_option(),
         seed_option(),
         threads_option(),
         {.name = "out",
          .value = "DIR",
          .help = "the folder of its files; default: results/NAME for CONFIG = .../NAME.json, results/stdin "
                  "for -",
          .offer = Offer::folders},
         {.name = "format",
          .value = "FORMAT",
          .help = "what is printed: {choices}",
          .choices = {"table", "latex", "markdown", "csv", "json"}},
         {"samples", "",
          "also writes DIR/samples.csv, one row a trial: times, messages and the other tallies"},
         {"critical-path", "",
          "adds columns: the seconds the iterations waited for computing, in a port's queue, on the link, "
          "and for workers that start late"}},
    .example = "straggle run experiments/gc-mmc/figure1.json --trials 20000 --out results/quick",
    .run = run_command,
    .place = 1,
});

/// Of the command line only what decides the numbers.
std::string command_of(const std::string& config, const Overrides& overrides) {
  return "straggle run " + shell_word(config) + options_of(overrides);
}

std::size_t terminal_width() {
  winsize size{};
  if (isatty(STDOUT_FILENO) == 1 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return size.ws_col;
  return static_cast<std::size_t>(-1) / 2;
}

int run_command(const Arguments& arguments) {
  const std::string format = arguments.choice("format");
  const unsigned threads = arguments.threads();
  const std::string config = arguments.name();
  const Overrides overrides = arguments.overrides();
  const Experiment experiment = load_experiment(config, overrides);
  const Provenance provenance{.command = command_of(config, overrides), .version = version()};

  const Keep keep{.samples = arguments.given("samples"), .critical = arguments.given("critical-path")};
  for (const Point& point : experiment.points) check_keep(point, keep);  // before anything is run
  check_memory(experiment, threads, keep, available_memory());

  const fs::path name = config == "-" ? "stdin" : fs::path(config).stem();
  RunFolder folder(arguments.name("out").value_or((fs::path("results") / name).string()), experiment,
                   provenance, keep);
  std::vector<Row> rows;
  const std::size_t points = experiment.points.size();
  std::size_t finished = 0;  // points
  std::optional<std::string> unwritten;
  try {
    InterruptGuard guard;
    rows = run_all(
        experiment, threads,
        [&](const Row& row) {
          folder.add(row);
          if (row.scheme + 1 == experiment.points[row.point].schemes.size()) ++finished;
        },
        keep,
        keep.samples ? RowSink::Sampled([&](const Point& point, const Block& trials) {
          folder.add_samples(point, trials);
        })
                     : RowSink::Sampled());
    guard.finish();
    try {
      folder.commit(rows);
    } catch (const ConfigError& error) {  // what was found is shown all the same
      unwritten = error.what();
    }
  } catch (const Interrupted& interrupted) {
    folder.leave_partial(finished);
    std::cerr << fmt::format(
        "interrupted: {} and in {}; {}\n", points_finished(finished, points),
        printable(RunFolder::partial(folder.results()).string()),
        folder.has_results() ? "results.csv is that of the run before" : "there is no results.csv");
    return 128 + interrupted.signal;
  }
  if (unwritten)
    std::cerr << printable_lines(*unwritten, 4000) << "\n";
  else
    std::cerr << "results: " << printable(folder.results().string()) << "\n";
  if (keep.samples && !unwritten) std::cerr << "samples: " << printable(folder.samples().string()) << "\n";
  const std::size_t failures =
      report_inexact(experiment, rows,
                     config == "-" ? shell_word((folder.results().parent_path() / "config.json").string())
                                   : shell_word(config) + options_of(overrides));

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
    write_end(std::cout, rows.size(), run_id(experiment, provenance, rows, keep));
  } else {
    std::cout << printable_json(to_json(experiment, provenance, rows).dump(2)) << "\n";
  }
  if (unwritten) return mendable;
  return failures > 0 ? missed : fine;
}

}  // namespace
}  // namespace straggle
