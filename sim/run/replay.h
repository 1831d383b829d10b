// One trial as a list of events: who computed what, who sent what, what completed it.
#pragma once

#include <cstdint>
#include <string>

#include "sim/run/experiment.h"
#include "sim/run/statistics.h"

namespace straggle {

/// A replayed trial: the text for people, and the tallies, equal to what a sweep counts for this trial.
struct Replay {
  std::string text;
  TrialRecord record;
};

/// Replays trial `trial` of scheme `s` at a point, with every iteration of it.
Replay replay(const Point& point, std::size_t s, std::uint64_t trial);

}  // namespace straggle
