// Shared links: fair shares by hand, and every program against a fluid simulation that computes all rates
// anew at every event.
#include "tests/engine/support.h"

using namespace straggle;
using namespace straggle::testing;

namespace {

using Times = std::map<std::pair<NodeId, std::uint32_t>, double>;

Times times_of(const std::vector<Arrival>& arrivals) {
  Times times;
  for (const Arrival& arrival : arrivals) times[{arrival.from, arrival.message}] = arrival.time;
  return times;
}

void check_times(const Times& found, const Times& expected) {
  for (const auto& [message, time] : expected) {
    CAPTURE(message.first, message.second);
    REQUIRE(found.contains(message));
    CHECK(found.at(message) == Approx(time).epsilon(1e-13));
  }
  CHECK(found.size() == expected.size());
}

/// A star of workers who send after so many seconds; the master needs all.
Program star_of(const std::vector<std::vector<double>>& sent, std::uint32_t need = 0) {
  std::uint32_t messages = 0;
  for (const auto& times : sent) messages += static_cast<std::uint32_t>(times.size());
  if (need == 0) need = messages;
  Program program({.need = need, .full = {need}});
  for (const auto& times : sent) {
    std::vector<Step> steps;
    double before = 0;
    for (const double time : times) {
      steps.push_back({.work = time - before});
      before = time;
    }
    program.add(steps);
  }
  return program;
}

Chosen one_a_second(std::size_t workers) {
  return at_pace(std::vector<double>(workers, 1));
}

struct Flow {
  NodeId from, to;
  std::uint32_t message;
  double bytes, left, rate;
};

/// Max-min fair rates by raising all rates together: whoever meets a full port stops.
void fill(std::vector<Flow>& flows, const Links& links) {
  const std::size_t nodes = links.egress.size();
  std::vector<char> stopped(flows.size(), 0);
  for (Flow& flow : flows) flow.rate = 0;
  while (std::count(stopped.begin(), stopped.end(), 0) > 0) {
    std::vector<double> out = links.egress, in = links.ingress;
    std::vector<int> going_out(nodes, 0), going_in(nodes, 0);
    for (std::size_t i = 0; i < flows.size(); ++i) {
      out[flows[i].from] -= flows[i].rate;
      in[flows[i].to] -= flows[i].rate;
      if (stopped[i]) continue;
      ++going_out[flows[i].from];
      ++going_in[flows[i].to];
    }
    double rise = unlimited;
    for (std::size_t node = 0; node < nodes; ++node) {
      if (going_out[node]) rise = std::min(rise, out[node] / going_out[node]);
      if (going_in[node]) rise = std::min(rise, in[node] / going_in[node]);
    }
    for (std::size_t i = 0; i < flows.size(); ++i) {
      if (stopped[i]) continue;
      flows[i].rate += rise;
      const NodeId from = flows[i].from, to = flows[i].to;
      stopped[i] = out[from] - going_out[from] * rise <= 1e-12 * links.egress[from] ||
                   in[to] - going_in[to] * rise <= 1e-12 * links.ingress[to];
    }
  }
}

struct Fluid {
  Account account;
  Times times;  ///< of all messages by completion, and in an exchange of all
  std::vector<double> delivered;
};

/// Any program on shared links. All flows move from event to event.
Fluid simulate_fluid(const Program& program, const Links& links, const Conditions& c) {
  const bool exchange = program.kind() == Program::Kind::exchange;
  const std::size_t nodes = program.workers() + 1;
  Fluid fluid;
  fluid.delivered.assign(nodes, 0);
  Account& account = fluid.account;
  PlainIntake intake(program.goal());
  std::vector<Flow> flows;
  std::multimap<double, std::pair<NodeId, std::uint32_t>> starts;
  std::vector<std::uint32_t> sent(nodes, 0), arrived(nodes, 0), received(nodes, 0);
  const auto send = [&](NodeId node, std::uint32_t message, double time) {
    if (time < unlimited) starts.insert({time + links.latency, {node, message}});
    ++sent[node];
  };
  for (NodeId node = 1; node < nodes; ++node)
    for (std::uint32_t j = 0; j < program.messages(node).size(); ++j)
      if (program.route(node, j).need == 0)
        send(node, j, work_ends(c, program.messages(node)[j].work, node - 1));
  std::uint64_t outstanding = exchange ? std::uint64_t{program.rounds()} * program.workers() : 0;
  double now = 0;
  while (!account.complete) {
    fill(flows, links);
    double next = starts.empty() ? unlimited : starts.begin()->first;
    std::size_t first = flows.size();
    for (std::size_t i = 0; i < flows.size(); ++i)
      if (now + flows[i].left / flows[i].rate < next) {
        next = now + flows[i].left / flows[i].rate;
        first = i;
      }
    if (next == unlimited) break;
    for (Flow& flow : flows) {
      fluid.delivered[flow.to] += flow.rate * (next - now);
      flow.left = std::max(0.0, flow.left - flow.rate * (next - now));
    }
    now = next;
    if (first == flows.size()) {
      const auto [node, message] = starts.begin()->second;
      starts.erase(starts.begin());
      const Program::Route route = program.route(node, exchange ? 0 : message);
      if (c.silence && !exchange && route.to == master &&
          intake.room(program.messages(node)[message].group) == 0)
        continue;
      const double bytes = route.size * links.bytes;
      flows.push_back({node, route.to, message, bytes, bytes, 0});
      continue;
    }
    const Flow flow = flows[first];
    flows.erase(flows.begin() + static_cast<std::ptrdiff_t>(first));
    fluid.times[{flow.from, flow.message}] = now;
    ++received[flow.to];
    ++arrived[flow.from];
    Arrival arrival{now, flow.from, flow.message, Fate::late};
    if (exchange) {
      arrival.fate = Fate::useful;
      account.complete = --outstanding == 0;
      std::vector<NodeId> may_send = {flow.from};
      if (flow.to != flow.from) may_send.push_back(flow.to);
      for (const NodeId node : may_send)
        if (sent[node] < program.rounds() && arrived[node] == sent[node] && received[node] >= sent[node])
          send(node, sent[node], now);
    } else if (flow.to == master) {
      arrival.fate = intake.receive(program.messages(flow.from)[flow.message]);
      account.complete = intake.enough();
    } else if (received[flow.to] <= program.route(flow.to, 0).need) {
      arrival.fate = Fate::useful;
      if (received[flow.to] == program.route(flow.to, 0).need)
        send(flow.to, 0, std::max(now, work_ends(c, program.load(flow.to), flow.to - 1)));
    }
    account.arrivals.push_back(arrival);
    if (account.complete) account.time = now;
  }
  if (!account.complete) return fluid;
  std::vector<double> busy(nodes, 0);
  for (std::size_t node = 0; node < nodes; ++node) busy[node] = fluid.delivered[node] / links.ingress[node];
  if (!exchange) {
    finish_account(account, program, c, busy);
    return fluid;
  }
  account.messages = account.useful = account.hops = account.arrivals.size();
  account.volume = static_cast<double>(account.hops) * program.route(1, 0).size;
  account.largest_volume = program.rounds() * program.route(1, 0).size;
  account.utilisation = *std::max_element(busy.begin(), busy.end()) / account.time;
  for (NodeId node = 1; node < nodes; ++node) account.work += program.load(node);
  return fluid;
}

/// Runs both and compares everything. Sums of a hundred intervals differ in the last digits: 1e-9.
RoundResult compare_with_fluid(const Program& program, const Links& links, const Conditions& c,
                               Workspace& space) {
  const RoundResult result = run_round(program, links, c, space);
  const Fluid expected = simulate_fluid(program, links, c);
  check_account(result, expected.account, 1e-9);
  if (!result.complete) return result;
  for (const Arrival& arrival : space.all()) {
    if (arrival.fate == Fate::dropped) continue;
    CAPTURE(arrival.from, arrival.message);
    REQUIRE(expected.times.contains({arrival.from, arrival.message}));
    REQUIRE(arrival.time == Approx(expected.times.at({arrival.from, arrival.message})).epsilon(1e-9));
  }
  return result;
}

Links random_shared(Dice& dice, std::size_t workers) {
  Links links = random_links(dice, Discipline::shared, workers);
  links.overhead = 0;
  if (dice.below(3) == 0) std::fill(links.ingress.begin(), links.ingress.end(), 150);
  return links;
}

}  // namespace

TEST_CASE("two messages into one port share it from the moment the second starts") {
  Workspace space;
  space.keep_all = true;
  // 100 bytes each over 100 bytes a second. Half of the first is there when the second starts.
  const RoundResult result =
      run_round(star_of({{1}, {1.5}}), shared_links(2, 100, 100), one_a_second(2), space);
  check_times(times_of(space.all()), {{{1, 0}, 2.5}, {{2, 0}, 3}});
  CHECK(result[Tally::time] == 3);
  CHECK(result[Tally::messages] == 2);
  CHECK(result[Tally::port_utilisation] == Approx(2.0 / 3));
  CHECK(result[Tally::bytes_into_busiest] == 2);
}

TEST_CASE("three messages into one port: what a slow sender leaves goes to the others in equal parts") {
  Workspace space;
  space.keep_all = true;
  Links links = shared_links(3, 100, 100);
  links.egress[1] = 20;
  // 20 + 40 + 40 until 3.5; then the slow one has 50 bytes left and gets no more than 20.
  run_round(star_of({{1}, {1}, {1}}), links, one_a_second(3), space);
  check_times(times_of(space.all()), {{{2, 0}, 3.5}, {{3, 0}, 3.5}, {{1, 0}, 6}});
}

TEST_CASE("latency comes before a message starts to flow") {
  Workspace space;
  space.keep_all = true;
  run_round(star_of({{1}, {1.5}}), shared_links(2, 100, 100, 0.25), one_a_second(2), space);
  check_times(times_of(space.all()), {{{1, 0}, 2.75}, {{2, 0}, 3.25}});
}

TEST_CASE("two messages of one sender share its port") {
  Workspace space;
  space.keep_all = true;
  Links links = shared_links(1, 100, 100);
  links.egress[1] = 50;
  // 50 a second until 2, then 25 each until 4, then 50 for what is left of the second.
  run_round(star_of({{1, 2}}), links, one_a_second(1), space);
  check_times(times_of(space.all()), {{{1, 0}, 4}, {{1, 1}, 5}});
}

TEST_CASE("fair shares are settled level by level") {
  Workspace space;
  space.keep_all = true;
  Links links = shared_links(4, 120, 100);
  links.egress = {100, 20, 30, 100, 100};
  // Worker 1's two messages are held to 10 each by its own port, worker 2's to 30 by its own, no fair share
  // of 100/5 either; workers 3 and 4 share the other 50. So 3 and 4 end at 1 + 120/25 = 5.8. Then worker 2
  // and worker 1 alone cannot fill the port: worker 2 has 120 - 4.8·25 left ...
  run_round(star_of({{1, 1}, {1}, {1}, {1}}), links, one_a_second(4), space);
  // ... which is nothing, as the fair share of the three is (100 - 20)/3 = 26.67 < 30: all three end
  // together.
  check_times(times_of(space.all()),
              {{{2, 0}, 5.5}, {{3, 0}, 5.5}, {{4, 0}, 5.5}, {{1, 0}, 13}, {{1, 1}, 13}});
  links.egress[2] = 24;
  // Now three levels: 10, 10 | 24 | 28, 28. At 1 + 120/28 workers 3 and 4 end, worker 2 at 1 + 120/24.
  run_round(star_of({{1, 1}, {1}, {1}, {1}}), links, one_a_second(4), space);
  check_times(times_of(space.all()),
              {{{2, 0}, 6}, {{3, 0}, 1 + 120.0 / 28}, {{4, 0}, 1 + 120.0 / 28}, {{1, 0}, 13}, {{1, 1}, 13}});
}

TEST_CASE("messages that share no port do not touch each other") {
  Workspace space;
  space.keep_all = true;
  Program program({.need = 2, .full = {2}});
  for (int relay = 0; relay < 2; ++relay) program.add({{.work = 1, .covers = 1, .need = 2}});
  for (const NodeId parent : {1u, 1u, 2u, 2u}) program.add({{.work = 1, .covers = 1, .to = parent}});
  // Into relay 1 at 1 and 1.5: 2.5 and 3. Into relay 2 at 1.25 and 6. Relay 1 sends alone from 3 to 4.
  // Relay 2 hears its second at 7 and sends until 8.
  const RoundResult result =
      run_round(program, shared_links(6, 100, 100), at_pace({1, 1, 1, 1.5, 1.25, 6}), space);
  check_times(times_of(space.all()),
              {{{3, 0}, 2.5}, {{4, 0}, 3}, {{5, 0}, 2.25}, {{6, 0}, 7}, {{1, 0}, 4}, {{2, 0}, 8}});
  CHECK(result[Tally::port_utilisation] == Approx(2.0 / 8));
  // A relay sends and receives at the same time: its ports are separate.
  CHECK(result[Tally::messages_in_all] == 6);
}

TEST_CASE("messages that end together are all received, and take turns by the number of their senders") {
  Workspace space;
  space.keep_all = true;
  // Sizes and bandwidths that are no binary fractions: 0.1 of 0.3 shared by any number.
  for (std::size_t workers = 2; workers <= 60; ++workers) {
    const RoundResult result = run_round(star_of(std::vector<std::vector<double>>(workers, {1.1}), 1),
                                         shared_links(workers, 0.1, 0.3), one_a_second(workers), space);
    CAPTURE(workers);
    CHECK(result[Tally::messages] == workers);
    CHECK(result[Tally::useful_messages] == 1);
    CHECK(result.taken[0].from == 1);
    CHECK(result[Tally::port_utilisation] ==
          Approx((result[Tally::time] - 1.1) / result[Tally::time]).epsilon(1e-9));
  }
}

TEST_CASE("messages without bytes, enormous ones, and ports without limits end") {
  Workspace space;
  CHECK(run_round(star_of({{1}, {1}, {2}}), shared_links(3, 0, 100), one_a_second(3), space)[Tally::time] ==
        2);
  const RoundResult huge =
      run_round(star_of({{1}, {1}}), shared_links(2, 1e300, 100), one_a_second(2), space);
  CHECK(huge.complete);
  CHECK(huge[Tally::time] == Approx(2e298));
  const RoundResult tiny =
      run_round(star_of({{1e9}, {1e9}}), shared_links(2, 1e-9, 1e9), one_a_second(2), space);
  CHECK(tiny.complete);
  CHECK(tiny[Tally::time] == 1e9);
  // An unlimited port leaves the others to decide; where none decides, messages take no time.
  Links links = shared_links(3, 100, unlimited);
  CHECK(run_round(star_of({{1}, {1}, {1}}), links, one_a_second(3), space)[Tally::time] == 1);
  links.egress[2] = 50;
  CHECK(run_round(star_of({{1}, {1}, {1}}), links, one_a_second(3), space)[Tally::time] == 3);
}

TEST_CASE("no port carries more than its bandwidth between any two instants") {
  Dice dice(6);
  Workspace space;
  space.keep_all = true;
  for (int trial = 0; trial < 200; ++trial) {
    const std::uint32_t workers = 1 + dice.below(8);
    std::vector<std::vector<double>> sent(workers);
    for (auto& times : sent)
      for (std::uint32_t j = 0, each = 1 + dice.below(3); j < each; ++j)
        times.push_back((times.empty() ? 0 : times.back()) + dice.between(0, 1));
    const Links links = random_shared(dice, workers);
    run_round(star_of(sent), links, one_a_second(workers), space);
    const Times ends = times_of(space.all());
    const auto check_port = [&](auto passes, double bandwidth) {
      for (const auto& [a, unused] : ends) {
        const double from = sent[a.first - 1][a.second] + links.latency;
        for (const auto& [b, to] : ends) {
          double bytes = 0;
          for (const auto& [message, end] : ends)
            if (passes(message.first) && end <= to &&
                sent[message.first - 1][message.second] + links.latency >= from)
              bytes += links.bytes;
          REQUIRE(bytes <= bandwidth * (to - from) * (1 + 1e-12) + (to < from ? 1e300 : 0));
        }
      }
    };
    check_port([](NodeId) { return true; }, links.ingress[master]);
    for (NodeId node = 1; node <= workers; ++node)
      check_port([=](NodeId from) { return from == node; }, links.egress[node]);
  }
}

TEST_CASE("random stars on shared links are those of a fluid simulation") {
  Dice dice(7);
  Workspace space;
  space.keep_all = true;
  int complete = 0;
  for (int trial = 0; trial < 700; ++trial) {
    CAPTURE(trial);
    const Program program = random_star(dice, 1 + dice.below(8), dice.below(4) == 0);
    Chosen times = random_times(dice, program);
    times.silence = dice.below(3) == 0;
    if (dice.below(5) == 0)
      times.offset[dice.below(static_cast<std::uint32_t>(times.offset.size()))] = unlimited;
    complete += compare_with_fluid(program, random_shared(dice, program.workers()), times, space).complete;
  }
  CHECK(complete > 350);
}

TEST_CASE("random trees on shared links are those of a fluid simulation") {
  Dice dice(8);
  Workspace space;
  space.keep_all = true;
  for (int trial = 0; trial < 700; ++trial) {
    CAPTURE(trial);
    const std::vector<NodeId> parents = trial % 100 == 0   ? regular_parents(3, 2)
                                        : trial % 100 == 1 ? regular_parents(2, 4)
                                        : trial % 100 == 2 ? regular_parents(4, 3)
                                                           : random_parents(dice, 1 + dice.below(14));
    const Program program = tree_of(dice, parents, dice.below(3), dice.coin());
    compare_with_fluid(program, random_shared(dice, program.workers()), random_times(dice, program), space);
  }
}

TEST_CASE("random exchanges on shared links are those of a fluid simulation") {
  Dice dice(9);
  Workspace space;
  space.keep_all = true;
  for (int trial = 0; trial < 700; ++trial) {
    CAPTURE(trial);
    const std::uint32_t workers = 1 + dice.below(8);
    std::vector<std::uint32_t> to;
    for (std::uint32_t w = 0; w < workers; ++w) to.push_back(1 + (w + 1) % workers);
    if (dice.coin())
      for (std::uint32_t i = workers; i > 1; --i) std::swap(to[i - 1], to[dice.below(i)]);
    Program program = Program::exchange(1 + dice.below(8), dice.between(0.1, 2));
    for (const std::uint32_t receiver : to) {
      const double work = dice.between(0.1, 3);
      program.add({{.work = work, .covers = work, .to = receiver}});
    }
    compare_with_fluid(program, random_shared(dice, workers), random_times(dice, program), space);
  }
}

TEST_CASE(
    "one bottleneck does the same work shared or serial: the last of all messages ends at the same time") {
  Dice dice(10);
  Workspace space;
  for (int trial = 0; trial < 500; ++trial) {
    const std::uint32_t workers = 1 + dice.below(10);
    std::vector<std::vector<double>> sent(workers);
    for (auto& times : sent)
      for (std::uint32_t j = 0, each = 1 + dice.below(3); j < each; ++j)
        times.push_back((times.empty() ? 0 : times.back()) + dice.between(0, 1));
    const Program program = star_of(sent);
    Links links = shared_links(workers, 30, 1e9, dice.between(0, 1));
    links.ingress[master] = dice.between(20, 200);
    const RoundResult shared = run_round(program, links, one_a_second(workers), space);
    links.discipline = Discipline::serial;
    const RoundResult serial = run_round(program, links, one_a_second(workers), space);
    REQUIRE(shared[Tally::time] == Approx(serial[Tally::time]).epsilon(1e-9));
    REQUIRE(shared[Tally::port_utilisation] == Approx(serial[Tally::port_utilisation]).epsilon(1e-9));
  }
}

TEST_CASE("a slower master or larger messages never make any message of a star on shared links earlier") {
  Dice dice(11);
  Workspace space;
  space.keep_all = true;
  for (int trial = 0; trial < 500; ++trial) {
    const std::uint32_t workers = 1 + dice.below(8);
    std::vector<std::vector<double>> sent(workers);
    for (auto& times : sent)
      for (std::uint32_t j = 0, each = 1 + dice.below(3); j < each; ++j)
        times.push_back((times.empty() ? 0 : times.back()) + dice.between(0, 1));
    const Program program = star_of(sent);
    const Links links = random_shared(dice, workers);
    run_round(program, links, one_a_second(workers), space);
    const Times before = times_of(space.all());
    Links slower = links;
    slower.ingress[master] /= 2;
    Links larger = links;
    larger.bytes *= 2;
    for (const Links& changed : {slower, larger}) {
      run_round(program, changed, one_a_second(workers), space);
      for (const auto& [message, time] : times_of(space.all()))
        REQUIRE(time >= before.at(message) * (1 - 1e-12));  // sums in another order
    }
  }
}

TEST_CASE("on shared links a slower rival frees the winner") {
  // Both send at 1, 100 bytes into a port of 100 a second: 50 each, both there at 3. Held to 25 by its own
  // port, worker 2 leaves 75 to worker 1.
  Workspace space;
  Links links = shared_links(2, 100, 100);
  const Program program = star_of({{1}, {1}}, 1);
  CHECK(run_round(program, links, one_a_second(2), space)[Tally::time] == 3);
  links.egress[2] = 25;
  CHECK(run_round(program, links, one_a_second(2), space)[Tally::time] == Approx(1 + 4.0 / 3));
}

TEST_CASE("silence on shared links drops what has not started to flow, and nothing else") {
  // Two groups of one message each. Workers 1 and 2 are group 0, worker 3 group 1.
  Program program({.need = 2, .full = {1, 1}});
  program.add({{.work = 1, .covers = 1, .group = 0}});
  program.add({{.work = 1, .covers = 1, .group = 0}, {.work = 1.5, .covers = 1.5, .group = 0}});
  program.add({{.work = 2.25, .covers = 2.25, .group = 1}});
  Workspace space;
  space.keep_all = true;
  Chosen times = at_pace({1, 1, 1});
  // Workers 1 and 2 share the port from 1 to 3. Worker 3 joins at 2.25, worker 2 again at 2.5.
  const Links links = shared_links(3, 100, 100);
  CHECK(compare_with_fluid(program, links, times, space)[Tally::messages] == 3);
  times.silence = true;
  const RoundResult result = compare_with_fluid(program, links, times, space);
  CHECK(result[Tally::messages] == 3);
  CHECK(std::count_if(space.all().begin(), space.all().end(),
                      [](const Arrival& arrival) { return arrival.fate == Fate::dropped; }) == 0);
  // With worker 2's second message at 4, after group 0 is decoded, it does not flow.
  Program later({.need = 2, .full = {1, 1}});
  later.add({{.work = 1, .covers = 1, .group = 0}});
  later.add({{.work = 4, .covers = 1, .group = 0}});
  later.add({{.work = 4.5, .covers = 1, .group = 1}});
  CHECK(run_round(later, links, times, space)[Tally::time] == 5.5);
  times.silence = false;
  // 4 to 4.5 alone, then shared: worker 2's ends at 5.5, worker 3's at 6.
  CHECK(run_round(later, links, times, space)[Tally::time] == 6);
}

TEST_CASE("stars on shared links take no leftover, and exchanges have none") {
  Leftover leftover{.busy_until = {0, 0}, .messages = {}, .work = {}};
  const Chosen times = one_a_second(2);
  Conditions conditions = times;
  conditions.leftover = &leftover;
  Workspace space;
  CHECK_THROWS_AS(run_round(star_of({{1}, {1}}), shared_links(2, 100, 100), conditions, space),
                  std::logic_error);
  Program exchange = Program::exchange(1, 1);
  exchange.add({{.work = 1, .to = 2}});
  exchange.add({{.work = 1, .to = 1}});
  const RoundResult result = run_round(exchange, shared_links(2, 100, 100), conditions, space);
  CHECK(result[Tally::time] == 2);
  leave(exchange, shared_links(2, 100, 100), conditions, result, RoundStart::backlog, space, leftover);
  CHECK(leftover.busy_until == std::vector<double>{0, 0});
  CHECK(leftover.messages.empty());
}
