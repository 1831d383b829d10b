// The journal of a run: what each of its blocks came to, written as it goes, so that a run that was stopped,
// or is to be longer, goes on where it was. It is the truth from which the files of results are made.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "sim/base/config.h"
#include "sim/run/block.h"
#include "sim/run/columns.h"
#include "sim/run/experiment.h"
#include "sim/run/provenance.h"
#include "sim/run/summary.h"

namespace straggle {

/// Raised whenever the program gives other numbers for the same configuration: journals of before are not
/// gone on with.
inline constexpr int numbers_version = 1;

/// What a journal is of: journals of equal subjects hold parts of the same run.
struct JournalSubject {
  int numbers = numbers_version;
  std::string version, command;  ///< of the program and how it was called; only said, not compared
  Json configuration;            ///< Experiment::identity
  Json resolved;                 ///< the configuration as it reads beside the journal; not compared
  Keep keep = {};                ///< but for the samples, which have records of their own

  /// How another subject differs from this, in a few words a field: `/compute/rate: 5 there, 10 here`; empty
  /// where both are the same.
  std::vector<std::string> differences(const JournalSubject& there) const;
};
/// `folder` is the journal's.
JournalSubject subject_of(const Experiment& experiment, const Provenance& provenance, Keep keep,
                          const std::filesystem::path& folder);

/// A journal that is read: what is whole in it.
class JournalReader {
 public:
  /// A ConfigError where there is no such file, or it is no journal. Records that are cut or damaged are left
  /// out and counted, and so is what another run has left before.
  explicit JournalReader(const std::filesystem::path& file);

  const JournalSubject& subject() const { return subject_; }
  /// Whether all that it holds was part of a run that has ended: nothing was written since.
  bool finished() const { return finished_; }
  /// Whether a part of a run is all that it is meant to hold: `3/8`; empty otherwise.
  const std::string& shard() const { return shard_; }
  std::size_t damaged() const { return damaged_; }
  /// The bytes up to the end of the last whole record.
  std::uint64_t whole_bytes() const { return whole_bytes_; }

  /// By point, first trial and number of trials.
  using Key = std::tuple<std::size_t, std::uint64_t, std::uint64_t>;
  const std::map<Key, ChunkSummary>& chunks() const { return chunks_; }
  std::map<Key, ChunkSummary>& chunks() { return chunks_; }
  /// Where the trials themselves are, where they were kept, in bytes from the beginning: one a scheme.
  const std::map<Key, std::vector<std::uint64_t>>& samples() const { return samples_; }

 private:
  bool read_subject(std::string_view payload);

  bool has_subject_ = false;
  JournalSubject subject_;
  std::string shard_;
  bool finished_ = false;
  std::size_t damaged_ = 0;
  std::uint64_t whole_bytes_ = 0;
  std::map<Key, ChunkSummary> chunks_;
  std::map<Key, std::vector<std::uint64_t>> samples_;
  std::map<Key, std::vector<std::uint64_t>> pending_;  // samples whose chunk has not come yet
};

/// Reads trials from their place (JournalReader::samples()). A ConfigError where the file has changed since.
Block read_samples(const std::filesystem::path& file, std::uint64_t place);

/// Whether the mark of a record is at its beginning, or where that is damaged soon behind it.
bool is_journal(const std::filesystem::path& file);
/// Whether it is one in which nothing is whole: a process was ended while it began.
bool is_stillborn(const std::filesystem::path& file);

/// A journal that is written, record by record. Every record is handed to the system at once, so that it is
/// there when the process ends, however it ends; and to the disk every few seconds and at the end, for the
/// case that the machine does not go on. What cannot be written is a ConfigError with the reason; what was
/// whole stays.
class JournalWriter {
 public:
  /// A new one, which replaces what is there, a link too. `shard` as in JournalReader.
  JournalWriter(const std::filesystem::path& file, const JournalSubject& subject, const std::string& shard);
  /// Goes on with one behind its whole records.
  JournalWriter(const std::filesystem::path& file, std::uint64_t whole_bytes);
  /// Says how the subject reads from here on: with another number of trials.
  void describe(const JournalSubject& subject, const std::string& shard);
  ~JournalWriter();
  JournalWriter(const JournalWriter&) = delete;
  JournalWriter& operator=(const JournalWriter&) = delete;

  void add(const ChunkSummary& chunk);
  /// The trials themselves; before the summary of the same chunk. Returns where they are, one place a scheme.
  std::vector<std::uint64_t> add_samples(std::size_t point, std::uint64_t first,
                                         const std::vector<Block>& trials);
  /// The run is at its end.
  void finish();
  /// Waits until all is on the disk.
  void sync();
  /// Where somebody has removed or moved the file, or its folder, it is written again, unless something else
  /// is there now (a ConfigError).
  void secure();
  /// Reads trials from their place (JournalReader::samples(), or what add_samples() has returned).
  Block read_samples(std::uint64_t place) const;

 private:
  /// Appends a record; returns where it begins.
  std::uint64_t write(int kind, const std::string& payload);

  std::filesystem::path file_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
  std::int64_t synced_at_ = 0;  // seconds, of a clock that does not jump
};

}  // namespace straggle
