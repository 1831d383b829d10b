#include "sim/engine/tournament.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <vector>

using straggle::Tournament;

TEST_CASE("the tournament yields events in the order of time, then player, for any number of players") {
  std::mt19937_64 random(1);
  for (const std::uint32_t players : {1u, 2u, 3u, 7u, 40u, 64u, 100u}) {
    // Coarse times, so that ties are common.
    std::uniform_int_distribution<int> time(0, 20);
    std::vector<std::vector<double>> events(players);
    std::vector<std::pair<double, std::uint32_t>> expected;
    for (std::uint32_t p = 0; p < players; ++p) {
      for (int k = 0; k < 5; ++k) events[p].push_back(time(random));
      std::sort(events[p].begin(), events[p].end());
      for (const double t : events[p]) expected.emplace_back(t, p);
    }
    std::sort(expected.begin(), expected.end());

    Tournament queue;
    std::vector<std::size_t> next(players, 1);
    queue.reset(players);
    for (std::uint32_t p = 0; p < players; ++p) queue.seat(p, events[p][0]);
    queue.start();
    std::vector<std::pair<double, std::uint32_t>> found;
    while (Tournament::time(queue.winner()) != Tournament::never) {
      const std::uint32_t p = Tournament::player(queue.winner());
      found.emplace_back(Tournament::time(queue.winner()), p);
      queue.update(p, next[p] < events[p].size() ? events[p][next[p]] : Tournament::never);
      ++next[p];
    }
    CHECK(found == expected);
  }
}

TEST_CASE("times that differ in the last bit are told apart") {
  Tournament queue;
  queue.reset(2);
  queue.seat(0, std::nextafter(0.3, 1.0));
  queue.seat(1, 0.3);
  queue.start();
  CHECK(Tournament::player(queue.winner()) == 1);
}
