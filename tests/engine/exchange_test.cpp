// Exchanges on ideal and serial links: by hand, the closed form of equal links, and against an event
// simulation message by message.
#include "tests/engine/support.h"

using namespace straggle;
using namespace straggle::testing;

namespace {

/// Worker i (from 0) sends to worker to[i]; work[i] mini-batches first.
Program exchange_of(std::uint32_t rounds, double size, const std::vector<std::uint32_t>& to,
                    const std::vector<double>& work) {
  Program program = Program::exchange(rounds, size);
  for (std::size_t i = 0; i < to.size(); ++i)
    program.add({{.work = work[i], .covers = work[i], .to = to[i] + 1}});
  return program;
}

std::vector<std::uint32_t> ring_of(std::uint32_t workers) {
  std::vector<std::uint32_t> to;
  for (std::uint32_t i = 0; i < workers; ++i) to.push_back((i + 1) % workers);
  return to;
}

std::vector<std::uint32_t> shuffled(Dice& dice, std::uint32_t workers) {
  std::vector<std::uint32_t> to = ring_of(workers);
  for (std::uint32_t i = workers; i > 1; --i) std::swap(to[i - 1], to[dice.below(i)]);
  return to;
}

/// When message k of every worker is received: an event a message, sent as soon as both of what it waits for
/// are there.
std::map<std::pair<NodeId, std::uint32_t>, double> receptions(const Program& program, const Links& links,
                                                              const Conditions& c) {
  struct Event {
    double time;
    NodeId from;
    std::uint32_t message;
    bool operator>(const Event& other) const {
      return std::tie(time, from, message) > std::tie(other.time, other.from, other.message);
    }
  };
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events;
  const std::size_t nodes = program.workers() + 1;
  std::vector<std::uint32_t> sent(nodes, 0), arrived(nodes, 0), received(nodes, 0);  // arrived: of its own
  const auto send = [&](NodeId node, double time) {
    const NodeId to = program.route(node, 0).to;
    const double seconds =
        links.discipline == Discipline::serial
            ? links.latency + links.overhead +
                  program.route(node, 0).size * links.bytes / std::min(links.egress[node], links.ingress[to])
            : 0;
    events.push({time + seconds, node, sent[node]++});
  };
  for (NodeId node = 1; node < nodes; ++node) send(node, c.end_of(program.load(node), node - 1));
  std::map<std::pair<NodeId, std::uint32_t>, double> result;
  while (!events.empty() && events.top().time < unlimited) {
    const Event event = events.top();
    events.pop();
    result[{event.from, event.message}] = event.time;
    const NodeId to = program.route(event.from, 0).to;
    ++arrived[event.from];
    ++received[to];
    std::vector<NodeId> may_send = {event.from};
    if (to != event.from) may_send.push_back(to);
    for (const NodeId node : may_send)
      if (sent[node] < program.rounds() && arrived[node] == sent[node] && received[node] >= sent[node])
        send(node, event.time);
  }
  return result;
}

}  // namespace

TEST_CASE("a ring of three by hand: a message waits for the last one to arrive and for its answer") {
  const Program program = exchange_of(2, 0.5, {1, 2, 0}, {1, 1, 1});
  Workspace space;
  space.keep_all = true;
  // Computed at 1, 2 and 6; half a second of latency and a second a message.
  const RoundResult result = run_round(program, serial_links(3, 1, 0.5), at_pace({1, 2, 6}), space);
  // First messages: 2.5, 3.5, 7.5. Second: worker 1 hears 3 at 7.5: 9; worker 2 at 3.5: 5; worker 3
  // at 7.5: 9.
  std::map<std::pair<NodeId, std::uint32_t>, double> times;
  for (const Arrival& arrival : space.all()) times[{arrival.from, arrival.message}] = arrival.time;
  CHECK(times == std::map<std::pair<NodeId, std::uint32_t>, double>{
                     {{1, 0}, 2.5}, {{2, 0}, 3.5}, {{3, 0}, 7.5}, {{1, 1}, 9}, {{2, 1}, 5}, {{3, 1}, 9}});
  CHECK(std::is_sorted(space.all().begin(), space.all().end(),
                       [](const Arrival& a, const Arrival& b) { return a.time < b.time; }));
  CHECK(result.complete);
  CHECK(result[Tally::time] == 9);
  CHECK(result[Tally::messages] == 6);
  CHECK(result[Tally::useful_messages] == 6);
  CHECK(result[Tally::messages_in_all] == 6);
  CHECK(result[Tally::bytes_in_all] == 3);
  CHECK(result[Tally::bytes_into_busiest] == 1);
  CHECK(result[Tally::port_utilisation] == 2.0 / 9);
  CHECK(result[Tally::work] == 3);
  CHECK(result[Tally::wasted] == 0);
  CHECK(result.taken.empty());
}

TEST_CASE("on equal links an all-reduce ring ends 2(N - 1) messages after the last worker, trial by trial") {
  Dice dice(4);
  Workspace space;
  for (int trial = 0; trial < 400; ++trial) {
    const std::uint32_t workers = 1 + dice.below(12), rounds = 2 * (workers - 1);
    const bool serial = dice.below(4) > 0;
    std::vector<double> work;
    for (std::uint32_t w = 0; w < workers; ++w) work.push_back(dice.between(0.1, 3));
    const Program program = exchange_of(rounds, 1.0 / workers, ring_of(workers), work);
    Links links;
    double step = 0;
    if (serial) {
      links = serial_links(workers, dice.between(0, 0.2), dice.between(0, 0.3));
      links.bytes = dice.between(0, 50);
      const double bandwidth = dice.between(20, 100);
      links.egress.assign(workers + 1, bandwidth);
      links.ingress.assign(workers + 1, bandwidth);
      step = links.latency + links.overhead + links.bytes / (workers * bandwidth);
    }
    const Chosen times = random_times(dice, program);
    const Conditions c = times;
    double last = 0, load = 0;
    for (std::uint32_t w = 0; w < workers; ++w) {
      last = std::max(last, work_ends(c, work[w], w));
      load += work[w];
    }
    const RoundResult result = run_round(program, links, times, space);
    CAPTURE(trial, workers, serial);
    REQUIRE(result.complete);
    REQUIRE(result[Tally::time] == Approx(last + rounds * step).epsilon(1e-12));
    REQUIRE(result[Tally::messages_in_all] == std::uint64_t{rounds} * workers);
    REQUIRE(result[Tally::bytes_in_all] == Approx(rounds).margin(1e-12));
    REQUIRE(result[Tally::bytes_into_busiest] == Approx(rounds / double(workers)).margin(1e-12));
    REQUIRE(result[Tally::port_utilisation] ==
            Approx(rounds * (serial ? step - links.latency : 0) / result[Tally::time])
                .epsilon(1e-9)
                .margin(1e-12));
    REQUIRE(result[Tally::work] == Approx(load).epsilon(1e-12));
    REQUIRE(result[Tally::wasted] == 0);
  }
}

TEST_CASE("on unequal links any exchange is that of an event simulation, message by message") {
  Dice dice(5);
  Workspace space;
  space.keep_all = true;
  for (int trial = 0; trial < 500; ++trial) {
    const std::uint32_t workers = 1 + dice.below(8), rounds = dice.below(9);
    const double size = dice.between(0.1, 2);
    std::vector<double> work;
    for (std::uint32_t w = 0; w < workers; ++w) work.push_back(dice.between(0.1, 3));
    const Program program =
        exchange_of(rounds, size, dice.coin() ? ring_of(workers) : shuffled(dice, workers), work);
    const Links links = random_links(dice, Discipline::serial, workers);
    const Chosen times = random_times(dice, program);
    const RoundResult result = run_round(program, links, times, space);
    CAPTURE(trial, workers, rounds);
    REQUIRE(result.complete);
    if (rounds == 0) continue;
    const auto expected = receptions(program, links, times);
    REQUIRE(expected.size() == std::size_t{rounds} * workers);
    REQUIRE(space.all().size() == expected.size());
    double last = 0;
    for (const auto& [message, time] : expected) last = std::max(last, time);
    for (const Arrival& arrival : space.all()) {
      REQUIRE(arrival.time == Approx(expected.at({arrival.from, arrival.message})).epsilon(1e-12));
      REQUIRE(arrival.fate == Fate::useful);
    }
    REQUIRE(result[Tally::time] == Approx(last).epsilon(1e-12));
    double busiest = 0;
    for (NodeId node = 1; node <= workers; ++node)
      busiest = std::max(busiest, rounds * links.seconds(node, program.route(node, 0).to, size));
    REQUIRE(result[Tally::port_utilisation] == Approx(busiest / last).epsilon(1e-12));
    REQUIRE(result[Tally::bytes_in_all] == Approx(size * rounds * workers).epsilon(1e-12));
    REQUIRE(result[Tally::bytes_into_busiest] == Approx(size * rounds).epsilon(1e-12));
  }
}

TEST_CASE("an exchange of one worker, or of no messages, ends when the last has computed") {
  Workspace space;
  for (const Links& links : {Links{}, serial_links(3, 1, 1), shared_links(3, 8, 4, 1)}) {
    Links one = links;
    one.egress.resize(std::min<std::size_t>(2, one.egress.size()));
    one.ingress.resize(one.egress.size());
    const RoundResult alone = run_round(exchange_of(0, 1, {0}, {2}), one, at_pace({1.5}), space);
    CHECK(alone.complete);
    CHECK(alone[Tally::time] == 3);
    CHECK(alone[Tally::messages] == 0);
    CHECK(alone[Tally::port_utilisation] == 0);
    CHECK(alone[Tally::work] == 2);
    const RoundResult silent =
        run_round(exchange_of(0, 1, {1, 2, 0}, {1, 1, 1}), links, at_pace({1, 3, 2}), space);
    CHECK(silent.complete);
    CHECK(silent[Tally::time] == 3);
    CHECK(silent[Tally::messages_in_all] == 0);
    const RoundResult dead =
        run_round(exchange_of(0, 1, {1, 2, 0}, {1, 1, 1}), links, at_pace({1, unlimited, 2}), space);
    CHECK_FALSE(dead.complete);
    CHECK(dead.missing == 1);
    CHECK(dead[Tally::messages_in_all] == 0);
  }
}

TEST_CASE("an exchange with workers that never answer is never complete and says how many they are") {
  Workspace space;
  for (const Links& links : {Links{}, serial_links(5, 1), shared_links(5, 8, 4)}) {
    const RoundResult result = run_round(exchange_of(8, 0.2, ring_of(5), {1, 1, 1, 1, 1}), links,
                                         at_pace({1, unlimited, 1, 1, unlimited}), space);
    CHECK_FALSE(result.complete);
    CHECK(result.missing == 2);
    // The workspace is as good as new.
    CHECK(run_round(exchange_of(8, 0.2, ring_of(5), {1, 1, 1, 1, 1}), links, at_pace({1, 1, 1, 1, 1}), space)
              .complete);
  }
}

TEST_CASE("an exchange in which a worker hears nobody, or somebody who is not there, is a logic error") {
  Workspace space;
  for (const Links& links : {Links{}, serial_links(3, 1), shared_links(3, 8, 4)}) {
    for (const std::vector<std::uint32_t>& to :
         {std::vector<std::uint32_t>{1, 2, 2}, std::vector<std::uint32_t>{1, 2, 3}})
      CHECK_THROWS_AS(run_round(exchange_of(1, 1, to, {1, 1, 1}), links, at_pace({1, 1, 1}), space),
                      std::logic_error);
  }
  Program program = Program::exchange(2, 1);
  CHECK_THROWS_AS(program.add({}), std::logic_error);
  CHECK_THROWS_AS(program.add({{.work = 1, .to = 1}, {.work = 1, .to = 1}}), std::logic_error);
  CHECK_THROWS_AS(program.add({{.work = 1}}), std::logic_error);
  CHECK_THROWS_AS(program.add({{.work = 1, .to = 1, .need = 1}}), std::logic_error);
}
