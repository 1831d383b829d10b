// straggle run: a sweep, its table and its files.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "sim/base/text.h"
#include "sim/base/version.h"
#include "sim/commands/arguments.h"
#include "sim/commands/campaign.h"
#include "sim/commands/command.h"
#include "sim/run/cost.h"
#include "sim/run/runner.h"

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
configuration with every default) when all of it is done: until then what an earlier run has left there stays. Every
finished block of trials is kept in DIR/journal: the same command goes on where it was stopped, runs nothing that is
there, and with more --trials extends it. Ctrl-C ends with code 130 (SIGTERM: 143) and leaves the points that are
finished in DIR/results.csv.partial.)",
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
         format_option(),
         {"samples", "",
          "also writes DIR/samples.csv, one row a trial: times, messages and the other tallies"},
         {"fresh", "",
          "begins anew over a run into DIR that has not ended; without it such a run goes on, or is refused "
          "where its configuration was another"},
         {"shard", "K/N",
          "runs only every N-th block of trials, from the K-th on, into DIR/journal; `straggle join` makes "
          "results of all N"},
         {"quantiles", "TALLIES",
          "adds columns: p50, p95 and p99 of these tallies as of the time, such as messages,work; 8 bytes a "
          "trial and scheme each, in memory and in the journal"},
         {"histogram", "",
          "counts values in bins instead of keeping each: quantiles are then known to 0.4 %, and take no "
          "room "
          "that grows with the trials"},
         {"critical-path", "",
          "adds columns: the seconds the iterations waited for computing, in a port's queue, on the link, "
          "and for workers that start late"}},
    .example = "straggle run experiments/gc-mmc/figure1.json --trials 20000 --out results/quick",
    .run = run_command,
    .place = 1,
});

/// Of the command line only what decides the numbers.
std::string command_of(const std::string& config, const Overrides& overrides, Keep keep) {
  return "straggle run " + shell_word(config) + options_of(overrides) +
         (keep.histogram ? " --histogram" : "");
}

/// The tallies of a list such as `messages,work`.
PerTally<bool> parse_tallies(const std::string& text) {
  std::vector<std::string> names;
  for (const auto& [name, which] : quantile_choices()) names.push_back(name);
  PerTally<bool> result;
  std::istringstream list(text + ",");
  for (std::string wanted; std::getline(list, wanted, ',');) {
    if (wanted == metric_of(Tally::time).name) continue;  // always there
    const auto found = std::find(names.begin(), names.end(), wanted);
    if (found == names.end()) {
      const auto near = nearest_name(wanted, names);
      throw ConfigError(fmt::format("--quantiles {}: \"{}\" must be {}{}", printable(text, 200),
                                    printable(wanted, 100), quoted_list(names),
                                    near ? fmt::format(" (did you mean \"{}\"?)", *near) : ""));
    }
    result[quantile_choices()[static_cast<std::size_t>(found - names.begin())].second] = true;
  }
  return result;
}

int run_command(const Arguments& arguments) {
  const std::string format = arguments.choice("format");
  const unsigned threads = arguments.threads();
  const std::string config = arguments.name();
  const Overrides overrides = arguments.overrides();
  const Experiment experiment = load_experiment(config, overrides);
  const auto tallies = arguments.last("quantiles");
  const Keep keep{.samples = arguments.given("samples"),
                  .critical = arguments.given("critical-path"),
                  .quantiles = tallies ? parse_tallies(*tallies) : PerTally<bool>{},
                  .histogram = arguments.given("histogram")};
  const Provenance provenance{.command = command_of(config, overrides, keep), .version = version()};
  for (const Point& point : experiment.points) check_keep(point, keep);  // before anything is run
  check_memory(experiment, threads, available_memory(), keep);

  std::optional<Shard> shard;
  if (const auto text = arguments.last("shard")) shard = parse_shard(*text);
  if (shard && experiment.asks_for_precision())
    throw ConfigError(fmt::format(
        "--shard: {} asks for a precision, and a shard does not see the trials of the others; give "
        "\"trials\" instead",
        printable(experiment.file)));
  const fs::path name = config == "-" ? "stdin" : fs::path(config).stem();
  return run_campaign_into(experiment, provenance,
                           {.folder = arguments.name("out").value_or((fs::path("results") / name).string()),
                            .keep = keep,
                            .threads = threads,
                            .format = format,
                            .shard = shard,
                            .fresh = arguments.given("fresh"),
                            .again = config == "-" ? "" : shell_word(config) + options_of(overrides)});
}

}  // namespace
}  // namespace straggle
