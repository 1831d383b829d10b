// The codebook of every scheme whose messages are linear combinations of partial gradients.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "codes/decoder.h"
#include "codes/polynomial.h"
#include "sim/schemes/scheme.h"

namespace straggle {

/// A code in both fields, built and factorised on first use and shared by all threads.
class SharedCode {
 public:
  template <class T>
  using Make = std::function<codes::LinearCode<T>()>;

  /// `mask` is where both have their non-zero coefficients, so that asking what a row contains builds no
  /// code; without it the code over the prime field is looked at.
  SharedCode(Make<codes::Complex> real, Make<codes::Gf61> prime, std::function<codes::Mask()> mask = {});
  ~SharedCode();
  template <class T>
  const codes::Decoder<T>& decoder() const;
  /// R x k: true where a row contains a block.
  const codes::Mask& mask() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// A part of the data set that is decoded by itself, with its own copy of a code: a cluster, a replication
/// group.
struct Section {
  std::shared_ptr<const SharedCode> code;
  std::size_t first_block = 0;  ///< the code's column k is block first_block + k
  std::size_t blocks = 1;       ///< the code's columns
};

/// Which row of which section's code a message is.
struct CodeRow {
  std::size_t section = 0;
  std::size_t row = 0;

  /// In place of a row: the plain sum of the section's blocks, which needs no code.
  static constexpr std::size_t plain_sum = static_cast<std::size_t>(-1);
};

/// The full gradient is the sum of what the sections decode to.
class LinearCodebook final : public Codebook {
 public:
  /// `row_of(w, j)` is where message j of worker w (both from 0) belongs. `needed_sections` of the sections
  /// must decode; fewer than all is partial recovery, checked against the sum of those that did.
  LinearCodebook(std::vector<Section> sections, std::function<CodeRow(std::size_t, std::size_t)> row_of,
                 std::optional<std::size_t> needed_sections = {});

  std::size_t blocks() const override { return blocks_; }
  std::vector<std::size_t> contents(NodeId from, std::uint32_t message) const override;
  Decoded<double> decode(std::span<const Arrival> taken, const Problem<double>& problem) override {
    return decode_in_field(taken, problem);
  }
  Decoded<codes::Gf61> decode(std::span<const Arrival> taken, const Problem<codes::Gf61>& problem) override {
    return decode_in_field(taken, problem);
  }

 private:
  template <class T>
  Decoded<T> decode_in_field(std::span<const Arrival> taken, const Problem<T>& problem);

  std::vector<Section> sections_;
  std::function<CodeRow(std::size_t, std::size_t)> row_of_;
  std::size_t needed_sections_;
  std::size_t blocks_ = 0;
};

}  // namespace straggle
