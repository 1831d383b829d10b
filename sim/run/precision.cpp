#include "sim/run/precision.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "sim/run/statistics.h"
#include "sim/run/theory_of_point.h"

namespace straggle {
namespace {

/// Whether the spread of a scheme's completion times is known well enough for an interval of their mean.
bool spread_is_known(const Point& point, std::size_t s, const Summary& trials) {
  constexpr std::uint64_t fewest_others = 30;
  if (!point.compute.varies()) return true;
  const auto tail = completion_tail(point, s);
  if (tail && !tail->variance()) return false;
  if (trials.times.unlike_the_most_frequent() < fewest_others) return false;
  const bool third_moment = !tail || tail->index > 3;
  if (!third_moment) return false;
  const std::optional<double> of_law = predicted_skewness(point, s);
  return static_cast<double>(trials.times.finite()) >=
         observations_for(of_law ? *of_law : trials.times.skewness());
}

}  // namespace

std::uint64_t next_look(std::uint64_t trials, std::uint64_t most) {
  std::uint64_t look = chunk_trials;
  while (look <= trials && look < most) look *= 2;
  return std::min(look, most);
}

bool is_precise(const Point& point, std::size_t s, const std::vector<Summary>& schemes) {
  const Summary& trials = schemes[s];
  const Precision& wanted = *point.precision;
  const bool of_speedup = wanted.metric == Precision::Metric::speedup;
  if (of_speedup && s == point.baseline) return true;  // 1, by definition
  const Estimate found = of_speedup ? ratio_of_means(trials.sums.paired) : estimate(trials.sums[Tally::time]);
  const double half = without_spread(found) ? 0 : half_interval(found);
  const double widest = wanted.absolute ? *wanted.absolute : *wanted.relative * std::abs(found.mean);
  if (!(half <= widest)) return false;
  if (of_speedup && !spread_is_known(point, point.baseline, schemes[point.baseline])) return false;
  return spread_is_known(point, s, trials);
}

}  // namespace straggle
