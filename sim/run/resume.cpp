#include "sim/run/resume.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "sim/base/file.h"
#include "sim/base/text.h"

namespace straggle {

namespace fs = std::filesystem;

namespace {

/// Whether there is a journal. Throws where there is something else: `advice` is what to do then.
bool find_journal(const fs::path& file, const char* advice) {
  std::error_code ignored;
  const fs::file_status there = fs::symlink_status(file, ignored);
  if (!fs::exists(there) || fs::is_symlink(there)) return false;  // a link is replaced, not followed
  if (!fs::is_regular_file(there))
    throw ConfigError(
        fmt::format("{}: is no file, but has the name of a journal{}", printable(file.string()), advice));
  if (is_stillborn(file)) return false;
  if (!is_journal(file))
    throw ConfigError(
        fmt::format("{}: was not written by `straggle run`{}", printable(file.string()), advice));
  return true;
}

/// Whether it is the journal of a run that has ended; not where it cannot be read.
bool is_whole(const fs::path& journal) {
  try {
    return JournalReader(journal).finished();
  } catch (const ConfigError&) {
    return false;
  }
}

std::string listed(const std::vector<std::string>& differences) {
  constexpr std::size_t most_shown = 10;
  std::string lines;
  for (std::size_t i = 0; i < std::min(most_shown, differences.size()); ++i) lines += "\n  " + differences[i];
  if (differences.size() > most_shown)
    lines += fmt::format("\n  and {} more", differences.size() - most_shown);
  return lines;
}

std::string name_of_shard(const std::string& shard) {
  return shard.empty() ? "a whole run" : "shard " + shard;
}

}  // namespace

fs::path journal_of(const fs::path& folder) {
  for (const char* name : {Journal::new_name, Journal::name})
    if (find_journal(folder / name, "")) return folder / name;
  std::error_code ignored;
  const bool link = fs::is_symlink(folder / Journal::name, ignored);
  throw ConfigError(fmt::format("{}: has no journal of a run{}", printable(folder.string()),
                                link ? ": \"journal\" is a link, and links are not followed" : ""));
}

void for_each_chunk(
    const Experiment& experiment,
    const std::function<void(const Point&, std::uint64_t, std::uint64_t, std::uint64_t)>& visit) {
  std::uint64_t number = 0;
  for (const Point& point : experiment.points)
    for (std::uint64_t first = 0; first < point.trials; first += chunk_trials)
      visit(point, first, std::min(point.trials, first + chunk_trials), number++);
}

Journal::Journal(const fs::path& folder, const JournalSubject& subject, const Options& options)
    : folder_(folder), keep_(options.keep) {
  const fs::path old = folder / name, next = folder / new_name;
  constexpr const char* advice = ", and would be replaced; give another --out";
  const bool has_old = find_journal(old, advice), has_next = find_journal(next, advice);
  std::error_code ignored;
  if (fs::is_symlink(old, ignored))
    note_ = fmt::format("{}: is a link, and is replaced", printable(old.string()));
  std::optional<bool> old_is_whole;  // where that is known already
  if ((has_old || has_next) && !options.fresh) {
    file_ = has_next ? next : old;
    JournalReader reader(file_);
    const std::vector<std::string> differences = subject.differences(reader.subject());
    if (differences.empty() && options.shard != reader.shard())
      throw ConfigError(fmt::format(
          "{}: is of {} of this run, not of {}; give another --out, or begin anew with "
          "--fresh",
          printable(file_.string()), name_of_shard(reader.shard()), name_of_shard(options.shard)));
    if (differences.empty()) {
      damaged_ = reader.damaged();
      ended_ = reader.finished();
      begun_ = ended_ || !reader.chunks().empty();
      known_ = std::move(reader.chunks());
      samples_ = reader.samples();
      writer_.emplace(file_, reader.whole_bytes());
      if (reader.subject().resolved != subject.resolved) {
        writer_->describe(subject, options.shard);
        ended_ = false;
      }
      return;
    }
    if (has_next || !reader.finished())
      throw ConfigError(fmt::format(
          "{}: is of a run that has not ended, and of another configuration; go on with that one, "
          "give another --out, or begin anew with --fresh. What differs:{}",
          printable(file_.string()), listed(differences)));
    note_ = fmt::format("{}: is of another run, and is replaced when this one has ended. What differs:{}",
                        printable(file_.string()), listed(differences));
    old_is_whole = true;  // it is the one that has just been read
  }
  if (!old_is_whole) old_is_whole = has_old && is_whole(old);
  file_ = *old_is_whole ? next : old;
  if (!*old_is_whole && has_next) fs::remove(next);
  writer_.emplace(file_, subject, options.shard);
}

std::set<std::pair<std::size_t, std::uint64_t>> Journal::known(const Experiment& experiment) const {
  std::set<std::pair<std::size_t, std::uint64_t>> chunks;
  for (const auto& [key, summary] : known_) {
    const auto& [at, first, trials] = key;
    if (at >= experiment.points.size() || first % chunk_trials != 0) continue;
    const Point& point = experiment.points[at];
    if (first < point.trials && trials == std::min(point.trials - first, chunk_trials) &&
        has(point, first, first + trials))
      chunks.emplace(at, first);
  }
  return chunks;
}

Journal::~Journal() {
  if (begun_) return;
  std::error_code ignored;
  writer_.reset();
  fs::remove(file_, ignored);
}

bool Journal::has(const Point& point, std::uint64_t first, std::uint64_t last) const {
  const JournalReader::Key key{point.index, first, last - first};
  const auto found = known_.find(key);
  if (found == known_.end() || found->second.schemes.size() != point.schemes.size()) return false;
  return !keep_.samples || samples_.contains(key);
}

ChunkSummary Journal::take(const Point& point, std::uint64_t first, std::uint64_t last) {
  return std::move(known_.at({point.index, first, last - first}));
}

void Journal::write(const ChunkSummary& summary, const std::vector<Block>& trials) {
  if (!trials.empty())
    samples_[{summary.point, summary.first, summary.trials()}] =
        writer_->add_samples(summary.point, summary.first, trials);
  writer_->add(summary);
  ended_ = false;
  begun_ = true;
}

ChunkSummary Journal::add(const Chunk& chunk, const Point& point) {
  ChunkSummary summary = summary_of(chunk, point, keep_);
  const std::vector<Block> none;
  write(summary, keep_.samples ? chunk.blocks : none);
  return summary;
}

void Journal::adopt(ChunkSummary&& summary, const std::vector<Block>& trials) {
  write(summary, trials);
  const JournalReader::Key key{summary.point, summary.first, summary.trials()};
  known_[key] = std::move(summary);
}

Block Journal::samples(const Point& point, std::size_t s, std::uint64_t first, std::uint64_t last) const {
  return writer_->read_samples(samples_.at({point.index, first, last - first}).at(s));
}

void Journal::commit() {
  if (!ended_) writer_->finish();
  ended_ = begun_ = true;
  writer_->secure();
  const fs::path place = folder_ / name;
  if (file_ == place) return;
  std::error_code error;
  fs::rename(file_, place, error);
  if (error)
    throw ConfigError(
        fmt::format("{}: cannot be written: {}", printable(place.string()), reason_of_errno(error.value())));
  file_ = place;
}

std::vector<std::uint64_t> first_numbers(const Experiment& experiment) {
  std::vector<std::uint64_t> numbers;
  std::uint64_t next = 0;
  for (const Point& point : experiment.points) {
    numbers.push_back(next);
    next += (point.trials + chunk_trials - 1) / chunk_trials;
  }
  return numbers;
}

namespace {

/// Adds chunks to the journal and hands on, in the order of each point's trials, them and what was there.
class JournalSink final : public Sink {
 public:
  JournalSink(Journal& journal, const Experiment& experiment, RowMaker* rows)
      : journal_(journal), experiment_(experiment), rows_(rows), next_(experiment.points.size(), 0) {
    for (std::size_t point = 0; point < next_.size(); ++point) catch_up(point);
  }

  void take(Chunk&& chunk) override {
    const std::size_t point = chunk.point;
    const std::uint64_t last = chunk.last();
    ChunkSummary summary = journal_.add(chunk, experiment_.points[point]);
    if (!rows_) return;
    rows_->take(std::move(summary));
    next_[point] = last;
    catch_up(point);
  }

  std::uint64_t end(std::size_t point) const {
    return rows_ ? rows_->end(point) : experiment_.points[point].trials;
  }

 private:
  /// Hands on what is in the journal of a point from where it is.
  void catch_up(std::size_t point) {
    const Point& here = experiment_.points[point];
    while (rows_ && next_[point] < rows_->end(point)) {
      const std::uint64_t last = std::min(here.trials, next_[point] + chunk_trials);
      if (!journal_.has(here, next_[point], last)) return;
      rows_->take(journal_.take(here, next_[point], last));
      next_[point] = last;
    }
  }

  Journal& journal_;
  const Experiment& experiment_;
  RowMaker* rows_;
  std::vector<std::uint64_t> next_;  // by point, the trial that is handed on next
};

}  // namespace

void run_into(Journal& journal, const Experiment& experiment, unsigned threads, Keep keep, const Shard& shard,
              RowMaker* rows, const std::function<void(std::size_t, std::uint64_t)>& progress,
              const std::vector<Helper*>& helpers) {
  // As it is now: what is added will not be asked about again, and what is handed on is known no more.
  const std::set<std::pair<std::size_t, std::uint64_t>> known = journal.known(experiment);
  const std::vector<std::uint64_t> numbers = first_numbers(experiment);
  JournalSink sink(journal, experiment, rows);
  Plan plan = Plan::of(experiment.points, threads, keep);
  plan.progress = progress;
  plan.helpers = helpers;
  plan.until([&](std::size_t point) { return sink.end(point); });
  plan.wanted = [&](std::size_t part, std::uint64_t first, std::uint64_t) {
    return shard.has(numbers[part] + first / chunk_trials) && !known.contains({part, first});
  };
  run_campaign(plan, sink);
}

Progressed progress_of(const Journal& journal, const Experiment& experiment, const Shard& shard) {
  Progressed result;
  const std::vector<std::uint64_t> numbers = first_numbers(experiment);
  for (const auto& [point, first] : journal.known(experiment))
    if (shard.has(numbers[point] + first / chunk_trials))
      result.done += std::min(experiment.points[point].trials - first, chunk_trials);
  if (experiment.asks_for_precision()) return result;
  for_each_chunk(experiment,
                 [&](const Point&, std::uint64_t first, std::uint64_t last, std::uint64_t number) {
                   if (shard.has(number)) result.all += last - first;
                 });
  return result;
}

}  // namespace straggle
