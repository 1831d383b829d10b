#include "sim/theory/horizon.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

namespace straggle::theory {
namespace {

/// Bisections on P(T > t), between breaks first and then by the logarithm of the time since the last one.
class HorizonSearch {
 public:
  HorizonSearch(CompletionProcess& process, double messages, double index)
      : process_(process), messages_(messages), index_(index) {}

  std::optional<Horizon> operator()() {
    const auto begun = find([&](const Instant& t) { return incomplete(t) < 1 - 1e-13; }, 1.2);
    const auto half = find([&](const Instant& t) { return incomplete(t) < 0.5; }, 1);
    if (!begun || !half) return std::nullopt;
    Horizon horizon{.begin = begun->first, .middle = half->second, .end = {}};
    horizon.no_mean = index_ <= 1;
    if (!horizon.no_mean) process_.guard_mean(process_.at(horizon.middle) / 4);

    // Outwards by larger and larger factors, 2, 4, 16, …: a heavy tail can reach far.
    const std::size_t last = process_.breaks().size() - 1;
    double largest = process_.at(horizon.middle) / 4;  // E T >= t·P(T > t) for every t
    const auto over = [&](const Instant& t) {
      const double p = incomplete(t), at = process_.at(t);
      if (!horizon.no_mean) largest = std::max(largest, at * p);
      if (p < 1e-15 && (horizon.no_mean || at * p < 1e-14 * largest)) return true;
      if (std::isinf(process_.index())) return false;
      const Series unsent = process_.unsent(t);
      return unsent.size() == process_.messages() && unsent.back() * messages_ < 1e-14 &&
             t.later > 1e14 * process_.at({last, 0});
    };
    Instant low = horizon.middle, high = low;
    const auto advance = [&](Instant t, double by) {
      t.later += by;
      while (t.anchor < last && t.later >= process_.between(t.anchor, t.anchor + 1)) {
        t.later -= process_.between(t.anchor, t.anchor + 1);
        ++t.anchor;
      }
      return t;
    };
    double reach = std::max(process_.spread() / 8, horizon.middle.later - horizon.begin.later);
    double factor = 2;
    for (high = advance(horizon.middle, reach); !over(high); high = advance(horizon.middle, reach)) {
      low = high;
      reach *= factor;
      factor = std::min(factor * factor, 1e20);
      if (!(reach < 1e300)) {
        if (incomplete(high) > 1e-14) return std::nullopt;
        horizon.no_mean = true;
        break;
      }
    }
    double least = low.anchor == horizon.middle.anchor ? low.later - horizon.middle.later : 0;
    if (low.anchor != horizon.middle.anchor)
      least = process_.between(horizon.middle.anchor, low.anchor) + low.later - horizon.middle.later;
    double most = reach;
    for (int step = 0; step < 40 && most > 1.5 * std::max(least, reach * 1e-3); ++step) {
      const double middle = least > 0 ? std::sqrt(least) * std::sqrt(most) : most / 4;
      const Instant t = advance(horizon.middle, middle);
      if (over(t)) {
        most = middle;
        high = t;
      } else {
        least = middle;
      }
    }
    horizon.end = high;
    const double p = incomplete(high);
    horizon.power = !std::isinf(process_.index()) && p > 0;
    return horizon;
  }

 private:
  double incomplete(const Instant& t) {
    if (process_.steps() > most_steps) throw TooMuchWork{};
    return process_.incomplete(t);
  }

  /// Two neighbouring moments between which something becomes true, for ever; their distances from the break
  /// before differ by less than the ratio, or by nothing that can be told apart.
  template <class Predicate>
  std::optional<std::pair<Instant, Instant>> find(const Predicate& holds, double ratio) {
    std::size_t anchor = 0, beyond = process_.breaks().size();
    while (beyond - anchor > 1) {
      const std::size_t middle = anchor + (beyond - anchor) / 2;
      (holds({middle, 0}) ? beyond : anchor) = middle;
    }
    double low = 0, high = process_.between(anchor, anchor + 1);
    if (std::isinf(high)) {
      high = process_.spread();
      for (double factor = 2; !holds({anchor, high}); factor = std::min(factor * factor, 1e20)) {
        low = high;
        high *= factor;
        if (!(high < 1e300)) return std::nullopt;
      }
    }
    for (double factor = 2; low <= 0; factor = std::min(factor * factor, 1e20)) {
      const double t = high / factor;
      if (t < 1e-300) break;
      (holds({anchor, t}) ? high : low) = t;
    }
    for (int step = 0; step < 80; ++step) {
      const double t = low > 0 ? std::sqrt(low) * std::sqrt(high) : 0;
      if (!(t > low && t < high) || high <= ratio * low) break;
      if (ratio <= 1 && high < 1.2 * low) {  // as close as needed
        const double p = incomplete({anchor, high});
        if (p > 0.2) break;
      }
      (holds({anchor, t}) ? high : low) = t;
    }
    return std::pair(Instant{anchor, low}, Instant{anchor, high});
  }

  CompletionProcess& process_;
  double messages_, index_;
};

}  // namespace

std::optional<Horizon> find_horizon(CompletionProcess& process, double messages, double index) {
  return HorizonSearch(process, messages, index)();
}

}  // namespace straggle::theory
