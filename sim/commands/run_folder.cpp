#include "sim/commands/run_folder.h"

#include <fmt/format.h>

#include <iostream>

#include "sim/base/text.h"
#include "sim/run/resume.h"
#include "sim/table/results_reader.h"

namespace straggle {

namespace fs = std::filesystem;

namespace {

bool is_link(const fs::path& path) {
  std::error_code ignored;
  return fs::is_symlink(path, ignored);
}

/// Whether a file has exactly these bytes.
bool is_text(const fs::path& file, const std::string& text) {
  std::error_code ignored;
  return fs::is_regular_file(file, ignored) && fs::file_size(file, ignored) == text.size() &&
         read_file(file.string(), "a configuration", text.size()) == text;
}

}  // namespace

void check_output(const fs::path& output, const std::vector<fs::path>& inputs, const std::string& kind,
                  const std::function<bool(std::string_view start)>& is_ours) {
  keep_inputs(output, inputs);
  for (const char* taken : {"results.csv", "samples.csv", "config.json", "results.csv.partial",
                            "samples.csv.partial", Journal::name, Journal::new_name, FolderLock::name})
    if (output.filename() == taken)
      throw ConfigError(fmt::format("{}: is the name of a file of `straggle run`; give another name",
                                    printable(output.string())));
  keep_foreign(output, kind, is_ours);
}

RunFolder::RunFolder(const fs::path& folder, const Experiment& experiment, const Provenance& provenance,
                     Keep keep)
    : folder_(folder),
      experiment_(experiment),
      provenance_(provenance),
      keep_(keep),
      config_before_(folder / "config.json") {
  hold();
  check_all();
  for (const fs::path& file : {results(), samples()})
    if (keep.samples || file == results()) check_ours(partial(file));
  config_ = config_to_write();

  results_.emplace(results(), partial(results()));
  write_csv_header(results_->stream(), experiment, provenance, keep);
  results_->flush();
  if (!keep.samples) return;
  samples_.emplace(samples(), partial(samples()));
  write_samples_header(samples_->stream(), experiment, provenance, keep);
  samples_->flush();
}

void RunFolder::hold() {
  if (lock_ && lock_->holds()) return;
  lock_.reset();
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error && is_link(folder_))
    throw ConfigError(fmt::format("{}: is a link that leads to no folder; give another --out",
                                  printable(folder_.string())));
  if (error)
    throw ConfigError(fmt::format("{}: cannot be created: {}", printable(folder_.string()),
                                  reason_of_errno(error.value())));
  keep_all_inputs();
  lock_.emplace(folder_);
  remove_left_over();
}

/// What processes have left that were ended while they wrote: with the lock, nobody writes them now.
void RunFolder::remove_left_over() const {
  std::error_code ignored;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder_, ignored))
    for (const fs::path& file : {results(), samples(), folder_ / "config.json"})
      if (is_unfinished(entry.path(), file)) fs::remove(entry.path(), ignored);
}

void RunFolder::keep_all_inputs() const {
  const std::vector<fs::path> inputs = inputs_of(experiment_);
  for (const fs::path& file :
       {results(), partial(results()), samples(), partial(samples()), folder_ / FolderLock::name,
        folder_ / Journal::name, folder_ / Journal::new_name})
    keep_inputs(file, inputs);
}

void RunFolder::check_all() const {
  keep_all_inputs();
  check_ours(results());
  if (keep_.samples) check_ours(samples());
}

void RunFolder::check_ours(const fs::path& file) const {
  std::error_code ignored;
  if (is_link(file) || !fs::exists(fs::symlink_status(file, ignored))) return;
  if (fs::is_regular_file(file, ignored) && fs::file_size(file, ignored) == 0) return;
  if (fs::is_directory(file, ignored))
    throw ConfigError(fmt::format("{}: is a folder, where results have to be written; give another --out",
                                  printable(file.string())));
  if (!written_by_run(file.string()))
    throw ConfigError(
        fmt::format("{}: was not written by `straggle run`, and would be replaced; give another --out",
                    printable(file.string())));
}

std::optional<std::string> RunFolder::config_to_write() const {
  const fs::path file = folder_ / "config.json";
  std::string text = printable_json(resolved_in(experiment_, folder_).dump(2)) + "\n";
  std::error_code ignored;
  const bool named = fs::equivalent(file, experiment_.file, ignored);
  const bool itself = named || is_standard_input(file);
  if (named && read_json_file(file.string()) == experiment_.resolved) return std::nullopt;
  if (itself && is_text(file, text)) return std::nullopt;
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
  for (const char* journal : {Journal::name, Journal::new_name})  // a shard's, or of a run that was killed
    if (is_journal(folder_ / journal)) return text;
  if (is_text(file, text)) return std::nullopt;
  throw ConfigError(
      fmt::format("{}: is not of a run, for there are no results beside it, and would be replaced; give "
                  "another --out",
                  printable(file.string())));
}

bool RunFolder::remove_stale(const fs::path& file, const std::optional<std::string>& run) const {
  std::error_code ignored;
  if (!fs::is_regular_file(file, ignored) || !written_by_run(file.string())) return false;
  return (!run || run_of(file.string()) != run) && fs::remove(file, ignored);
}

void RunFolder::add(const Row& row) {
  write_csv_row(results_->stream(), experiment_, row);
  results_->flush();
}

void RunFolder::add_samples(const Point& point, std::uint64_t first, const Block& trials) {
  sample_rows_ += write_samples(samples_->stream(), point, first, trials);
  samples_->flush();
}

void RunFolder::commit(const std::vector<Row>& rows) {
  const std::string run = run_id(experiment_, provenance_, rows, keep_);
  write_end(results_->stream(), rows.size(), run);
  if (samples_) write_samples_end(samples_->stream(), sample_rows_, run, samples_->checksum());
  try {
    hold();
    results_->secure();
    if (samples_) samples_->secure();
    std::optional<OutputFile> config;
    const fs::path config_file = folder_ / "config.json";
    if (config_) {
      config.emplace(config_file);
      config->stream() << *config_;
      config->sync();
    }
    check_all();
    if (const FileState now(config_file); config_ && now.exists && now != config_before_)
      throw ConfigError(fmt::format("{}: has been changed while the run was going on, and would be replaced",
                                    printable(config_file.string())));
    // Everything is on the disk, and nothing is in the way; from here on names are changed only. Trials of
    // another run go before its results, and trials of these very numbers stay.
    if (samples_) {
      samples_->commit();
    } else {
      if (remove_stale(samples(), run))
        std::cerr << fmt::format("removed: {}, which was of an earlier run\n", printable(samples().string()));
      remove_stale(partial(samples()), std::nullopt);
    }
    if (config) config->commit();
    std::error_code ignored;
    const bool others = fs::is_regular_file(results(), ignored) && written_by_run(results().string()) &&
                        run_of(results().string()) != run;
    results_->commit();
    sync_folder(folder_);
    if (const fs::path page = folder_ / "report.html"; others && fs::exists(page, ignored))
      std::cerr << fmt::format("{}: is of an earlier run; `straggle report {}` writes it anew\n",
                               printable(page.string()), shell_word(folder_.string()));
  } catch (const ConfigError& error) {
    std::string left;
    for (const auto& [file, path] : {std::pair(&results_, results()), std::pair(&samples_, samples())}) {
      if (!*file) continue;
      try {
        if ((*file)->leave_beside())
          left += (left.empty() ? "" : " and ") + printable(partial(path).string());
      } catch (const ConfigError&) {  // the first reason is the one to tell
      }
    }
    throw ConfigError(left.empty() ? fmt::format("{}; the results could not be kept", error.what())
                                   : fmt::format("{}; the results are whole in {}", error.what(), left));
  }
}

void RunFolder::commit_configuration() {
  if (!config_) return;
  OutputFile config(folder_ / "config.json");
  config.stream() << *config_;
  config.commit();
}

void RunFolder::leave_partial(std::size_t points) {
  hold();
  for (std::optional<OutputFile>* file : {&results_, &samples_}) {
    if (!*file) continue;
    write_interrupted((*file)->stream(), points, experiment_.points.size());
    (*file)->leave_beside();
  }
}

}  // namespace straggle
