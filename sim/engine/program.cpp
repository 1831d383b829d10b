#include "sim/engine/program.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace straggle {

NodeId Program::add(const std::vector<Step>& steps) {
  double work = 0;
  for (const Step& step : steps) {
    work += step.work;
    if (!(step.work >= 0) || !(step.covers >= 0) || step.covers > work * (1 + 1e-12))
      throw std::logic_error("a step computes a negative amount or covers more than was computed");
    if (step.group >= goal_.full.size() || (goal_.items > 0 && step.item >= goal_.items) || step.weight == 0)
      throw std::logic_error("a step names a group or an item that the goal does not have");
    messages_.push_back({work, step.covers, step.item, step.group, step.weight});
  }
  first_.push_back(static_cast<std::uint32_t>(messages_.size()));
  load_.push_back(work);
  largest_load_ = std::max(largest_load_, work);
  return static_cast<NodeId>(workers());
}

std::string Program::summary() const {
  std::string result = fmt::format("{} workers; the master needs {}", workers(), goal_.need);
  result += goal_.items > 0 ? fmt::format(" of {} distinct items", goal_.items) : " messages";
  if (goal_.full.size() > 1) {
    const auto [least, most] = std::minmax_element(goal_.full.begin(), goal_.full.end());
    result +=
        fmt::format(" in {} groups of {}", goal_.full.size(),
                    *least == *most ? fmt::format("{}", *least) : fmt::format("{} to {}", *least, *most));
  }
  result += "; worker 1:";
  constexpr std::size_t most_shown = 6;
  const auto first = messages(1);
  for (std::size_t j = 0; j < std::min(first.size(), most_shown); ++j) {
    const Message& m = first[j];
    result += fmt::format("{} after {:g} mini-batches", j == 0 ? " sends" : ",", m.work);
    if (goal_.items > 0) result += fmt::format(" item {}", m.item);
    if (m.weight > 1) result += fmt::format(" (weight {})", m.weight);
  }
  if (first.size() > most_shown) result += fmt::format(", ... ({} messages)", first.size());
  return result;
}

}  // namespace straggle
