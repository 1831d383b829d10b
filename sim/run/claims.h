// What papers say, sentence by sentence: a ledger (experiments/claims.json) of claims, each with the run that
// tests it, the number that comes out and the verdict.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/run/experiment.h"
#include "sim/run/statistics.h"

namespace straggle {

/// A metric of one scheme at one point, of every trial.
struct Measured {
  std::size_t point = 0, scheme = 0;  ///< indices into the experiment
  std::size_t metric = 0;             ///< index into metrics(), of a tally
};

/// What a sentence says of the world, and what we found.
enum class Finding { reproduced, refuted, undetermined };
/// "reproduced" and so on.
std::string to_string(Finding finding);

/// How the trials become one number: the mean (of a ratio: that of the means), or the least or greatest
/// trial.
enum class Statistic { mean, minimum, maximum };

/// A sentence of a paper that a number decides.
struct Claim {
  std::string paper, where, sentence;
  std::string why;             ///< a remark; needed where the verdict is undetermined
  std::string source;          ///< where `value` is from
  std::size_t experiment = 0;  ///< index into ClaimLedger::experiments
  Measured number;
  std::optional<Measured> over;  ///< the number is a ratio to this, trial by trial on the same workers
  Statistic statistic = Statistic::mean;
  double value = 0;   ///< of the number
  double within = 0;  ///< relative; at most 2 %, so that 5 % more or less are always too much
  Range says;         ///< where the number has to be if the sentence is right
  Finding verdict = Finding::undetermined;
};

/// A file of claims. Configurations that several claims use are there once.
struct ClaimLedger {
  std::string file;
  std::vector<std::pair<std::string, std::string>> papers;  ///< the name claims use, and the full one
  std::vector<Experiment> experiments;
  std::vector<Claim> claims;
};

/// Whether this is a ledger of claims and not a configuration.
bool is_claim_ledger(const Json& config);

/// Reads a ledger and the configurations it names, relative to its folder. Throws a ConfigError with all
/// mistakes at once.
ClaimLedger read_claims(Json config, const std::string& file);

/// `time: GC-MMC-1 / LCC`.
std::string number_text(const ClaimLedger& ledger, const Claim& claim);
/// The points of its sweep that it is about; "-" without a sweep.
std::string place_text(const ClaimLedger& ledger, const Claim& claim);

/// What came out of one claim.
struct ClaimResult {
  double found = std::numeric_limits<double>::quiet_NaN();
  double std_error = 0;  ///< 0 for an extreme trial
  Finding verdict = Finding::undetermined;
  /// The number is within its tolerance, four standard errors are no more than it, the verdict is the
  /// ledger's and every verified trial decodes.
  bool pass = false;
  std::string problem;  ///< why it does not pass, if the number is not all
};

/// The trials that check_claims() will run.
std::uint64_t trials_of(const ClaimLedger& ledger);

/// Runs every point that is asked about once; one result a claim, in order.
std::vector<ClaimResult> check_claims(const ClaimLedger& ledger, unsigned threads,
                                      const std::function<void(std::uint64_t)>& progress = {});

/// The result of a claim whose number came out as `found`; the last step of check_claims().
ClaimResult judge(const Claim& claim, double found, double std_error);

}  // namespace straggle
