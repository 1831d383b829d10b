// What the tests of theory share: laws of x written down by hand, and a kernel that knows from everybody's
// number of messages whether an iteration is complete.
#pragma once

#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

#include "models/compute_model.h"
#include "sim/schemes/completion_law.h"

namespace straggle::testing {

/// P(x > t) = exp(−rate·(t − shift)).
struct ShiftedExponential {
  double rate = 0;
  double shift = 0;

  TimeLaw law() const {
    return {{{.lower = shift,
              .scale = 1 / rate,
              .survival = [](double v) { return std::exp(-v); },
              .density = [](double v) { return std::exp(-v); },
              .tail = [](double p) { return -std::log(p); }}}};
  }
};

/// The setting of the GC-MMC paper's Figure 1.
inline const ShiftedExponential paper{.rate = 10, .shift = 0.01};

/// Uniform between two ends.
inline TimeLaw uniform(double lower, double upper) {
  return {{{.lower = lower,
            .scale = upper - lower,
            .survival = [](double v) { return std::max(1 - v, 0.0); },
            .density = [](double v) { return v > 1 ? 0 : 1; },
            .tail = [](double p) { return 1 - p; }}}};
}

/// P(x > t) = (lower/t)^index.
inline TimeLaw pareto(double lower, double index) {
  return {{{.lower = lower,
            .scale = lower,
            .survival = [=](double v) { return std::pow(1 + v, -index); },
            .density = [=](double v) { return index * std::pow(1 + v, -index - 1); },
            .tail = [=](double p) { return std::pow(p, -1 / index) - 1; },
            .index = index}}};
}

/// P(x > lower + v) = exp(−v^shape).
inline TimeLaw shifted_weibull(double lower, double shape) {
  return {
      {{.lower = lower,
        .scale = 1,
        .survival = [=](double v) { return std::exp(-std::pow(v, shape)); },
        .density = [=](double v) { return shape * std::pow(v, shape - 1) * std::exp(-std::pow(v, shape)); },
        .tail = [=](double p) { return std::pow(-std::log(p), 1 / shape); },
        .power = shape}}};
}

/// 1 + 1/2 + … + 1/n.
inline double harmonic(int n) {
  double sum = 0;
  for (int k = n; k >= 1; --k) sum += 1.0 / k;
  return sum;
}

/// from, from + 1, … to: the work of as many messages.
inline std::vector<double> steps(int from, int to) {
  std::vector<double> work(static_cast<std::size_t>(to - from + 1));
  std::iota(work.begin(), work.end(), from);
  return work;
}

/// Equal to a share of itself.
inline Approx close(double value, double relative) {
  return Approx(value).epsilon(relative).margin(0);
}

/// Whether the master has what it needs of all clusters when every worker has sent so many messages, those of
/// the first cluster before those of the second.
inline bool decoded(const CompletionLaw& law, const std::vector<int>& sent) {
  const auto last = static_cast<int>(law.work.size());
  int distinct_in_all = 0;
  for (int cluster = 0; cluster < law.clusters; ++cluster) {
    std::uint32_t items = 0;
    int messages = 0, silent = 0, finished = 0;
    for (int worker = 0; worker < law.workers; ++worker) {
      const int count = sent[static_cast<std::size_t>(cluster * law.workers + worker)];
      messages += count;
      silent += count == 0;
      finished += count == last;
      for (int j = 0; j < count; ++j) items |= 1U << ((worker + j) % law.workers);
    }
    const int distinct = std::popcount(items);
    distinct_in_all += distinct;
    const bool enough = law.kind == CompletionLaw::Kind::count
                            ? messages >= law.need || (law.finisher_decodes && finished > 0)
                            : law.pooled || distinct >= law.need;
    if (!enough || (law.first_of_all && silent > 0)) return false;
  }
  return !law.pooled || distinct_in_all >= law.need;
}

}  // namespace straggle::testing
