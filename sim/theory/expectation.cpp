#include "sim/theory/expectation.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "sim/theory/blocking.h"
#include "sim/theory/completion_process.h"
#include "sim/theory/horizon.h"
#include "sim/theory/integrator.h"

namespace straggle {
namespace {

using namespace theory;

void check(const CompletionLaw& law) {
  const auto refuse = [](const char* what) { throw std::logic_error(std::string("CompletionLaw: ") + what); };
  if (law.clusters < 1 || law.workers < 1 || law.work.empty()) refuse("no clusters, workers or messages");
  if (!(law.work.front() > 0)) refuse("work must be positive");
  for (std::size_t j = 1; j < law.work.size(); ++j) {
    if (!(law.work[j] > law.work[j - 1])) refuse("work must increase strictly");
  }
  const auto messages = static_cast<long long>(law.work.size());
  if (law.kind == CompletionLaw::Kind::count) {
    if (law.pooled) refuse("only distinct items can be pooled");
    if (law.need > law.workers * messages && !law.finisher_decodes)
      refuse("needs more messages than are sent");
  } else {
    if (law.finisher_decodes || law.first_of_all) refuse("finisher_decodes and first_of_all are for counts");
    if (messages > law.workers) refuse("more messages than items");
    if (law.need > static_cast<long long>(law.workers) * (law.pooled ? law.clusters : 1))
      refuse("needs more items than exist");
  }
}

/// The same law, said as simply as it can be: a worker's only message is a message like any other.
CompletionLaw simplified(CompletionLaw law) {
  if (law.pooled && law.clusters * static_cast<long long>(law.workers) == law.need) {
    law.pooled = false;
    law.need = law.workers;
  }
  if (law.work.size() > 1) return law;
  if (law.pooled) law.workers *= std::exchange(law.clusters, 1);
  law.kind = CompletionLaw::Kind::count;
  law.pooled = false;
  if (law.finisher_decodes) law.need = std::min(law.need, 1);
  if (law.first_of_all) law.need = law.workers;
  law.finisher_decodes = law.first_of_all = false;
  return law;
}

/// Whether the master needs every message there is: then none can come beside the last.
bool needs_all(const CompletionLaw& law) {
  return law.kind == CompletionLaw::Kind::count && law.clusters == 1 && !law.finisher_decodes &&
         law.need == law.workers * static_cast<long long>(law.work.size());
}

/// Messages of the very instant of completion that theory, which knows no two at once, does not count, at
/// most; no closer than to know that they are more than `limit`. Fix what a worker has sent before its
/// message j: when the others then complete the iteration does not depend on when that comes, which is in the
/// same cell of doubles with the probability of that cell.
double ties(CompletionProcess& process, const CompletionLaw& law, const Horizon& horizon, double limit) {
  if (needs_all(law)) return 0;
  const std::size_t messages = law.work.size();
  const double workers = static_cast<double>(law.workers) * law.clusters;
  const double from = process.own_ties_from();
  const double own = std::isinf(from) ? 0 : static_cast<double>(messages - 1) * process.incomplete_at(from);
  double sum = own;
  for (std::size_t j = 0; j < messages; ++j)
    sum += workers * process.heaviest_cell(j, horizon.begin, horizon.end);
  if (sum <= limit) return sum;

  // The cells that are heavy may be hardly ever those of completion: from break to break, and where that is
  // too much, further and further from the first.
  struct Front {
    Instant at;
    Series waiting;  // P(the others do not complete it before), of a worker's messages
  };
  const auto move_to = [&](const Instant& t, const Front& before) {
    const Integrand at = process.integrand(t);
    Front front{.at = t, .waiting = before.waiting};
    double counts = 1;
    for (std::size_t j = 0; j < messages; ++j) {
      if (j < at.counts.size()) counts = at.counts[j];  // the fewer, the more its worker has sent
      front.waiting[j] = std::min(front.waiting[j], counts);
    }
    return front;
  };
  const auto between = [&](const Front& before, const Front& after) {
    double tied = 0;
    for (std::size_t j = 0; j < messages; ++j)
      if (const double share = before.waiting[j] - after.waiting[j]; share > 0)
        tied += workers * share * process.heaviest_cell(j, before.at, after.at);
    return tied;
  };
  const Instant &begin = horizon.begin, &end = horizon.end;
  Front last{.at = begin, .waiting = Series(messages, 1.0)};
  const double little = limit / (8 * static_cast<double>(end.anchor - begin.anchor + 1));
  sum = own;
  for (std::size_t anchor = begin.anchor; anchor <= end.anchor; ++anchor) {
    const Instant start{anchor, anchor == begin.anchor ? begin.later : 0};
    const double stop = anchor == end.anchor ? end.later : process.between(anchor, anchor + 1);
    const Front next = move_to(anchor == end.anchor ? end : Instant{anchor + 1, 0}, last);
    double tied = between(last, next);
    if (tied > little) {
      for (double step = std::max(process.at(start) * two_cells, start.later);
           step > 0 && start.later + step < stop; step *= 16) {
        if (sum > limit || process.steps() > most_steps) return std::numeric_limits<double>::infinity();
        const Front there = move_to({anchor, start.later + step}, last);
        sum += between(last, there);
        last = there;
      }
      tied = between(last, next);
    }
    sum += tied;
    last = next;
  }
  return sum;
}

/// Whether the time takes so few doubles that rounding moves its mean by what trials can see: 99.8 % of it
/// lies within a hundred, and what does not is no reason for a large variance either. Where it is the same in
/// all of them, rounding moves nothing.
bool lost_in_rounding(CompletionProcess& process, const Horizon& horizon) {
  const double t = process.at(horizon.middle), cell = t * two_cells / 2;
  if (process.incomplete_at(t - 50 * cell) - process.incomplete_at(t + 50 * cell) < 0.998) return false;
  for (double cells = 50; cells < 1e9; cells *= 4)
    if (process.incomplete_at(t + cells * cell) * cells * cells > 50 * 50) return false;
  return process.incomplete({horizon.begin.anchor, cell / 4}) > 1e-9;
}

}  // namespace

double heaviest_cell(const TimeLaw& x, double added) {
  double sum = 0;
  for (const TimeLaw::Part& part : x.parts)
    sum += part.probability * Cells(part).heaviest(added, 0, std::numeric_limits<double>::infinity());
  return sum;
}

std::optional<Expectation> expectation(const CompletionLaw& given, const TimeLaw& x, Scaling scaling,
                                       double increment) {
  constexpr double none = std::numeric_limits<double>::quiet_NaN();
  if (scaling == Scaling::additive) return std::nullopt;
  check(given);
  if (given.need <= 0 && !given.first_of_all) return Expectation{};
  const CompletionLaw law = simplified(given);
  const double workers = static_cast<double>(law.clusters) * law.workers;
  const double all = workers * static_cast<double>(law.work.size());
  try {
    CompletionProcess process(law, x, scaling, increment);
    double index = process.index();
    if (!std::isinf(index)) {
      const auto silent = least_to_block(law, std::vector<double>(static_cast<std::size_t>(workers), 1));
      if (!silent) return std::nullopt;
      index *= *silent;
    }
    const std::optional<Horizon> horizon = find_horizon(process, all, index);
    if (!horizon) return std::nullopt;
    // Before the horizon every message counts.
    const Pair before{process.at(horizon->begin), process.sent_by(horizon->begin)};
    Measured found = integrate(process, *horizon, before, 1e-10);
    const Instant& end = horizon->end;
    const Integrand last = process.integrand(end);
    Pair beyond{process.at(end) * last.incomplete, all / workers * last.incomplete};  // at most
    if (horizon->power && !last.density.empty()) {
      const double drawn = process.of_draw(last.density.size() - 1, end);
      beyond = {drawn * last.incomplete / (index - 1), drawn * last.rate() / index};
    }
    // Roundings of probabilities add up over workers; a tail that falls slowly multiplies those of its index.
    const double rounding = 1e-13 + 4e-16 * all;
    Pair value{}, error{};
    for (std::size_t c = 0; c < 2; ++c) {
      const double tail = horizon->power ? beyond[c] : 0;
      value[c] = before[c] + found.value[c] + tail;
      error[c] = found.error[c] + 1e-13 * before[c] + rounding * value[c] +
                 (c == 0 ? process.error() * value[c] : 0) +
                 (horizon->power ? (c == 0 ? 1e-15 * index / (index - 1) + 1e-12 : 1e-12) * tail : beyond[c]);
    }
    constexpr double promise = promised_accuracy;
    Expectation result{.time = none, .messages = none};
    if (!horizon->no_mean && error[0] <= promise * value[0] && std::isfinite(value[0] * process.unit()) &&
        !lost_in_rounding(process, *horizon)) {
      result.time = value[0] * process.unit();
      result.time_error = error[0] * process.unit();
    }
    if (error[1] <= promise * value[1]) {
      const double promised = promise * workers * value[1];
      const double off = workers * error[1] + ties(process, law, *horizon, promised);
      if (off <= promised) {
        result.messages = workers * value[1];
        result.messages_error = off;
      }
    }
    if (std::isnan(result.time) && std::isnan(result.messages)) return std::nullopt;
    return result;
  } catch (const TooMuchWork&) {
    return std::nullopt;
  }
}

}  // namespace straggle
