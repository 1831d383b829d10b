// straggle run: a sweep, its table and its files.
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <filesystem>
#include <iostream>

#include "sim/commands/arguments.h"
#include "sim/commands/command.h"
#include "sim/commands/output.h"
#include "sim/commands/sweep.h"
#include "sim/run/report.h"
#include "sim/run/table.h"

namespace straggle {
namespace {

namespace fs = std::filesystem;

constexpr const char* run_help = R"(usage: straggle run CONFIG [OPTIONS]

Runs every point of the sweep and every scheme in it. Prints a table, csv or json on standard output and writes
DIR/results.csv (one row a point and scheme) and DIR/config.json (the configuration with every default).

  --set POINTER=VALUE  change the configuration: a JSON pointer and a JSON value; may be repeated
  --trials N           the same as --set /trials=N
  --seed N             the same as --set /seed=N
  --threads N          default: all cores; the results do not depend on it
  --out DIR            default: results/NAME for CONFIG = .../NAME.json
  --format FORMAT      table (default), csv or json
  --samples            also writes DIR/samples.csv, one row a trial: times, messages and the other tallies
  --critical-path      adds columns: the seconds the iterations waited for computing, in a port's queue, on the link,
                       and for workers that start late

example: straggle run experiments/gc-mmc/figure1.json --trials 20000 --out results/quick
)";

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

void write_resolved(const Experiment& experiment, const fs::path& path) {
  std::error_code ignored;
  if (fs::equivalent(path, experiment.file, ignored)) {
    if (read_json_file(path.string()) == experiment.resolved) return;
    throw ConfigError(
        fmt::format("{}: is the configuration itself, which the resolved one would replace; give another "
                    "--out",
                    path.string()));
  }
  // Paths of data files start where the configuration is.
  Json resolved = experiment.resolved;
  for_each_data_file(resolved, [&](std::string& data) {
    if (fs::path(data).is_absolute()) return;
    const fs::path from = fs::absolute(fs::path(experiment.file).parent_path() / data);
    data = fs::proximate(from.lexically_normal(), fs::absolute(path).parent_path()).string();
  });
  OutputFile file(path);
  file.stream() << resolved.dump(2) << "\n";
  file.flush();
}

}  // namespace

int run_command(const std::vector<std::string>& words) {
  const Arguments arguments(words, {"set", "trials", "seed", "threads", "out", "format"}, 1,
                            {"samples", "critical-path"});
  if (arguments.help()) {
    std::cout << run_help;
    return fine;
  }
  const std::string format = arguments.last("format").value_or("table");
  if (format != "table" && format != "csv" && format != "json")
    throw ConfigError(fmt::format("--format {}: must be table, csv or json", format));
  const unsigned threads = arguments.threads();
  const std::string config = arguments.config("run");
  const Overrides overrides = arguments.overrides();
  const Experiment experiment = load_experiment(config, overrides);
  const Provenance provenance{.command = command_of(config, overrides), .version = STRAGGLE_VERSION};

  const Keep keep{.records = arguments.given("samples"), .critical = arguments.given("critical-path")};
  for (const Point& point : experiment.points) check_keep(point, keep);  // before anything is run

  const fs::path folder =
      arguments.last("out").value_or((fs::path("results") / fs::path(config).stem()).string());
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw ConfigError(fmt::format("{}: cannot be created: {}", folder.string(), error.message()));
  write_resolved(experiment, folder / "config.json");
  OutputFile results(folder / "results.csv");
  write_csv_header(results.stream(), experiment, provenance, keep);
  std::optional<OutputFile> samples;
  if (keep.records) {
    samples.emplace(folder / "samples.csv");
    write_samples_header(samples->stream(), experiment, provenance, keep);
  }
  // A row reaches the disk as soon as it is known: an interrupted sweep keeps the points it has finished.
  const std::vector<Row> rows = run_all(
      experiment, threads,
      [&](const Row& row) {
        write_csv_row(results.stream(), experiment, row);
        results.flush();
      },
      keep,
      [&](const Point& point, std::size_t s, const SchemeResult& result) {
        if (!samples) return;
        write_samples(samples->stream(), point, s, result);
        samples->flush();
      });
  std::cerr << "results: " << (folder / "results.csv").string() << "\n";
  if (samples) std::cerr << "samples: " << (folder / "samples.csv").string() << "\n";
  const std::size_t failures = report_inexact(experiment, rows);

  if (format == "table") {
    if (!experiment.title.empty()) std::cout << experiment.title << "\n";
    std::cout << to_table(experiment, rows, terminal_width());
  } else if (format == "csv") {
    write_csv_header(std::cout, experiment, provenance, keep);
    for (const Row& row : rows) write_csv_row(std::cout, experiment, row);
  } else {
    std::cout << to_json(experiment, provenance, rows).dump(2) << "\n";
  }
  return failures > 0 ? missed : fine;
}

}  // namespace straggle
