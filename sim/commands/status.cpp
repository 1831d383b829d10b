// straggle status: how far a run is, and what it has found so far.
#include <fmt/format.h>

#include <filesystem>
#include <iostream>

#include "sim/base/file.h"
#include "sim/base/text.h"
#include "sim/commands/arguments.h"
#include "sim/commands/campaign.h"
#include "sim/commands/command.h"
#include "sim/run/precision.h"

namespace straggle {
namespace {

namespace fs = std::filesystem;

int status_command(const Arguments& arguments);

const CommandRegistration registration({
    .name = "status",
    .summary = "how far a run is that goes on or was stopped, and its results so far",
    .description =
        R"(Reads the journal of a run's folder, whether the run goes on, was stopped or has ended, and prints how many of its
trials are there and the results of those. Nothing is written.)",
    .positional = Positional{.value = "DIR", .question = "the folder of which run?", .offer = Offer::folders},
    .options = {format_option()},
    .example = "straggle status results/quick",
    .run = status_command,
    .place = 3,
});

int status_command(const Arguments& arguments) {
  const fs::path folder = arguments.name();
  JournalReader journal(journal_of(folder));
  const JournalSubject& subject = journal.subject();
  const Experiment experiment = read_experiment(subject.resolved, (folder / "config.json").string());
  const Shard shard = journal.shard().empty() ? Shard{} : parse_shard(journal.shard());

  struct PointSoFar {
    std::vector<Summary> schemes;
    std::uint64_t done = 0, all = 0;  // trials
  };
  std::vector<PointSoFar> points(experiment.points.size());
  for_each_chunk(experiment,
                 [&](const Point& point, std::uint64_t first, std::uint64_t last, std::uint64_t number) {
                   if (!shard.has(number)) return;
                   PointSoFar& here = points[point.index];
                   here.all += last - first;
                   const auto found = journal.chunks().find({point.index, first, last - first});
                   if (found == journal.chunks().end()) return;
                   // Of a point whose precision decides, what follows its first trials without a gap.
                   if (point.precision && here.done != first) return;
                   here.done += last - first;
                   here.schemes.resize(point.schemes.size());
                   for (std::size_t s = 0; s < here.schemes.size(); ++s)
                     here.schemes[s].append(found->second.schemes[s]);
                 });
  std::uint64_t all = 0, done = 0, whole_points = 0;
  std::vector<Row> rows;
  for (const Point& point : experiment.points) {
    auto& [schemes, done_here, all_here] = points[point.index];
    bool precise = point.precision.has_value() && done_here > 0;
    for (std::size_t s = 0; precise && s < schemes.size(); ++s) precise = is_precise(point, s, schemes[s]);
    if (done_here == all_here || precise) ++whole_points;
    all += all_here;
    done += done_here;
    for (std::size_t s = 0; s < schemes.size(); ++s)
      rows.push_back(make_row(point, s, std::move(schemes[s])));
  }
  const std::optional<std::string> holder = FolderLock::holder(folder);
  std::cerr << fmt::format(
      "{}{}: {}, {} of {} points; {}\n", printable(folder.string()),
      journal.shard().empty() ? "" : ", shard " + journal.shard(),
      experiment.asks_for_precision()
          ? fmt::format("{} trials", done)
          : fmt::format("{} of {} trials ({:.0f} %)", done, all,
                        100 * static_cast<double>(done) / static_cast<double>(all)),
      whole_points, experiment.points.size(),
      holder               ? *holder + " goes on with it"
      : journal.finished() ? "it has ended"
                           : "it was stopped; the same command goes on: " + printable(subject.command, 2000));
  if (journal.damaged() > 0)
    std::cerr << fmt::format("{} records are damaged, and what they held will be run again\n",
                             journal.damaged());
  if (rows.empty()) return fine;
  print_results(experiment, {.command = subject.command, .version = subject.version}, rows, subject.keep,
                arguments.choice("format"));
  return fine;
}

}  // namespace
}  // namespace straggle
