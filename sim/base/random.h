// Random numbers with an address instead of a history: Philox4x32-10 (Salmon et al., SC'11) keyed by the seed
// and counted by (trial, iteration, worker, purpose, index). Nothing else decides a draw: not the order of
// draws, not the thread, not the scheme.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace straggle {

/// What a draw is for; part of its address, so that purposes never share numbers. Values are fixed for good:
/// renumbering one changes every result.
enum class Purpose : std::uint8_t {
  compute_time = 0,  ///< x of a worker
  code = 1,          ///< coefficients of a random code
  data = 2,          ///< the data set and model of a verified trial
  model = 3,         ///< further draws of a compute model
  failure = 4,       ///< which workers never answer
  scheme = 5,        ///< what a scheme draws for an iteration
};

/// The address of one draw for every worker at once. Limits: trial < 2^40, iteration < 2^24, index < 2^28,
/// worker < 2^28.
struct DrawAddress {
  std::uint64_t seed = 0;
  std::uint64_t trial = 0;
  std::uint32_t iteration = 0;
  Purpose purpose = Purpose::compute_time;
  std::uint32_t index = 0;
};

/// Fills out[w] with worker w's 64 random bits at the address; the bits do not depend on out.size().
void random_bits(const DrawAddress& address, std::span<std::uint64_t> out);

/// Fills out[w] with −ln(u), u = (j + ½)/2^52 with j the upper 52 of the worker's 64 bits: a standard
/// exponential in (1.1e-16, 36.8), through one logarithm of our own, so that every processor gives the same
/// bits.
void standard_exponentials(const DrawAddress& address, std::span<double> out);

/// u = (j + ½)/2^52 in (0, 1), j the upper 52 bits; −ln(u) is the standard exponential of the same bits.
inline double unit_uniform(std::uint64_t bits) {
  // The upper bits under the exponent of 1 are 1 + j/2^52; all differences here are exact.
  return std::bit_cast<double>(bits >> 12 | 0x3ff0000000000000) - (1 - 0x1p-53);
}

/// ⌊u·n⌋: one of 0 … n−1, for n <= 2^32, all as likely but for n/2^52.
inline std::size_t uniform_index(std::uint64_t bits, std::size_t n) {
  return static_cast<std::size_t>(unit_uniform(bits) * static_cast<double>(n));
}

/// The natural logarithm of a normal, positive x within 1.5 units in the last place, from +, −, ·, / alone.
double portable_log(double x);

/// A worker's own stream at an address, for distributions that take a varying number of draws (Boost.Random).
/// It counts `index` up from the address's; satisfies UniformRandomBitGenerator.
class RandomStream {
 public:
  using result_type = std::uint64_t;

  RandomStream(const DrawAddress& address, std::uint32_t worker) : next_(address), worker_(worker) {}

  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }
  result_type operator()();

 private:
  DrawAddress next_;
  std::uint32_t worker_;
};

}  // namespace straggle
