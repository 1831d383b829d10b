// One trial as a list of events: who computed what, who sent what, what completed it.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "sim/engine/timeline.h"
#include "sim/run/experiment.h"
#include "sim/run/runner.h"

namespace straggle {

/// A replayed trial: the text for people, and the tallies, equal to what a sweep counts for this trial.
struct Replay {
  std::string text;
  TrialRecord record;
};

/// Replays trial `trial` of scheme `s` at a point, with every iteration of it.
Replay replay(const Point& point, std::size_t s, std::uint64_t trial);

/// What every node did in each iteration of a trial; a trial that cannot complete ends with the iteration in
/// which it could not. At most the first `most` iterations.
std::vector<Timeline> timelines_of(const Point& point, std::size_t s, std::uint64_t trial,
                                   std::uint32_t most = std::numeric_limits<std::uint32_t>::max());

/// How a name is made of a node: `master`, `worker 7`.
std::string node_name(NodeId node);
/// All causes with their shares of an iteration's time: `compute 98.4 %, port queue 0 %, link 1.6 %, waiting
/// 0 %`.
std::string all_shares(const CriticalPath& path, double time);
/// A stretch of a critical path in words: `worker 7 computes`, `message 1 from worker 7 to master waits in
/// the port`.
std::string describe(const CriticalPath::Segment& segment);
/// The blocks of a message, 0-based, as the papers number them: `B1-B6 B12`.
std::string block_list(const std::vector<std::size_t>& blocks);

}  // namespace straggle
