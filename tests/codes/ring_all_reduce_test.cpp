// The ring's schedule: three workers by hand, chunks of any size, and every worker ends with the sum.
#include "codes/ring_all_reduce.h"

#include <catch2/catch.hpp>
#include <random>

using namespace straggle::codes;

namespace {

Matrix<Gf61> random_vectors(int workers, int dimension, std::uint64_t seed = 1) {
  std::mt19937_64 random(seed);
  return Matrix<Gf61>::NullaryExpr(workers, dimension, [&] { return Gf61(random()); });
}

/// Whether every worker holds the sum of the vectors after these rounds.
bool all_have_the_sum(const RingAllReduce& ring, Matrix<Gf61> vectors,
                      const std::vector<std::int64_t>& rounds) {
  const RowVector<Gf61> sum = vectors.colwise().sum();
  const std::vector<Chunk> chunks = ring.chunks(vectors.cols());
  for (const std::int64_t round : rounds) ring.run(round, chunks, vectors);
  for (Eigen::Index worker = 0; worker < vectors.rows(); ++worker)
    if (vectors.row(worker) != sum) return false;
  return true;
}

std::vector<std::int64_t> all_rounds(const RingAllReduce& ring) {
  std::vector<std::int64_t> rounds;
  for (std::int64_t round = 0; round < ring.rounds(); ++round) rounds.push_back(round);
  return rounds;
}

}  // namespace

TEST_CASE("three workers pass three chunks round, by hand") {
  const RingAllReduce ring(3);
  REQUIRE(ring.rounds() == 4);
  // Worker 0 sends its chunk 0, worker 1 its chunk 1, and so on; then what has just come in.
  const std::int64_t sent[4][3] = {{0, 1, 2}, {2, 0, 1}, {1, 2, 0}, {0, 1, 2}};
  for (int round = 0; round < 4; ++round)
    for (int worker = 0; worker < 3; ++worker) CHECK(ring.chunk_sent(worker, round) == sent[round][worker]);

  Matrix<Gf61> vectors(3, 3);
  vectors << Gf61(1), Gf61(2), Gf61(3), Gf61(10), Gf61(20), Gf61(30), Gf61(100), Gf61(200), Gf61(300);
  const auto chunks = ring.chunks(3);
  const auto row = [&](int worker) {
    return std::vector<std::uint64_t>{vectors(worker, 0).value(), vectors(worker, 1).value(),
                                      vectors(worker, 2).value()};
  };
  using Row = std::vector<std::uint64_t>;
  ring.run(0, chunks, vectors);
  CHECK(row(0) == Row{1, 2, 303});
  CHECK(row(1) == Row{11, 20, 30});
  CHECK(row(2) == Row{100, 220, 300});
  ring.run(1, chunks, vectors);
  CHECK(row(0) == Row{1, 222, 303});
  CHECK(row(1) == Row{11, 20, 333});
  CHECK(row(2) == Row{111, 220, 300});
  ring.run(2, chunks, vectors);
  CHECK(row(0) == Row{111, 222, 303});
  CHECK(row(1) == Row{11, 222, 333});
  CHECK(row(2) == Row{111, 220, 333});
  ring.run(3, chunks, vectors);
  for (int worker = 0; worker < 3; ++worker) CHECK(row(worker) == Row{111, 222, 333});
}

TEST_CASE("chunks cut a vector of any length into N pieces that differ by one at most") {
  const auto bounds = [](int workers, int dimension) {
    std::vector<std::pair<std::int64_t, std::int64_t>> result;
    for (const Chunk& chunk : RingAllReduce(workers).chunks(dimension)) {
      CHECK(chunk.index == static_cast<std::int64_t>(result.size()));
      result.emplace_back(chunk.first, chunk.size);
    }
    return result;
  };
  using Bounds = std::vector<std::pair<std::int64_t, std::int64_t>>;
  CHECK(bounds(3, 7) == Bounds{{0, 2}, {2, 2}, {4, 3}});
  CHECK(bounds(4, 2) == Bounds{{0, 0}, {0, 1}, {1, 0}, {1, 1}});
  CHECK(bounds(1, 5) == Bounds{{0, 5}});
}

TEST_CASE("every worker ends with the sum, whatever the number of workers and entries") {
  for (int workers = 1; workers <= 9; ++workers)
    for (const int dimension : {1, 2, 5, 9, 16, 23}) {
      CAPTURE(workers, dimension);
      const RingAllReduce ring(workers);
      CHECK(all_have_the_sum(ring, random_vectors(workers, dimension), all_rounds(ring)));
    }
}

TEST_CASE("leaving the empty chunks out changes nothing") {
  const RingAllReduce ring(7);
  Matrix<Gf61> all = random_vectors(7, 3), some = all;
  std::vector<Chunk> chunks = ring.chunks(3);
  for (std::int64_t round = 0; round < ring.rounds(); ++round) ring.run(round, chunks, all);
  CHECK(std::erase_if(chunks, [](const Chunk& chunk) { return chunk.size == 0; }) == 4);
  for (std::int64_t round = 0; round < ring.rounds(); ++round) ring.run(round, chunks, some);
  CHECK((all == some));
}

TEST_CASE("a ring without one of its rounds, or with one twice, does not end with the sum") {
  const RingAllReduce ring(5);
  const Matrix<Gf61> vectors = random_vectors(5, 8);
  for (std::int64_t round = 0; round < ring.rounds(); ++round) {
    CAPTURE(round);
    std::vector<std::int64_t> rounds = all_rounds(ring);
    rounds.erase(rounds.begin() + round);
    CHECK_FALSE(all_have_the_sum(ring, vectors, rounds));
    if (!ring.adds(round)) continue;  // to receive the same chunk twice is harmless
    rounds = all_rounds(ring);
    rounds.insert(rounds.begin() + round, round);
    CHECK_FALSE(all_have_the_sum(ring, vectors, rounds));
  }
}

TEST_CASE("what a chunk is said to hold is what it holds when it is sent") {
  // Worker w's vector is 2^w everywhere: a chunk's value is the set of workers in it.
  const int workers = 6;
  const RingAllReduce ring(workers);
  Matrix<Gf61> vectors(workers, workers);
  for (int w = 0; w < workers; ++w) vectors.row(w).setConstant(Gf61(1 << w));
  const auto chunks = ring.chunks(workers);
  for (std::int64_t round = 0; round < ring.rounds(); ++round) {
    for (int w = 0; w < workers; ++w) {
      CAPTURE(round, w);
      const RingAllReduce::Summed summed = ring.summed(w, round);
      Gf61 expected(0);
      for (std::int64_t i = 0; i < summed.count; ++i) expected += Gf61(1 << (summed.first + i) % workers);
      CHECK(vectors(w, ring.chunk_sent(w, round)) == expected);
    }
    ring.run(round, chunks, vectors);
  }
}

TEST_CASE("a ring of nobody is refused") {
  CHECK_THROWS_AS(RingAllReduce(0), std::invalid_argument);
}
