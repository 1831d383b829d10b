// Runs the trials of one sweep point, all schemes side by side on the same workers, on any number of threads.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "sim/engine/timeline.h"
#include "sim/run/columns.h"
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
  bool timing_only = false;   ///< the scheme has no codebook: nothing could be verified
  double decode_seconds = 0;  ///< real time of all decodes
  /// The first trial the scheme called complete and the code could not decode exactly, and why.
  std::optional<std::uint64_t> failed_trial;
  std::string failure;

  /// The largest error over the real decodes that could be judged, if there were any.
  std::optional<double> real_error() const {
    return real_judged > 0 ? std::optional(real_max_error) : std::nullopt;
  }
  void merge(const Verification& later);
};

/// Adds an iteration's tallies to its trial's, and makes means of them when all `iterations` are in.
void add_iteration(TrialRecord& record, const RoundResult& round);
void average_iterations(TrialRecord& record, std::uint32_t iterations);

/// The trials of one scheme that could not complete, because workers never answered.
struct Incomplete {
  std::uint64_t trials = 0;
  std::optional<std::uint64_t> first;  ///< the first of them
  std::string missing;                 ///< what it lacked

  void merge(const Incomplete& later);
};

/// The seconds of a trial's completion time by Cause, a mean over its iterations; they add up to it. NaN for
/// a trial that could not complete.
using CriticalTimes = std::array<double, causes>;

struct SchemeResult {
  Sample sample;
  Verification verification;
  Incomplete incomplete;
  /// One entry a trial, in order, where Keep asks for it; else empty.
  std::vector<TrialRecord> records;
  std::vector<CriticalTimes> critical;
};

/// Throws the std::length_error that a run would end with where what is asked for cannot be kept: the
/// critical path of a ring so large that not all its arrivals are.
void check_keep(const Point& point, Keep keep);

/// The trials [first, last) of a point; one result a scheme, in order. The result does not depend on
/// `threads`. `progress` is told now and then, from any thread, how many more trials are finished. A trial
/// that cannot complete although every worker answers is a std::logic_error; see check_keep() too.
std::vector<SchemeResult> run_trials(const Point& point, std::uint64_t first, std::uint64_t last,
                                     unsigned threads,
                                     const std::function<void(std::uint64_t)>& progress = {}, Keep keep = {});

/// Draws the conditions of an iteration and runs schemes in it: the part that sweep and replay share. One a
/// thread.
class TrialRunner {
 public:
  explicit TrialRunner(const Point& point);

  /// Draws what every worker will take in this iteration; all schemes then run in it.
  void draw(std::uint64_t trial, std::uint32_t iteration);
  /// Runs scheme `s` in the drawn iteration; not again in a trial in which it could not complete. The result
  /// lives until the next call.
  const RoundResult& run(std::size_t s);
  /// What scheme `s` lacked when it could not complete.
  std::string missing(std::size_t s) const;

  Scheme& scheme(std::size_t s) { return *schemes_[s].scheme; }
  const Program& program(std::size_t s) const { return *schemes_[s].program; }
  /// As drawn.
  const Conditions& conditions() const { return conditions_; }
  /// As scheme `s` met them when it last ran: with its downlink and what its last iteration left.
  const Conditions& conditions(std::size_t s) const { return schemes_[s].conditions; }
  Workspace& workspace() { return workspace_; }

 private:
  struct Entry {
    std::unique_ptr<Scheme> scheme;
    const Program* program = nullptr;
    RoundResult result;
    bool has_previous = false;
    Conditions conditions;
    Leftover leftover, next_leftover;      // that the iteration starts with, that it leaves
    std::vector<double> model_at, offset;  // where they differ from those of the other schemes
  };

  /// The drawn conditions as scheme `entry` meets them.
  Conditions conditions_of(Entry& entry) const;

  const Point& point_;
  std::vector<Entry> schemes_;
  std::uint64_t trial_ = 0;
  std::size_t rows_ = 0;      // mini-batches to draw under additive scaling
  double seconds_scale_ = 1;  // of what the model draws
  std::uint64_t dead_ = 0;    // in this iteration
  std::vector<double> offset_, slope_, prefix_, delay_, transfer_;
  std::vector<std::uint64_t> failure_bits_;
  Conditions conditions_;
  Workspace workspace_;
};

}  // namespace straggle
