#include "sim/engine/program.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace straggle {

Program Program::exchange(std::uint32_t rounds, double size) {
  Program program(Goal{});
  program.kind_ = Kind::exchange;
  program.plain_ = false;
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
    if (!(step.size >= 0)) throw std::logic_error("a step sends a message of a negative size");
    const bool relayed = step.to != master || step.need > 0;
    if (relayed) kind_ = Kind::tree;
    if (plain_ &&
        (relayed || step.size != 1)) {  // so far all were gradients that went straight to the master
      plain_ = false;
      routes_.assign(messages_.size(), {master, 0, 1});
    }
    if (step.need > 0 && steps.size() > 1) throw std::logic_error("a relay has one step");
    if (messages_.size() == most_messages)
      throw std::length_error(
          fmt::format("its workers send more than {} messages in an iteration", most_messages));
    messages_.push_back({work, step.covers, step.item, step.group, step.weight});
    if (!plain_) routes_.push_back({step.to, step.need, step.size});
  }
  first_.push_back(static_cast<std::uint32_t>(messages_.size()));
  load_.push_back(work);
  largest_load_ = std::max(largest_load_, work);
  return node;
}

namespace {

std::string batches(double work) {
  return fmt::format("{:g} mini-batch{}", work, work == 1 ? "" : "es");
}

/// What one worker does: `worker 1: sends after 3 mini-batches, after 4 mini-batches`.
std::string steps_of(const Program& program, NodeId node) {
  std::string result = fmt::format("worker {}:", node);
  constexpr std::size_t most_shown = 6;
  const auto messages = program.messages(node);
  for (std::size_t j = 0; j < std::min(messages.size(), most_shown); ++j) {
    const Program::Message& m = messages[j];
    const Program::Route r = program.route(node, j);
    result += fmt::format("{} after {}", j == 0 ? " sends" : ",", batches(m.work));
    if (r.need > 0) result += fmt::format(" and {} messages", r.need);
    if (r.to != master) result += fmt::format(" to worker {}", r.to);
    if (program.goal().items > 0) result += fmt::format(" item {}", m.item);
    if (m.weight > 1) result += fmt::format(" (weight {})", m.weight);
  }
  if (messages.size() > most_shown) result += fmt::format(", ... ({} messages)", messages.size());
  return result;
}

}  // namespace

std::string Program::summary() const {
  if (kind_ == Kind::exchange)
    return fmt::format(
        "{} workers in an exchange: {} messages each, of {:g} gradients; worker 1 computes {} and sends to "
        "worker {}",
        workers(), rounds_, exchange_size_, batches(load(1)), routes_.front().to);
  std::string result = fmt::format("{} workers; the master needs {}", workers(), goal_.need);
  result += goal_.items > 0 ? fmt::format(" of {} distinct items", goal_.items) : " messages";
  if (goal_.full.size() > 1) {
    const auto [least, most] = std::minmax_element(goal_.full.begin(), goal_.full.end());
    result +=
        fmt::format(" in {} groups of {}", goal_.full.size(),
                    *least == *most ? fmt::format("{}", *least) : fmt::format("{} to {}", *least, *most));
  }
  result += "; " + steps_of(*this, 1);
  if (kind_ == Kind::tree) result += "; " + steps_of(*this, static_cast<NodeId>(workers()));
  return result;
}

}  // namespace straggle
