// Draws trials and runs all schemes of a point in them, side by side on the same workers, on one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sim/run/block.h"
#include "sim/run/columns.h"
#include "sim/run/point.h"
#include "sim/run/verification.h"

namespace straggle {

/// What one trial counts: means over its iterations.
struct TrialRecord {
  bool complete = true;  ///< else the rest means nothing
  PerTally<double> tally;
  double& operator[](Tally which) { return tally[which]; }
  double operator[](Tally which) const { return tally[which]; }
};

/// Adds an iteration's tallies to its trial's, and makes means of them when all `iterations` are in.
void add_iteration(TrialRecord& record, const RoundResult& round);
void average_iterations(TrialRecord& record, std::uint32_t iterations);

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
    std::uint32_t stream = 0;  // of its random numbers
    RoundResult result;
    std::vector<Arrival> taken;  // of `result`: the workspace's are those of the scheme that ran last
    bool has_previous = false;
    Conditions conditions;
    Leftover leftover, next_leftover;      // that the iteration starts with, that it leaves
    std::vector<double> model_at, offset;  // where they differ from those of the other schemes
    std::uint64_t dead = 0;                // workers that never answer this scheme in this iteration
  };

  /// Draws what every worker takes for a mini-batch.
  void draw_seconds(const DrawAddress& address, std::span<double> out) const;
  /// Draws what every worker takes for the mini-batches from number `first` to `last`, both from 0, under
  /// additive scaling.
  void draw_rows(std::size_t first, std::size_t last);
  /// The rows that a program reads under additive scaling, else 0. Draws those that are missing, where it
  /// computes more than the first programs did; others never read them, so their results do not change.
  std::size_t draw_rows_for(const Program& program);
  /// What the scheme may know of the iteration that has been drawn.
  RoundContext context_of(const Entry& entry) const;
  /// The drawn conditions as scheme `entry` meets them.
  Conditions conditions_of(Entry& entry);

  const Point& point_;
  std::vector<Entry> schemes_;
  std::uint64_t trial_ = 0;
  std::uint32_t iteration_ = 0;
  DrawAddress address_;       // of this iteration's times
  std::size_t rows_ = 0;      // mini-batches to draw for every iteration under additive scaling
  std::size_t drawn_ = 0;     // of this iteration, the further ones of larger programs included
  double seconds_scale_ = 1;  // of what the model draws
  std::uint64_t dead_ = 0;    // in this iteration, to every scheme
  std::vector<double> offset_, slope_, prefix_, delay_, transfer_;
  std::vector<std::uint64_t> failure_bits_;
  Conditions conditions_;
  Workspace workspace_;
};

/// Throws the std::length_error that a run would end with where what is asked for cannot be kept: the
/// critical path of a ring so large that not all its arrivals are.
void check_keep(const Point& point, Keep keep);

/// Fills blocks. One a thread.
class BlockRunner {
 public:
  BlockRunner(const Point& point, Keep keep);

  /// The trials [first, last), one block a scheme. A trial that cannot complete although every worker answers
  /// is a std::logic_error; a wish to stop is Interrupted.
  std::vector<Block> run(std::uint64_t first, std::uint64_t last);

 private:
  /// `slot`: its place in the blocks.
  void run_trial(std::uint64_t trial, std::size_t slot, std::vector<Block>& blocks);
  /// Adds this iteration's share of the trial's mean.
  void add_critical(std::size_t s, const RoundResult& round, CriticalTimes& times);

  const Point& point_;
  const Keep keep_;
  TrialRunner runner_;
  Verifier verifier_;
  std::vector<TrialRecord> records_;  // of one trial, per scheme
};

}  // namespace straggle
