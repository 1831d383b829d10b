#include "sim/engine/intake.h"

#include <stdexcept>

namespace straggle {

namespace {

/// ⌊x⌋ of a number from 0 to 2^53, without the function call that std::floor is on the baseline instruction
/// set.
double whole_part(double x) {
  return static_cast<double>(static_cast<std::int64_t>(x));
}

}  // namespace

void hear(const Program& program, std::vector<std::uint32_t>& hears) {
  hears.assign(program.workers(), nobody);
  for (NodeId node = 1; node <= program.workers(); ++node) {
    const NodeId to = program.parent(node);
    if (to > program.workers() || hears[to - 1] != nobody)
      throw std::logic_error("in an exchange every worker hears one other");
    hears[to - 1] = node - 1;
  }
}

namespace {

/// Whole mini-batches from `from` on, of a stretch of work to `to` that has not ended, that have ended by
/// `end`. Where work w ends at offset + w·slope the slope is given, else 0.
template <class EndOf>
double whole_tasks(double from, double to, double end, double offset, double slope, const EndOf& end_of) {
  double most = whole_part(to - from);
  if (most == to - from) most -= 1;  // the stretch itself has not ended
  if (most <= 0) return 0;
  double tasks = 0;
  if (slope > 0) {
    // A quotient may round across a whole number; the product, which decides arrivals too, puts it right
    // below.
    tasks = (end - offset) / slope - from;
    tasks = tasks > 0 ? whole_part(std::min(tasks, most)) : 0;
    if (tasks > 0 && end_of(from + tasks) > end) tasks -= 1;
  }
  while (tasks < most && end_of(from + tasks + 1) <= end) tasks += 1;
  return tasks;
}

}  // namespace

double tasks_in_step(const Program& program, const Conditions& conditions, std::size_t w, std::size_t index,
                     double end) {
  const auto messages = program.messages(static_cast<NodeId>(w + 1));
  return whole_tasks(index > 0 ? messages[index - 1].work : 0, messages[index].work, end,
                     conditions.offset[w], conditions.prefix.empty() ? conditions.slope[w] : 0,
                     [&](double work) { return conditions.end_of(work, w); });
}

double tasks_in_rest(const Leftover::Work& rest, double end) {
  return whole_tasks(rest.from, rest.to, end, rest.offset, rest.ends.empty() ? rest.slope : 0,
                     [&](double work) { return rest.end_of(work); });
}

void Tallies::work(RoundResult& result) {
  cover();
  // What is left of a worker's work beside its messages is rounding where it is less than this share: a
  // message is the difference of two cumulative amounts.
  constexpr double rounding = 1e-12;
  const Leftover::Work* rest = nullptr;
  const Leftover::Work* last_rest = nullptr;
  if (conditions_.leftover) {
    rest = conditions_.leftover->work.data();
    last_rest = rest + conditions_.leftover->work.size();
  }
  for (std::size_t w = 0; w < program_.workers(); ++w) {
    double old = 0;
    for (; rest != last_rest && rest->worker == w; ++rest)
      old += rest->end_of(rest->to) <= result[Tally::time] ? rest->to - rest->from
                                                           : tasks_in_rest(*rest, result[Tally::time]);
    const auto messages = program_.messages(static_cast<NodeId>(w + 1));
    std::size_t ended = space_.next_[w];
    while (ended < messages.size() && conditions_.end_of(messages[ended].work, w) <= result[Tally::time])
      ++ended;
    double done = ended > 0 ? messages[ended - 1].work : 0;
    if (ended < messages.size()) done += tasks_in_step(program_, conditions_, w, ended, result[Tally::time]);
    const double vain = done - space_.covered_[w];
    result[Tally::work] += old + done;
    result[Tally::wasted] += old + (vain > rounding * done ? vain : 0);
  }
}

void Tallies::take_useful() {
  space_.used_.assign(program_.workers() + 1, 0);
  for (const Arrival& arrival : space_.all_)
    if (arrival.fate == Arrival::Fate::useful) space_.used_[arrival.from] = 1;
  for (NodeId node = 1; node <= program_.workers(); ++node) {  // receivers have the smaller numbers
    const NodeId to = program_.parent(node);
    if (to != master && !space_.used_[to]) space_.used_[node] = 0;
  }
  for (const Arrival& arrival : space_.all_)
    if (arrival.fate == Arrival::Fate::useful && space_.used_[arrival.from]) space_.taken_.push_back(arrival);
}

void Tallies::cover() {
  // The union of the intervals [work − covers, work], from the last message of each worker backwards.
  space_.covered_from_.assign(program_.workers(), Tournament::never);
  space_.covered_.assign(program_.workers(), 0);
  for (auto arrival = space_.taken_.rbegin(); arrival != space_.taken_.rend(); ++arrival) {
    const Program::Message& message = program_.messages(arrival->from)[arrival->message];
    double& covered_from = space_.covered_from_[arrival->from - 1];
    const double from = message.work - message.covers;
    space_.covered_[arrival->from - 1] += std::max(0.0, std::min(message.work, covered_from) - from);
    covered_from = std::min(covered_from, from);
  }
}

void Tallies::ports(RoundResult& result) {
  for (std::size_t w = 0; w < conditions_.model_at.size(); ++w) {
    const double model_at = conditions_.model_at[w];
    const auto node = static_cast<NodeId>(w + 1);
    if (model_at <= result[Tally::time]) {
      ++result[Tally::messages_in_all];
      result[Tally::bytes_in_all] += 1;
      space_.volume_[node] += 1;
    }
    if (links_.discipline == Discipline::ideal) continue;
    const NodeId from = program_.parent(node);
    const double seconds = links_.seconds(from, node, 1);
    const double received = std::clamp(result[Tally::time] - (model_at - seconds), 0.0, seconds);
    // In a port's units: seconds where it serves one after another, else its share of them.
    space_.busy_[node] += links_.discipline == Discipline::serial || received == 0
                              ? received
                              : received / seconds * links_.bytes / links_.ingress[node];
  }
  result[Tally::bytes_into_busiest] = *std::max_element(space_.volume_.begin(), space_.volume_.end());
  const double busiest = *std::max_element(space_.busy_.begin(), space_.busy_.end());
  result[Tally::port_utilisation] = result[Tally::time] > 0 ? busiest / result[Tally::time] : 0;
}

}  // namespace straggle
