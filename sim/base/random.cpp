#include "sim/base/random.h"

#include <Random123/philox.h>

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstddef>

// The two loops below are the hot part of every run. They are plain integer and +, −, ·, / arithmetic (no
// fused multiply-add: the build sets -ffp-contract=off), so each clone the loader may choose gives the same
// bits.
// clang 14 refuses clones that are flattened: it builds the portable loop alone.
#if defined(__x86_64__) && defined(__ELF__) && !defined(__clang__) && !defined(STRAGGLE_SANITIZED)
#define STRAGGLE_SIMD __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default"), flatten))
#else
#define STRAGGLE_SIMD
#endif

namespace straggle {
namespace {

/// The counter of an address: workers come in pairs, for one Philox block holds two 64-bit draws.
struct Counter {
  std::uint32_t index_and_purpose, trial_low, trial_high_and_iteration;

  explicit Counter(const DrawAddress& a)
      : index_and_purpose(a.index | static_cast<std::uint32_t>(a.purpose) << 28),
        trial_low(static_cast<std::uint32_t>(a.trial)),
        trial_high_and_iteration(static_cast<std::uint32_t>(a.trial >> 32) | a.iteration << 8) {
    assert(a.trial < std::uint64_t{1} << 40 && a.iteration < 1u << 24 && a.index < 1u << 28);
  }
};

struct Block {
  std::uint64_t even, odd;
};

inline Block block(const Counter& c, std::uint64_t seed, std::uint32_t pair) {
  const philox4x32_ctr_t counter{{pair, c.index_and_purpose, c.trial_low, c.trial_high_and_iteration}};
  const philox4x32_key_t key{{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)}};
  const philox4x32_ctr_t r = philox4x32_R(10, counter, key);
  return {r.v[0] | std::uint64_t{r.v[1]} << 32, r.v[2] | std::uint64_t{r.v[3]} << 32};
}

/// ln(2^e·m) = e·ln 2 + 2·atanh(s), s = (m−1)/(m+1), with m in [√½, √2): s² <= 0.0295, so the Taylor series
/// of atanh is below 2^-60 after s^21. ln 2 is split so that e·ln2_high is exact.
inline double log_of_normal(double x) {
  constexpr double ln2_high = 0x1.62e42fefa0000p-1, ln2_low = 0x1.cf79abc9e3b3ap-40;
  constexpr std::uint64_t sqrt_half = 0x3fe6a09e667f3bcd;  // the bits of √½
  const auto bits = std::bit_cast<std::uint64_t>(x);
  // Adding 1 − √½ to the bits carries into the exponent exactly when the mantissa is at least that of √½.
  const std::uint64_t shifted = bits + (0x3ff0000000000000 - sqrt_half);
  // The biased exponent under the bits of 2^52 is 2^52 + that number: an integer made a double within its
  // lane.
  const double exponent = std::bit_cast<double>(shifted >> 52 | 0x4330000000000000) - (0x1p52 + 1023);
  const double m = std::bit_cast<double>((shifted & 0x000fffffffffffff) + sqrt_half);
  const double f = m - 1;
  const double s = f / (2 + f);
  const double z = s * s;
  double tail = 1.0 / 21;
  tail = tail * z + 1.0 / 19;
  tail = tail * z + 1.0 / 17;
  tail = tail * z + 1.0 / 15;
  tail = tail * z + 1.0 / 13;
  tail = tail * z + 1.0 / 11;
  tail = tail * z + 1.0 / 9;
  tail = tail * z + 1.0 / 7;
  tail = tail * z + 1.0 / 5;
  tail = tail * z + 1.0 / 3;
  // 2s = f − s·f, so 2s + 2s·z·tail = f − s·(f − 2·z·tail): the rounding of s counts only at second order.
  return exponent * ln2_high + (f - (s * (f - 2 * (z * tail)) - exponent * ln2_low));
}

inline double exponential_of(std::uint64_t bits) {
  return -log_of_normal(unit_uniform(bits));
}

/// Random123's block function once more, in 64-bit lanes that compilers turn into SIMD (the library's arrays
/// of 32-bit words they leave scalar, at 2.5 times the cost). The tests hold the two against each other.
STRAGGLE_SIMD void fill_bits(const Counter& counter, std::uint64_t seed, std::size_t first_pair,
                             std::size_t pairs, std::uint64_t* out) {
  constexpr std::uint64_t low = 0xffffffff;
  for (std::size_t pair = 0; pair < pairs; ++pair) {
    std::uint64_t c0 = first_pair + pair, c1 = counter.index_and_purpose;
    std::uint64_t c2 = counter.trial_low, c3 = counter.trial_high_and_iteration;
    std::uint64_t k0 = seed & low, k1 = seed >> 32;
#pragma GCC unroll 10
    for (int round = 0; round < 10; ++round) {
      const std::uint64_t p0 = c0 * PHILOX_M4x32_0, p1 = c2 * PHILOX_M4x32_1;
      c0 = p1 >> 32 ^ c1 ^ k0;
      c1 = p1 & low;
      c2 = p0 >> 32 ^ c3 ^ k1;
      c3 = p0 & low;
      k0 = (k0 + PHILOX_W32_0) & low;
      k1 = (k1 + PHILOX_W32_1) & low;
    }
    out[2 * pair] = c0 | c1 << 32;
    out[2 * pair + 1] = c2 | c3 << 32;
  }
}

STRAGGLE_SIMD void to_exponentials(std::size_t count, const std::uint64_t* bits, double* out) {
  for (std::size_t i = 0; i < count; ++i) out[i] = exponential_of(bits[i]);
}

}  // namespace

void random_bits(const DrawAddress& address, std::span<std::uint64_t> out) {
  const Counter counter(address);
  fill_bits(counter, address.seed, 0, out.size() / 2, out.data());
  if (out.size() % 2 == 1)
    out.back() = block(counter, address.seed, static_cast<std::uint32_t>(out.size() / 2)).even;
}

void standard_exponentials(const DrawAddress& address, std::span<double> out) {
  constexpr std::size_t chunk = 512;  // workers at a time: the bits stay in the first-level cache
  std::uint64_t bits[chunk];
  const Counter counter(address);
  for (std::size_t first = 0; first < out.size(); first += chunk) {
    const std::size_t count = std::min(chunk, out.size() - first);
    fill_bits(counter, address.seed, first / 2, (count + 1) / 2, bits);
    to_exponentials(count, bits, out.data() + first);
  }
}

double portable_log(double x) {
  return log_of_normal(x);
}

RandomStream::result_type RandomStream::operator()() {
  const Block b = block(Counter(next_), next_.seed, worker_ / 2);
  ++next_.index;
  return worker_ % 2 == 0 ? b.even : b.odd;
}

}  // namespace straggle
