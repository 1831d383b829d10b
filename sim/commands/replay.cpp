// straggle replay: one trial as text, trace or picture.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <map>

#include "sim/base/file.h"
#include "sim/base/text.h"
#include "sim/base/version.h"
#include "sim/commands/arguments.h"
#include "sim/commands/command.h"
#include "sim/commands/run_folder.h"
#include "sim/run/campaign.h"
#include "sim/run/cost.h"
#include "sim/view/picture.h"
#include "sim/view/replay.h"
#include "sim/view/trace.h"

namespace straggle {
namespace {

int replay_command(const Arguments& arguments);

const CommandRegistration registration({
    .name = "replay",
    .summary = "one trial of one scheme as a list of events",
    .description =
        R"(Runs one trial again and prints every message the master received, up to completion, and what the iteration
waited for. Points and trials count from 0. CONFIG is a file, or - for standard input.)",
    .positional = configuration(),
    .options =
        {{.name = "scheme",
          .value = "LABEL",
          .help = "as in the table; may be left out if there is only one, and repeated",
          .repeated = true,
          .in_usage = true},
         {.name = "point", .value = "P", .help = "the point of the sweep; default 0", .in_usage = true},
         {.name = "trial",
          .value = "T",
          .help =
              "the trial; default 0; any number may be replayed, also beyond the trials of a run, since a "
              "trial is a function of the configuration and its number; or median, p99 or worst: the trial "
              "with that completion time among all trials of the first scheme named (nearest rank)",
          .choices = {"median", "p99", "worst"},
          .in_usage = true},
         {.name = "trace",
          .value = "FILE",
          .help =
              "writes the trial as Chrome trace events, to open in ui.perfetto.dev or chrome://tracing: the "
              "schemes named, or all of them, side by side on the same workers",
          .offer = Offer::files},
         {.name = "picture",
          .value = "FILE",
          .help = "draws what every node did as SVG, of one scheme; of several iterations the first",
          .offer = Offer::files},
         set_option(),
         trials_option(),
         seed_option(),
         threads_option()},
    .example =
        "straggle replay experiments/gc-mmc/figure1.json --scheme GC-MMC-1 --trial median --trace trace.json",
    .run = replay_command,
    .place = 4,
});

std::vector<std::string> labels_of(const Point& point) {
  std::vector<std::string> labels;
  for (const SchemeSetup& setup : point.schemes) labels.push_back(setup.label);
  return labels;
}

/// The indices of the schemes named, in the order they were named; all when none was.
std::vector<std::size_t> find_schemes(const Point& point, const std::vector<std::string>& labels) {
  const std::vector<std::string> known = labels_of(point);
  std::vector<std::size_t> found;
  for (const std::string& label : labels) {
    const auto place = std::find(known.begin(), known.end(), label);
    if (place == known.end()) {
      const auto near = nearest_name(label, known);
      throw ConfigError(fmt::format("--scheme {}: must be {}{}", label, quoted_list(known),
                                    near ? fmt::format(" (did you mean \"{}\"?)", *near) : ""));
    }
    const auto index = static_cast<std::size_t>(place - known.begin());
    if (std::find(found.begin(), found.end(), index) == found.end()) found.push_back(index);
  }
  for (std::size_t s = 0; labels.empty() && s < known.size(); ++s) found.push_back(s);
  return found;
}

/// A trial by its number, or by the rank of its completion time among all trials of a scheme.
std::uint64_t find_trial(const Point& point, std::size_t s, const std::string& wanted, unsigned threads) {
  const std::map<std::string, double> ranks = {{"median", 0.5}, {"p99", 0.99}, {"worst", 1}};
  const auto rank = ranks.find(wanted);
  if (rank == ranks.end()) {
    const std::optional<std::uint64_t> trial = parse_whole(wanted);
    if (!trial)
      throw ConfigError(fmt::format("--trial {}: must be a number from 0, or median, p99 or worst",
                                    printable(wanted, 100)));
    if (*trial >= std::uint64_t{1} << 40)
      throw ConfigError(fmt::format("--trial {}: must be below 2^40", *trial));
    return *trial;
  }
  if (point.precision)
    throw ConfigError(fmt::format(
        "--trial {}: among how many trials is for the precision to decide; give a number", wanted));
  Point alone = point;
  alone.schemes = {point.schemes[s]};
  alone.baseline = 0;
  alone.verify.trials = 0;
  const std::vector<Summary> results = run_trials(alone, 0, alone.trials, threads);
  const std::optional<std::uint64_t> trial = trial_of_rank(results[0].times.values(), rank->second);
  if (!trial)
    throw ConfigError(fmt::format("--trial {}: none of the {} trials of \"{}\" could complete", wanted,
                                  alone.trials, point.schemes[s].label));
  return *trial;
}

/// Whether a file that begins so is a trace, or a picture, that was written before.
bool is_trace(std::string_view start) {
  return start.starts_with("{\"displayTimeUnit\"") &&
         start.find("\"command\": \"straggle replay ") != std::string_view::npos;
}
bool is_picture(std::string_view start) {
  return start.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"") &&
         start.find(" role=\"img\" aria-label=\"") != std::string_view::npos &&
         start.find("<rect class=\"paper\" ") != std::string_view::npos;
}

bool is_same_file(const std::filesystem::path& one, const std::filesystem::path& other) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  const auto whole = [&](const fs::path& path) { return fs::weakly_canonical(fs::absolute(path), ignored); };
  return whole(one) == whole(other) || fs::equivalent(one, other, ignored);
}

int replay_command(const Arguments& arguments) {
  const unsigned threads = arguments.threads();
  const Overrides overrides = arguments.overrides();
  const std::string config = arguments.name();
  const Experiment experiment = load_experiment(config, overrides);
  const std::size_t index = parse_point(arguments.last("point").value_or("0"), experiment.points.size());
  const Point& point = experiment.points[index];
  const std::vector<std::string> labels = arguments.all("scheme");
  const std::vector<std::size_t> schemes = find_schemes(point, labels);
  const auto trace = arguments.name("trace"), picture = arguments.name("picture");
  if (labels.empty() && schemes.size() > 1 && !trace)
    throw ConfigError(fmt::format("replay: which scheme? (--scheme LABEL with {}; or --trace FILE for all)",
                                  quoted_list(labels_of(point))));
  if (picture && schemes.size() > 1)
    throw ConfigError("--picture: draws one scheme; name it with --scheme, and no other");
  if (trace && picture && is_same_file(*trace, *picture))
    throw ConfigError(
        fmt::format("--picture: {} is where the trace goes; give another name", printable(*picture)));
  const std::vector<std::filesystem::path> inputs = inputs_of(experiment);
  const auto check_trace = [&] { check_output(*trace, inputs, "a trace", is_trace); };
  const auto check_picture = [&] { check_output(*picture, inputs, "a picture", is_picture); };
  if (trace) check_trace();
  if (picture) check_picture();
  const std::string wanted = arguments.last("trial").value_or("0");
  if (!parse_whole(wanted)) check_memory(experiment, threads, available_memory());  // all trials are run
  const std::uint64_t trial = find_trial(point, schemes.front(), wanted, threads);
  // Text for what was asked for by name; a trace of all schemes speaks for itself.
  if (!labels.empty() || schemes.size() == 1)
    for (std::size_t i = 0; i < schemes.size(); ++i)
      std::cout << (i > 0 ? "\n" : "") << replay(point, schemes[i], trial).text;
  if (trace) {
    OutputFile file(*trace);
    std::string command =
        fmt::format("straggle replay {} --point {} --trial {}", shell_word(config), index, trial);
    for (const std::string& label : labels) command += " --scheme " + shell_word(label);
    command += options_of(overrides);
    write_trace(file.stream(), point, schemes, trial,
                {{"title", experiment.title},
                 {"command", command},
                 {"version", "straggle " + version()},
                 {"configuration", experiment.hash},
                 {"point", point.description()},
                 {"trial", fmt::format("{}", trial)}});
    file.commit(check_trace);
    std::cerr << fmt::format("trace of trial {}: {} (open it in ui.perfetto.dev or chrome://tracing)\n",
                             trial, printable(*trace));
  }
  if (picture) {
    const std::vector<Timeline> timelines = timelines_of(point, schemes.front(), trial, 1);
    OutputFile file(*picture);
    file.stream() << timeline_picture(timelines.front(), static_cast<std::size_t>(point.workers),
                                      fmt::format("{}: trial {}{}", point.schemes[schemes.front()].label,
                                                  trial, point.iterations > 1 ? ", iteration 0" : ""));
    file.commit(check_picture);
    std::cerr << fmt::format("picture of trial {}: {}\n", trial, printable(*picture));
  }
  return fine;
}

}  // namespace
}  // namespace straggle
