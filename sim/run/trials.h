// Runs the trials of one sweep point, all schemes side by side on the same workers, on any number of threads.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "sim/run/experiment.h"
#include "sim/run/statistics.h"

namespace straggle {

/// What the verified trials of one scheme came to.
struct Verification {
  std::uint64_t trials = 0;          ///< verified; each with all its iterations
  std::uint64_t decodes = 0;         ///< iterations times fields
  std::uint64_t real_judged = 0;     ///< real decodes whose error could be judged
  std::uint64_t unjudged = 0;        ///< real decodes too ill-conditioned for doubles to say anything
  double real_max_error = 0;         ///< relative, over the judged ones
  bool real = false, prime = false;  ///< which fields were tried
  bool prime_exact = true;
  double decode_seconds = 0;  ///< real time of all decodes
  /// The first trial the scheme called complete and the code could not decode exactly, and why.
  std::optional<std::uint64_t> failed_trial;
  std::string failure;

  void merge(const Verification& later);
};

/// Adds an iteration's tallies to its trial's, and makes means of them when all `iterations` are in.
void add_iteration(TrialRecord& record, const RoundResult& round);
void average_iterations(TrialRecord& record, std::uint32_t iterations);

struct SchemeResult {
  Sample sample;
  Verification verification;
};

/// The trials [first, last) of a point; one result a scheme, in order. The result does not depend on
/// `threads`. `progress` is told now and then, from any thread, how many more trials are finished. A trial
/// that cannot complete is a std::logic_error.
std::vector<SchemeResult> run_trials(const Point& point, std::uint64_t first, std::uint64_t last,
                                     unsigned threads,
                                     const std::function<void(std::uint64_t)>& progress = {});

/// Draws the conditions of an iteration and runs schemes in it: the part that sweep and replay share. One a
/// thread.
class TrialRunner {
 public:
  explicit TrialRunner(const Point& point);

  /// Draws what every worker will take in this iteration; all schemes then run in it.
  void draw(std::uint64_t trial, std::uint32_t iteration);
  /// Runs scheme `s` in the drawn iteration. The result lives until the next call.
  const RoundResult& run(std::size_t s);

  Scheme& scheme(std::size_t s) { return *schemes_[s].scheme; }
  const Program& program(std::size_t s) const { return *schemes_[s].program; }
  const Conditions& conditions() const { return conditions_; }
  Workspace& workspace() { return workspace_; }

 private:
  struct Entry {
    std::unique_ptr<Scheme> scheme;
    const Program* program = nullptr;
    RoundResult result;
    bool has_previous = false;
  };

  const Point& point_;
  std::vector<Entry> schemes_;
  std::uint64_t trial_ = 0;
  std::size_t rows_ = 0;  // mini-batches to draw under additive scaling
  std::vector<double> offset_, slope_, prefix_;
  Conditions conditions_;
  Workspace workspace_;
};

}  // namespace straggle
