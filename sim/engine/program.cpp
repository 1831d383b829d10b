#include "sim/engine/program.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace straggle {

Program Program::exchange(std::uint32_t rounds, double size) {
  Program program(Goal{});
  program.kind_ = Kind::exchange;
  program.rounds_ = rounds;
  program.exchange_size_ = size;
  return program;
}

NodeId Program::add(const std::vector<Step>& steps) {
  const auto node = static_cast<NodeId>(first_.size());
  if (kind_ == Kind::exchange && steps.size() != 1)
    throw std::logic_error("in an exchange a worker has one step");
  double work = 0;
  for (const Step& step : steps) {
    work += step.work;
    if (!(step.work >= 0) || !(step.covers >= 0) || step.covers > work * (1 + 1e-12))
      throw std::logic_error("a step computes a negative amount or covers more than was computed");
    if (kind_ == Kind::exchange) {
      if (step.to == master || step.need > 0)
        throw std::logic_error("in an exchange a worker's step goes to its neighbour and needs nothing");
      messages_.push_back({work, step.covers, 0, 0, 1});
      routes_.push_back({step.to, 0, exchange_size_});
      continue;
    }
    if (step.to == master && (step.group >= goal_.full.size() ||
                              (goal_.items > 0 && step.item >= goal_.items) || step.weight == 0))
      throw std::logic_error("a step names a group or an item that the goal does not have");
    if (step.to >= node) throw std::logic_error("a step names a receiver that has not been added");
    if (step.to != master && (messages(step.to).empty() || route(step.to, 0).need == 0))
      throw std::logic_error("a step names a receiver that is no relay");
    if (step.to != steps.front().to) throw std::logic_error("a worker sends all its messages to one node");
    if ((step.to != master || step.need > 0 || step.size != 1) && kind_ == Kind::star) {
      kind_ = Kind::tree;  // so far all went straight to the master
      routes_.assign(messages_.size(), {master, 0, 1});
    }
    if (step.need > 0 && steps.size() > 1) throw std::logic_error("a relay has one step");
    messages_.push_back({work, step.covers, step.item, step.group, step.weight});
    if (kind_ == Kind::tree) routes_.push_back({step.to, step.need, step.size});
  }
  first_.push_back(static_cast<std::uint32_t>(messages_.size()));
  load_.push_back(work);
  largest_load_ = std::max(largest_load_, work);
  return node;
}

std::string Program::summary() const {
  if (kind_ == Kind::exchange)
    return fmt::format(
        "{} workers in an exchange of {} messages each, of {:g} gradients; worker 1 computes {:g} "
        "mini-batches "
        "and sends to worker {}",
        workers(), rounds_, exchange_size_, load(1), routes_.empty() ? 1 : routes_.front().to);
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
    const Route r = route(1, j);
    result += fmt::format("{} after {:g} mini-batches", j == 0 ? " sends" : ",", m.work);
    if (r.need > 0) result += fmt::format(" and {} messages", r.need);
    if (r.to != master) result += fmt::format(" to worker {}", r.to);
    if (goal_.items > 0) result += fmt::format(" item {}", m.item);
    if (m.weight > 1) result += fmt::format(" (weight {})", m.weight);
  }
  if (first.size() > most_shown) result += fmt::format(", ... ({} messages)", first.size());
  return result;
}

}  // namespace straggle
