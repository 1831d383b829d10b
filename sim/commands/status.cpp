// straggle status: how far a run is, and what it has found so far.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <iostream>

#include "sim/base/file.h"
#include "sim/base/text.h"
#include "sim/commands/arguments.h"
#include "sim/commands/campaign.h"
#include "sim/commands/command.h"
#include "sim/run/rows.h"

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

/// The command that goes on with a run.
std::string command_of(const JournalReader& journal, const fs::path& folder) {
  const JournalSubject& subject = journal.subject();
  std::string command = subject.command + " --out " + shell_word(folder.string());
  if (!journal.shard().empty()) command += " --shard " + journal.shard();
  Keep keep = subject.keep;
  keep.samples = !journal.samples().empty();
  keep.histogram = false;  // is in the command already, for it decides numbers
  return command + options_of(keep);
}

int status_command(const Arguments& arguments) {
  const std::string format = arguments.choice("format");
  const fs::path folder = arguments.name();
  JournalReader journal(journal_of(folder));
  const JournalSubject& subject = journal.subject();
  const Experiment experiment = read_experiment(subject.resolved, (folder / "config.json").string());
  const Provenance provenance{.command = subject.command, .version = subject.version};
  const std::vector<std::string> changed =
      subject_of(experiment, provenance, subject.keep, folder).differences(subject);
  if (!changed.empty())
    throw ConfigError(
        fmt::format("{}: is of other data, or of another straggle, than there are now. What differs:"
                    "\n  {}",
                    printable(folder.string()), fmt::join(changed, "\n  ")));
  const Shard shard = journal.shard().empty() ? Shard{} : parse_shard(journal.shard());

  std::vector<Row> rows;
  RowMaker maker(experiment.points, [&](const Row& row) { rows.push_back(row); });
  std::uint64_t all = 0, done = 0;
  const bool precision = experiment.asks_for_precision();
  if (!precision)
    for_each_chunk(experiment,
                   [&](const Point&, std::uint64_t first, std::uint64_t last, std::uint64_t number) {
                     if (shard.has(number)) all += last - first;
                   });
  const std::vector<std::uint64_t> numbers = first_numbers(experiment);
  for (auto& [key, chunk] : journal.chunks()) {  // by point and first trial
    const auto& [at, first, trials] = key;
    if (at >= experiment.points.size()) continue;
    const Point& point = experiment.points[at];
    const bool of_run = first % chunk_trials == 0 && first < maker.end(at) &&
                        shard.has(numbers[at] + first / chunk_trials) &&
                        trials == std::min(point.trials - first, chunk_trials) &&
                        chunk.schemes.size() == point.schemes.size();
    // Of a point whose precision decides, what follows its first trials without a gap.
    if (!of_run || (point.precision && maker.trials(at) != first)) continue;
    done += trials;
    maker.take(std::move(chunk));
  }
  maker.hand_on_unfinished();
  const bool ended = journal.finished() && (precision || done == all);
  const std::optional<std::string> holder = FolderLock::holder(folder);
  std::cerr << fmt::format(
      "{}{}: {}, {} of {} points; {}\n", printable(folder.string()),
      journal.shard().empty() ? "" : ", shard " + journal.shard(),
      precision ? fmt::format("{} trials", done)
      : all > 0 ? fmt::format("{} of {} trials ({:.0f} %)", done, all,
                              std::floor(100 * static_cast<double>(done) / static_cast<double>(all)))
                : "no trials are its own",
      maker.finished_points(), experiment.points.size(),
      holder  ? *holder + " goes on with it"
      : ended ? "it has ended"
              : "it was stopped, and goes on with " + printable(command_of(journal, folder), 2000));
  if (journal.damaged() > 0 && !ended)
    std::cerr << fmt::format("{} record{} damaged, and what was there will be run again\n", journal.damaged(),
                             journal.damaged() == 1 ? " is" : "s are");
  if (rows.empty() && format != "csv" && format != "json") return fine;
  print_results(experiment, provenance, rows, subject.keep, format,
                ended && journal.shard().empty() ? std::nullopt : std::optional(maker.finished_points()));
  return fine;
}

}  // namespace
}  // namespace straggle
