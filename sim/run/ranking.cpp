#include "sim/run/ranking.h"

#include <algorithm>
#include <cmath>

namespace straggle {
std::vector<std::size_t> comparable(const std::vector<Contender>& contenders) {
  const bool any_exact = std::any_of(contenders.begin(), contenders.end(),
                                     [](const Contender& one) { return !(one.recovered < 1); });
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < contenders.size(); ++i) {
    const Contender& one = contenders[i];
    if (std::isfinite(one.time) && one.incomplete == 0 && !(any_exact && one.recovered < 1))
      places.push_back(i);
  }
  return places;
}

std::vector<std::size_t> fastest(const std::vector<Contender>& contenders) {
  std::vector<std::size_t> order = comparable(contenders);
  std::stable_sort(order.begin(), order.end(),
                   [&](auto a, auto b) { return contenders[a].time < contenders[b].time; });
  if (order.empty()) return order;
  const Contender& first = contenders[order.front()];
  std::erase_if(order, [&](std::size_t i) {
    const Contender& other = contenders[i];
    return other.time - first.time > std::hypot(first.half, other.half);
  });
  return order;
}

}  // namespace straggle
