// What all disciplines share: the master's side of a round, and the tallies at its end.
#pragma once

#include <algorithm>

#include "sim/engine/round.h"

namespace straggle {

/// Decides which messages are useful to the master, and when there are enough.
class Intake {
 public:
  Intake(const Goal& goal, Workspace& space) : goal_(goal), space_(space) {
    space.in_group_.assign(goal.full.size(), 0);
    if (space.seen_.size() < goal.items) space.seen_.resize(goal.items, space.round_);
    if (++space.round_ == 0) {  // the stamp has wrapped around: old stamps mean nothing any more
      std::fill(space.seen_.begin(), space.seen_.end(), 0);
      space.round_ = 1;
    }
    space.taken_.clear();
    space.taken_.reserve(goal.need);  // each useful message counts at least one
  }

  Arrival::Fate receive(const Program::Message& message) {
    std::uint32_t& taken = space_.in_group_[message.group];
    const std::uint32_t room = goal_.full[message.group] - taken;
    if (room == 0) return Arrival::Fate::group_full;
    if (goal_.items > 0) {
      if (space_.seen_[message.item] == space_.round_) return Arrival::Fate::duplicate;
      space_.seen_[message.item] = space_.round_;
    }
    const std::uint32_t counts = std::min(message.weight, room);
    taken += counts;
    weight_ += counts;
    return Arrival::Fate::useful;
  }
  bool full(std::uint32_t group) const { return space_.in_group_[group] == goal_.full[group]; }
  bool enough() const { return weight_ >= goal_.need; }
  std::uint64_t missing() const { return enough() ? 0 : goal_.need - weight_; }

 private:
  const Goal& goal_;
  Workspace& space_;
  std::uint32_t weight_ = 0;
};

/// Which worker each worker of an exchange hears, from 0. Throws std::logic_error unless it is exactly one.
void hear(const Program& program, std::vector<std::uint32_t>& hears);

/// Whole mini-batches of step `index` of worker w that have ended by `end`, the step itself not having ended.
/// A step of a fractional amount counts its whole mini-batches one by one and the rest when it ends.
double tasks_in_step(const Program& program, const Conditions& conditions, std::size_t w, std::size_t index,
                     double end);

/// Whole mini-batches of a rest of old work that have ended by `end`, if all of it has not.
double tasks_in_rest(const Leftover::Work& rest, double end);

/// Tallies of a round whose completion time and useful messages are known.
class Tallies {
 public:
  Tallies(const Program& program, const Links& links, const Conditions& conditions, Workspace& space)
      : program_(program), links_(links), conditions_(conditions), space_(space) {}

  /// Work and waste of a star or a tree, as sums over the workers in their order: what has ended by the end,
  /// each worker's capped at its load, old work before new; and of it what no message of taken_ covers. Every
  /// worker has ended its first next_[w] steps, and each worker's messages in taken_ are in its order.
  void work(RoundResult& result);
  /// Fills taken_ with the useful messages of all_: useful to a relay is useful only if the relay's own
  /// message was.
  void take_useful();
  /// The tallies of where messages went, from volume_, busy_ and hops and volume of what came up; adds the
  /// model that went down.
  void ports(RoundResult& result);

 private:
  /// Fills covered_: of each worker the mini-batches that at least one message of taken_ covers.
  void cover();

  const Program& program_;
  const Links& links_;
  const Conditions& conditions_;
  Workspace& space_;
};

}  // namespace straggle
