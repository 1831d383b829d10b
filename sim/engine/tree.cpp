// A tree on ideal or serial links: every relay's port merges the messages of its own senders, and its message
// leaves when its work is done and enough of them have come (Reisizadeh, Prakash, Pedarsani and Avestimehr,
// "CodedReduce").
#include <algorithm>

#include "sim/engine/disciplines.h"
#include "sim/engine/intake.h"

namespace straggle {

class TreeRound {
 public:
  TreeRound(const Program& program, const Links& links, const Conditions& conditions, Workspace& space)
      : program_(program),
        links_(links),
        conditions_(conditions),
        space_(space),
        intake_(program.goal(), space),
        serial_(links.sharing == Links::Sharing::serial) {}

  RoundResult run();

 private:
  void start();
  double reaches_port(std::size_t worker, std::uint32_t message, double ready) const {
    const auto node = static_cast<NodeId>(worker + 1);
    const double sent = std::max(conditions_.end_of(program_.messages(node)[message].work, worker), ready);
    return serial_ ? sent + links_.latency : sent;
  }
  void tally(RoundResult& result);

  const Program& program_;
  const Links& links_;
  const Conditions& conditions_;
  Workspace& space_;
  Intake intake_;
  bool serial_;
};

void TreeRound::start() {
  const std::size_t workers = program_.workers();
  space_.queue_.reset(workers);
  space_.next_.assign(workers, 0);
  space_.received_.assign(workers + 1, 0);
  space_.port_free_.assign(workers + 1, 0);
  space_.all_.clear();
  space_.all_.reserve(program_.messages_in_all());
  space_.taken_.reserve(program_.messages_in_all());
  for (std::size_t w = 0; w < workers; ++w) {
    const auto node = static_cast<NodeId>(w + 1);
    const bool waits = program_.messages(node).empty() || program_.route(node, 0).need > 0;
    space_.queue_.seat(static_cast<std::uint32_t>(w), waits ? Tournament::never : reaches_port(w, 0, 0));
  }
  space_.queue_.start();
}

RoundResult TreeRound::run() {
  RoundResult result;
  start();
  while (true) {
    const Tournament::Key winner = space_.queue_.winner();
    double time = Tournament::time(winner);
    if (time == Tournament::never || (result.complete && time > result.time)) break;
    const std::uint32_t worker = Tournament::player(winner);
    const NodeId node = worker + 1;
    const std::uint32_t index = space_.next_[worker]++;
    const Program::Route route = program_.route(node, index);
    space_.queue_.update(worker, index + 1 < program_.messages(node).size()
                                     ? reaches_port(worker, index + 1, 0)
                                     : Tournament::never);
    if (conditions_.silence && route.to == master &&
        (result.complete || intake_.full(program_.messages(node)[index].group))) {
      if (space_.keep_all)
        space_.all_.push_back(
            {std::max(time, space_.port_free_[master]), node, index, Arrival::Fate::dropped});
      continue;
    }
    if (serial_) {
      double& port_free = space_.port_free_[route.to];
      time = port_free = std::max(time, port_free) + links_.seconds(node, route.to, route.size);
    }
    Arrival::Fate fate = Arrival::Fate::late;
    if (route.to == master) {
      if (!result.complete) {
        fate = intake_.receive(program_.messages(node)[index]);
        if (intake_.enough()) {
          result.complete = true;
          result.time = time;
        }
      }
    } else {
      const std::uint32_t need = program_.route(route.to, 0).need;
      if (space_.received_[route.to] < need) {
        fate = Arrival::Fate::useful;
        if (++space_.received_[route.to] == need)
          space_.queue_.update(route.to - 1, reaches_port(route.to - 1, 0, time));
      }
    }
    space_.all_.push_back({time, node, index, fate});
  }
  result.missing = intake_.missing();
  if (result.complete) tally(result);
  result.taken = space_.taken_;
  return result;
}

void TreeRound::tally(RoundResult& result) {
  space_.volume_.assign(program_.workers() + 1, 0);
  space_.busy_.assign(program_.workers() + 1, 0);
  // A relay's port may still have been receiving at completion what reached it before.
  std::erase_if(space_.all_, [&](const Arrival& arrival) {
    if (arrival.time <= result.time || arrival.fate == Arrival::Fate::dropped) return false;
    const Program::Route route = program_.route(arrival.from, arrival.message);
    const double began = arrival.time - links_.seconds(arrival.from, route.to, route.size);
    space_.busy_[route.to] += std::max(0.0, result.time - began);
    return true;
  });
  space_.used_.assign(program_.workers() + 1, 0);
  for (const Arrival& arrival : space_.all_) {
    if (arrival.fate == Arrival::Fate::dropped) continue;
    const Program::Route route = program_.route(arrival.from, arrival.message);
    ++result.hops;
    result.volume += route.size;
    space_.volume_[route.to] += route.size;
    if (serial_) space_.busy_[route.to] += links_.seconds(arrival.from, route.to, route.size);
    if (route.to == master) {
      ++result.messages;
      if (arrival.fate == Arrival::Fate::useful) ++result.useful;
    }
    if (arrival.fate == Arrival::Fate::useful) space_.used_[arrival.from] = 1;
  }
  // Useful to a relay is useful only if the relay's own message was. Receivers have the smaller numbers.
  for (NodeId node = 1; node <= program_.workers(); ++node) {
    const NodeId to = program_.messages(node).empty() ? master : program_.route(node, 0).to;
    if (to != master && !space_.used_[to]) space_.used_[node] = 0;
  }
  for (const Arrival& arrival : space_.all_)
    if (arrival.fate == Arrival::Fate::useful && space_.used_[arrival.from]) space_.taken_.push_back(arrival);
  Tallies tallies(program_, links_, conditions_, space_);
  // A relay that has computed but waits has sent nothing: its work is counted from the clock alone.
  result.work = tallies.work_done(result.time);
  result.wasted = std::max(0.0, result.work - tallies.work_covered());
  tallies.ports(result);
  if (space_.keep_all)  // messages were taken in the order in which they reached their ports
    std::stable_sort(space_.all_.begin(), space_.all_.end(),
                     [](const Arrival& a, const Arrival& b) { return a.time < b.time; });
}

RoundResult run_tree(const Program& program, const Links& links, const Conditions& conditions,
                     Workspace& space) {
  return TreeRound(program, links, conditions, space).run();
}

}  // namespace straggle
