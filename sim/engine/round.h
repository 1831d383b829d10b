// One iteration on the ideal network: a pure function of a program and of the conditions it meets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "sim/engine/program.h"
#include "sim/engine/tournament.h"

namespace straggle {

/// How long the workers take in one iteration, drawn before it starts. Cumulative work w of worker i (node i
/// + 1) ends at offset[i] + w·slope[i] or, where `prefix` is given, at the sum of the worker's first ⌊w⌋
/// draws and (w − ⌊w⌋) of the next.
struct Conditions {
  std::span<const double> offset = {}, slope = {};  ///< seconds and seconds a mini-batch, one entry a worker
  /// (mini-batches + 1) rows of one entry a worker: row j holds the sums of the first j draws. Empty: affine.
  std::span<const double> prefix = {};
  std::size_t workers = 0;

  double end_of(double work, std::size_t worker) const {
    if (prefix.empty()) return offset[worker] + work * slope[worker];
    const auto whole = static_cast<std::size_t>(work);
    const double start = prefix[whole * workers + worker];
    const double rest = work - static_cast<double>(whole);
    return rest == 0 ? start : start + rest * (prefix[(whole + 1) * workers + worker] - start);
  }
};

/// A message as the master received it.
struct Arrival {
  double time;
  NodeId from;
  std::uint32_t message;  ///< its index among the sender's messages
  enum class Fate : std::uint8_t { useful, duplicate, group_full, late } fate;
};

/// What one iteration came to. `taken` lives in the workspace until its next round.
struct RoundResult {
  bool complete = false;           ///< false when no event was left before the goal was reached
  double time = 0;                 ///< completion, seconds
  std::uint32_t messages = 0;      ///< received by the master at or before completion
  std::uint32_t useful = 0;        ///< of these, what the decode may use
  double work = 0;                 ///< whole mini-batches computed by the end, over all workers
  double wasted = 0;               ///< of these, not covered by any useful message
  std::span<const Arrival> taken;  ///< the useful messages in the order (time, sender, message)
};

/// Memory for rounds of any size, reused: no allocation once it has seen the largest.
class Workspace {
 public:
  /// When set, every arrival up to completion is kept, useful or not.
  bool keep_all = false;
  const std::vector<Arrival>& all() const { return all_; }

 private:
  friend RoundResult run_round(const Program&, const Conditions&, Workspace&);
  template <bool>
  friend class Round;

  Tournament queue_;
  std::vector<std::uint32_t> next_;      // per worker, its next message
  std::vector<std::uint32_t> in_group_;  // per group, the weight taken
  std::vector<std::uint32_t> seen_;      // per item, the round it was last seen in
  std::uint32_t round_ = 0;
  std::vector<Arrival> taken_, all_;
  std::vector<double> covered_from_;  // per worker, while the waste is counted
};

/// Runs one iteration. Pure: the result depends on the arguments alone.
RoundResult run_round(const Program& program, const Conditions& conditions, Workspace& workspace);

}  // namespace straggle
