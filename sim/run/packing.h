// What blocks and summaries are as bytes: in the journal of a run, and between processes. Numbers are as in
// memory, little endian.
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/run/block.h"
#include "sim/run/summary.h"

namespace straggle {

static_assert(std::endian::native == std::endian::little, "numbers are written as they are in memory");

/// Appends values to bytes.
class Packer {
 public:
  void number(std::uint64_t value) { raw(&value, sizeof value); }
  void real(double value) { raw(&value, sizeof value); }
  /// With their count.
  void reals(const std::vector<double>& values);
  void text(const std::string& value);
  std::string bytes;

 private:
  void raw(const void* data, std::size_t size) { bytes.append(static_cast<const char*>(data), size); }
};

/// Thrown where bytes are not what a Packer has written.
struct Malformed {};

/// Takes the values out again, in the same order.
class Unpacker {
 public:
  explicit Unpacker(std::string_view bytes) : rest_(bytes) {}

  std::uint64_t number();
  double real();
  /// A count of things of so many bytes each, which have to be there.
  std::size_t count(std::size_t bytes_each);
  std::vector<double> reals();
  std::string text();
  /// Throws unless all has been taken.
  void end() const;

 private:
  void raw(void* out, std::size_t size);
  std::string_view rest_;
};

void pack(Packer& out, const Summary& summary);
Summary unpack_summary(Unpacker& in);

/// The trials of a block alone.
void pack_trials(Packer& out, const Block& block);
void unpack_trials(Unpacker& in, Block& block);

/// All of a block.
void pack(Packer& out, const Block& block);
Block unpack_block(Unpacker& in);

}  // namespace straggle
