// Completion processes in continuous time: their moments, the horizon of time that matters, and integrals
// that own their errors.
#include "sim/theory/integrator.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <utility>

#include "tests/theory/support.h"

namespace {

using namespace straggle;
using namespace straggle::testing;
using theory::CompletionProcess;
using theory::Horizon;
using theory::Instant;

}  // namespace

TEST_CASE("completion process: a worker's messages begin at breaks, whose distances keep their digits") {
  // Increments that are lost beside the lower end when moments are numbers.
  const CompletionLaw law{.workers = 3, .work = {1, 2, 4}, .need = 5};
  const CompletionProcess process(law, ShiftedExponential{.rate = 1, .shift = 1e12}.law(),
                                  Scaling::data_dependent, 1e-9);
  REQUIRE(process.breaks().size() == 3);
  CHECK(process.between(0, 1) == Approx(1e-9 / process.unit()).epsilon(1e-12));
  CHECK(process.between(0, 2) == Approx(3e-9 / process.unit()).epsilon(1e-12));
  CHECK(std::isinf(process.between(0, 3)));
  CHECK(process.at({1, 0}) == process.at({0, 0}));  // so they are
  for (std::size_t j = 0; j < 3; ++j) {
    CHECK(process.unsent(j, Instant{j, 0}) == 1);
    CHECK(process.unsent(j, Instant{j, 1}) == Approx(std::exp(-1)).epsilon(1e-15));
    CHECK(process.unsent(Instant{j, 1e-3}).size() == 3);
  }
}

TEST_CASE("completion process: the chance to be incomplete and the rates are those of order statistics") {
  const CompletionLaw law{.clusters = 2, .workers = 3, .work = {4}, .need = 2};
  CompletionProcess process(law, ShiftedExponential{.rate = 0.5, .shift = 1}.law(), Scaling::server_dependent,
                            0);
  for (const double seconds : {4.1, 6.0, 20.0, 100.0}) {
    CAPTURE(seconds);
    const double unsent = std::exp(-0.5 * (seconds / 4 - 1)), sent = 1 - unsent;
    const double of_cluster = unsent * unsent * unsent + 3 * unsent * unsent * sent;
    const double incomplete = of_cluster * (2 - of_cluster);
    const Instant t{0, seconds / process.unit() - process.at({0, 0})};
    CHECK(process.incomplete(t) == Approx(incomplete).epsilon(1e-12));
    const theory::Integrand at = process.integrand(t);
    CHECK(at.incomplete == Approx(incomplete).epsilon(1e-12));
    REQUIRE(at.density.size() == 1);
    CHECK(at.density[0] / process.unit() == Approx(0.5 / 4 * unsent).epsilon(1e-12));
    const double before = unsent * (2 - unsent);  // the other two have not both sent
    CHECK(at.counts[0] == Approx(before + (1 - before) * of_cluster).epsilon(1e-12));
    CHECK(at.rate() == at.density[0] * at.counts[0]);
  }
  CHECK(process.incomplete_at(0.5 * process.at({0, 0})) == 1);
}

TEST_CASE(
    "horizon: nothing is complete before it, half at its middle, and its end is negligible or a power") {
  for (const CompletionLaw& law :
       {CompletionLaw{.workers = 40, .work = {10}, .need = 31},
        {.workers = 1000, .work = {1, 2, 3}, .need = 1500},
        {.kind = CompletionLaw::Kind::distinct, .workers = 40, .work = steps(1, 10), .need = 40}}) {
    CAPTURE(law.workers, law.need);
    const double messages = static_cast<double>(law.workers) * static_cast<double>(law.work.size());
    CompletionProcess light(law, paper.law(), Scaling::server_dependent, 0);
    const auto found = find_horizon(light, messages, light.index());
    REQUIRE(found);
    CHECK(light.incomplete(found->begin) >= 1 - 2e-13);
    CHECK(light.incomplete(found->middle) == Approx(0.5).margin(0.3));
    CHECK(light.incomplete(found->end) < 1e-13);
    CHECK_FALSE((found->power || found->no_mean));
  }
  for (const double index : {0.4, 0.6, 0.9, 6.0}) {
    const CompletionLaw law{.workers = 4, .work = {1}, .need = 3};  // two of them have to be slow
    CompletionProcess heavy(law, pareto(1, index), Scaling::server_dependent, 0);
    const auto found = find_horizon(heavy, 4, 2 * index);
    REQUIRE(found);
    CHECK(found->no_mean == (2 * index <= 1));
    const double end = heavy.at(found->end), p = heavy.incomplete(found->end);
    CAPTURE(index, end, p);
    CHECK((found->power || p == 0));
    if (found->no_mean || end * p < 1e-13 * heavy.at(found->middle)) continue;
    CHECK(index < 1);
    CHECK(heavy.incomplete_at(2 * end) / p == Approx(std::pow(2, -2 * index)).epsilon(1e-12));
  }
}

TEST_CASE("integrator: what is found is no further from closed forms than it says") {
  for (const auto& [workers, need] : {std::pair{1, 1}, {40, 31}, {40, 40}, {1000, 7}}) {
    CAPTURE(workers, need);
    const CompletionLaw law{.workers = workers, .work = {3}, .need = need};
    CompletionProcess process(law, paper.law(), Scaling::server_dependent, 0);
    const auto horizon = find_horizon(process, workers, process.index());
    REQUIRE(horizon);
    const theory::Pair before{process.at(horizon->begin), process.sent_by(horizon->begin)};
    const theory::Measured found = integrate(process, *horizon, before, 1e-10);
    const double time = 3 * (paper.shift + (harmonic(workers) - harmonic(workers - need)) / paper.rate);
    const double messages = static_cast<double>(need) / workers;  // a worker's
    CHECK(std::abs((before[0] + found.value[0]) * process.unit() - time) <=
          found.error[0] * process.unit() + 1e-12 * time);
    CHECK(std::abs(before[1] + found.value[1] - messages) <= found.error[1] + 1e-12 * messages);
    CHECK(found.error[0] * process.unit() < 1e-8 * time);
    CHECK(found.error[1] < 1e-8 * messages);
  }
}
