// A trial as Chrome trace events (the "Trace Event Format", which Perfetto and chrome://tracing open): what
// every node did, the messages as arrows, the critical path.
#pragma once

#include <cstdint>
#include <ostream>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "sim/run/experiment.h"

namespace straggle {

/// Writes trial `trial` of these schemes of a point, all on the same workers: a process group a scheme; in it
/// the critical path, then the master and every worker in a row each, with further rows where a port is busy
/// and where messages overlap. Times are rounded to nanoseconds and what takes none is drawn one nanosecond
/// wide; the arguments of a slice hold the seconds. Iterations follow one another. `notes` go into the file's
/// "otherData".
void write_trace(std::ostream& out, const Point& point, std::span<const std::size_t> schemes,
                 std::uint64_t trial, const std::vector<std::pair<std::string, std::string>>& notes);

}  // namespace straggle
