// When a point has been run for long enough: as soon as the intervals of all its schemes are narrow enough,
// looked at after fixed numbers of trials only, so that threads change nothing, and only where the trials can
// be trusted to know their own spread.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/run/point.h"
#include "sim/run/summary.h"

namespace straggle {

/// The number of trials after `trials` at which a point is looked at: 1,024 · 2^k, and Precision::most.
std::uint64_t next_look(std::uint64_t trials, std::uint64_t most);

/// Whether the 95 % interval of scheme `s` is as narrow as the point's precision asks for, and can be
/// trusted, of a speedup the baseline's spread too: at least 30 completion times differ from the most
/// frequent one (or none can, by construction), and so many trials have a mean that is normal enough
/// (observations_for()). Otherwise a sample that has not met a rare event yet would take its own spread for
/// that of the law: of rounds that are late once in a thousand, the first look has no spread in four runs of
/// ten.
bool is_precise(const Point& point, std::size_t s, const std::vector<Summary>& schemes);

}  // namespace straggle
