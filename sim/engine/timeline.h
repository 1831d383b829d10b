// What every node did in one iteration: stretches of its time, the messages between nodes, and the chain of
// causes that set the completion time. Worked out afterwards from what the engine says of the round, so that
// a sweep pays nothing for it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "sim/engine/round.h"

namespace straggle {

/// What a worker does with a stretch of its time.
enum class Activity : std::uint8_t {
  held_up,  ///< has ended its old work or has the model, and has not begun: starts late, waits for the model
  compute,  ///< mini-batches that a useful message covers
  wasted,   ///< mini-batches computed by completion that no useful message covers, old work included
  unfinished,  ///< a mini-batch under way at completion
  wait,        ///< has computed, and waits for the messages it needs before it sends
  failed,      ///< never answers
};

/// A stretch of a worker's time; the stretches of one worker follow each other and do not overlap.
struct Slice {
  NodeId node;
  Activity activity;
  double begin, end;  ///< seconds into the iteration
  double from, to;    ///< its cumulative work at both ends, in mini-batches; of old work in its own iteration
  bool old = false;   ///< work of an earlier iteration
};

/// A message on its way: sent, at the receiver's port, in service there (on shared links: flowing), received.
/// What had not happened by the end of the iteration is infinite. The model waits at its sender's port, and
/// latency comes after.
struct Transfer {
  NodeId from, to;
  std::uint32_t message;  ///< its index among the sender's messages; in an exchange its round
  double sent, at_port, served, received;
  /// Nothing for a message that was on its way at the end, and for the model on its way down.
  std::optional<Arrival::Fate> fate;
  bool model = false;  ///< the model on its way down, not a message
  /// When its story ends: received, dropped, or the iteration over.
  double end;
};

/// What the iteration waited for during a stretch of time.
enum class Cause : std::uint8_t {
  compute,
  port_queue,  ///< in a port, behind others; of a unicast model, at its sender's port
  link,        ///< latency and transfer; on shared links all of the way, also what sharing costs
  waiting,     ///< a late start, or an earlier iteration's work
};
inline constexpr std::size_t causes = 4;
/// `compute`, `port queue`, `link`, `waiting`.
const char* name_of(Cause cause);

/// The chain of causes that ends with the message that completes the iteration: from its reception back
/// through the port and the link to its sender, there back through the work or, where a relay waited longer
/// for the last message it needed, through that message; and so on to time 0.
struct CriticalPath {
  struct Segment {
    Cause cause;
    NodeId node;  ///< who computes or is held up; of port_queue and link who sends
    NodeId to;    ///< of port_queue and link who receives, else nobody
    std::uint32_t message;
    bool model;         ///< of port_queue and link: the model on its way down, not a message
    double begin, end;  ///< seconds; a segment begins where the one before it ends
  };
  std::vector<Segment> segments;  ///< in the order of time; together they fill [0, completion]
  /// Seconds in all of a cause.
  double seconds(Cause cause) const;
};

struct Timeline {
  double end = 0;  ///< completion; of a round that could not complete the last thing that happened
  bool complete = false;
  std::vector<Slice> slices;        ///< by worker, then by time
  std::vector<Transfer> transfers;  ///< as they end; those on their way at the end come last
  CriticalPath path;                ///< empty for a round that could not complete
};

/// The critical path of a complete round that ran with Workspace::keep_all; `arrivals` are Workspace::all().
/// Throws std::length_error for an exchange of which not all arrivals were kept.
CriticalPath critical_path(const Program& program, const Links& links, const Conditions& conditions,
                           const RoundResult& result, std::span<const Arrival> arrivals);

/// All of it, for a round that ran with Workspace::keep_all. Over all workers, the slices of `compute` and
/// `wasted` together are RoundResult::work mini-batches, those of `wasted` alone RoundResult::wasted. Of an
/// exchange of which not all arrivals were kept there are fewer transfers, and no path.
Timeline timeline_of(const Program& program, const Links& links, const Conditions& conditions,
                     const RoundResult& result, std::span<const Arrival> arrivals);

}  // namespace straggle
