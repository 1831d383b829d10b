// Ring all-reduce: Patarasuk and Yuan, "Bandwidth optimal all-reduce algorithms for clusters of
// workstations", Journal of Parallel and Distributed Computing 2009. N workers in a ring add up their vectors
// in 2(N − 1) rounds in which each sends one chunk to the next.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <vector>

#include "codes/field.h"

namespace straggle::codes {

/// Chunk c of a vector with d entries: entries ⌊c·d/N⌋ … ⌊(c + 1)·d/N⌋ − 1; empty for some c when d < N.
struct Chunk {
  std::int64_t index, first, size;
};

/// The schedule for N workers, counted from 0; worker i sends to worker i + 1 modulo N.
class RingAllReduce {
 public:
  explicit RingAllReduce(std::int64_t workers) : workers_(workers) {
    if (workers < 1) throw std::invalid_argument("a ring needs a worker");
  }

  std::int64_t rounds() const { return 2 * (workers_ - 1); }

  /// The chunk a worker sends in a round. In the first N − 1 rounds (reduce-scatter) the receiver adds it to
  /// its own, and worker i ends up with the complete chunk i + 1; in the others (all-gather) it replaces its
  /// own.
  std::int64_t chunk_sent(std::int64_t worker, std::int64_t round) const {
    return modulo(adds(round) ? worker - round : worker + 1 - (round - (workers_ - 1)));
  }
  bool adds(std::int64_t round) const { return round < workers_ - 1; }

  /// The workers whose vectors are in the chunk that a worker sends in a round: `count` from `first` on,
  /// modulo N.
  struct Summed {
    std::int64_t first, count;
  };
  Summed summed(std::int64_t worker, std::int64_t round) const {
    return adds(round) ? Summed{modulo(worker - round), round + 1} : Summed{0, workers_};
  }

  std::vector<Chunk> chunks(std::int64_t dimension) const {
    std::vector<Chunk> result;
    for (std::int64_t c = 0; c < workers_; ++c) {
      const std::int64_t first = c * dimension / workers_;
      result.push_back({c, first, (c + 1) * dimension / workers_ - first});
    }
    return result;
  }

  /// One round on the workers' vectors (N × d), in place: nobody sends the chunk it receives. `chunks` are
  /// those of d; leaving the empty ones out saves time.
  template <class T>
  void run(std::int64_t round, const std::vector<Chunk>& chunks, Matrix<T>& vectors) const {
    for (const Chunk& chunk : chunks) {
      // Each chunk is sent by one worker.
      const std::int64_t from =
          modulo(adds(round) ? chunk.index + round : chunk.index - 1 + (round - (workers_ - 1)));
      const auto sent = vectors.row(from).segment(chunk.first, chunk.size);
      auto received = vectors.row(modulo(from + 1)).segment(chunk.first, chunk.size);
      if (adds(round)) {
        received += sent;
      } else {
        received = sent;
      }
    }
  }

 private:
  std::int64_t modulo(std::int64_t i) const { return (i % workers_ + workers_) % workers_; }

  std::int64_t workers_;
};

}  // namespace straggle::codes
