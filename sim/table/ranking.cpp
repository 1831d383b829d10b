#include "sim/table/ranking.h"

#include <algorithm>
#include <cmath>

namespace straggle {
namespace {

bool any_exact(const std::vector<Contender>& contenders) {
  return std::any_of(contenders.begin(), contenders.end(),
                     [](const Contender& one) { return !(one.recovered < 1); });
}

}  // namespace

bool has_moments(std::string_view moments) {
  return moments != "no mean" && moments != "no variance";
}

Measure measure_of(const std::vector<Contender>& contenders) {
  return std::all_of(contenders.begin(), contenders.end(), [](const Contender& one) { return one.moments; })
             ? Measure::mean
             : Measure::median;
}

const Location& time_of(const Contender& contender, Measure measure) {
  return measure == Measure::mean ? contender.mean : contender.median;
}

std::vector<std::size_t> comparable(const std::vector<Contender>& contenders) {
  const bool exact = any_exact(contenders);
  const Measure measure = measure_of(contenders);
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < contenders.size(); ++i) {
    const Contender& one = contenders[i];
    if (std::isfinite(time_of(one, measure).value) && one.incomplete == 0 && !(exact && one.recovered < 1))
      places.push_back(i);
  }
  return places;
}

std::vector<std::size_t> fastest(const std::vector<Contender>& contenders) {
  const Measure measure = measure_of(contenders);
  const auto time = [&](std::size_t i) -> const Location& { return time_of(contenders[i], measure); };
  std::vector<std::size_t> order = comparable(contenders);
  std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return time(a).value < time(b).value; });
  if (order.empty()) return order;
  const Location& first = time(order.front());
  std::erase_if(order, [&](std::size_t i) {
    return time(i).value - first.value > std::hypot(time(i).below, first.above);
  });
  return order;
}

std::string why_apart(const Contender& contender) {
  return contender.incomplete > 0 ? "incomplete trials" : contender.recovered < 1 ? "approximate" : "";
}

std::string why_nobody(const std::vector<Contender>& contenders) {
  const bool exact = any_exact(contenders);
  const bool any_complete = std::any_of(contenders.begin(), contenders.end(), [&](const Contender& one) {
    return one.incomplete == 0 && !(exact && one.recovered < 1);
  });
  if (any_complete) return "no completion time is a finite number";
  return exact ? "no exact scheme completed all its trials" : "no scheme completed all its trials";
}

}  // namespace straggle
