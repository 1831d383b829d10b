// straggle check: a configuration looked over without running it.
#include <fmt/format.h>

#include <iostream>

#include "sim/base/text.h"
#include "sim/commands/arguments.h"
#include "sim/commands/command.h"
#include "sim/run/cost.h"

namespace straggle {
namespace {

int check_command(const Arguments& arguments);

const CommandRegistration registration({
    .name = "check",
    .summary = "validate a configuration, list its points and programs",
    .description =
        R"(Validates a configuration (- is standard input) without running it; all mistakes are listed at once. Prints
what a run takes, told from a few trials (time is an order of magnitude), the points of the sweep and, for each
scheme, what the master waits for and what the first worker does. What cannot fit into memory is refused.)",
    .positional = configuration(),
    .options = {set_option(),
                trials_option(),
                seed_option(),
                {"threads", "N", "threads of the run that is told of; default: all cores"}},
    .example = "straggle check configs/first.json",
    .run = check_command,
    .place = 3,
});

int check_command(const Arguments& arguments) {
  const unsigned threads = arguments.threads();
  const Experiment experiment = load_experiment(arguments.name(), arguments.overrides());
  check_memory(experiment, threads, available_memory());
  std::cout << fmt::format("{}: valid; {} point{}, {} expectation{}\n", printable(experiment.file),
                           experiment.points.size(), experiment.points.size() == 1 ? "" : "s",
                           experiment.expected.size(), experiment.expected.size() == 1 ? "" : "s");
  std::cout << cost_in_words(cost_of(experiment, threads), threads) << "\n";
  for (const Point& point : experiment.points) {
    std::cout << fmt::format("point {}{}{}: {}{} trial{} of {} iteration{}, seed {}\n", point.index,
                             point.axes.empty() ? "" : ", ", point.description(),
                             point.precision ? "at most " : "", point.trials, point.trials == 1 ? "" : "s",
                             point.iterations, point.iterations == 1 ? "" : "s", point.seed);
    for (const std::string& note : point.compute.notes(point.iterations)) std::cout << "  " << note << "\n";
    for (const SchemeSetup& setup : point.schemes)
      std::cout << "  " << setup.label << "\n    " << setup.recipe.make()->next_round({}).summary() << "\n";
  }
  return fine;
}

}  // namespace
}  // namespace straggle
