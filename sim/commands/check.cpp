// straggle check: a configuration looked over without running it.
#include <fmt/format.h>

#include <iostream>

#include "sim/base/text.h"
#include "sim/commands/arguments.h"
#include "sim/commands/command.h"
#include "sim/run/cost.h"

namespace straggle {
namespace {

constexpr const char* check_help =
    R"(usage: straggle check CONFIG [--set POINTER=VALUE]... [--trials N] [--seed N] [--threads N]

Validates a configuration (- is standard input) without running it; all mistakes are listed at once. Prints what a run takes,
told from a few trials (time is an order of magnitude), the points of the sweep and, for each scheme, what the master waits
for and what the first worker does. What cannot fit into memory is refused.

example: straggle check configs/first.json
)";

}  // namespace

int check_command(const std::vector<std::string>& words) {
  const Arguments arguments(words, {"set", "trials", "seed", "threads"}, 1);
  if (arguments.help()) {
    std::cout << check_help;
    return fine;
  }
  const unsigned threads = arguments.threads();
  const Experiment experiment = load_experiment(arguments.config("check"), arguments.overrides());
  check_memory(experiment, threads, {}, available_memory());
  std::cout << fmt::format("{}: valid; {} point{}, {} expectation{}\n", printable(experiment.file),
                           experiment.points.size(), experiment.points.size() == 1 ? "" : "s",
                           experiment.expected.size(), experiment.expected.size() == 1 ? "" : "s");
  std::cout << cost_in_words(cost_of(experiment, threads, {}), threads) << "\n";
  for (const Point& point : experiment.points) {
    std::cout << fmt::format("point {}{}{}: {} trial{} of {} iteration{}, seed {}\n", point.index,
                             point.axes.empty() ? "" : ", ", point.description(), point.trials,
                             point.trials == 1 ? "" : "s", point.iterations, point.iterations == 1 ? "" : "s",
                             point.seed);
    for (const std::string& note : point.compute.notes(point.iterations)) std::cout << "  " << note << "\n";
    for (const SchemeSetup& setup : point.schemes)
      std::cout << "  " << setup.label << "\n    " << setup.recipe.make()->next_round(nullptr).summary()
                << "\n";
  }
  return fine;
}

}  // namespace straggle
