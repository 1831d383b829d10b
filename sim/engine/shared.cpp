// Any program on shared links: every message in flight is a fluid flow from its sender's egress port to its
// receiver's ingress port, and the ports' bandwidths are shared max-min fairly (Bertsekas and Gallager, "Data
// Networks", section 6.5.2). When a flow starts or ends, only flows that are connected to it through ports
// get new rates.
#include <algorithm>
#include <limits>

#include "sim/engine/disciplines.h"
#include "sim/engine/intake.h"

namespace straggle {

class SharedRound {
 public:
  SharedRound(const Program& program, const Links& links, const Conditions& conditions, Workspace& space)
      : program_(program),
        links_(links),
        conditions_(conditions),
        space_(space),
        intake_(program.goal(), space),
        nodes_(static_cast<std::uint32_t>(program.workers() + 1)),
        exchange_(program.kind() == Program::Kind::exchange) {}

  RoundResult run();

 private:
  // The players: node n's next message starts to flow (n), the next message into node n arrives (nodes_ + n).
  // Its egress port is number n, its ingress port nodes_ + n.
  void start();
  void start_flow(std::uint32_t worker, double time);
  void end_flow(NodeId to, double time);
  void receive(NodeId from, NodeId to, std::uint32_t message, double time);
  void send_next(std::uint32_t worker, double time);
  void share(std::uint32_t first_port, double time);
  double arrival(const Workspace::Flow& flow) const {
    return flow.bytes > 0 ? flow.since + flow.bytes / flow.rate : flow.since;
  }
  std::vector<std::uint32_t>& flows_at(std::uint32_t port) {
    return port < nodes_ ? space_.out_of_[port] : space_.into_[port - nodes_];
  }
  void add_bytes(NodeId to, double bytes);

  const Program& program_;
  const Links& links_;
  const Conditions& conditions_;
  Workspace& space_;
  Intake intake_;
  const std::uint32_t nodes_;
  const bool exchange_;
  std::uint64_t unfinished_ = 0;  // exchange: messages not received yet
  RoundResult result_;
};

void SharedRound::start() {
  space_.queue_.reset(2 * std::size_t{nodes_});
  space_.next_.assign(nodes_ - 1, 0);
  space_.received_.assign(nodes_, 0);
  space_.volume_.assign(nodes_, 0);
  space_.busy_.assign(nodes_, 0);
  space_.all_.clear();
  if (exchange_) {
    unfinished_ = std::uint64_t{program_.rounds()} * program_.workers();
    hear(program_, space_.hears_);
  }
  space_.flows_.clear();
  space_.free_flows_.clear();
  space_.into_.resize(std::max<std::size_t>(space_.into_.size(), nodes_));
  space_.out_of_.resize(std::max<std::size_t>(space_.out_of_.size(), nodes_));
  for (std::uint32_t node = 0; node < nodes_; ++node) {
    space_.into_[node].clear();
    space_.out_of_[node].clear();
    space_.queue_.seat(node, Tournament::never);
    space_.queue_.seat(nodes_ + node, Tournament::never);
  }
  space_.room_.assign(2 * std::size_t{nodes_}, 0);
  space_.open_.assign(2 * std::size_t{nodes_}, 0);
  space_.visited_.assign(2 * std::size_t{nodes_}, 0);
  space_.visit_ = 0;
  for (NodeId node = 1; node < nodes_; ++node) {
    const auto messages = program_.messages(node);
    if (messages.empty() || program_.route(node, 0).need > 0) continue;
    space_.queue_.seat(node, conditions_.end_of(messages[0].work, node - 1) + links_.latency);
  }
  space_.queue_.start();
}

RoundResult SharedRound::run() {
  start();
  if (exchange_ && unfinished_ == 0) {
    for (NodeId node = 1; node < nodes_; ++node)
      result_[Tally::time] =
          std::max(result_[Tally::time], conditions_.end_of(program_.load(node), node - 1));
    result_.complete = result_[Tally::time] < Tournament::never;
  }
  while (!exchange_ || unfinished_ > 0) {
    const Tournament::Key winner = space_.queue_.winner();
    const double time = Tournament::time(winner);
    if (time == Tournament::never || (result_.complete && time > result_[Tally::time])) break;
    const std::uint32_t player = Tournament::player(winner);
    if (player < nodes_) {
      start_flow(player - 1, time);
    } else {
      end_flow(player - nodes_, time);
    }
  }
  result_.missing = intake_.missing();
  if (exchange_ && !result_.complete)
    for (NodeId node = 1; node < nodes_; ++node)
      if (conditions_.end_of(program_.load(node), node - 1) == Tournament::never) ++result_.missing;
  if (!result_.complete) return result_;

  // What is still on its way has used its port too.
  for (std::uint32_t port = nodes_; port < 2 * nodes_; ++port)
    for (const std::uint32_t flow : flows_at(port))
      add_bytes(port - nodes_, space_.flows_[flow].rate * (result_[Tally::time] - space_.flows_[flow].since));
  Tallies tallies(program_, links_, conditions_, space_);
  if (exchange_) {
    result_[Tally::useful_messages] = result_[Tally::messages];
    for (NodeId node = 1; node < nodes_; ++node) result_[Tally::work] += program_.load(node);
  } else {
    std::fill(space_.next_.begin(), space_.next_.end(), 0);  // here counted when sent, not when computed
    tallies.take_useful();
    for (const Arrival& arrival : space_.taken_)
      if (program_.route(arrival.from, arrival.message).to == master) ++result_[Tally::useful_messages];
    // A small message may overtake a larger one of its sender; what they cover is counted in the sender's
    // order.
    const std::vector<Arrival> as_they_came = space_.taken_;
    std::sort(space_.taken_.begin(), space_.taken_.end(), [](const Arrival& a, const Arrival& b) {
      return a.from != b.from ? a.from < b.from : a.message < b.message;
    });
    tallies.work(result_);
    space_.taken_ = as_they_came;
    result_.taken = space_.taken_;
  }
  tallies.ports(result_);
  return result_;
}

void SharedRound::add_bytes(NodeId to, double bytes) {
  space_.busy_[to] += bytes / links_.ingress[to];
}

/// Worker `worker`'s next message enters the network.
void SharedRound::start_flow(std::uint32_t worker, double time) {
  const NodeId node = worker + 1;
  const std::uint32_t message = space_.next_[worker]++;
  const Program::Route route = program_.route(node, exchange_ ? 0 : message);
  if (!exchange_) {
    space_.queue_.update(
        node, message + 1 < program_.messages(node).size()
                  ? conditions_.end_of(program_.messages(node)[message + 1].work, worker) + links_.latency
                  : Tournament::never);
    if (conditions_.silence && route.to == master &&
        (result_.complete || intake_.full(program_.messages(node)[message].group))) {
      if (space_.keep_all) space_.all_.push_back({time, node, message, Arrival::Fate::dropped});
      return;
    }
  } else {
    space_.queue_.update(node, Tournament::never);
  }
  std::uint32_t flow = 0;
  if (space_.free_flows_.empty()) {
    flow = static_cast<std::uint32_t>(space_.flows_.size());
    space_.flows_.emplace_back();
  } else {
    flow = space_.free_flows_.back();
    space_.free_flows_.pop_back();
  }
  space_.flows_[flow] = {node, route.to, message, route.size * links_.bytes, 0, time};
  space_.out_of_[node].push_back(flow);
  space_.into_[route.to].push_back(flow);
  share(node, time);
}

/// The earliest message into `to` has arrived (ties: the smaller sender, then the earlier message).
void SharedRound::end_flow(NodeId to, double time) {
  auto& flows = space_.into_[to];
  const auto first = std::min_element(flows.begin(), flows.end(), [&](std::uint32_t a, std::uint32_t b) {
    const Workspace::Flow &x = space_.flows_[a], &y = space_.flows_[b];
    const double at_x = arrival(x), at_y = arrival(y);
    if (at_x != at_y) return at_x < at_y;
    return x.from != y.from ? x.from < y.from : x.message < y.message;
  });
  const std::uint32_t index = *first;
  const Workspace::Flow flow = space_.flows_[index];
  flows.erase(first);
  std::erase(space_.out_of_[flow.from], index);
  space_.free_flows_.push_back(index);
  add_bytes(to, flow.bytes);
  share(nodes_ + to, time);  // whatever else the sender has under way goes there too
  receive(flow.from, to, flow.message, time);
}

void SharedRound::receive(NodeId from, NodeId to, std::uint32_t message, double time) {
  const double size = program_.route(from, exchange_ ? 0 : message).size;
  ++result_[Tally::messages_in_all];
  result_[Tally::bytes_in_all] += size;
  space_.volume_[to] += size;
  if (exchange_) {
    if (space_.keep_all && space_.all_.size() < Workspace::most_kept)
      space_.all_.push_back({time, from, message, Arrival::Fate::useful});
    ++result_[Tally::messages];
    ++space_.received_[to];
    if (--unfinished_ == 0) {
      result_.complete = true;
      result_[Tally::time] = time;
    }
    send_next(from - 1, time);
    // What comes while the receiver's next message is on its way already must not send that again.
    if (space_.received_[to] == space_.next_[to - 1]) send_next(to - 1, time);
    return;
  }
  Arrival::Fate fate = Arrival::Fate::late;
  if (to == master) {
    ++result_[Tally::messages];
    if (!result_.complete) {
      fate = intake_.receive(program_.messages(from)[message]);
      if (intake_.enough()) {
        result_.complete = true;
        result_[Tally::time] = time;
      }
    }
  } else {
    const std::uint32_t need = program_.route(to, 0).need;
    if (space_.received_[to] < need) {
      fate = Arrival::Fate::useful;
      if (++space_.received_[to] == need)
        space_.queue_.update(to,
                             std::max(conditions_.end_of(program_.load(to), to - 1), time) + links_.latency);
    }
  }
  space_.all_.push_back({time, from, message, fate});
}

/// In an exchange: sends the next message if the last one has been received and the one that answers it came.
void SharedRound::send_next(std::uint32_t worker, double time) {
  const NodeId node = worker + 1;
  const std::uint32_t sent = space_.next_[worker];
  if (sent == 0 || sent == program_.rounds() || space_.received_[node] < sent) return;
  if (space_.received_[program_.parent(node)] < sent) return;
  space_.queue_.update(node, time + links_.latency);
}

/// New rates for all flows that are connected to a port, by progressive filling: the port with the least room
/// for each of its flows settles theirs, again and again.
void SharedRound::share(std::uint32_t first_port, double time) {
  if (++space_.visit_ == 0) {
    std::fill(space_.visited_.begin(), space_.visited_.end(), 0);
    space_.visit_ = 1;
  }
  auto& ports = space_.ports_;
  ports.clear();
  const auto visit = [&](std::uint32_t port) {
    if (space_.visited_[port] == space_.visit_) return;
    space_.visited_[port] = space_.visit_;
    ports.push_back(port);
  };
  visit(first_port);
  for (std::size_t i = 0; i < ports.size(); ++i) {
    const std::uint32_t port = ports[i];
    space_.room_[port] = port < nodes_ ? links_.egress[port] : links_.ingress[port - nodes_];
    space_.open_[port] = static_cast<std::uint32_t>(flows_at(port).size());
    for (const std::uint32_t index : flows_at(port)) {
      Workspace::Flow& flow = space_.flows_[index];
      visit(port < nodes_ ? nodes_ + flow.to : flow.from);
      if (port < nodes_) {  // each flow once
        if (flow.rate > 0 && time > flow.since) {
          const double before = flow.bytes;
          // Nothing is left of what arrives now: a rounded remainder would part messages that end together.
          flow.bytes =
              arrival(flow) <= time ? 0 : std::max(0.0, flow.bytes - flow.rate * (time - flow.since));
          add_bytes(flow.to, before - flow.bytes);
        }
        flow.since = time;
        flow.rate = -1;  // not settled
      }
    }
  }
  while (true) {
    double least = std::numeric_limits<double>::infinity();
    std::uint32_t tightest = 2 * nodes_;
    for (const std::uint32_t port : ports) {
      if (space_.open_[port] == 0) continue;
      const double fair = space_.room_[port] / space_.open_[port];
      if (tightest == 2 * nodes_ || fair < least) {
        least = fair;
        tightest = port;
      }
    }
    if (tightest == 2 * nodes_) break;
    for (const std::uint32_t index : flows_at(tightest)) {
      Workspace::Flow& flow = space_.flows_[index];
      if (flow.rate >= 0) continue;
      flow.rate = least;
      for (const std::uint32_t port : {flow.from, nodes_ + flow.to}) {
        --space_.open_[port];
        space_.room_[port] = std::max(0.0, space_.room_[port] - least);
      }
    }
  }
  for (const std::uint32_t port : ports) {
    if (port < nodes_) continue;
    double next = Tournament::never;
    for (const std::uint32_t index : flows_at(port)) next = std::min(next, arrival(space_.flows_[index]));
    space_.queue_.update(port, next);
  }
}

RoundResult run_shared(const Program& program, const Links& links, const Conditions& conditions,
                       Workspace& space) {
  return SharedRound(program, links, conditions, space).run();
}

}  // namespace straggle
