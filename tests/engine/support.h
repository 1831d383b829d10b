// What the tests of the engine share: random programs, links and times, and a textbook event simulation of
// stars and trees on serial ports that knows nothing of tournaments.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <map>
#include <queue>
#include <random>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "sim/engine/round.h"

namespace straggle::testing {

inline constexpr double unlimited = std::numeric_limits<double>::infinity();
using Fate = Arrival::Fate;

/// Uniform numbers whose bits are the same with every standard library.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  double between(double low, double high) {
    return low + (high - low) * static_cast<double>(engine_() >> 11) * 0x1p-53;
  }
  std::uint32_t below(std::uint32_t count) { return static_cast<std::uint32_t>(engine_() % count); }
  bool coin() { return below(2) == 0; }

 private:
  std::mt19937_64 engine_;
};

/// Chosen times: worker i (node i + 1) ends work w at offset[i] + w·slope[i], or by the draws of `prefix`.
struct Chosen {
  std::vector<double> offset, slope, prefix = {}, model_at = {};
  bool silence = false;

  operator Conditions() const {
    return {.offset = offset,
            .slope = slope,
            .prefix = prefix,
            .workers = offset.size(),
            .model_at = model_at,
            .silence = silence};
  }
};

/// Worker i takes x[i] seconds a mini-batch.
inline Chosen at_pace(std::vector<double> x) {
  return {.offset = std::vector<double>(x.size(), 0), .slope = std::move(x)};
}

/// Every message takes `overhead` seconds of the receiver's port, `latency` after it was sent.
inline Links serial_links(std::size_t workers, double overhead, double latency = 0) {
  return {.discipline = Discipline::serial,
          .latency = latency,
          .overhead = overhead,
          .egress = std::vector<double>(workers + 1, unlimited),
          .ingress = std::vector<double>(workers + 1, unlimited)};
}

/// All ports of one bandwidth; a gradient has `bytes` bytes.
inline Links shared_links(std::size_t workers, double bytes, double bandwidth, double latency = 0) {
  return {.discipline = Discipline::shared,
          .latency = latency,
          .bytes = bytes,
          .egress = std::vector<double>(workers + 1, bandwidth),
          .ingress = std::vector<double>(workers + 1, bandwidth)};
}

/// Every port with a bandwidth of its own.
inline Links random_links(Dice& dice, Discipline discipline, std::size_t workers) {
  Links links{.discipline = discipline,
              .latency = dice.coin() ? 0 : dice.between(0, 1),
              .overhead = dice.coin() ? 0 : dice.between(0, 0.3),
              .bytes = 100,
              .egress = {},
              .ingress = {}};
  for (std::size_t node = 0; node <= workers; ++node) {
    links.egress.push_back(dice.between(50, 400));
    links.ingress.push_back(dice.between(50, 400));
  }
  return links;
}

/// Affine or additive times; two random numbers never tie.
inline Chosen random_times(Dice& dice, const Program& program) {
  Chosen times;
  const std::size_t workers = program.workers();
  const int kind = static_cast<int>(dice.below(3));
  for (std::size_t w = 0; w < workers; ++w) {
    times.offset.push_back(kind == 0 ? 0 : dice.between(0, 2));
    times.slope.push_back(dice.between(0.1, 1.5));
  }
  if (kind != 2) return times;
  times.slope.clear();
  const auto rows = static_cast<std::size_t>(std::ceil(program.largest_load()));
  times.prefix.assign(workers, 0);
  for (std::size_t row = 1; row <= rows; ++row)
    for (std::size_t w = 0; w < workers; ++w)
      times.prefix.push_back(times.prefix[(row - 1) * workers + w] + dice.between(0.1, 1.5));
  return times;
}

/// A star: some groups, sometimes items, one to four messages a worker, fractional work now and then.
inline Program random_star(Dice& dice, std::uint32_t workers, bool unequal_sizes = false) {
  const std::uint32_t groups = 1 + dice.below(3), each = 1 + dice.below(4);
  const std::uint32_t items = dice.coin() ? 0 : workers + dice.below(workers);
  // Whatever is drawn below, group g gets one message of each of its workers, with items of their own.
  std::vector<std::uint32_t> full(groups, 0);
  for (std::uint32_t w = 0; w < workers; ++w) ++full[w % groups];
  std::uint32_t need = 0;
  for (std::uint32_t& weight : full) {
    weight = weight > 1 ? weight - dice.below(weight) : weight;
    need += weight;
  }
  Program program({.need = need, .full = full, .items = items});
  for (std::uint32_t w = 0; w < workers; ++w) {
    std::vector<Step> steps;
    double before = 0;
    for (std::uint32_t j = 0; j < each; ++j) {
      const double work = dice.coin() ? 1 + dice.below(3) : dice.between(0.2, 2.5);
      before += work;
      steps.push_back({.work = work,
                       .covers = dice.coin() ? work : std::min(before, work + dice.between(0, 1)),
                       .item = j == 0      ? w
                               : items > 0 ? dice.below(items)
                                           : 0,
                       .group = w % groups,
                       .weight = j == 0 ? 1 : 1 + dice.below(2),
                       .size = unequal_sizes ? dice.between(0.5, 2) : 1});
    }
    program.add(steps);
  }
  return program;
}

/// A tree in which the children of every relay have numbers after it. `parent[i]` is that of node i + 1;
/// relays wait for all but up to `spare` of their children.
inline Program tree_of(Dice& dice, const std::vector<NodeId>& parent, std::uint32_t spare,
                       bool unequal_sizes = false) {
  std::vector<std::uint32_t> children(parent.size() + 1, 0);
  for (const NodeId p : parent) ++children[p];
  const auto need_of = [&](NodeId node) {
    return children[node] - std::min(dice.below(spare + 1), children[node] > 0 ? children[node] - 1 : 0);
  };
  const std::uint32_t need = need_of(master);
  Program program({.need = need, .full = {need}});
  for (NodeId node = 1; node <= parent.size(); ++node) {
    const double work = dice.coin() ? 1 + dice.below(3) : dice.between(0.2, 2.5);
    program.add({{.work = work,
                  .covers = work,
                  .to = parent[node - 1],
                  .need = need_of(node),
                  .size = unequal_sizes ? dice.between(0.5, 2) : 1}});
  }
  return program;
}

/// The parents in the tree of `depth` levels below the root in which everybody has `arity` children.
inline std::vector<NodeId> regular_parents(std::uint32_t arity, std::uint32_t depth) {
  std::vector<NodeId> parents;
  NodeId first = master, count = 1;  // of the level above
  for (std::uint32_t level = 0; level < depth; ++level) {
    const auto next = static_cast<NodeId>(parents.size() + 1);
    for (NodeId p = first; p < first + count; ++p) parents.insert(parents.end(), arity, p);
    first = next;
    count *= arity;
  }
  return parents;
}

inline std::vector<NodeId> random_parents(Dice& dice, std::uint32_t workers) {
  std::vector<NodeId> parents;
  for (std::uint32_t w = 0; w < workers; ++w) parents.push_back(dice.below(w + 1));
  return parents;
}

/// Everything an iteration of a star or tree comes to, by going through every message and every mini-batch.
struct Account {
  bool complete = false;
  double time = 0;
  std::uint64_t messages = 0, useful = 0, hops = 0;
  double volume = 0, largest_volume = 0, utilisation = 0, work = 0, wasted = 0;
  std::vector<Arrival> arrivals;  ///< by completion
};

/// When work ends, by adding draws up.
inline double work_ends(const Conditions& c, double work, std::size_t w) {
  if (c.prefix.empty()) return c.offset[w] + work * c.slope[w];
  double sum = 0;
  std::size_t row = 0;
  const auto draw = [&](std::size_t j) {
    return c.prefix[(j + 1) * c.workers + w] - c.prefix[j * c.workers + w];
  };
  for (; static_cast<double>(row) + 1 <= work; ++row) sum += draw(row);
  if (work > static_cast<double>(row)) sum += (work - static_cast<double>(row)) * draw(row);
  return c.offset[w] + sum;
}

/// Fills in what follows from the completion time, the arrivals and the seconds ports were in service.
inline void finish_account(Account& account, const Program& program, const Conditions& c,
                           std::vector<double> busy) {
  std::vector<double> into(program.workers() + 1, 0);
  std::map<NodeId, bool> reaches_the_root;  // whether anything of a node does, usefully
  for (NodeId node = 1; node <= program.workers(); ++node) {
    for (NodeId at = node; at != master && !program.messages(at).empty(); at = program.route(at, 0).to) {
      bool useful = false;
      for (const Arrival& a : account.arrivals) useful = useful || (a.from == at && a.fate == Fate::useful);
      reaches_the_root[node] = useful;
      if (!useful) break;
    }
  }
  for (const Arrival& arrival : account.arrivals) {
    if (arrival.fate == Fate::dropped) continue;
    const Program::Route route = program.route(arrival.from, arrival.message);
    ++account.hops;
    account.volume += route.size;
    into[route.to] += route.size;
    if (route.to != master) continue;
    ++account.messages;
    if (arrival.fate == Fate::useful) ++account.useful;
  }
  for (std::size_t w = 0; w < c.model_at.size(); ++w) {
    if (c.model_at[w] > account.time) continue;
    ++account.hops;
    account.volume += 1;
    into[w + 1] += 1;
  }
  account.largest_volume = *std::max_element(into.begin(), into.end());
  account.utilisation = *std::max_element(busy.begin(), busy.end()) / account.time;
  for (std::size_t w = 0; w < program.workers(); ++w) {
    const auto node = static_cast<NodeId>(w + 1);
    // Tasks: the whole mini-batches of a step one by one, then the rest of it. Each ends at [from, to].
    double before = 0;
    for (const Program::Message& message : program.messages(node)) {
      std::vector<double> ends;
      for (double at = before + 1; at < message.work; at += 1) ends.push_back(at);
      ends.push_back(message.work);
      for (const double end : ends) {
        if (work_ends(c, end, w) <= account.time) account.work += end - before;
        if (work_ends(c, end, w) <= account.time) account.wasted += end - before;
        before = end;
      }
    }
    // What useful messages cover, as a union of intervals: cut at all of their ends.
    if (!reaches_the_root[node]) continue;
    std::vector<std::pair<double, double>> covered;
    std::vector<double> cuts;
    for (const Arrival& arrival : account.arrivals) {
      if (arrival.from != node || arrival.fate != Fate::useful) continue;
      const Program::Message& message = program.messages(node)[arrival.message];
      covered.emplace_back(message.work - message.covers, message.work);
      cuts.push_back(message.work - message.covers);
      cuts.push_back(message.work);
    }
    std::sort(cuts.begin(), cuts.end());
    for (std::size_t i = 0; i + 1 < cuts.size(); ++i) {
      const double middle = (cuts[i] + cuts[i + 1]) / 2;
      if (std::any_of(covered.begin(), covered.end(),
                      [&](const auto& range) { return range.first < middle && middle < range.second; }))
        account.wasted -= cuts[i + 1] - cuts[i];
    }
  }
}

/// Decides what the master takes: a list of all it has, gone through again for every message.
class PlainIntake {
 public:
  explicit PlainIntake(const Goal& goal) : goal_(goal) {}
  Fate receive(const Program::Message& message) {
    if (room(message.group) == 0) return Fate::group_full;
    if (goal_.items > 0)
      for (const auto& [item, group, weight] : taken_)
        if (item == message.item) return Fate::duplicate;
    taken_.emplace_back(message.item, message.group, std::min(message.weight, room(message.group)));
    return Fate::useful;
  }
  std::uint32_t room(std::uint32_t group) const {
    std::uint32_t left = goal_.full[group];
    for (const auto& [item, of_group, weight] : taken_) left -= of_group == group ? weight : 0;
    return left;
  }
  bool enough() const {
    std::uint32_t sum = 0;
    for (const auto& [item, group, weight] : taken_) sum += weight;
    return sum >= goal_.need;
  }

 private:
  const Goal& goal_;
  std::vector<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>> taken_;
};

/// A star or tree on serial or ideal links, as a textbook has it: a queue of events, and at every port a
/// queue of messages.
inline Account simulate_plainly(const Program& program, const Links& links, const Conditions& c) {
  enum Kind { service_ends, reaches };
  struct Event {
    double time;
    Kind kind;
    NodeId port, from;
    std::uint32_t message;
    bool operator>(const Event& other) const {
      return std::tie(time, kind, from, message) >
             std::tie(other.time, other.kind, other.from, other.message);
    }
  };
  struct Waiting {
    double since;
    NodeId from;
    std::uint32_t message;
    bool operator>(const Waiting& other) const {
      return std::tie(since, from, message) > std::tie(other.since, other.from, other.message);
    }
  };
  struct Port {
    std::priority_queue<Waiting, std::vector<Waiting>, std::greater<>> queue;
    bool busy = false;
    double begin = 0, served = 0;
    std::uint32_t taken = 0;
  };
  const bool serial = links.discipline == Discipline::serial;
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events;
  std::vector<Port> ports(program.workers() + 1);
  const auto send = [&](NodeId from, std::uint32_t message, double time) {
    events.push(
        {time + (serial ? links.latency : 0), reaches, program.route(from, message).to, from, message});
  };
  for (NodeId node = 1; node <= program.workers(); ++node)
    for (std::uint32_t j = 0; j < program.messages(node).size(); ++j)
      if (program.route(node, j).need == 0)
        send(node, j, work_ends(c, program.messages(node)[j].work, node - 1));
  Account account;
  PlainIntake intake(program.goal());
  while (!events.empty()) {
    const Event event = events.top();
    if (event.time == unlimited || (account.complete && event.time > account.time)) break;
    events.pop();
    Port& port = ports[event.port];
    if (event.kind == reaches) {
      port.queue.push({event.time, event.from, event.message});
    } else {
      port.busy = false;
      port.served += event.time - port.begin;
      Arrival arrival{event.time, event.from, event.message, Fate::late};
      const Program::Message& message = program.messages(event.from)[event.message];
      if (event.port == master && !account.complete) {
        arrival.fate = intake.receive(message);
        if (intake.enough()) {
          account.complete = true;
          account.time = event.time;
        }
      } else if (event.port != master && port.taken < program.route(event.port, 0).need) {
        arrival.fate = Fate::useful;
        if (++port.taken == program.route(event.port, 0).need)
          send(event.port, 0, std::max(event.time, work_ends(c, program.load(event.port), event.port - 1)));
      }
      account.arrivals.push_back(arrival);
    }
    while (!port.busy && !port.queue.empty()) {
      const Waiting next = port.queue.top();
      port.queue.pop();
      if (c.silence && event.port == master &&
          (account.complete || intake.room(program.messages(next.from)[next.message].group) == 0))
        continue;
      const double seconds =
          serial ? links.overhead + (links.bytes > 0
                                         ? program.route(next.from, next.message).size * links.bytes /
                                               std::min(links.egress[next.from], links.ingress[event.port])
                                         : 0)
                 : 0;
      port.busy = true;
      port.begin = event.time;
      events.push({event.time + seconds, service_ends, event.port, next.from, next.message});
    }
  }
  if (!account.complete) return account;
  std::vector<double> busy;
  for (const Port& port : ports) busy.push_back(port.served + (port.busy ? account.time - port.begin : 0));
  for (std::size_t w = 0; serial && w < c.model_at.size(); ++w) {
    const auto node = static_cast<NodeId>(w + 1);
    const double begin = c.model_at[w] - links.seconds(program.route(node, 0).to, node, 1);
    if (begin < account.time) busy[node] += std::min(account.time, c.model_at[w]) - begin;
  }
  finish_account(account, program, c, busy);
  return account;
}

/// The engine's result against an account. Times are sums of the same numbers in another order: 1e-12.
inline void check_account(const RoundResult& result, const Account& expected, double rounding = 1e-12) {
  REQUIRE(result.complete == expected.complete);
  if (!expected.complete) return;
  REQUIRE(result[Tally::time] == Approx(expected.time).epsilon(rounding));
  REQUIRE(result[Tally::messages] == expected.messages);
  REQUIRE(result[Tally::useful_messages] == expected.useful);
  REQUIRE(result[Tally::messages_in_all] == expected.hops);
  REQUIRE(result[Tally::bytes_in_all] == Approx(expected.volume).epsilon(rounding));
  REQUIRE(result[Tally::bytes_into_busiest] == Approx(expected.largest_volume).epsilon(rounding));
  REQUIRE(result[Tally::port_utilisation] == Approx(expected.utilisation).epsilon(1e-9).margin(1e-12));
  REQUIRE(result[Tally::work] == Approx(expected.work).epsilon(rounding));
  REQUIRE(result[Tally::wasted] ==
          Approx(expected.wasted).epsilon(rounding).margin(1e-11 * (1 + expected.work)));
}

}  // namespace straggle::testing
