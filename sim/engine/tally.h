// What is counted in a round: every tally named once, and arrays with a place for each. Who sums, keeps or
// writes them goes through the array and needs no list of its own.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace straggle {

/// What one iteration counts up to its completion; of a trial the mean over its iterations.
enum class Tally : std::uint8_t {
  time,                ///< completion, seconds
  messages,            ///< received by the master; in an exchange by anybody
  useful_messages,     ///< of these, what the decode may use
  messages_in_all,     ///< received by anybody, the model's included
  bytes_in_all,        ///< their size; in gradients as far as the engine, which does not know how long one is
  bytes_into_busiest,  ///< of these, into the node that receives most
  port_utilisation,    ///< share of the time that the busiest receiving port is busy
  work,    ///< whole tasks that ended, over all workers, in mini-batches; those of an earlier iteration, too
  wasted,  ///< of these, not covered by any useful message
};
inline constexpr std::size_t tally_count = static_cast<std::size_t>(Tally::wasted) + 1;

/// All of them, in order.
inline constexpr auto all_tallies = [] {
  std::array<Tally, tally_count> all{};
  for (std::size_t i = 0; i < tally_count; ++i) all[i] = static_cast<Tally>(i);
  return all;
}();

/// A value for each tally.
template <class T>
class PerTally {
 public:
  constexpr T& operator[](Tally tally) { return values_[static_cast<std::size_t>(tally)]; }
  constexpr const T& operator[](Tally tally) const { return values_[static_cast<std::size_t>(tally)]; }

  auto begin() { return values_.begin(); }
  auto end() { return values_.end(); }
  auto begin() const { return values_.begin(); }
  auto end() const { return values_.end(); }

 private:
  std::array<T, tally_count> values_{};
};

}  // namespace straggle
