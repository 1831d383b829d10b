#include "sim/engine/round.h"

#include <algorithm>
#include <cassert>

namespace straggle {

namespace {

/// ⌊x⌋ of a number from 0 to 2^53, without the function call that std::floor is on the baseline instruction
/// set.
double whole_part(double x) {
  return static_cast<double>(static_cast<std::int64_t>(x));
}

}  // namespace

/// The state of one round. `KeepAll` is the replay's variant; the sweep's pays nothing for it.
template <bool KeepAll>
class Round {
 public:
  Round(const Program& program, const Conditions& conditions, Workspace& space)
      : program_(program), conditions_(conditions), space_(space) {}

  RoundResult run();

 private:
  void start();
  Arrival::Fate receive(const Program::Message& message);
  double work_done(double end) const;
  double work_covered();

  const Program& program_;
  const Conditions& conditions_;
  Workspace& space_;
  std::uint32_t weight_taken_ = 0;
};

template <bool KeepAll>
void Round<KeepAll>::start() {
  const std::size_t workers = program_.workers();
  const Goal& goal = program_.goal();
  assert(conditions_.prefix.empty()
             ? conditions_.slope.size() == workers && conditions_.offset.size() == workers
             : conditions_.workers == workers);
  space_.queue_.reset(workers);
  space_.next_.assign(workers, 0);
  space_.in_group_.assign(goal.full.size(), 0);
  if (space_.seen_.size() < goal.items) space_.seen_.resize(goal.items, space_.round_);
  if (++space_.round_ == 0) {  // the stamp has wrapped around: old stamps mean nothing any more
    std::fill(space_.seen_.begin(), space_.seen_.end(), 0);
    space_.round_ = 1;
  }
  space_.taken_.clear();
  space_.taken_.reserve(goal.need);  // each useful message counts at least one
  if constexpr (KeepAll) space_.all_.clear();
  for (std::size_t w = 0; w < workers; ++w) {
    const auto messages = program_.messages(static_cast<NodeId>(w + 1));
    space_.queue_.seat(static_cast<std::uint32_t>(w),
                       messages.empty() ? Tournament::never : conditions_.end_of(messages[0].work, w));
  }
  space_.queue_.start();
}

template <bool KeepAll>
Arrival::Fate Round<KeepAll>::receive(const Program::Message& message) {
  const Goal& goal = program_.goal();
  std::uint32_t& taken = space_.in_group_[message.group];
  const std::uint32_t room = goal.full[message.group] - taken;
  if (room == 0) return Arrival::Fate::group_full;
  if (goal.items > 0) {
    if (space_.seen_[message.item] == space_.round_) return Arrival::Fate::duplicate;
    space_.seen_[message.item] = space_.round_;
  }
  const std::uint32_t counts = std::min(message.weight, room);
  taken += counts;
  weight_taken_ += counts;
  return Arrival::Fate::useful;
}

template <bool KeepAll>
RoundResult Round<KeepAll>::run() {
  RoundResult result;
  start();
  while (true) {
    const Tournament::Key winner = space_.queue_.winner();
    const double time = Tournament::time(winner);
    // Messages of the very instant of completion have been received by it; the decode does not need them.
    if (time == Tournament::never || (result.complete && time > result.time)) break;
    const std::uint32_t worker = Tournament::player(winner);
    const auto messages = program_.messages(worker + 1);
    const std::uint32_t index = space_.next_[worker]++;
    ++result.messages;
    const Arrival::Fate fate = result.complete ? Arrival::Fate::late : receive(messages[index]);
    const Arrival arrival{time, worker + 1, index, fate};
    if constexpr (KeepAll) space_.all_.push_back(arrival);
    if (fate == Arrival::Fate::useful) {
      space_.taken_.push_back(arrival);
      if (weight_taken_ >= program_.goal().need) {
        result.complete = true;
        result.time = time;
      }
    }
    space_.queue_.update(worker, index + 1 < messages.size()
                                     ? conditions_.end_of(messages[index + 1].work, worker)
                                     : Tournament::never);
  }
  result.taken = space_.taken_;
  result.useful = static_cast<std::uint32_t>(space_.taken_.size());
  if (result.complete) {
    result.work = work_done(result.time);
    result.wasted = std::max(0.0, result.work - work_covered());
  }
  return result;
}

/// Mini-batches over all workers whose computation has ended by `end`, each worker's capped at its load. A
/// step of a fractional amount counts its whole mini-batches one by one and the rest when it ends.
template <bool KeepAll>
double Round<KeepAll>::work_done(double end) const {
  double sum = 0;
  for (std::size_t w = 0; w < program_.workers(); ++w) {
    // Every message of this worker up to `end` has been received; inside the step it is in, tasks are
    // counted.
    const auto messages = program_.messages(static_cast<NodeId>(w + 1));
    const std::size_t sent = space_.next_[w];
    const double before = sent > 0 ? messages[sent - 1].work : 0;
    sum += before;
    if (sent == messages.size()) continue;
    const double step = messages[sent].work - before;
    double most = whole_part(step);
    if (most == step) most -= 1;  // the step itself has not ended
    if (most <= 0) continue;
    double tasks = 0;
    if (conditions_.prefix.empty() && conditions_.slope[w] > 0) {
      // A quotient may round across a whole number; the product, which decides arrivals too, puts it right
      // below.
      tasks = (end - conditions_.offset[w]) / conditions_.slope[w] - before;
      tasks = tasks > 0 ? whole_part(std::min(tasks, most)) : 0;
      if (tasks > 0 && conditions_.end_of(before + tasks, w) > end) tasks -= 1;
    }
    while (tasks < most && conditions_.end_of(before + tasks + 1, w) <= end) tasks += 1;
    sum += tasks;
  }
  return sum;
}

/// Mini-batches that at least one useful message of their worker covers: the union of the intervals
/// [work − covers, work], taken from the last message of each worker backwards.
template <bool KeepAll>
double Round<KeepAll>::work_covered() {
  space_.covered_from_.assign(program_.workers(), Tournament::never);
  double sum = 0;
  for (auto arrival = space_.taken_.rbegin(); arrival != space_.taken_.rend(); ++arrival) {
    const Program::Message& message = program_.messages(arrival->from)[arrival->message];
    double& covered_from = space_.covered_from_[arrival->from - 1];
    const double from = message.work - message.covers;
    sum += std::max(0.0, std::min(message.work, covered_from) - from);
    covered_from = std::min(covered_from, from);
  }
  return sum;
}

RoundResult run_round(const Program& program, const Conditions& conditions, Workspace& workspace) {
  return workspace.keep_all ? Round<true>(program, conditions, workspace).run()
                            : Round<false>(program, conditions, workspace).run();
}

}  // namespace straggle
