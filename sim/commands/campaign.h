// A run into a folder from the command line: what run and join share.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "sim/commands/command.h"
#include "sim/run/experiment.h"
#include "sim/run/provenance.h"
#include "sim/run/resume.h"

namespace straggle {

struct CampaignOptions {
  std::filesystem::path folder;
  Keep keep = {};
  unsigned threads = 1;
  std::string format = "table";
  std::optional<Shard> shard = {};  ///< only these chunks, and no results
  bool fresh = false;
  std::string again =
      {};  ///< the configuration as a command line names it, with its options, ready for a shell
  /// Called when the journal has been found, before anything is run.
  std::function<void(Journal&)> prepare = {};
};

/// Who takes part in all campaigns of this process; set before any is run.
struct HelpersOfProcess {
  std::vector<Helper*> helpers;
  /// Called with an experiment before its campaign.
  std::function<void(const Experiment&)> begin = {};
};
HelpersOfProcess& helpers_of_process();

/// The K/N of option `--shard K/N`. A ConfigError where it is none.
Shard parse_shard(const std::string& text);

/// The option --format, which says how results are printed.
Option format_option();

/// Runs what the folder's journal lacks, with progress, writes the files of the run and prints its results.
/// Returns an ExitCode, or 128 and the signal's number.
int run_campaign_into(const Experiment& experiment, const Provenance& provenance,
                      const CampaignOptions& options);

/// Prints rows in one of the formats of format_option(); of a run that has not ended so far, `unfinished` is
/// how many of its points are finished.
void print_results(const Experiment& experiment, const Provenance& provenance, const std::vector<Row>& rows,
                   Keep keep, const std::string& format, std::optional<std::size_t> unfinished = {});

/// The options of `straggle run` that a journal's subject keeps: ` --critical-path`.
std::string options_of(Keep keep);

}  // namespace straggle
