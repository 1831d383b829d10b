// straggle report: the page of a run.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iostream>

#include "sim/base/file.h"
#include "sim/base/text.h"
#include "sim/commands/arguments.h"
#include "sim/commands/command.h"
#include "sim/commands/progress.h"
#include "sim/commands/run_folder.h"
#include "sim/commands/sweep.h"
#include "sim/run/cost.h"
#include "sim/view/page.h"

namespace straggle {
namespace {

namespace fs = std::filesystem;

int report_command(const Arguments& arguments);

const CommandRegistration registration({
    .name = "report",
    .summary = "a page of a run's folder: table, charts, distributions, timelines",
    .description =
        R"(Writes one HTML file about a run: FOLDER is what `straggle run` wrote, with results.csv and config.json. It
needs no server, no network and no other file. Distributions and timelines come from trials that are run again (a
trial is a function of the configuration and its number alone), distributions from samples.csv where it is there.)",
    .positional = {{.value = "FOLDER", .question = "of which run?", .offer = Offer::folders}},
    .options = {{.name = "output",
                 .value = "FILE",
                 .help = "the page; default: FOLDER/report.html",
                 .letter = 'o',
                 .offer = Offer::files},
                {.name = "point",
                 .value = "P",
                 .help =
                     "distributions and timelines of this point; may be repeated; default: all of up to 4, "
                     "else 4 of them",
                 .repeated = true},
                threads_option()},
    .example = "straggle report results/first -o first.html",
    .run = report_command,
    .place = 5,
});

/// The points of which the page shows everything: those asked for, or all of up to 4, else 4 evenly.
std::vector<std::size_t> points_to_show(const Arguments& arguments, std::size_t points) {
  std::vector<std::size_t> chosen;
  for (const std::string& text : arguments.all("point")) {
    const std::size_t index = parse_point(text, points);
    if (std::find(chosen.begin(), chosen.end(), index) == chosen.end()) chosen.push_back(index);
  }
  if (!chosen.empty()) return chosen;
  const std::size_t count = std::min<std::size_t>(points, 4);
  for (std::size_t i = 0; i < count; ++i) chosen.push_back(count < 2 ? 0 : i * (points - 1) / (count - 1));
  return chosen;
}

/// Whether a file that begins so is a page that was written before.
bool is_page(std::string_view start) {
  return start.starts_with("<!DOCTYPE html>") &&
         start.find("<meta name=\"generator\" content=\"straggle ") != std::string_view::npos;
}

/// How many trials each point took, where its precision has decided that.
void take_trials(const ResultsTable& results, Experiment& experiment) {
  const auto point = results.header.find("point"), trials = results.header.find("trials");
  if (!point || !trials) return;
  for (const std::vector<std::string>& row : results.rows) {
    Point& of_row = experiment.points.at(std::stoul(row[*point]));
    of_row.trials = parse_whole(row[*trials]).value_or(of_row.trials);
  }
}

int report_command(const Arguments& arguments) {
  const fs::path folder = arguments.name();
  const unsigned threads = arguments.threads();
  const fs::path output = arguments.name("output").value_or((folder / "report.html").string());
  std::error_code error;
  if (!fs::is_directory(folder, error))
    throw ConfigError(
        fmt::format("{}: is no folder; report takes one that `straggle run` has written, with "
                    "results.csv and config.json",
                    folder.string()));
  const std::string results_file = (folder / "results.csv").string(),
                    samples_file = (folder / "samples.csv").string();
  const ResultsTable results = read_results(results_file);
  Experiment experiment = load_experiment((folder / "config.json").string());
  std::vector<fs::path> inputs = inputs_of(experiment);
  inputs.insert(inputs.end(), {results_file, samples_file});
  const auto check = [&] { check_output(output, inputs, "a page", is_page); };
  check();
  check_results(results, experiment, results_file);
  if (experiment.asks_for_precision()) take_trials(results, experiment);
  const std::vector<std::size_t> points = points_to_show(arguments, experiment.points.size());
  SampleTimes samples;
  if (fs::exists(samples_file, error)) {
    samples = read_samples(samples_file, experiment, results.run, points);
  }

  if (samples.empty()) check_memory(experiment, threads, available_memory());  // trials are run again
  std::uint64_t total = 0;
  std::vector<Point> looked_at;
  for (const std::size_t p : points) {
    looked_at.push_back(experiment.points[p]);
    looked_at.back().verify.trials = 0;  // the run has verified them
    total += looked_at.back().trials;
  }
  std::vector<ShownPoint> shown;
  {
    Progress progress(total);
    for (const Point& point : looked_at)
      shown.push_back(
          look_at(point, samples, threads, [&](std::uint64_t trials) { progress.add(point, trials); }));
  }
  const PageAssets& assets = page_assets();
  if (assets.script.empty())
    std::cerr << "straggle was built without interactive charts (for want of node, npm or a registry): the "
                 "page has "
                 "pictures and tables only\n";
  const std::string page = report_page(experiment, results, shown, assets);
  OutputFile file(output);
  file.stream() << page;
  file.commit(check);
  std::cerr << fmt::format("report: {} ({:.0f} kB)\n", printable(output.string()),
                           static_cast<double>(page.size()) / 1e3);
  return fine;
}

}  // namespace
}  // namespace straggle
