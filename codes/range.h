// Which codes keep their digits in doubles. A code that decodes exactly need not decode numerically:
// contiguous stragglers (a rack that fails) make the condition of cyclic MDS codes grow exponentially with
// their number, and random stragglers that of polynomial codes with many spare messages. So a code over the
// reals is tried out before it is used.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "codes/decoder.h"

namespace straggle::codes {

/// Whether a code decodes over the reals with an error below kCeiling when as many messages are missing as it
/// tolerates: eight sets of contiguous rows, and random sets in which a random worker loses the last message
/// it still has until enough are gone (`messages` rows a worker, consecutive; with one message a uniform
/// random set).
///
/// All contiguous sets must decode. A run meets many more random sets than can be tried, so of 64 of them 19
/// in 20 must have a condition that leaves a factor of 100 to the ceiling: conditions c are exceeded about as
/// often as 1/c (they are the inverse distance to a singular set), so that fewer than one set in 2000 then
/// misses it. Deterministic.
inline bool keeps_digits(const Decoder<Complex>& decode, int messages = 1) {
  constexpr int kOffsets = 8, kSets = 64, kMaySpoil = kSets / 20;
  constexpr double kUnits = 10;  // rounding units of the residual beside the condition, see rounding_bound()
  constexpr double kLargest = kCeiling / (100 * kUnits * std::numeric_limits<double>::epsilon());

  const auto rows = static_cast<int>(decode.code().rows.rows());
  const int missing = rows - decode.code().threshold;
  std::vector<char> gone;
  const auto rest = [&] {
    std::vector<int> taken;
    for (int row = 0; row < rows; ++row) {
      if (!gone[static_cast<std::size_t>(row)]) taken.push_back(row);
    }
    return taken;
  };

  for (int offset = 0; offset < kOffsets; ++offset) {
    gone.assign(static_cast<std::size_t>(rows), 0);
    const auto first = static_cast<int>(static_cast<std::int64_t>(offset) * rows / kOffsets);
    for (int i = 0; i < missing; ++i) gone[static_cast<std::size_t>((first + i) % rows)] = 1;
    if (!decode(rest())) return false;
    if (missing == 0) return true;
  }

  std::mt19937_64 random(20190305);
  const int workers = rows / messages;
  int spoilt = 0;
  for (int set = 0; set < kSets; ++set) {
    gone.assign(static_cast<std::size_t>(rows), 0);
    std::vector<int> left(static_cast<std::size_t>(workers), messages);
    for (int lost = 0; lost < missing;) {
      const auto worker = static_cast<int>(random() % static_cast<std::uint64_t>(workers));
      int& remaining = left[static_cast<std::size_t>(worker)];
      if (remaining == 0) continue;
      --remaining;
      ++lost;
      gone[static_cast<std::size_t>(worker * messages + remaining)] = 1;
    }
    const std::optional<Decoding<Complex>> result = decode(rest());
    if (!(result && result->condition <= kLargest) && ++spoilt > kMaySpoil) return false;
  }
  return true;
}

/// The first of at most `attempts` codes that keeps its digits, else the last: for random codes, whose draws
/// differ by orders of magnitude in their condition (of Tandon's at 1000 workers one in three is too bad).
/// `draw()` returns a new code at each call.
template <class Draw>
LinearCode<Complex> first_to_keep_digits(Draw&& draw, int attempts = 8) {
  LinearCode<Complex> code = draw();
  for (int attempt = 1; attempt < attempts && !keeps_digits(Decoder<Complex>(code)); ++attempt) code = draw();
  return code;
}

/// The largest load up to `limit` such that it and, as far as tried, all smaller ones keep their digits:
/// loads 2, 4, 8, … until one fails, then bisection. `build(load)` returns the code. Loads near the number of
/// workers may work again beyond this range; ask keeps_digits() about a single one.
template <class Build>
int largest_load_in_doubles(int limit, Build&& build) {
  int good = 1, bad = limit + 1;
  for (int load = 2; good < limit && bad > limit; load = std::min(2 * load, limit)) {
    (keeps_digits(Decoder<Complex>(build(load))) ? good : bad) = load;
  }
  while (bad <= limit && bad - good > 1) {
    const int middle = good + (bad - good) / 2;
    (keeps_digits(Decoder<Complex>(build(middle))) ? good : bad) = middle;
  }
  return good;
}

}  // namespace straggle::codes
