// The event queue: a tournament between nodes. A node has at most one pending event, so there is nothing to
// cancel and nothing to allocate; the winner is the earliest, ties go to the smaller node.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace straggle {

/// A bottom-up tree of minima over `size` players. Times must not be negative or NaN: then the order of their
/// bits is the order of the numbers, and (time, player) is one integer whose minimum settles ties as well.
class Tournament {
 public:
  __extension__ typedef unsigned __int128 Key;  // `using` would draw -Wpedantic

  /// The time of a player that has no event left.
  static constexpr double never = std::numeric_limits<double>::infinity();

  static Key key(double time, std::uint32_t player) {
    return static_cast<Key>(std::bit_cast<std::uint64_t>(time)) << 64 | player;
  }
  static double time(Key key) { return std::bit_cast<double>(static_cast<std::uint64_t>(key >> 64)); }
  static std::uint32_t player(Key key) { return static_cast<std::uint32_t>(key); }

  /// Room for `size` players; call seat() for each and then start(). Allocates only when it grows.
  void reset(std::size_t size) {
    size_ = size;
    if (keys_.size() < 2 * size) keys_.resize(2 * size);
  }
  void seat(std::uint32_t player, double time) { keys_[size_ + player] = key(time, player); }
  void start() {
    for (std::size_t i = size_ - 1; i >= 1; --i) keys_[i] = smaller(keys_[2 * i], keys_[2 * i + 1]);
  }

  /// The earliest event; its time is `never` when all are done.
  Key winner() const { return keys_[1]; }

  /// Gives a player its next time.
  void update(std::uint32_t player, double time) {
    std::size_t i = size_ + player;
    Key best = key(time, player);
    keys_[i] = best;
    for (; i > 1; i /= 2) {
      best = smaller(best, keys_[i ^ 1]);
      keys_[i / 2] = best;
    }
  }

 private:
  static Key smaller(Key a, Key b) { return a < b ? a : b; }

  std::size_t size_ = 0;
  std::vector<Key> keys_;  // keys_[1] is the winner, keys_[size_ ..] are the players
};

}  // namespace straggle
