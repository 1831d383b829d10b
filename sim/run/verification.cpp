#include "sim/run/verification.h"

#include <fmt/format.h>

#include <algorithm>
#include <type_traits>

namespace straggle {

void Verification::merge(const Verification& later) {
  trials += later.trials;
  decodes += later.decodes;
  real_judged += later.real_judged;
  unjudged += later.unjudged;
  real_max_error = std::max(real_max_error, later.real_max_error);
  real = real || later.real;
  prime = prime || later.prime;
  prime_exact = prime_exact && later.prime_exact;
  timing_only = timing_only || later.timing_only;
  decode_seconds += later.decode_seconds;
  if (!failed_trial && later.failed_trial) {
    failed_trial = later.failed_trial;
    failure = later.failure;
  }
}

void Incomplete::merge(const Incomplete& later) {
  trials += later.trials;
  if (first || !later.first) return;
  first = later.first;
  missing = later.missing;
}

namespace {

/// Whether the messages taken contain the blocks of the share that the scheme recovers. Nothing is taken of
/// an exchange, which moves all.
bool holds_enough(const Codebook& codebook, std::span<const Arrival> taken, double recovered) {
  std::vector<char> held(codebook.blocks(), 0);
  bool says = false;
  for (const Arrival& arrival : taken)
    for (const std::size_t block : codebook.contents(arrival.from, arrival.message)) {
      says = true;
      if (block < held.size()) held[block] = 1;
    }
  const auto missing = static_cast<double>(std::count(held.begin(), held.end(), 0));
  return !says || missing <= (1 - recovered) * static_cast<double>(held.size()) + 1e-9;
}

void record(const Exactness& exactness, const char* field, std::uint64_t trial, Verification& outcome) {
  ++outcome.decodes;
  outcome.decode_seconds += exactness.seconds;
  if (outcome.failed_trial || (exactness.decodable && (exactness.exact || !exactness.judged))) return;
  outcome.failed_trial = trial;
  outcome.failure = !exactness.decodable ? fmt::format("its messages do not decode in {}", field)
                    : exactness.error > 0
                        ? fmt::format("it decodes with relative error {:.2e} in {}", exactness.error, field)
                        : fmt::format("it decodes to a wrong sum in {}", field);
}

}  // namespace

template <class T>
Exactness Verifier::decode(std::size_t s, std::optional<Problem<T>>& problem, Codebook& codebook,
                           const RoundResult& result, std::uint64_t trial, std::uint32_t iteration,
                           Verification& outcome) {
  if (!problem || problem->blocks() != codebook.blocks())  // a scheme may split the data set anew
    problem.emplace(point_.seed, codebook.blocks(), point_.verify.dimension);
  problem->set_model(trial, iteration);
  Exactness exactness = codebook.check(result.taken, *problem);
  // What the codebook has compared with its sum is for it to say; that all of the data set is there is not.
  const bool whole = holds_enough(codebook, result.taken, point_.schemes[s].recipe.recovered);
  exactness.exact = exactness.exact && whole;
  record(exactness, std::is_same_v<T, double> ? "doubles" : "the prime field", trial, outcome);
  if (!whole && outcome.failed_trial == trial)
    outcome.failure = "the messages it has taken do not contain the whole data set";
  return exactness;
}

void Verifier::check(std::size_t s, Codebook& codebook, const RoundResult& result, std::uint64_t trial,
                     std::uint32_t iteration, Verification& outcome) {
  if (point_.verify.real) {
    outcome.real = true;
    const Exactness exactness = decode(s, problems_[s].real, codebook, result, trial, iteration, outcome);
    if (!exactness.judged) {
      ++outcome.unjudged;
    } else {
      ++outcome.real_judged;
      outcome.real_max_error = std::max(outcome.real_max_error, exactness.error);
    }
  }
  if (point_.verify.prime) {
    outcome.prime = true;
    const Exactness exactness = decode(s, problems_[s].prime, codebook, result, trial, iteration, outcome);
    outcome.prime_exact = outcome.prime_exact && exactness.exact;
  }
}

}  // namespace straggle
