// A tree on ideal or serial links: every relay's port merges the messages of its own senders, and its message
// leaves when its work is done and enough of them have come (Reisizadeh, Prakash, Pedarsani and Avestimehr,
// "CodedReduce"). Nobody answers a sender, so ports are worked through one by one from the leaves to the
// root, and there is no queue of events.
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
        serial_(links.discipline == Discipline::serial) {}

  RoundResult run();

 private:
  void start();
  /// What reaches a node's port, in the order in which the port takes it.
  std::span<Arrival> inbox(NodeId node);
  /// When the relay has what it needs.
  double serve_relay(NodeId relay, std::uint32_t need);
  void serve_master(RoundResult& result);
  /// From reaching the port to having been received.
  void pass_port(Arrival& arrival, NodeId to, double& port_free) const {
    if (!serial_) return;
    const double size = program_.route(arrival.from, arrival.message).size;
    arrival.time = port_free = std::max(arrival.time, port_free) + links_.seconds(arrival.from, to, size);
  }
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
  space_.next_.assign(workers, 0);
  space_.all_.clear();
  space_.all_.reserve(program_.messages_in_all());
  space_.taken_.reserve(program_.messages_in_all());
  // Room for every node's messages, one node after another.
  space_.inbox_.resize(program_.messages_in_all());
  space_.inbox_begin_.assign(workers + 2, 0);
  for (NodeId node = 1; node <= workers; ++node)
    for (std::size_t j = 0; j < program_.messages(node).size(); ++j)
      ++space_.inbox_begin_[program_.route(node, j).to + 1];
  for (std::size_t node = 1; node < space_.inbox_begin_.size(); ++node)
    space_.inbox_begin_[node] += space_.inbox_begin_[node - 1];
  space_.inbox_end_.assign(space_.inbox_begin_.begin(), space_.inbox_begin_.end() - 1);
}

RoundResult TreeRound::run() {
  RoundResult result;
  start();
  // Senders have larger numbers than their receivers, so when a node's turn comes, all that it will ever
  // receive has been sent.
  for (auto node = static_cast<NodeId>(program_.workers()); node > master; --node) {
    const std::size_t messages = program_.messages(node).size();
    if (messages == 0) continue;
    const std::uint32_t need = program_.route(node, 0).need;
    const double ready = need > 0 ? serve_relay(node, need) : 0;
    for (std::uint32_t index = 0; index < messages; ++index) {
      const double time = reaches_port(node - 1, index, ready);
      if (time == Tournament::never) break;
      space_.inbox_[space_.inbox_end_[program_.route(node, index).to]++] = {time, node, index,
                                                                            Arrival::Fate::late};
    }
  }
  serve_master(result);
  result.missing = intake_.missing();
  if (result.complete) tally(result);
  if (space_.keep_all)  // whoever looks on sees all ports at once
    std::stable_sort(space_.all_.begin(), space_.all_.end(),
                     [](const Arrival& a, const Arrival& b) { return a.time < b.time; });
  result.taken = space_.taken_;
  return result;
}

std::span<Arrival> TreeRound::inbox(NodeId node) {
  const std::span<Arrival> messages(space_.inbox_.data() + space_.inbox_begin_[node],
                                    space_.inbox_.data() + space_.inbox_end_[node]);
  std::sort(messages.begin(), messages.end(), [](const Arrival& a, const Arrival& b) {
    if (a.time != b.time) return a.time < b.time;
    return a.from != b.from ? a.from < b.from : a.message < b.message;
  });
  return messages;
}

double TreeRound::serve_relay(NodeId relay, std::uint32_t need) {
  double port_free = 0, ready = Tournament::never;
  std::uint32_t taken = 0;
  for (Arrival& arrival : inbox(relay)) {
    pass_port(arrival, relay, port_free);
    if (taken < need) {
      arrival.fate = Arrival::Fate::useful;
      if (++taken == need) ready = arrival.time;
    }
    space_.all_.push_back(arrival);
  }
  return ready;
}

void TreeRound::serve_master(RoundResult& result) {
  double port_free = 0;
  for (Arrival& arrival : inbox(master)) {
    const Program::Message& message = program_.messages(arrival.from)[arrival.message];
    if (conditions_.silence && (result.complete || intake_.full(message.group))) {
      arrival.time = std::max(arrival.time, port_free);
      arrival.fate = Arrival::Fate::dropped;
      if (space_.keep_all && (!result.complete || arrival.time <= result[Tally::time]))
        space_.all_.push_back(arrival);
      continue;
    }
    pass_port(arrival, master, port_free);
    if (!result.complete) {
      arrival.fate = intake_.receive(message);
      if (intake_.enough()) {
        result.complete = true;
        result[Tally::time] = arrival.time;
      }
    }
    space_.all_.push_back(arrival);
  }
}

void TreeRound::tally(RoundResult& result) {
  space_.volume_.assign(program_.workers() + 1, 0);
  space_.busy_.assign(program_.workers() + 1, 0);
  // A relay's port may still have been receiving at completion what reached it before.
  std::erase_if(space_.all_, [&](const Arrival& arrival) {
    if (arrival.time <= result[Tally::time] || arrival.fate == Arrival::Fate::dropped) return false;
    const Program::Route route = program_.route(arrival.from, arrival.message);
    const double began = arrival.time - links_.seconds(arrival.from, route.to, route.size);
    space_.busy_[route.to] += std::max(0.0, result[Tally::time] - began);
    return true;
  });
  for (const Arrival& arrival : space_.all_) {
    if (arrival.fate == Arrival::Fate::dropped) continue;
    const Program::Route route = program_.route(arrival.from, arrival.message);
    ++result[Tally::messages_in_all];
    result[Tally::bytes_in_all] += route.size;
    space_.volume_[route.to] += route.size;
    space_.busy_[route.to] += links_.seconds(arrival.from, route.to, route.size);
    if (route.to == master) {
      ++result[Tally::messages];
      if (arrival.fate == Arrival::Fate::useful) ++result[Tally::useful_messages];
    }
  }
  Tallies tallies(program_, links_, conditions_, space_);
  tallies.take_useful();
  // A relay that has computed but waits has sent nothing: its work is counted from the clock alone.
  tallies.work(result);
  tallies.ports(result);
}

RoundResult run_tree(const Program& program, const Links& links, const Conditions& conditions,
                     Workspace& space) {
  return TreeRound(program, links, conditions, space).run();
}

}  // namespace straggle
