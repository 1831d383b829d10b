// What a run owns: results.csv, samples.csv and config.json of its folder, put there when they are whole.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/file.h"
#include "sim/table/results_csv.h"

namespace straggle {

/// Refuses what replay and report may not write to: what is read, the names of a run's files, and what exists
/// and is not `kind` ("a trace") by its first bytes, as keep_foreign() has it.
void check_output(const std::filesystem::path& output, const std::vector<std::filesystem::path>& inputs,
                  const std::string& kind, const std::function<bool(std::string_view start)>& is_ours);

/// The folder of a run, locked while the object lives. Rows are written beside, as results.csv.partial and
/// samples.csv.partial; commit() puts them into their places, results.csv last. Without a commit what was
/// there stays. Nothing that was read, and nothing that no run has written, is ever replaced. What cannot be
/// done is a ConfigError.
class RunFolder {
 public:
  /// Finds out everything that would be in the way, and makes the folder.
  RunFolder(const std::filesystem::path& folder, const Experiment& experiment, const Provenance& provenance,
            Keep keep);

  const std::filesystem::path& path() const { return folder_; }
  std::filesystem::path results() const { return folder_ / "results.csv"; }
  std::filesystem::path samples() const { return folder_ / "samples.csv"; }
  /// Whether there is a results.csv.
  bool has_results() const { return std::filesystem::exists(results()); }
  static std::filesystem::path partial(std::filesystem::path file) { return file += ".partial"; }

  /// Writes a row through to the system.
  void add(const Row& row);
  /// Trials of one scheme of a point, from number `first` on, where there are to be samples.
  void add_samples(const Point& point, std::uint64_t first, const Block& trials);
  /// The run is whole. What an earlier run has left and this one has not replaced is removed. A folder that
  /// was removed meanwhile is made again; where something is in the way by now the results stay beside, and
  /// the ConfigError says where.
  void commit(const std::vector<Row>& rows);
  /// Writes config.json alone: of a shard, which has no results.
  void commit_configuration();
  /// The run has been stopped after so many points: what is there of it stays beside.
  void leave_partial(std::size_t points);

 private:
  /// Throws unless a file may be replaced: there is none, or a link, or one that a run has written.
  void check_ours(const std::filesystem::path& file) const;
  /// Throws unless all that is written may be put into its place.
  void check_all() const;
  /// Throws where something that is read has a name that is written to.
  void keep_all_inputs() const;
  /// Makes the folder, and takes its lock, where that is not so or not any more.
  void hold();
  void remove_left_over() const;
  /// What config.json has to be; nothing where it is that already.
  std::optional<std::string> config_to_write() const;
  /// Removes a file of another run than `run`, or of any.
  /// Whether it was there, and of another run.
  bool remove_stale(const std::filesystem::path& file, const std::optional<std::string>& run) const;

  std::filesystem::path folder_;
  const Experiment& experiment_;
  const Provenance& provenance_;
  Keep keep_;
  std::optional<FolderLock> lock_;
  std::optional<std::string> config_;
  FileState config_before_;
  std::optional<OutputFile> results_, samples_;
  std::size_t sample_rows_ = 0;
};

}  // namespace straggle
