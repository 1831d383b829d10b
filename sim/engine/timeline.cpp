#include "sim/engine/timeline.h"

#include <algorithm>
#include <stdexcept>

#include "sim/engine/intake.h"

namespace straggle {
namespace {

constexpr double never = Tournament::never;

/// When messages of an exchange were received, by sender and round; `never` where that was not kept.
class ExchangeArrivals {
 public:
  ExchangeArrivals(const Program& program, std::span<const Arrival> arrivals) : workers_(program.workers()) {
    hear(program, hears_);
    // Rounds of which nothing was kept take no room.
    std::uint32_t kept = 0;
    for (const Arrival& arrival : arrivals) kept = std::max(kept, arrival.message + 1);
    times_.assign(workers_ * kept, never);
    for (const Arrival& arrival : arrivals) times_[place(arrival.from, arrival.message)] = arrival.time;
  }

  double received(NodeId from, std::uint32_t round) const { return times_[place(from, round)]; }
  NodeId heard(NodeId node) const { return hears_[node - 1] + 1; }
  /// Whose message of round − 1 the sender waited for last: its own or its neighbour's.
  NodeId waited_for(NodeId from, std::uint32_t round) const {
    return received(from, round - 1) >= received(heard(from), round - 1) ? from : heard(from);
  }

 private:
  std::size_t place(NodeId from, std::uint32_t round) const {
    return std::size_t{round} * workers_ + (from - 1);
  }

  std::size_t workers_;
  std::vector<std::uint32_t> hears_;
  std::vector<double> times_;
};

/// What can be said of a round once it has run: when a worker began, when a message left and was served.
class Reconstruction {
 public:
  Reconstruction(const Program& program, const Links& links, const Conditions& conditions,
                 const RoundResult& result, std::span<const Arrival> arrivals)
      : program_(program), links_(links), conditions_(conditions), result_(result), arrivals_(arrivals) {}

  CriticalPath path() const;
  Timeline timeline() const;

 private:
  bool exchange() const { return program_.kind() == Program::Kind::exchange; }
  bool serial() const { return links_.discipline == Discipline::serial; }
  double latency() const { return links_.discipline == Discipline::ideal ? 0 : links_.latency; }
  Program::Route route(NodeId node, std::uint32_t message) const {
    return program_.route(node, exchange() ? 0 : message);
  }
  double model_at(std::size_t w) const { return conditions_.model_at.empty() ? 0 : conditions_.model_at[w]; }
  double old_work_until(std::size_t w) const {
    return conditions_.leftover ? conditions_.leftover->busy_until[w] : 0;
  }
  double begins(std::size_t w) const {
    return std::max(model_at(w), old_work_until(w)) + (conditions_.delay.empty() ? 0 : conditions_.delay[w]);
  }
  /// When worker w's cumulative work has ended; that of no work is its beginning.
  double end_of(double work, std::size_t w) const {
    return work > 0 ? conditions_.end_of(work, w) : begins(w);
  }
  /// The way of the model into a node.
  Transfer way_down(NodeId node) const;

  double end() const;
  void add_slices(const Arrival* first_taken, const Arrival* last_taken, double sent, std::size_t w,
                  Timeline& timeline) const;
  void add_transfers(std::vector<double>& last_sent, Timeline& timeline) const;
  void add_exchange(std::vector<double>& last_sent, Timeline& timeline) const;

  const Program& program_;
  const Links& links_;
  const Conditions& conditions_;
  const RoundResult& result_;
  std::span<const Arrival> arrivals_;
};

Transfer Reconstruction::way_down(NodeId node) const {
  const NodeId from = program_.parent(node);
  Transfer way{.from = from,
               .to = node,
               .message = 0,
               .sent = from == master ? 0 : model_at(from - 1),
               .at_port = 0,
               .served = 0,
               .received = model_at(node - 1),
               .fate = {},
               .model = true,
               .end = model_at(node - 1)};
  way.at_port = way.sent;
  way.served = way.received - links_.seconds(from, node, 1) - latency();
  // Only a unicast waits for those before it; what is left of a multicast is rounding.
  if (way.served - way.at_port < 1e-12 * way.received) way.served = way.at_port;
  return way;
}

CriticalPath Reconstruction::path() const {
  CriticalPath path;
  if (!result_.complete) return path;
  std::vector<CriticalPath::Segment>& segments = path.segments;
  const auto push = [&](Cause cause, NodeId node, NodeId to, std::uint32_t message, double begin, double end,
                        bool model = false) {
    if (end > begin) segments.push_back({cause, node, to, message, model, begin, end});
  };
  NodeId worker = nobody;  // with whose work the path begins, and how much of it
  double work = 0;
  if (exchange()) {
    if (arrivals_.size() < result_[Tally::messages])
      throw std::length_error(
          "the critical path of an exchange takes all of its messages, and a million are kept: a ring of 707 "
          "workers at the most");
    const ExchangeArrivals arrivals(program_, arrivals_);
    std::uint32_t round = program_.rounds();
    // Without messages the slowest worker ends it.
    for (NodeId node = 1; node <= program_.workers() && worker == nobody; ++node) {
      const double last =
          round > 0 ? arrivals.received(node, round - 1) : conditions_.end_of(program_.load(node), node - 1);
      if (last == result_[Tally::time]) worker = node;
    }
    while (round > 0) {
      const double received = arrivals.received(worker, --round);
      const NodeId before = round > 0 ? arrivals.waited_for(worker, round) : worker;
      const double sent = round > 0 ? arrivals.received(before, round - 1)
                                    : conditions_.end_of(program_.load(worker), worker - 1);
      push(Cause::link, worker, route(worker, round).to, round, sent, received);
      worker = before;
    }
    work = program_.load(worker);
  } else {
    auto arrival = std::find_if(arrivals_.rbegin(), arrivals_.rend(), [&](const Arrival& a) {
      return a.fate == Arrival::Fate::useful && route(a.from, a.message).to == master;
    });
    while (worker == nobody) {
      const NodeId from = arrival->from;
      const Program::Route way = route(from, arrival->message);
      work = program_.messages(from)[arrival->message].work;
      double sent = conditions_.end_of(work, from - 1);
      // The last message a relay needed, if it waited for it longer than for its own work.
      auto cause = arrivals_.rend();
      if (way.need > 0) {
        const auto needed = std::find_if(arrivals_.rbegin(), arrivals_.rend(), [&](const Arrival& a) {
          return a.fate == Arrival::Fate::useful && route(a.from, a.message).to == from;
        });
        if (needed->time > sent) {
          cause = needed;
          sent = needed->time;
        }
      }
      const double at_port = sent + latency();
      double served = at_port;
      if (serial()) {  // the port was free when it had received what it served before
        const auto previous = std::find_if(arrival + 1, arrivals_.rend(), [&](const Arrival& a) {
          return (a.fate == Arrival::Fate::stale ? master : route(a.from, a.message).to) == way.to;
        });
        if (previous != arrivals_.rend()) served = std::max(at_port, previous->time);
      }
      push(Cause::link, from, way.to, arrival->message, served, arrival->time);
      push(Cause::port_queue, from, way.to, arrival->message, at_port, served);
      push(Cause::link, from, way.to, arrival->message, sent, at_port);
      if (cause == arrivals_.rend()) worker = from;
      arrival = cause;
    }
  }
  const std::size_t w = worker - 1;
  push(Cause::compute, worker, nobody, 0, begins(w), end_of(work, w));
  const bool old_work = old_work_until(w) > model_at(w);
  push(Cause::waiting, worker, nobody, 0, old_work ? 0 : model_at(w), begins(w));
  for (NodeId node = worker; !old_work && !conditions_.model_at.empty() && node != master;) {
    const Transfer way = way_down(node);
    push(Cause::link, way.from, node, 0, way.served, way.received, true);
    push(Cause::port_queue, way.from, node, 0, way.at_port, way.served, true);
    node = way.from;
  }
  std::reverse(segments.begin(), segments.end());
  return path;
}

double Reconstruction::end() const {
  if (result_.complete) return result_[Tally::time];
  double end = 0;
  for (const Arrival& arrival : arrivals_) end = std::max(end, arrival.time);
  for (std::size_t w = 0; w < program_.workers(); ++w)
    if (const double computed = conditions_.end_of(program_.load(static_cast<NodeId>(w + 1)), w);
        computed < never)
      end = std::max(end, computed);
  return end;
}

/// One worker's stretches of time. Its useful messages are given in the order of the worker's messages; a
/// relay's message left at `sent`.
void Reconstruction::add_slices(const Arrival* first_taken, const Arrival* last_taken, double sent,
                                std::size_t w, Timeline& timeline) const {
  const auto node = static_cast<NodeId>(w + 1);
  const double end = timeline.end;
  double now = model_at(w);
  const auto add = [&](Activity activity, double until, double from, double to, bool old = false) {
    until = std::min(until, end);
    if (until > now) timeline.slices.push_back({node, activity, now, until, from, to, old});
    now = std::max(now, until);
  };
  const auto messages = program_.messages(node);
  if (messages.empty()) return;
  if (old_work_until(w) > 0) now = 0;  // the model may come while old work goes on
  if (conditions_.leftover)
    for (const Leftover::Work& rest : conditions_.leftover->work) {
      if (rest.worker != w || now >= end) continue;
      const bool ended = rest.end_of(rest.to) <= end;
      const double done = ended ? rest.to : rest.from + tasks_in_rest(rest, end);
      if (done > rest.from) add(Activity::wasted, rest.end_of(done), rest.from, done, true);
      if (!ended) add(Activity::unfinished, end, done, done, true);
    }
  if (conditions_.offset[w] == never) {
    add(Activity::failed, end, 0, 0);
    return;
  }
  add(Activity::held_up, begins(w), 0, 0);
  const auto covered = [&](double from, double to) {
    if (exchange()) return true;
    return std::any_of(first_taken, last_taken, [&](const Arrival& arrival) {
      const Program::Message& message = messages[arrival.message];
      return message.work - message.covers <= from && to <= message.work;
    });
  };
  double before = 0;
  for (std::size_t step = 0; step < messages.size() && now < end; ++step) {
    const double work = messages[step].work;
    if (conditions_.end_of(work, w) > end) {
      const double done = before + tasks_in_step(program_, conditions_, w, step, end);
      if (done > before) add(Activity::wasted, end_of(done, w), before, done);
      add(Activity::unfinished, end, done, done);
      break;
    }
    while (before < work) {  // up to where a useful message begins to cover, or ends
      double until = work;
      for (const Arrival* arrival = first_taken; arrival != last_taken; ++arrival) {
        const Program::Message& message = messages[arrival->message];
        for (const double edge : {message.work - message.covers, message.work})
          if (edge > before && edge < until) until = edge;
      }
      add(covered(before, until) ? Activity::compute : Activity::wasted, end_of(until, w), before, until);
      before = until;
    }
  }
  if (exchange() || route(node, 0).need > 0) add(Activity::wait, exchange() ? end : sent, before, before);
}

/// Messages of a star or a tree, and when each worker's last one left.
void Reconstruction::add_transfers(std::vector<double>& last_sent, Timeline& timeline) const {
  const std::size_t workers = program_.workers();
  const double end = timeline.end;
  // When a relay had what it needed.
  std::vector<std::uint32_t> taken(workers + 1, 0);
  std::vector<double> ready(workers + 1, never);
  for (const Arrival& arrival : arrivals_) {
    if (arrival.fate != Arrival::Fate::useful) continue;
    const NodeId to = route(arrival.from, arrival.message).to;
    if (to != master && ++taken[to] == route(to, 0).need) ready[to] = arrival.time;
  }
  const auto sent_by = [&](NodeId node, std::uint32_t message) {
    const double computed = conditions_.end_of(program_.messages(node)[message].work, node - 1);
    return route(node, message).need > 0 ? std::max(computed, ready[node]) : computed;
  };
  std::vector<std::vector<char>> arrived(workers);
  for (std::size_t w = 0; w < workers; ++w)
    arrived[w].assign(program_.messages(static_cast<NodeId>(w + 1)).size(), 0);
  std::vector<double> port_free(workers + 1, 0);
  std::size_t stale = 0;
  for (const Arrival& arrival : arrivals_) {
    Transfer transfer{.from = arrival.from,
                      .to = master,
                      .message = arrival.message,
                      .sent = 0,
                      .at_port = 0,
                      .served = never,
                      .received = never,
                      .fate = arrival.fate,
                      .end = std::min(arrival.time, end)};
    if (arrival.fate == Arrival::Fate::stale) {
      transfer.sent = transfer.at_port = std::max(0.0, conditions_.leftover->messages[stale++].time);
    } else {
      transfer.to = route(arrival.from, arrival.message).to;
      transfer.sent = sent_by(arrival.from, arrival.message);
      transfer.at_port = transfer.sent + latency();
      arrived[arrival.from - 1][arrival.message] = 1;
    }
    if (arrival.fate != Arrival::Fate::dropped) {
      transfer.received = arrival.time;
      double& free = port_free[transfer.to];
      transfer.served = serial() ? std::max(transfer.at_port, free) : transfer.at_port;
      free = arrival.time;
    }
    timeline.transfers.push_back(transfer);
  }
  // What was on its way at the end. Of those in a port, one may be in service.
  const std::size_t ended = timeline.transfers.size();
  for (std::size_t w = 0; w < workers; ++w) {
    const auto node = static_cast<NodeId>(w + 1);
    for (std::uint32_t message = 0; message < arrived[w].size(); ++message) {
      const double sent = sent_by(node, message);
      if (sent <= end) last_sent[w] = sent;
      if (arrived[w][message] || sent > end) continue;
      const double at_port = sent + latency();
      timeline.transfers.push_back({.from = node,
                                    .to = route(node, message).to,
                                    .message = message,
                                    .sent = sent,
                                    .at_port = at_port,
                                    .served = serial() || at_port > end ? never : at_port,
                                    .received = never,
                                    .fate = {},
                                    .end = end});
    }
  }
  const auto pending = timeline.transfers.begin() + static_cast<std::ptrdiff_t>(ended);
  std::sort(pending, timeline.transfers.end(), [](const Transfer& a, const Transfer& b) {
    if (a.at_port != b.at_port) return a.at_port < b.at_port;
    return a.from != b.from ? a.from < b.from : a.message < b.message;
  });
  for (auto transfer = pending; serial() && transfer != timeline.transfers.end(); ++transfer) {
    double& free = port_free[transfer->to];
    const double served = std::max(transfer->at_port, free);
    if (served >= end) continue;
    transfer->served = served;
    free = never;
  }
}

void Reconstruction::add_exchange(std::vector<double>& last_sent, Timeline& timeline) const {
  const ExchangeArrivals arrivals(program_, arrivals_);
  for (const Arrival& arrival : arrivals_) {
    const NodeId node = arrival.from;
    const double sent = arrival.message > 0 ? arrivals.received(arrivals.waited_for(node, arrival.message),
                                                                arrival.message - 1)
                                            : conditions_.end_of(program_.load(node), node - 1);
    if (sent == never) continue;
    last_sent[node - 1] = std::max(last_sent[node - 1], sent);
    const double at_port = sent + latency();
    timeline.transfers.push_back({.from = node,
                                  .to = program_.parent(node),
                                  .message = arrival.message,
                                  .sent = sent,
                                  .at_port = at_port,
                                  .served = at_port,
                                  .received = arrival.time,
                                  .fate = arrival.fate,
                                  .end = arrival.time});
  }
}

Timeline Reconstruction::timeline() const {
  Timeline timeline;
  timeline.complete = result_.complete;
  timeline.end = end();
  const std::size_t workers = program_.workers();
  std::vector<double> last_sent(workers, timeline.end);
  if (!exchange()) std::fill(last_sent.begin(), last_sent.end(), never);
  if (exchange()) {
    add_exchange(last_sent, timeline);
  } else {
    add_transfers(last_sent, timeline);
  }
  for (std::size_t w = 0; w < conditions_.model_at.size(); ++w)
    if (const Transfer way = way_down(static_cast<NodeId>(w + 1)); way.received <= timeline.end)
      timeline.transfers.push_back(way);
  std::stable_sort(timeline.transfers.begin(), timeline.transfers.end(),
                   [](const Transfer& a, const Transfer& b) {
                     const bool under_way_a = !a.fate && !a.model, under_way_b = !b.fate && !b.model;
                     return under_way_a != under_way_b ? under_way_b : a.end < b.end;
                   });
  std::vector<Arrival> taken(result_.taken.begin(), result_.taken.end());
  std::sort(taken.begin(), taken.end(), [](const Arrival& a, const Arrival& b) {
    return a.from != b.from ? a.from < b.from : a.message < b.message;
  });
  const Arrival* first = taken.data();
  const Arrival* const last = taken.data() + taken.size();
  for (std::size_t w = 0; w < workers; ++w) {
    const Arrival* next = first;
    while (next != last && next->from == w + 1) ++next;
    add_slices(first, next, last_sent[w], w, timeline);
    first = next;
  }
  if (!exchange() || arrivals_.size() == result_[Tally::messages]) timeline.path = path();
  return timeline;
}

}  // namespace

const char* name_of(Cause cause) {
  switch (cause) {
    case Cause::compute:
      return "compute";
    case Cause::port_queue:
      return "port queue";
    case Cause::link:
      return "link";
    case Cause::waiting:
      return "waiting";
  }
  return "";
}

double CriticalPath::seconds(Cause cause) const {
  double sum = 0;
  for (const Segment& segment : segments)
    if (segment.cause == cause) sum += segment.end - segment.begin;
  return sum;
}

CriticalPath critical_path(const Program& program, const Links& links, const Conditions& conditions,
                           const RoundResult& result, std::span<const Arrival> arrivals) {
  return Reconstruction(program, links, conditions, result, arrivals).path();
}

Timeline timeline_of(const Program& program, const Links& links, const Conditions& conditions,
                     const RoundResult& result, std::span<const Arrival> arrivals) {
  return Reconstruction(program, links, conditions, result, arrivals).timeline();
}

}  // namespace straggle
