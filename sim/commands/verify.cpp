// straggle verify: configurations against the numbers they expect.
#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <iostream>

#include "sim/base/file.h"
#include "sim/base/text.h"
#include "sim/commands/arguments.h"
#include "sim/commands/command.h"
#include "sim/commands/progress.h"
#include "sim/commands/sweep.h"
#include "sim/run/claims.h"
#include "sim/run/configuration.h"
#include "sim/run/cost.h"
#include "sim/run/verdict.h"
#include "sim/table/table.h"

namespace straggle {
namespace {

namespace fs = std::filesystem;

int verify_command(const Arguments& arguments);

const CommandRegistration registration({
    .name = "verify",
    .summary = "run configurations and compare with the numbers they expect",
    .description =
        R"(Runs every configuration with an "expect" block: the files named (- is standard input), and those (*.json)
in the folders named. Prints what was expected and found; a number is met within 4 standard errors, or within its own
"within", a share of the value. Where the trials have no spread, within half a unit of its last digit. The same for
files of claims, such as experiments/claims.json: what papers say, the numbers that come out, and the verdicts
(docs/claims.md). Exit code 1 if one is missed, 2 if there is none to check.)",
    .positional = {{.value = "PATH",
                    .question = "which configurations?",
                    .offer = Offer::configurations,
                    .repeated = true}},
    .options = {threads_option()},
    .example = "straggle verify experiments",
    .run = verify_command,
    .place = 2,
});

/// What there is to verify.
struct Expecting {
  std::vector<Experiment> experiments;
  std::vector<ClaimLedger> ledgers;
};

/// Configurations with expectations, and claims: files as named, and those under folders, sorted.
Expecting find_expecting(const std::vector<std::string>& paths) {
  std::vector<Experiment> experiments;
  std::vector<ClaimLedger> ledgers;
  std::string mistakes;
  const auto load = [&](const std::string& file, bool named) {
    try {
      const auto [config, name] = read_configuration(file);
      if (is_claim_ledger(config)) {
        ledgers.push_back(read_claims(config, name));
        return;
      }
      if (!config.is_object() || !config.contains("expect")) {
        if (named) throw ConfigError(fmt::format("{}: has no \"expect\" block to verify", printable(name)));
        return;
      }
      Experiment experiment = read_experiment(config, name);
      if (!experiment.expected.empty())
        experiments.push_back(std::move(experiment));
      else if (named)
        throw ConfigError(fmt::format("{}: /expect: is empty: nothing was checked", printable(name)));
    } catch (const ConfigError& error) {
      mistakes += (mistakes.empty() ? "" : "\n") + std::string(error.what());
    }
  };
  for (const std::string& path : paths) {
    std::error_code error;
    if (!fs::is_directory(path, error)) {
      load(path, true);
      continue;
    }
    std::vector<std::string> files;
    fs::recursive_directory_iterator entry(path, error);
    for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
      std::error_code unknown;  // such as a link that leads nowhere
      if (entry->is_regular_file(unknown) && entry->path().extension() == ".json")
        files.push_back(entry->path().string());
    }
    if (error)
      throw ConfigError(fmt::format("{}: cannot be read, or a folder in it: {}", printable(path),
                                    reason_of_errno(error.value())));
    std::sort(files.begin(), files.end());
    for (const std::string& file : files) load(file, false);
  }
  if (!mistakes.empty()) throw ConfigError(mistakes);
  if (experiments.empty() && ledgers.empty())
    throw ConfigError(
        "nothing was checked: there is no configuration with an expectation in its \"expect\" in what was "
        "named");
  return {std::move(experiments), std::move(ledgers)};
}

/// A number as its format writes it, and "-" where there is none.
std::string number_or_none(double value, const char* format) {
  return std::isnan(value) ? "-" : fmt::format(fmt::runtime(format), value);
}

/// Checks the claims of a file and prints them by paper; how many hold.
std::size_t verify_claims(const ClaimLedger& ledger, unsigned threads) {
  std::vector<ClaimResult> results;
  {
    Progress progress(trials_of(ledger));
    results = check_claims(ledger, threads, [&](std::uint64_t trials) { progress.add(trials); });
  }
  std::size_t met = 0;
  std::string problems;
  std::cout << ledger.file << "\n";
  for (const auto& [paper, title] : ledger.papers) {
    std::vector<std::vector<std::string>> lines = {
        {"where", "number", "at", "stated", "found", "off by", "allowed", "verdict", "", "claim"}};
    for (std::size_t i = 0; i < results.size(); ++i) {
      const Claim& claim = ledger.claims[i];
      const ClaimResult& result = results[i];
      if (claim.paper != paper) continue;
      if (result.pass) ++met;
      lines.push_back(
          {claim.where, number_text(ledger, claim), place_text(ledger, claim), fmt::format("{}", claim.value),
           number_or_none(result.found, "{:.6g}"),
           number_or_none(100 * (result.found - claim.value) / std::abs(claim.value), "{:+.2f} %"),
           fmt::format("{:g} %", 100 * claim.within), to_string(result.verdict),
           result.pass ? "pass" : "FAIL", claim.sentence});
      if (!result.problem.empty()) problems += fmt::format("{}: {}\n", claim.sentence, result.problem);
    }
    if (lines.size() > 1) std::cout << "\n" << title << "\n" << align(lines, 10);
  }
  std::cout << "\n" << problems << (problems.empty() ? "" : "\n") << std::flush;
  return met;
}

std::string off_by(const ExpectedValue& expected, const Verdict& verdict) {
  if (std::isnan(verdict.found)) return "-";
  switch (verdict.rule) {
    case Verdict::Rule::share:
      if (expected.value != 0) return fmt::format("{:+.2f} %", 100 * verdict.deviation);
      break;
    case Verdict::Rule::std_errors:
      return number_or_none(verdict.z, "{:+.1f} s.e.");
    case Verdict::Rule::quantile:
      return fmt::format("{:+.2f} %", 100 * verdict.deviation);
    case Verdict::Rule::none:
    case Verdict::Rule::digits:
      break;
  }
  return number_or_none(verdict.found - expected.value, "{:+.3g}");
}

std::string allowed(const ExpectedValue& expected, const Verdict& verdict) {
  if (std::isnan(verdict.found) && verdict.trouble.empty())
    return expected.slope ? "a value it is fitted to is missing" : "there is no such number";
  const std::string doubts = verdict.trouble.empty() ? "" : " (" + verdict.trouble + ")";
  switch (verdict.rule) {
    case Verdict::Rule::share:
      return fmt::format("{:g} %{}", 100 * *expected.within, doubts);
    case Verdict::Rule::std_errors:
      if (std::isnan(verdict.z) && verdict.trouble.empty()) return "4 s.e. (the spread is not known)";
      return "4 s.e." + doubts;
    case Verdict::Rule::quantile:
      return fmt::format("{:.5g} .. {:.5g}{}", verdict.interval.low, verdict.interval.high, doubts);
    case Verdict::Rule::none:
      return verdict.trouble;
    case Verdict::Rule::digits:
      break;
  }
  return fmt::format("{:g}: no spread", expected.half_unit);
}

int verify_command(const Arguments& arguments) {
  const std::vector<std::string> paths = arguments.positional();
  const unsigned threads = arguments.threads();
  std::size_t met = 0, all = 0, inexact = 0;
  const Expecting expecting = find_expecting(paths);
  for (const Experiment& experiment : expecting.experiments) {
    check_memory(experiment, threads, available_memory());
    const std::vector<Row> rows = run_all(experiment, threads);
    inexact += report_inexact(experiment, rows,
                              experiment.file == "standard input" ? "-" : shell_word(experiment.file));
    std::vector<std::vector<std::string>> lines = {
        {"scheme", "at", "metric", "expected", "found", "off by", "allowed", "", "source"}};
    for (const ExpectedValue& expected : experiment.expected) {
      const Verdict verdict = judge(expected, experiment, rows);
      ++all;
      if (verdict.pass) ++met;
      const std::string at = expected.slope ? fmt::format("{} points", expected.points.size())
                                            : experiment.place_of(experiment.points[expected.points.front()]);
      const std::string metric =
          expected.slope ? fmt::format("{}slope of {} along {}", expected.slope->log ? "log-log " : "",
                                       expected.metric, expected.slope->x)
                         : expected.metric;
      lines.push_back({expected.label, at.empty() ? "-" : at, metric, fmt::format("{}", expected.value),
                       number_or_none(verdict.found, "{:.8g}"), off_by(expected, verdict),
                       allowed(expected, verdict), verdict.pass ? "pass" : "FAIL",
                       printable(expected.source, 500)});
    }
    std::cout << printable(experiment.file) << "\n" << align(lines, 9) << "\n" << std::flush;
  }
  if (all > 0) std::cout << fmt::format("{} of {} expectations met\n", met, all);
  std::size_t claims_met = 0, claims = 0;
  for (const ClaimLedger& ledger : expecting.ledgers) {
    claims_met += verify_claims(ledger, threads);
    claims += ledger.claims.size();
  }
  if (claims > 0) std::cout << fmt::format("{} of {} claims as stated\n", claims_met, claims);
  return met == all && claims_met == claims && inexact == 0 ? fine : missed;
}

}  // namespace
}  // namespace straggle
