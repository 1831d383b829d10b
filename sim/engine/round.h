// One iteration: a pure function of a program, of the links and of the conditions it meets.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "sim/engine/links.h"
#include "sim/engine/program.h"
#include "sim/engine/tally.h"
#include "sim/engine/tournament.h"

namespace straggle {

/// What an iteration leaves to the next one when workers do not start afresh. Times are seconds into the next
/// iteration.
struct Leftover {
  /// A message of an earlier iteration that still has to pass the master's port.
  struct Stale {
    double time;  ///< when it reaches the port; not positive: it waits there already
    NodeId from;
    double seconds;   ///< that it occupies the port
    double size = 1;  ///< in gradients
  };
  /// The rest of one step of an earlier iteration, which its worker goes on with: mini-batches `from` to `to`
  /// of that iteration's cumulative work. They end as under Conditions, by the numbers of that iteration.
  struct Work {
    std::size_t worker;
    double from, to;
    double offset, slope;
    std::vector<double> ends =
        {};  ///< of from + 1, from + 2, ..., `to`, where draws are added up; else empty

    double end_of(double amount) const {
      if (ends.empty()) return offset + amount * slope;
      return amount == to ? ends.back() : ends[static_cast<std::size_t>(amount - from + 0.5) - 1];
    }
  };
  std::vector<double> busy_until;  ///< per worker; empty in a trial's first iteration
  std::vector<Stale> messages;     ///< in the order in which the port serves them
  std::vector<Work> work = {};     ///< by worker, then in the order in which it is done
  bool sized = false;              ///< whether a message may be of another size than a gradient's
};

/// How long the workers take in one iteration, drawn before it starts. Cumulative work w of worker i (node i
/// + 1) ends at offset[i] + w·slope[i] or, where `prefix` is given, at offset[i] plus the sum of the worker's
/// first ⌊w⌋ draws and (w − ⌊w⌋) of the next. A worker with an infinite offset never answers.
struct Conditions {
  std::span<const double> offset = {}, slope = {};  ///< seconds and seconds a mini-batch, one entry a worker
  /// (mini-batches + 1) rows of one entry a worker: row j holds the sums of the first j draws. Empty: affine.
  std::span<const double> prefix = {};
  std::size_t workers = 0;
  /// Contained in `offset`: when each worker got the model. Empty: it was there from the start.
  std::span<const double> model_at = {};
  /// Contained in `offset`: by how much each worker starts late. Empty: nobody does.
  std::span<const double> delay = {};
  /// Contained in `offset`: what the iteration before left. Null: nothing.
  const Leftover* leftover = nullptr;
  /// Of a star on serial links: the seconds each worker's message occupies the master's port, where they were
  /// measured; NaN: as the links say. Empty: as they say for all.
  std::span<const double> transfer = {};
  /// From the instant a group is full, its messages that are not in service yet are dropped.
  bool silence = false;

  double end_of(double work, std::size_t worker) const {
    if (prefix.empty()) return offset[worker] + work * slope[worker];
    const auto whole = static_cast<std::size_t>(work);
    const double start = prefix[whole * workers + worker];
    const double rest = work - static_cast<double>(whole);
    return offset[worker] +
           (rest == 0 ? start : start + rest * (prefix[(whole + 1) * workers + worker] - start));
  }
  /// Seconds a message of `worker` occupies the master's port in a star.
  double port_seconds(const Links& links, std::size_t worker, double size = 1) const {
    if (!transfer.empty() && !std::isnan(transfer[worker])) return transfer[worker];
    return links.seconds(static_cast<NodeId>(worker + 1), master, size);
  }
};

/// A message as it was received.
struct Arrival {
  double time;
  NodeId from;
  std::uint32_t message;  ///< its index among the sender's messages; in an exchange its round
  enum class Fate : std::uint8_t {
    useful,
    duplicate,
    group_full,
    late,     ///< after completion, or after a relay had what it needs
    stale,    ///< of an earlier iteration
    dropped,  ///< never received: its group was decoded and the workers had been told
  } fate;
};

/// What one iteration came to. `taken` lives in the workspace until its next round.
struct RoundResult {
  bool complete = false;  ///< false when no event was left before the goal was reached
  PerTally<double> tally;
  double& operator[](Tally which) { return tally[which]; }
  double operator[](Tally which) const { return tally[which]; }
  /// Not complete: the weight the master lacks; in an exchange the workers that never answer.
  std::uint64_t missing = 0;
  /// The useful messages, at the master and at relays whose own message was useful, each port's in the order
  /// in which it took them, the master's last. Empty for an exchange, in which all are useful.
  std::span<const Arrival> taken;
};

/// What a worker does with work that the iteration no longer needs.
enum class RoundStart {
  fresh,    ///< forgets it at once: the next iteration finds everybody idle and every port empty
  abandon,  ///< drops it at the first end of a task from then on, and sends nothing more of it
  backlog,  ///< finishes it first; its messages are ignored but occupy the master's port
};

/// Memory for rounds of any size, reused: no allocation once it has seen the largest. Between rounds only
/// keep_all and all() mean anything.
class Workspace {
 public:
  /// When set, every arrival up to completion is kept, useful or not; of an exchange the first million.
  bool keep_all = false;
  const std::vector<Arrival>& all() const { return all_; }
  static constexpr std::size_t most_kept = 1000000;  ///< arrivals of an exchange

 private:
  friend class Intake;
  friend class SharedRound;
  template <bool, bool, bool>
  friend class StarRound;
  friend class TreeRound;
  friend class ExchangeRound;
  friend class Tallies;
  friend void leave(const Program&, const Links&, const Conditions&, const RoundResult&, RoundStart,
                    Workspace&, Leftover&);

  struct Flow {
    NodeId from, to;
    std::uint32_t message;
    double bytes;  // that are left
    double rate;   // bytes a second
    double since;  // when `bytes` was right
  };

  Tournament queue_;
  std::vector<std::uint32_t> next_;      // per worker, its next message
  std::vector<std::uint32_t> in_group_;  // per group, the weight taken
  std::vector<std::uint32_t> seen_;      // per item, the round it was last seen in
  std::uint32_t round_ = 0;
  std::vector<Arrival> taken_, all_;
  std::vector<double> covered_from_, covered_;          // per worker, while the waste is counted
  std::size_t next_leftover_ = 0;                       // the first that has not reached the port
  std::vector<Leftover::Stale> in_port_;                // that wait for the port at completion
  std::vector<std::uint32_t> received_;                 // per node, messages
  std::vector<double> volume_, busy_;                   // per node
  std::vector<Arrival> inbox_;                          // of a tree, by receiver
  std::vector<std::uint32_t> inbox_begin_, inbox_end_;  // per node
  std::vector<char> used_;                              // per worker
  std::vector<double> ready_, sent_, step_;             // per worker of an exchange
  std::vector<std::uint32_t> hears_;                    // per worker of an exchange, which worker
  std::vector<Flow> flows_;
  std::vector<std::uint32_t> free_flows_;
  std::vector<std::vector<std::uint32_t>> into_, out_of_;  // per node, its flows
  std::vector<std::uint32_t> ports_;                       // of one component of flows
  std::vector<double> room_;
  std::vector<std::uint32_t> open_, visited_;
  std::uint32_t visit_ = 0;
};

/// Runs one iteration. Pure: the result depends on the arguments alone. `silence` means nothing in an
/// exchange, which has no master; a leftover is for stars on ideal or serial links (std::logic_error), and
/// means nothing in an exchange either.
RoundResult run_round(const Program& program, const Links& links, const Conditions& conditions,
                      Workspace& workspace);
/// The same on ideal links.
inline RoundResult run_round(const Program& program, const Conditions& conditions, Workspace& workspace) {
  return run_round(program, Links{}, conditions, workspace);
}

/// What the iteration that has just run in this workspace leaves to the next one. Of a star on ideal or
/// serial links; an exchange leaves nothing. `out` may be the leftover the iteration started with.
void leave(const Program& program, const Links& links, const Conditions& conditions,
           const RoundResult& result, RoundStart mode, Workspace& workspace, Leftover& out);

}  // namespace straggle
