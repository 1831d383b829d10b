// Whose silence keeps an iteration from completing, against every set of silent workers.
#include "sim/theory/blocking.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <vector>

#include "tests/theory/support.h"

namespace {

using namespace straggle;
using namespace straggle::testing;
using Kind = CompletionLaw::Kind;

constexpr double infinite = std::numeric_limits<double>::infinity();

/// The least cost of a set of workers without whom those that send all they have are not enough.
double least_of_sets(const CompletionLaw& law, const Costs& costs) {
  const auto messages = static_cast<int>(law.work.size());
  double least = infinite;
  for (std::uint32_t silent = 0; silent < 1U << costs.size(); ++silent) {
    std::vector<int> sent(costs.size(), messages);
    double cost = 0;
    for (std::size_t w = 0; w < costs.size(); ++w)
      if ((silent >> w) & 1) {
        sent[w] = 0;
        cost += costs[w];
      }
    if (cost < least && !decoded(law, sent)) least = cost;
  }
  return least;
}

/// Costs of every kind, in quarters, so that sums are exact.
std::vector<Costs> fleets(std::size_t workers) {
  std::mt19937 bits(static_cast<unsigned>(workers));
  std::vector<Costs> result(5, Costs(workers, 0.75));
  for (std::size_t w = 0; w < workers; ++w) {
    result[1][w] = w < workers / 2 ? 0.5 : 1.25;
    result[2][w] = static_cast<double>(bits() % 12 + 1) / 4;
    result[3][w] = bits() % 3 == 0 ? 0 : 1.5;
    result[4][w] = bits() % 3 == 0 ? infinite : 0.25;
  }
  return result;
}

void require_enumerated(const CompletionLaw& law) {
  for (const Costs& costs : fleets(static_cast<std::size_t>(law.clusters * law.workers))) {
    CAPTURE(law.clusters, law.workers, law.work.size(), law.need, costs);
    const auto found = least_to_block(law, costs);
    REQUIRE(found);
    CHECK(*found == least_of_sets(law, costs));
  }
}

}  // namespace

TEST_CASE("blocking: counts, with finishers and first messages, agree with an enumeration of silent sets") {
  for (const auto& [clusters, workers] : {std::pair{1, 1}, {1, 5}, {2, 4}, {4, 2}})
    for (const int messages : {1, 3})
      for (int need = 0; need <= workers * messages; ++need) {
        const CompletionLaw law{
            .clusters = clusters, .workers = workers, .work = steps(1, messages), .need = need};
        CompletionLaw finisher = law, first = law;
        finisher.finisher_decodes = true;
        first.first_of_all = true;
        for (const CompletionLaw& one : {law, finisher, first}) require_enumerated(one);
      }
}

TEST_CASE("blocking: rings, alone and pooled, agree with an enumeration of silent sets") {
  for (const auto& [clusters, workers] : {std::pair{1, 1}, {1, 7}, {2, 4}, {3, 3}, {4, 2}})
    for (int messages = 1; messages <= workers; ++messages)
      for (const bool pooled : {false, true})
        for (int need = 1; need <= workers * (pooled ? clusters : 1); ++need)
          require_enumerated({.kind = Kind::distinct,
                              .clusters = clusters,
                              .workers = workers,
                              .work = steps(1, messages),
                              .need = need,
                              .pooled = pooled});
}

TEST_CASE("blocking: the cheapest senders of a weight agree with an enumeration") {
  std::mt19937 bits(7);
  for (const unsigned weights : {1U, 4U})  // all alike, or not
    for (std::size_t size = 0; size <= 8; ++size) {
      std::vector<Removable> senders(size);
      std::uint64_t total = 0;
      for (Removable& sender : senders) {
        sender = {.cost = static_cast<double>(bits() % 9) / 4,
                  .weight = weights > 1 ? bits() % weights + 1 : 3};
        total += sender.weight;
      }
      for (std::uint64_t lost = 0; lost <= total + 1; ++lost) {
        double least = infinite;
        for (std::uint32_t set = 0; set < 1U << size; ++set) {
          std::uint64_t weight = 0;
          double cost = 0;
          for (std::size_t i = 0; i < size; ++i)
            if ((set >> i) & 1) {
              weight += senders[i].weight;
              cost += senders[i].cost;
            }
          if (weight >= lost) least = std::min(least, cost);
        }
        CAPTURE(weights, size, lost);
        REQUIRE(cheapest_loss(senders, lost));
        CHECK(*cheapest_loss(senders, lost) == least);
      }
    }
}

TEST_CASE("blocking: the cheapest few, and moments below a tail's index") {
  CHECK(cheapest({3, 1, 2}, 0) == 0);
  CHECK(cheapest({3, 1, 2}, 2) == 3);
  CHECK(cheapest({3, 1, 2}, 3) == 6);
  CHECK(cheapest({3, 1, 2}, 4) == infinite);
  CHECK_FALSE(TailBehaviour{0.8}.mean());
  CHECK_FALSE(TailBehaviour{1}.mean());
  CHECK(TailBehaviour{1.6}.mean());
  CHECK_FALSE(TailBehaviour{2}.variance());
  CHECK(TailBehaviour{4}.variance());
  CHECK(TailBehaviour{}.variance());
}
