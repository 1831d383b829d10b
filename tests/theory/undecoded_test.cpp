// The probability that clusters are not decoded against an enumeration of what every worker has sent.
#include "sim/theory/undecoded.h"

#include <catch2/catch.hpp>
#include <cstddef>
#include <utility>
#include <vector>

#include "tests/theory/support.h"

namespace {

using namespace straggle;
using namespace straggle::testing;
using Kind = CompletionLaw::Kind;
using theory::Series;

/// What undecoded() finds, for workers that send 0, 1, … messages with the probabilities that follow from
/// `unsent`.
theory::Undecoded enumerated(const CompletionLaw& law, const Series& unsent) {
  const std::size_t most = unsent.size();
  std::vector<double> p(most + 1);
  for (std::size_t j = 0; j <= most; ++j) p[j] = (j < most ? unsent[j] : 1) - (j > 0 ? unsent[j - 1] : 0);
  theory::Undecoded result{.overall = 0, .given = Series(most, 0.0)};
  std::vector<int> sent(static_cast<std::size_t>(law.clusters * law.workers), 0);
  for (bool more = true; more;) {
    if (!decoded(law, sent)) {
      double others = 1;
      for (std::size_t w = 1; w < sent.size(); ++w) others *= p[static_cast<std::size_t>(sent[w])];
      const auto own = static_cast<std::size_t>(sent[0]);
      result.overall += p[own] * others;
      if (own < most) result.given[own] += others;
    }
    more = false;
    for (int& count : sent) {
      if (++count <= static_cast<int>(most)) {
        more = true;
        break;
      }
      count = 0;
    }
  }
  return result;
}

/// P(a worker has not sent its message j yet): early, late, and next to complete.
std::vector<Series> moments(std::size_t messages) {
  std::vector<Series> result(3);
  for (std::size_t j = 0; j < messages; ++j) {
    const double later = static_cast<double>(j + 1);
    result[0].push_back(1 - 0.6 / later);
    result[1].push_back(0.1 * later / (1 + 0.1 * later));
    result[2].push_back(1e-4 * later * later);
  }
  return result;
}

void require_enumerated(const CompletionLaw& law) {
  // Also before a worker can have sent all of its messages.
  for (std::size_t begun = 1; begun <= law.work.size(); ++begun)
    for (const Series& unsent : moments(begun)) {
      CAPTURE(law.clusters, law.workers, law.work.size(), law.need, begun, unsent[0]);
      theory::Convolver convolver;
      const theory::Undecoded found = undecoded(law, unsent, convolver);
      const theory::Undecoded exact = enumerated(law, unsent);
      // Of rings with items to spare not beyond the digits of a Fourier transform.
      CHECK(found.overall == Approx(exact.overall).epsilon(1e-12).margin(1e-28));
      REQUIRE(found.given.size() == exact.given.size());
      for (std::size_t j = 0; j < begun; ++j)
        CHECK(found.given[j] == Approx(exact.given[j]).epsilon(1e-11).margin(1e-15));
      CHECK(convolver.steps > 0);
    }
}

}  // namespace

TEST_CASE("undecoded: the ring agrees with an enumeration, whatever its size, window and threshold") {
  for (int workers = 1; workers <= 6; ++workers)
    for (const int messages : {1, 2, workers - 1, workers}) {
      if (messages < 1 || messages > workers) continue;
      for (int need = 1; need <= workers; ++need)
        require_enumerated(
            {.kind = Kind::distinct, .workers = workers, .work = steps(1, messages), .need = need});
    }
}

TEST_CASE("undecoded: pooled rings agree with an enumeration of all of them") {
  for (const auto& [clusters, workers] : {std::pair{2, 3}, {3, 2}, {4, 1}, {1, 4}})
    for (int messages = 1; messages <= workers; ++messages)
      for (int need = 1; need <= clusters * workers; ++need)
        require_enumerated({.kind = Kind::distinct,
                            .clusters = clusters,
                            .workers = workers,
                            .work = steps(1, messages),
                            .need = need,
                            .pooled = true});
}

TEST_CASE("undecoded: counts agree with an enumeration, and so do those that one worker settles") {
  for (const int workers : {1, 2, 4})
    for (int messages = 1; messages <= 3; ++messages)
      for (int need = 1; need <= workers * messages; ++need)
        for (const bool finisher : {false, true})
          for (const bool first : {false, true}) {
            if (messages == 1 && (finisher || first)) continue;  // said simpler, as a count
            require_enumerated({.workers = workers,
                                .work = steps(1, messages),
                                .need = need,
                                .finisher_decodes = finisher,
                                .first_of_all = first});
          }
}

TEST_CASE("undecoded: at least one of many unlikely events keeps its digits") {
  CHECK(theory::at_least_one(0.25, 0) == 0);
  CHECK(theory::at_least_one(0.25, 2) == Approx(7.0 / 16).epsilon(1e-15));
  CHECK(theory::at_least_one(1e-20, 1000) == Approx(1e-17).epsilon(1e-15));
  CHECK(theory::at_least_one(1, 3) == 1);
}
