// The mathematics of a scheme on real data: what its workers' messages contain and what the master makes of
// them, decoded vectors and their weights over the blocks, and whether that is the sum it should be.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "sim/engine/round.h"
#include "sim/schemes/problem.h"

namespace straggle {

/// What decoding one iteration's useful messages came to.
struct Exactness {
  bool decodable = false;  ///< the code can decode from these messages at all
  bool exact = false;      ///< prime field: equal; reals: error within the tolerance
  bool judged = true;      ///< false: too ill-conditioned for doubles to say anything (LCC only)
  double error = 0;        ///< reals: relative error against the direct sum, Euclidean
  double seconds = 0;      ///< real time the master's decode took
};

/// How decoded vectors stand in Decoded::vectors: of a problem in doubles a code has complex numbers to carry
/// them. In the prime field all are the same.
enum class Layout {
  pairs,    ///< two neighbouring entries in one number, as in Problem::carried()
  singles,  ///< an entry a number
};

/// What is made of an iteration's useful messages.
template <class T>
struct Decoded {
  using Scalar = Carried<T>;

  /// Whether the code can decode from these messages. If not, the vector is what they yield all the same, if
  /// anything: the sum of the parts of the data set that decode.
  bool decodable = false;
  /// The decoded vector as the code carries it, 1 x columns; 1 x 0 where there is none. Over the complex
  /// numbers rounding leaves imaginary parts in `singles`.
  codes::RowVector<Scalar> carried = {};
  Layout layout = Layout::pairs;
  /// Of an exchange, in place of `carried`: the vector every worker ends with, workers x dimension.
  codes::Matrix<T> at_workers = {};
  /// 1 x blocks: how often each block's partial gradient is in the vector. Exactly, the vector is
  /// Σ_k weights(k)·g_k; ones are the full gradient, 0 is a block that was left out. Of a code that is
  /// quadratic in the data, the weight of a block's own product.
  codes::RowVector<Scalar> weights = {};
  /// The blocks that the vector is meant to be the sum of: first and how many, in the order of summation.
  std::vector<std::pair<std::size_t, std::size_t>> meant = {};
  /// Reals: how far from that sum rounding explains the vector to be, Euclidean.
  double rounding = 0;
  /// Reals: where rounding explains more than this, relative to the sum, doubles cannot tell whether the
  /// vector is right. Nothing: they can, as no error above codes::kCeiling is put down to rounding.
  std::optional<double> judged_below = {};
  double seconds = 0;  ///< real time the master's decode took

  /// The decoded vector in the problem's field, 1 x dimension; of an exchange that of the first worker. 1 x 0
  /// where nothing was decoded.
  codes::RowVector<T> vector(std::size_t dimension) const;
};

/// Proves results on real data: encodes as the workers do, decodes as the master does. One instance a thread;
/// it may keep what does not change between trials (factorised codes, encoded data).
class Codebook {
 public:
  virtual ~Codebook() = default;

  /// The equal blocks the scheme splits the whole data set into: of K mini-batches each is K / blocks().
  virtual std::size_t blocks() const = 0;
  /// Whether workers compute on coded data, made of the blocks beforehand: a message then contains something
  /// of more blocks than its worker has computed mini-batches.
  virtual bool coded_data() const { return false; }
  /// The blocks (0-based, ascending) that enter a worker's message, counted from 0; of a relay's those that
  /// it computes itself.
  virtual std::vector<std::size_t> contents(NodeId from, std::uint32_t message) const = 0;
  /// Decodes from exactly these messages. The problem has blocks() blocks.
  virtual Decoded<double> decode(std::span<const Arrival> taken, const Problem<double>& problem) = 0;
  virtual Decoded<codes::Gf61> decode(std::span<const Arrival> taken,
                                      const Problem<codes::Gf61>& problem) = 0;

  /// Decodes from exactly these messages, and compares with the direct sum.
  Exactness check(std::span<const Arrival> taken, const Problem<double>& problem);
  Exactness check(std::span<const Arrival> taken, const Problem<codes::Gf61>& problem);
};

}  // namespace straggle
