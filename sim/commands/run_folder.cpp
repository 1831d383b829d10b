#include "sim/commands/run_folder.h"

#include <fmt/format.h>

#include "sim/base/text.h"
#include "sim/run/results.h"

namespace straggle {

namespace fs = std::filesystem;

namespace {

bool is_link(const fs::path& path) {
  std::error_code ignored;
  return fs::is_symlink(path, ignored);
}

/// The resolved configuration as it has to read in `folder`: paths of data files start where it is.
std::string resolved_text(const Experiment& experiment, const fs::path& folder) {
  Json resolved = experiment.resolved;
  for_each_data_file(resolved, [&](std::string& data) {
    if (fs::path(data).is_absolute()) return;
    const fs::path from = fs::absolute(fs::path(experiment.file).parent_path() / data);
    data = fs::proximate(from.lexically_normal(), fs::absolute(folder)).string();
    if (!is_utf8(data))
      throw ConfigError(fmt::format("{}: the path to {} cannot be written into JSON: it is not UTF-8",
                                    printable(folder.string()), printable(data)));
  });
  return printable_json(resolved.dump(2)) + "\n";
}

}  // namespace

RunFolder::RunFolder(const fs::path& folder, const Experiment& experiment, const Provenance& provenance,
                     Keep keep)
    : folder_(folder), experiment_(experiment), provenance_(provenance), keep_(keep) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error)
    throw ConfigError(
        fmt::format("{}: cannot be created: {}", printable(folder.string()), reason_of_errno(error.value())));
  const std::vector<fs::path> inputs = inputs_of(experiment);
  for (const fs::path& file :
       {results(), partial(results()), samples(), partial(samples()), folder / FolderLock::name})
    keep_inputs(file, inputs);
  lock_.emplace(folder);
  for (const fs::path& file : {results(), partial(results())}) check_ours(file);
  if (keep.records)
    for (const fs::path& file : {samples(), partial(samples())}) check_ours(file);
  config_ = config_to_write();

  results_.emplace(results(), partial(results()));
  write_csv_header(results_->stream(), experiment, provenance, keep);
  results_->flush();
  if (!keep.records) return;
  samples_.emplace(samples(), partial(samples()));
  write_samples_header(samples_->stream(), experiment, provenance, keep);
  samples_->flush();
}

void RunFolder::check_ours(const fs::path& file) const {
  std::error_code ignored;
  if (is_link(file) || !fs::exists(fs::symlink_status(file, ignored))) return;
  if (fs::is_regular_file(file, ignored) && fs::file_size(file, ignored) == 0) return;
  if (!written_by_run(file.string()))
    throw ConfigError(
        fmt::format("{}: was not written by `straggle run`, and would be replaced; give another --out",
                    printable(file.string())));
}

std::optional<std::string> RunFolder::config_to_write() const {
  const fs::path file = folder_ / "config.json";
  std::string text = resolved_text(experiment_, folder_);
  std::error_code ignored;
  const bool itself = fs::equivalent(file, experiment_.file, ignored);
  if (itself && read_json_file(file.string()) == experiment_.resolved) return std::nullopt;
  if (itself)
    throw ConfigError(fmt::format(
        "{}: is the configuration itself, which the resolved one would replace; give another --out",
        printable(file.string())));
  keep_inputs(file, inputs_of(experiment_));
  if (is_link(file) || !fs::exists(fs::symlink_status(file, ignored))) return text;
  // A run into this folder has replaced it, or it would have been refused: it is a run's where there are
  // results of one.
  for (const fs::path& beside : {results(), partial(results())})
    if (fs::is_regular_file(beside, ignored) && written_by_run(beside.string())) return text;
  if (fs::file_size(file, ignored) == text.size() &&
      read_file(file.string(), "a configuration", text.size()) == text)
    return std::nullopt;
  throw ConfigError(
      fmt::format("{}: is not of a run, for there are no results beside it, and would be replaced; give "
                  "another --out",
                  printable(file.string())));
}

void RunFolder::remove_stale(const fs::path& file, const std::optional<std::string>& run) const {
  std::error_code ignored;
  if (!fs::is_regular_file(file, ignored) || !written_by_run(file.string())) return;
  if (!run || run_of(file.string()) != run) fs::remove(file, ignored);
}

void RunFolder::add(const Row& row) {
  write_csv_row(results_->stream(), experiment_, row);
  results_->flush();
}

void RunFolder::add_samples(const Point& point, std::size_t s, const SchemeResult& result) {
  if (!samples_) return;
  sample_rows_ += write_samples(samples_->stream(), point, s, result);
  samples_->flush();
}

void RunFolder::commit(const std::vector<Row>& rows) {
  const std::string run = run_id(experiment_, provenance_, rows, keep_);
  write_end(results_->stream(), rows.size(), run);
  results_->sync();
  std::optional<OutputFile> config;
  if (config_) {
    config.emplace(folder_ / "config.json");
    config->stream() << *config_;
    config->sync();
  }
  // Everything is on the disk; from here on names are changed only. Trials of another run go before its
  // results, and trials of these very numbers stay.
  if (samples_) {
    write_end(samples_->stream(), sample_rows_, run);
    samples_->commit();
  } else {
    remove_stale(samples(), run);
    remove_stale(partial(samples()), std::nullopt);
  }
  if (config) config->commit();
  results_->commit();
  sync_folder(folder_);
}

void RunFolder::leave_partial(std::size_t points) {
  for (std::optional<OutputFile>* file : {&results_, &samples_}) {
    if (!*file) continue;
    write_interrupted((*file)->stream(), points, experiment_.points.size());
    (*file)->leave_beside();
  }
}

}  // namespace straggle
