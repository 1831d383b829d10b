// A run that goes on: what a journal lacks is run and added, and what it has comes from there.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sim/run/campaign.h"
#include "sim/run/experiment.h"
#include "sim/run/journal.h"
#include "sim/run/rows.h"

namespace straggle {

/// The journal of a run into a folder: begun, or gone on with.
class Journal {
 public:
  static constexpr const char* name = "journal";
  /// While another run's whole journal is still at `name`.
  static constexpr const char* new_name = "journal.new";

  struct Options {
    Keep keep = {};
    std::string shard = {};  ///< as in JournalReader
    bool fresh = false;      ///< begin anew, whatever there is
  };

  /// Finds what is there of a run of this subject. A whole run of another subject stays until commit(); over
  /// one that has not ended, over another shard of this run, and over a file that is no journal, the
  /// ConfigError says what differs, or why.
  Journal(const std::filesystem::path& folder, const JournalSubject& subject, const Options& options);

  /// Removes it where nothing was ever in it.
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  const std::filesystem::path& file() const { return file_; }
  std::size_t damaged() const { return damaged_; }
  /// Whether all that it holds was a run that has ended.
  bool ended() const { return ended_; }
  /// What the user should know of what was there: empty where that is nothing.
  const std::string& note() const { return note_; }
  /// The chunks for which has() says yes: point and first trial.
  std::set<std::pair<std::size_t, std::uint64_t>> known(const Experiment& experiment) const;
  /// Whether the trials [first, last) of a point need not be run: their summaries are there, and where
  /// samples are to be kept the trials themselves.
  bool has(const Point& point, std::uint64_t first, std::uint64_t last) const;
  /// What those came to; once.
  ChunkSummary take(const Point& point, std::uint64_t first, std::uint64_t last);
  /// Adds a chunk, with its trials where they are kept, and returns what it came to.
  ChunkSummary add(const Chunk& chunk, const Point& point);
  /// Adds what another journal knows of a chunk; `trials` is empty unless they are kept.
  void adopt(ChunkSummary&& summary, const std::vector<Block>& trials);
  /// The trials [first, last) of scheme `s`, where they are kept.
  Block samples(const Point& point, std::size_t s, std::uint64_t first, std::uint64_t last) const;
  /// All is there: the journal gets its name. A ConfigError where it cannot.
  void commit();

 private:
  void write(const ChunkSummary& summary, const std::vector<Block>& trials);

  std::filesystem::path folder_, file_;
  Keep keep_;
  std::string note_;
  std::size_t damaged_ = 0;
  bool ended_ = false;  // nothing has been added since a run ended
  bool begun_ = false;  // something is in it
  std::map<JournalReader::Key, ChunkSummary> known_;
  std::map<JournalReader::Key, std::vector<std::uint64_t>> samples_;  // their places in the file
  std::optional<JournalWriter> writer_;
};

/// The journal of a folder: that of the run that has not ended, or else of the one that has. A ConfigError
/// where there is none.
std::filesystem::path journal_of(const std::filesystem::path& folder);

/// Which chunks of a run a process takes: those whose number, counted through the points, is `index` − 1
/// modulo `count`.
struct Shard {
  std::uint64_t index = 1, count = 1;
  bool has(std::uint64_t number) const { return number % count == index - 1; }
  /// `3/8`.
  std::string text() const { return std::to_string(index) + "/" + std::to_string(count); }
};

/// Calls visit(point, first, last, number) for every chunk of an experiment, in order; chunks are numbered
/// through the points.
void for_each_chunk(
    const Experiment& experiment,
    const std::function<void(const Point&, std::uint64_t, std::uint64_t, std::uint64_t)>& visit);

/// The number of each point's first chunk.
std::vector<std::uint64_t> first_numbers(const Experiment& experiment);

/// Runs the chunks of an experiment that are the shard's and not in the journal, and adds them there. `rows`,
/// where it is given, gets all chunks in order, those of the journal too. `helpers` and `progress` as in
/// Plan.
void run_into(Journal& journal, const Experiment& experiment, unsigned threads, Keep keep, const Shard& shard,
              RowMaker* rows, const std::function<void(std::size_t, std::uint64_t)>& progress,
              const std::vector<Helper*>& helpers = {});

/// The trials of an experiment that a journal has already, and those that are the shard's in all: 0 where a
/// precision decides.
struct Progressed {
  std::uint64_t done = 0, all = 0;
};
Progressed progress_of(const Journal& journal, const Experiment& experiment, const Shard& shard);

}  // namespace straggle
