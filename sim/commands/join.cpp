// straggle join: the shards of a run made one.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <map>

#include "sim/base/interrupt.h"
#include "sim/base/text.h"
#include "sim/base/version.h"
#include "sim/commands/arguments.h"
#include "sim/commands/campaign.h"
#include "sim/commands/command.h"

namespace straggle {
namespace {

namespace fs = std::filesystem;

int join_command(const Arguments& arguments);

const CommandRegistration registration({
    .name = "join",
    .summary = "make one run of the shards of several",
    .description =
        R"(Takes what `straggle run --shard` has left in the folders named, writes the results of the whole run into
another one, and prints them: the same rows as those of one run. Shards of other configurations, or of a program that
gives other numbers, are refused, and so are blocks that are there twice or nowhere.)",
    .positional = Positional{.value = "DIR",
                             .question = "the folders of which shards?",
                             .offer = Offer::folders,
                             .repeated = true},
    .options =
        {{.name = "out", .value = "DIR", .help = "the folder of the whole run", .offer = Offer::folders},
         format_option(),
         {"fresh", "", "begins anew over a run into the folder that has not ended"}},
    .example = "straggle join results/quick --out results/whole",
    .run = join_command,
    .place = 2,
});

/// A shard, read.
struct Part {
  std::string folder;
  fs::path file;
  JournalReader journal;
};

std::vector<Part> read_parts(const std::vector<std::string>& folders) {
  std::vector<Part> parts;
  for (const std::string& folder : folders) {
    for (const Part& other : parts)
      if (fs::equivalent(other.folder, folder))
        throw ConfigError(fmt::format("{}: is named twice", printable(folder)));
    const fs::path file = journal_of(folder);
    parts.push_back({folder, file, JournalReader(file)});
  }
  return parts;
}

/// Throws where shards are not of one run.
void check_subjects(const std::vector<Part>& parts) {
  for (const Part& part : parts) {
    std::vector<std::string> differences =
        parts.front().journal.subject().differences(part.journal.subject());
    const auto trials = [](const Part& of) { return of.journal.subject().resolved.value("trials", Json()); };
    if (trials(part) != trials(parts.front()))
      differences.push_back(
          fmt::format("/trials: {} there, {} here", trials(part).dump(), trials(parts.front()).dump()));
    if (differences.empty()) continue;
    throw ConfigError(fmt::format("{} and {} are not of one run. What differs (there is the second):\n  {}",
                                  printable(parts.front().folder), printable(part.folder),
                                  fmt::join(differences, "\n  ")));
  }
}

/// Which part has each chunk; throws unless every one is there, and once in those whose it is. What a shard
/// has of blocks that are another's, from a time when it had other trials, counts where that one lacks them.
std::map<JournalReader::Key, Part*> owners_of(const Experiment& experiment, std::vector<Part>& parts) {
  std::map<JournalReader::Key, Part*> owners;
  std::string gaps;
  std::uint64_t missing = 0;
  std::vector<Shard> whose;
  for (const Part& part : parts)
    whose.push_back(part.journal.shard().empty() ? Shard{} : parse_shard(part.journal.shard()));
  for_each_chunk(experiment,
                 [&](const Point& point, std::uint64_t first, std::uint64_t last, std::uint64_t number) {
                   const JournalReader::Key key{point.index, first, last - first};
                   for (Part& part : parts) {
                     if (!part.journal.chunks().contains(key)) continue;
                     const auto owns = [&](const Part& one) {
                       return whose[static_cast<std::size_t>(&one - parts.data())].has(number);
                     };
                     Part*& owner = owners[key];
                     if (owner && owns(*owner) && owns(part))
                       throw ConfigError(fmt::format("{} and {} both have the trials {} to {} of point {}",
                                                     printable(owner->folder), printable(part.folder), first,
                                                     last - 1, point.index));
                     if (!owner || owns(part)) owner = &part;
                   }
                   if (owners.contains(key)) return;
                   if (missing == 0)
                     gaps = fmt::format("trials {} to {} of point {}", first, last - 1, point.index);
                   ++missing;
                 });
  if (missing == 0) return owners;
  std::string shards, unfinished;
  for (const Part& part : parts) {
    if (!part.journal.shard().empty()) shards += (shards.empty() ? "" : ", ") + part.journal.shard();
    if (!part.journal.finished()) unfinished += fmt::format("; {} has not ended", printable(part.folder));
  }
  throw ConfigError(
      fmt::format("{} in none of them, {}{}; there are the shards {}{}",
                  missing == 1 ? "a block of trials is" : fmt::format("{} blocks of trials are", missing),
                  missing == 1 ? "" : "the first ", gaps, shards.empty() ? "none" : shards, unfinished));
}

/// Whether the trials themselves are there; throws where they are of some blocks and not of others.
bool all_or_none_have_samples(const std::map<JournalReader::Key, Part*>& owners) {
  const auto has = [](const auto& owned) { return owned.second->journal.samples().contains(owned.first); };
  const auto lacks = std::find_if_not(owners.begin(), owners.end(), has);
  if (lacks == owners.end()) return true;
  if (std::none_of(owners.begin(), owners.end(), has)) return false;
  const auto& [point, first, trials] = lacks->first;
  throw ConfigError(fmt::format(
      "{}: has no samples of the trials {} to {} of point {}, as others have; run it again with --samples",
      printable(lacks->second->folder), first, first + trials - 1, point));
}

int join_command(const Arguments& arguments) {
  const std::optional<std::string> out = arguments.name("out");
  if (!out) throw ConfigError("join: where to? (--out DIR)");
  std::vector<Part> parts = read_parts(arguments.positional());
  std::error_code ignored;
  for (const Part& part : parts)
    if (fs::equivalent(part.folder, *out, ignored))
      throw ConfigError(
          fmt::format("--out {}: is the folder of a shard, whose journal would be replaced; give "
                      "another one",
                      printable(*out)));
  check_subjects(parts);
  const JournalSubject& subject = parts.front().journal.subject();
  if (subject.numbers != numbers_version)
    throw ConfigError(fmt::format("{}: is of straggle {}, which gives other numbers than this one, {}",
                                  printable(parts.front().folder), printable(subject.version, 100),
                                  version()));
  const Experiment experiment =
      read_experiment(subject.resolved, (fs::path(parts.front().folder) / "config.json").string());
  if (experiment.asks_for_precision())
    throw ConfigError(fmt::format("{}: is of a run that asks for a precision, which has no shards",
                                  printable(parts.front().folder)));
  const std::vector<std::string> changed =
      subject_of(experiment, {}, subject.keep, *out).differences(subject);
  if (!changed.empty())
    throw ConfigError(fmt::format("{}: is of other data than there are now. What differs:\n  {}",
                                  printable(parts.front().folder), fmt::join(changed, "\n  ")));
  const auto owners = owners_of(experiment, parts);
  const bool samples = all_or_none_have_samples(owners);
  for (const Part& part : parts)
    if (part.journal.damaged() > 0)
      std::cerr << fmt::format("{}: {} of its records {} damaged; no block is missing all the same\n",
                               printable(part.file.string()), part.journal.damaged(),
                               part.journal.damaged() == 1 ? "is" : "are");

  const Provenance provenance{.command = subject.command, .version = version()};
  CampaignOptions options{.folder = *out,
                          .keep = subject.keep,
                          .format = arguments.choice("format"),
                          .fresh = arguments.given("fresh")};
  options.keep.samples = samples;
  options.prepare = [&](Journal& journal) {
    for (const auto& [key, part] : owners) {
      stop_if_interrupted();
      const auto& [point, first, trials] = key;
      if (journal.has(experiment.points[point], first, first + trials)) continue;
      std::vector<Block> kept;
      if (samples)
        for (const std::uint64_t place : part->journal.samples().at(key))
          kept.push_back(read_samples(part->file, place));
      journal.adopt(std::move(part->journal.chunks().at(key)), kept);
    }
  };
  return run_campaign_into(experiment, provenance, options);
}

}  // namespace
}  // namespace straggle
