// Stars on ideal and serial links: by hand, against Lindley's recursion and a textbook event simulation,
// silence, and what an iteration leaves to the next.
#include "sim/engine/timeline.h"
#include "tests/engine/support.h"

using namespace straggle;
using namespace straggle::testing;

namespace {

/// Workers that send one message after one mini-batch each; the master needs `need` of them.
Program any_of(std::uint32_t need, std::size_t workers) {
  Program program({.need = need, .full = {need}});
  for (std::size_t w = 0; w < workers; ++w) program.add({{.work = 1, .covers = 1}});
  return program;
}

std::vector<double> times_of(const std::vector<Arrival>& arrivals) {
  std::vector<double> times;
  for (const Arrival& arrival : arrivals) times.push_back(arrival.time);
  return times;
}

std::vector<NodeId> senders_of(std::span<const Arrival> arrivals) {
  std::vector<NodeId> senders;
  for (const Arrival& arrival : arrivals) senders.push_back(arrival.from);
  return senders;
}

}  // namespace

TEST_CASE("a serial port serves first come first served, one message after another") {
  Workspace space;
  space.keep_all = true;
  // Sent at 5, 1 and 1.5, each a second at the port.
  const RoundResult result = run_round(any_of(3, 3), serial_links(3, 1), at_pace({5, 1, 1.5}), space);
  CHECK(times_of(space.all()) == std::vector<double>{2, 3, 6});
  CHECK(senders_of(space.all()) == std::vector<NodeId>{2, 3, 1});
  CHECK(result[Tally::time] == 6);
  CHECK(result[Tally::messages] == 3);
  CHECK(result[Tally::useful_messages] == 3);
  CHECK(result[Tally::messages_in_all] == 3);
  CHECK(result[Tally::bytes_in_all] == 3);
  CHECK(result[Tally::bytes_into_busiest] == 3);
  CHECK(result[Tally::port_utilisation] == 0.5);
  CHECK(result[Tally::work] == 3);
  CHECK(result[Tally::wasted] == 0);
}

TEST_CASE("messages that reach a serial port together are served by the number of their senders") {
  Workspace space;
  space.keep_all = true;
  run_round(any_of(4, 4), serial_links(4, 1), at_pace({2, 1, 2, 1}), space);
  CHECK(senders_of(space.all()) == std::vector<NodeId>{2, 4, 1, 3});
  CHECK(times_of(space.all()) == std::vector<double>{2, 3, 4, 5});
}

TEST_CASE("one message costs overhead and bytes over the slower of two ports, a latency after it was sent") {
  Links links = serial_links(3, 0.25, 0.5);
  links.bytes = 100;
  links.egress = {unlimited, 400, 50, 1000};  // the master's egress and the workers' ingress play no part
  links.ingress = {100, 1, 1, 1};
  Workspace space;
  space.keep_all = true;
  const RoundResult result = run_round(any_of(3, 3), links, at_pace({1, 1, 9}), space);
  // Worker 1: 1.5 + 0.25 + 100/100. Worker 2 waits: 2.75 + 0.25 + 100/50. Worker 3: 9.5 + 0.25 + 1.
  CHECK(times_of(space.all()) == std::vector<double>{2.75, 5, 10.75});
  CHECK(result[Tally::port_utilisation] == Approx((1.25 + 2.25 + 1.25) / 10.75).epsilon(1e-15));
}

TEST_CASE("latency delays every message and occupies no port") {
  Workspace space;
  space.keep_all = true;
  const RoundResult result = run_round(any_of(3, 3), serial_links(3, 0, 2), at_pace({1, 1.5, 3}), space);
  CHECK(times_of(space.all()) == std::vector<double>{3, 3.5, 5});
  CHECK(result[Tally::port_utilisation] == 0);
}

TEST_CASE("what waits for the port at completion is not received, what takes no time is") {
  Workspace space;
  space.keep_all = true;
  // Worker 2's message reaches the port at 1.5, while worker 1's is in service from 1 to 2.
  RoundResult result = run_round(any_of(1, 2), serial_links(2, 1), at_pace({1, 1.5}), space);
  CHECK(result[Tally::time] == 2);
  CHECK(result[Tally::messages] == 1);
  CHECK(result[Tally::messages_in_all] == 1);
  CHECK(result[Tally::port_utilisation] == 0.5);
  CHECK(result[Tally::work] == 2);  // worker 2 has computed
  CHECK(result[Tally::wasted] == 1);
  CHECK(space.all().size() == 1);

  Links links = serial_links(2, 0);
  links.bytes = 100;
  links.egress = {100, 100, unlimited};  // worker 2's takes no time: received at 2 as well
  result = run_round(any_of(1, 2), links, at_pace({1, 1.5}), space);
  CHECK(result[Tally::time] == 2);
  CHECK(result[Tally::messages] == 2);
  CHECK(result[Tally::useful_messages] == 1);
  REQUIRE(space.all().size() == 2);
  CHECK(space.all()[1].time == 2);
  CHECK(space.all()[1].fate == Fate::late);

  // One that is sent at the instant of completion, or still in its latency, is not received.
  result = run_round(any_of(1, 2), serial_links(2, 1), at_pace({1, 2}), space);
  CHECK(result[Tally::messages] == 1);
  result = run_round(any_of(1, 2), serial_links(2, 0, 1), at_pace({1, 1.5}), space);
  CHECK(result[Tally::time] == 2);
  CHECK(result[Tally::messages] == 1);
}

TEST_CASE("a second copy and a full group occupy the port like any other message") {
  Program program({.need = 2, .full = {1, 1}, .items = 2});
  program.add(
      {{.work = 1, .covers = 1, .item = 0, .group = 0}, {.work = 1, .covers = 1, .item = 0, .group = 0}});
  program.add({{.work = 2.5, .covers = 2.5, .item = 1, .group = 1}});
  Workspace space;
  const RoundResult result = run_round(program, serial_links(2, 1), at_pace({1, 1}), space);
  CHECK(result[Tally::time] == 4);  // 1 to 2, 2 to 3, and worker 2's, which came at 2.5, from 3 to 4
  CHECK(result[Tally::messages] == 3);
  CHECK(result[Tally::useful_messages] == 2);
  CHECK(result[Tally::port_utilisation] == 0.75);
  CHECK(result[Tally::wasted] == 1);
}

TEST_CASE("the k-th message of a serial port follows from the sorted arrivals alone") {
  Dice dice(1);
  Workspace space;
  for (int trial = 0; trial < 300; ++trial) {
    const std::uint32_t workers = 1 + dice.below(12), need = 1 + dice.below(workers);
    const double seconds = dice.between(0, 0.4), latency = dice.between(0, 1);
    Chosen times = at_pace({});
    for (std::uint32_t w = 0; w < workers; ++w) {
      times.offset.push_back(0);
      times.slope.push_back(dice.between(0, 2));
    }
    const RoundResult result =
        run_round(any_of(need, workers), serial_links(workers, seconds, latency), times, space);
    std::vector<double> sorted = times.slope;
    std::sort(sorted.begin(), sorted.end());
    // The k-th ends at max over j <= k of the j-th arrival + (k - j + 1) services.
    double end = 0;
    for (std::uint32_t j = 0; j < need; ++j) end = std::max(end, sorted[j] + latency + (need - j) * seconds);
    REQUIRE(result[Tally::time] == Approx(end).epsilon(1e-13));
    REQUIRE(result[Tally::messages] == need);
    REQUIRE(result[Tally::port_utilisation] == Approx(need * seconds / end).epsilon(1e-12));
  }
}

TEST_CASE("random stars on ideal and serial links are those of a textbook event simulation") {
  Dice dice(2);
  Workspace space;
  space.keep_all = true;
  int complete = 0;
  for (int trial = 0; trial < 3000; ++trial) {
    CAPTURE(trial);
    const Program program = random_star(dice, 1 + dice.below(9), dice.below(4) == 0);
    REQUIRE(program.kind() == Program::Kind::star);
    Links links;
    if (dice.below(4) > 0) links = random_links(dice, Discipline::serial, program.workers());
    Chosen times = random_times(dice, program);
    times.silence = dice.coin();
    if (dice.below(4) == 0)
      times.offset[dice.below(static_cast<std::uint32_t>(times.offset.size()))] = unlimited;
    const RoundResult result = run_round(program, links, times, space);
    const Account expected = simulate_plainly(program, links, times);
    check_account(result, expected);
    std::vector<Arrival> received;
    std::copy_if(space.all().begin(), space.all().end(), std::back_inserter(received),
                 [](const Arrival& arrival) { return arrival.fate != Fate::dropped; });
    if (!expected.complete) continue;
    ++complete;
    REQUIRE(received.size() == expected.arrivals.size());
    for (std::size_t i = 0; i < received.size(); ++i) {
      REQUIRE(received[i].time == Approx(expected.arrivals[i].time).epsilon(1e-12));
      REQUIRE(received[i].from == expected.arrivals[i].from);
      REQUIRE(received[i].message == expected.arrivals[i].message);
      REQUIRE(received[i].fate == expected.arrivals[i].fate);
    }
  }
  CHECK(complete > 1500);  // the others have a dead worker or too many duplicates
}

// Silence.

TEST_CASE("silence by hand: a decoded cluster's messages leave the port to the others") {
  // Two clusters of two; one message of each is enough.
  Program program({.need = 2, .full = {1, 1}});
  for (const std::uint32_t group : {0u, 0u, 1u, 1u}) program.add({{.work = 1, .covers = 1, .group = group}});
  Workspace space;
  space.keep_all = true;
  // Sent at 1, 1.25, 1.5, 9, a second each. Worker 2's waits behind worker 1's when cluster 0 is decoded
  // at 2.
  Chosen times = at_pace({1, 1.25, 1.5, 9});
  RoundResult result = run_round(program, serial_links(4, 1), times, space);
  CHECK(result[Tally::time] == 4);
  CHECK(result[Tally::messages] == 3);
  times.silence = true;
  result = run_round(program, serial_links(4, 1), times, space);
  CHECK(result[Tally::time] == 3);
  CHECK(result[Tally::messages] == 2);
  CHECK(result[Tally::messages_in_all] == 2);
  CHECK(result[Tally::useful_messages] == 2);
  CHECK(result[Tally::port_utilisation] == 2.0 / 3);
  CHECK(result[Tally::work] == 3);
  CHECK(result[Tally::wasted] == 1);
  REQUIRE(space.all().size() == 3);
  CHECK(space.all()[1].from == 2);
  CHECK(space.all()[1].fate == Fate::dropped);
  CHECK(space.all()[1].time == 2);  // when it would have had its turn
}

TEST_CASE("silence spares what is in service") {
  // Cluster 0 takes 2 in all; worker 1's message fills it at once, while nothing else is there; worker 2's,
  // which is only then sent, is dropped, and one of the other cluster is not.
  Program program({.need = 3, .full = {2, 1}});
  program.add({{.work = 1, .covers = 1, .weight = 2}});
  program.add({{.work = 1, .covers = 1}});
  program.add({{.work = 1, .covers = 1, .group = 1}});
  Workspace space;
  Chosen times = at_pace({1, 0.5, 0.75});
  times.silence = true;
  // Worker 2's is in service from 0.5 on: one of two. Worker 3's from 1.5, worker 1's from 2.5 to 3.5.
  const RoundResult result = run_round(program, serial_links(3, 1), times, space);
  CHECK(result[Tally::time] == 3.5);
  CHECK(result[Tally::messages] == 3);
}

TEST_CASE("silence on ideal links changes who is counted, not when it ends") {
  Program program({.need = 2, .full = {1, 1}});
  for (const std::uint32_t group : {0u, 0u, 1u}) program.add({{.work = 1, .covers = 1, .group = group}});
  Workspace space;
  Chosen times = at_pace({1, 2, 3});
  CHECK(run_round(program, times, space)[Tally::messages] == 3);
  times.silence = true;
  const RoundResult result = run_round(program, times, space);
  CHECK(result[Tally::time] == 3);
  CHECK(result[Tally::messages] == 2);
  CHECK(result[Tally::work] == 3);
  CHECK(result[Tally::wasted] == 1);

  // From completion on nothing is received, even by a group that still has room.
  Program tolerant({.need = 1, .full = {2}});
  for (int w = 0; w < 2; ++w) tolerant.add({{.work = 1, .covers = 1}});
  times = at_pace({1, 1});
  CHECK(run_round(tolerant, times, space)[Tally::messages] == 2);
  times.silence = true;
  CHECK(run_round(tolerant, times, space)[Tally::messages] == 1);
}

TEST_CASE("a silent star is never later, and no different where one group decides") {
  Dice dice(30);
  Workspace space;
  int sooner = 0;
  for (int trial = 0; trial < 1500; ++trial) {
    CAPTURE(trial);
    const Program program = random_star(dice, 1 + dice.below(9), dice.below(4) == 0);
    const Links links =
        dice.below(5) == 0
            ? Links{}
            : random_links(dice, dice.coin() ? Discipline::serial : Discipline::shared, program.workers());
    Chosen times = random_times(dice, program);
    const RoundResult loud = run_round(program, links, times, space);
    times.silence = true;
    const RoundResult silent = run_round(program, links, times, space);
    REQUIRE(silent.complete == loud.complete);
    if (!loud.complete) continue;
    REQUIRE(silent[Tally::time] <= loud[Tally::time] * (1 + 1e-12));  // shared links: sums in another order
    if (links.discipline != Discipline::shared) REQUIRE(silent[Tally::messages] <= loud[Tally::messages]);
    sooner += silent[Tally::time] < loud[Tally::time];
    if (program.goal().full.size() > 1 || program.goal().full[0] != program.goal().need) continue;
    REQUIRE(silent[Tally::time] == loud[Tally::time]);
    REQUIRE(silent[Tally::messages] == loud[Tally::messages]);
    REQUIRE(silent[Tally::wasted] == loud[Tally::wasted]);
    REQUIRE(silent[Tally::port_utilisation] == Approx(loud[Tally::port_utilisation]).epsilon(1e-12));
  }
  CHECK(sooner > 100);
}

// What an iteration leaves to the next.

namespace {

/// Iterations of one trial, as they follow each other.
class Successive {
 public:
  Successive(const Program& program, Links links, RoundStart mode, bool silence = false)
      : program_(program), links_(std::move(links)), mode_(mode), silence_(silence) {}

  RoundResult run(Chosen times) {
    const bool later = !leftover.busy_until.empty();
    for (std::size_t w = 0; w < times.offset.size(); ++w)
      times.offset[w] +=
          std::max(later ? leftover.busy_until[w] : 0, times.model_at.empty() ? 0 : times.model_at[w]);
    times.silence = silence_;
    Conditions conditions = times;
    if (later) conditions.leftover = &leftover;
    space_.keep_all = true;
    const RoundResult result = run_round(program_, links_, conditions, space_);
    seen_work = seen_wasted = 0;
    if (result.complete)
      for (const Slice& slice : timeline_of(program_, links_, conditions, result, space_.all()).slices) {
        const bool wasted = slice.activity == Activity::wasted;
        if (wasted || slice.activity == Activity::compute) seen_work += slice.to - slice.from;
        if (wasted) seen_wasted += slice.to - slice.from;
      }
    if (result.complete) leave(program_, links_, conditions, result, mode_, space_, leftover);
    return result;
  }

  Leftover leftover;
  double seen_work = 0, seen_wasted = 0;  ///< of the last iteration, by its timeline

 private:
  const Program& program_;
  Links links_;
  RoundStart mode_;
  bool silence_;
  Workspace space_;
};

/// The times and senders of what still has to pass the port.
std::vector<std::pair<double, NodeId>> in_flight(const Leftover& leftover) {
  std::vector<std::pair<double, NodeId>> result;
  for (const Leftover::Stale& stale : leftover.messages)
    result.emplace_back(std::max(0.0, stale.time), stale.from);
  return result;
}

using Flights = std::vector<std::pair<double, NodeId>>;

/// Every worker sends after each of three mini-batches; the master needs any three messages.
Program three_each(std::size_t workers) {
  Program program({.need = 3, .full = {3}});
  for (std::size_t w = 0; w < workers; ++w)
    program.add({{.work = 1, .covers = 1}, {.work = 1, .covers = 1}, {.work = 1, .covers = 1}});
  return program;
}

}  // namespace

TEST_CASE("abandon by hand over three iterations: sent messages stay, the rest ends at the next task") {
  const Program program = three_each(3);
  Successive trial(program, serial_links(3, 1), RoundStart::abandon);
  // Worker 1 sends at 1, 2, 3, worker 2 at 1.5, 3, 4.5, worker 3 at 3.5, 7, 10.5. The port takes worker 1's
  // and 2's first and worker 1's second until 4.
  RoundResult result = trial.run(at_pace({1, 1.5, 3.5}));
  CHECK(result[Tally::time] == 4);
  CHECK(result[Tally::messages] == 3);
  CHECK(result[Tally::work] == 3 + 2 + 1);
  // In the port's queue: the messages of 3 (two) and of 3.5. Worker 2's third ends at 4.5 and is not sent,
  // worker 3's second at 7.
  CHECK(trial.leftover.busy_until == std::vector<double>{0, 0.5, 3});
  CHECK(in_flight(trial.leftover) == Flights{{0, 1}, {0, 2}, {0, 3}});

  // Worker 1 sends at 2, 4, 6, worker 2 at 0.75, 1, 1.25, worker 3 at 3.5, 4, 4.5. Three old messages until
  // 3, worker 2's until 6.
  result = trial.run(at_pace({2, 0.25, 0.5}));
  CHECK(result[Tally::time] == 6);
  CHECK(result[Tally::messages] == 6);
  CHECK(result[Tally::useful_messages] == 3);
  CHECK(result[Tally::work] == 9 + 2);  // what was under way at 4, too: it ends at 0.5 and at 3
  CHECK(result[Tally::wasted] == 6 + 2);
  CHECK(result[Tally::port_utilisation] == 1);
  CHECK(trial.leftover.busy_until == std::vector<double>{0, 0, 0});
  CHECK(in_flight(trial.leftover) == Flights{{0, 1}, {0, 3}, {0, 1}, {0, 3}, {0, 3}, {0, 1}});

  result = trial.run(at_pace({1, 1, 1}));
  CHECK(result[Tally::time] == 9);
  CHECK(result[Tally::messages] == 9);
  CHECK(senders_of(result.taken) == std::vector<NodeId>{1, 2, 3});
}

TEST_CASE("backlog by hand over three iterations: old work is finished and sent first") {
  const Program program = three_each(3);
  Successive trial(program, serial_links(3, 1), RoundStart::backlog);
  RoundResult result = trial.run(at_pace({1, 1.5, 3.5}));
  CHECK(result[Tally::time] == 4);
  CHECK(trial.leftover.busy_until == std::vector<double>{0, 0.5, 6.5});
  CHECK(in_flight(trial.leftover) == Flights{{0, 1}, {0, 2}, {0, 3}, {0.5, 2}, {3, 3}, {6.5, 3}});

  // Worker 1 sends at 2, 4, 6, worker 2 at 0.75, 1, 1.25, worker 3 at 7, 7.5, 8. Old messages of 0, 0, 0 and
  // 0.5 until 4, worker 2's until 7.
  result = trial.run(at_pace({2, 0.25, 0.5}));
  CHECK(result[Tally::time] == 7);
  CHECK(result[Tally::messages] == 7);
  CHECK(result[Tally::useful_messages] == 3);
  CHECK(result[Tally::work] ==
        3 + 3 + 1 + 3);  // worker 3's first new one ends at 7, after two old ones; worker 2's one
  CHECK(result[Tally::wasted] == 7);
  CHECK(trial.leftover.busy_until == std::vector<double>{0, 0, 1});
  CHECK(in_flight(trial.leftover) ==
        Flights{{0, 1}, {0, 3}, {0, 1}, {0, 1}, {0, 3}, {0, 3}, {0.5, 3}, {1, 3}});

  // Six until 6, worker 3's of 0.5 until 7; at 1 worker 1 and 2 send and come before worker 3's old message.
  result = trial.run(at_pace({1, 1, 1}));
  CHECK(result[Tally::time] == 11);  // 8, 9, the old one until 10, and at 2 worker 1's second
  CHECK(result[Tally::messages] == 11);
  CHECK(senders_of(result.taken) == std::vector<NodeId>{1, 2, 1});
}

TEST_CASE(
    "abandon sends nothing at the boundary at which old work is dropped, but what is due at completion") {
  const Program program = three_each(2);
  for (const RoundStart mode : {RoundStart::abandon, RoundStart::backlog}) {
    // Worker 1's third message completes the iteration at 3, when worker 2's first is due: it has been sent.
    // Its second, due at 6, is not sent under abandon, and worker 2 is free.
    Successive trial(program, Links{}, mode);
    RoundResult result = trial.run(at_pace({1, 3}));
    CHECK(result[Tally::time] == 3);
    CHECK(result[Tally::messages] == 4);
    CHECK(result[Tally::work] == 4);
    CHECK(result[Tally::wasted] == 1);
    const bool abandon = mode == RoundStart::abandon;
    CHECK(trial.leftover.busy_until == (abandon ? std::vector<double>{0, 0} : std::vector<double>{0, 6}));
    CHECK(in_flight(trial.leftover) == (abandon ? Flights{} : Flights{{3, 2}, {6, 2}}));
    // In the middle of its first: that mini-batch ends at 3.5, and its message is not sent.
    Successive late(program, Links{}, mode);
    late.run(at_pace({1, 3.5}));
    CHECK(late.leftover.busy_until == (abandon ? std::vector<double>{0, 0.5} : std::vector<double>{0, 7.5}));
    CHECK(in_flight(late.leftover) == (abandon ? Flights{} : Flights{{0.5, 2}, {4, 2}, {7.5, 2}}));
    // Abandon: useful at 1, 2 and, from worker 2, 2.5. Backlog: at 1, 2 and 3, and an old message at 0.5.
    result = late.run(at_pace({1, 2}));
    CHECK(result[Tally::time] == (abandon ? 2.5 : 3));
    CHECK(result[Tally::messages] == (abandon ? 3 : 4));
    CHECK(result[Tally::work] == 4);
    CHECK(result[Tally::wasted] == 1);
  }
}

TEST_CASE("fresh leaves nothing") {
  const Program program = three_each(3);
  Successive trial(program, serial_links(3, 1), RoundStart::fresh);
  for (int iteration = 0; iteration < 3; ++iteration)
    CHECK(trial.run(at_pace({1, 1.5, 3.5}))[Tally::time] == 4);
  CHECK(trial.leftover.messages.empty());
}

TEST_CASE("old and new messages that reach the port together are served by the number of their senders") {
  const Program program = any_of(1, 3);
  for (const NodeId slow : {1u, 3u}) {
    Successive trial(program, serial_links(3, 1), RoundStart::backlog);
    std::vector<double> x = {9, 1, 9};
    x[slow - 1] = 3;
    CHECK(trial.run(at_pace(x))[Tally::time] == 2);
    // The slow worker's old message reaches the port at 1, like worker 2's new one.
    const RoundResult result = trial.run(at_pace({20, 1, 20}));
    CHECK(result[Tally::time] == (slow == 1 ? 3 : 2));
    CHECK(result[Tally::messages] == (slow == 1 ? 2 : 1));
  }
  // A sender's own old message comes before its new one, even if that takes no time to compute.
  Successive trial(program, serial_links(3, 1), RoundStart::backlog);
  CHECK(trial.run(at_pace({3, 1, 9}))[Tally::time] == 2);
  CHECK(trial.run(at_pace({0, 20, 20}))[Tally::time] == 3);
}

TEST_CASE("what waits at the port comes before what is sent at the very start") {
  const Program program = any_of(1, 2);
  Successive trial(program, serial_links(2, 1), RoundStart::abandon);
  CHECK(trial.run(at_pace({1, 1}))[Tally::time] == 2);
  CHECK(in_flight(trial.leftover) == Flights{{0, 2}});
  CHECK(trial.run(at_pace({0, 5}))[Tally::time] ==
        2);  // worker 1 sends at 0, and waits for worker 2's old message
}

TEST_CASE("a message in its latency reaches the port in the next iteration") {
  const Program program = any_of(1, 2);
  for (const RoundStart mode : {RoundStart::abandon, RoundStart::backlog}) {
    Successive trial(program, serial_links(2, 0.5, 2), mode);
    CHECK(trial.run(at_pace({1, 2}))[Tally::time] == 3.5);
    CHECK(trial.leftover.busy_until == std::vector<double>{0, 0});
    CHECK(in_flight(trial.leftover) == Flights{{0.5, 2}});
    const RoundResult result = trial.run(at_pace({1, 9}));
    CHECK(result[Tally::time] == 3.5);
    CHECK(result[Tally::messages] == 2);  // the old one from 0.5 to 1, the new one from 3
    CHECK(result[Tally::messages_in_all] == 2);
    CHECK(result[Tally::port_utilisation] == 1 / 3.5);

    // One that is sent at the very end is on its way.
    Successive tied(program, serial_links(2, 1, 1), mode);
    CHECK(tied.run(at_pace({1, 3}))[Tally::time] == 3);
    CHECK(in_flight(tied.leftover) == Flights{{1, 2}});
  }
}

TEST_CASE("silence drops what an iteration has left in the network, and not the work") {
  const Program program = three_each(3);
  for (const RoundStart mode : {RoundStart::abandon, RoundStart::backlog}) {
    Successive trial(program, serial_links(3, 1), mode, true);
    trial.run(at_pace({1, 1.5, 3.5}));
    CHECK(trial.leftover.messages.empty());
    CHECK(trial.leftover.busy_until ==
          (mode == RoundStart::abandon ? std::vector<double>{0, 0.5, 3} : std::vector<double>{0, 0.5, 6.5}));
    // Worker 2's messages of 0.75, 1 and 1.25 find the port free.
    const RoundResult result = trial.run(at_pace({2, 0.25, 0.5}));
    CHECK(result[Tally::time] == 3.75);
    CHECK(result[Tally::messages] == 3);
  }
}

TEST_CASE(
    "the next task boundary under each scaling, for fractional steps, and at the instant of completion") {
  Program program({.need = 1, .full = {1}});
  program.add({{.work = 1, .covers = 1}});
  program.add({{.work = 0.5, .covers = 0.5}, {.work = 2.5, .covers = 2.5}, {.work = 1, .covers = 1}});
  const auto busy_after = [&](double end, double offset, double slope, std::vector<double> draws = {}) {
    Successive trial(program, Links{}, RoundStart::abandon);
    Chosen times{.offset = {0, offset}, .slope = {end, slope}};
    if (!draws.empty()) {  // worker 1 ends its first mini-batch at `end`
      times.prefix = {0, 0};
      for (const double draw : draws) {
        times.prefix.push_back(times.prefix.size() == 2 ? end : end + 1);
        times.prefix.push_back(times.prefix[times.prefix.size() - 2] + draw);
      }
    }
    if (end < offset + 0.5 * slope) {
      CHECK(trial.run(times)[Tally::time] == end);
    } else {  // worker 2's first message would end it: the master takes worker 1's alone
      Program patient({.need = 1, .full = {1, 0}});
      patient.add({{.work = 1, .covers = 1}});
      patient.add({{.work = 0.5, .covers = 0.5, .group = 1},
                   {.work = 2.5, .covers = 2.5, .group = 1},
                   {.work = 1, .covers = 1, .group = 1}});
      Successive other(patient, Links{}, RoundStart::abandon);
      CHECK(other.run(times)[Tally::time] == end);
      return other.leftover.busy_until[1];
    }
    return trial.leftover.busy_until[1];
  };
  // Boundaries at 0.5, 1.5, 2.5, 3 and 4 mini-batches; all numbers below are binary fractions.
  CHECK(busy_after(0.25, 0, 1) == 0.25);
  CHECK(busy_after(1.25, 0, 1) == 0.25);
  CHECK(busy_after(2, 0, 1) == 0.5);
  CHECK(busy_after(2.75, 0, 1) == 0.25);
  CHECK(busy_after(3.5, 0, 1) == 0.5);
  CHECK(busy_after(4.5, 0, 1) == 0);
  // Data-dependent: two seconds before, half a second a mini-batch.
  CHECK(busy_after(1, 2, 0.5) == 1.25);
  CHECK(busy_after(3.375, 2, 0.5) == 0.125);
  // Additive: 2, 1, 4 and 1 seconds; half a mini-batch ends at 1, one and a half at 2.5, two and a half at 5.
  CHECK(busy_after(0.5, 0, 0, {2, 1, 4, 1}) == 0.5);
  CHECK(busy_after(1.25, 0, 0, {2, 1, 4, 1}) == 1.25);
  CHECK(busy_after(4, 0, 0, {2, 1, 4, 1}) == 1);
  CHECK(busy_after(6, 0, 0, {2, 1, 4, 1}) == 1);
  // A worker at a boundary when the iteration ends is free: it drops the rest at once.
  CHECK(busy_after(1.5, 0, 1) == 0);
  CHECK(busy_after(3, 0, 1) == 0);
  CHECK(busy_after(3, 2, 0.5) == 0.25);  // but 2 + 0.5 · 2 is none
}

TEST_CASE(
    "a worker that has not begun when an iteration ends does not begin any more, unless it works off a "
    "backlog") {
  const Program program = any_of(1, 2);
  Successive abandoning(program, Links{}, RoundStart::abandon),
      backlog(program, Links{}, RoundStart::backlog);
  for (Successive* trial : {&abandoning, &backlog}) {
    CHECK(trial->run(at_pace({1, 10}))[Tally::time] == 1);
    CHECK(trial->leftover.busy_until == std::vector<double>{0, 9});
    CHECK(trial->run(at_pace({2, 5}))[Tally::time] == 2);
  }
  CHECK(abandoning.leftover.busy_until == std::vector<double>{0, 7});
  CHECK(abandoning.leftover.messages.empty());
  CHECK(backlog.leftover.busy_until == std::vector<double>{0, 12});
  CHECK(in_flight(backlog.leftover) == Flights{{7, 2}, {12, 2}});
  // An iteration that ends as its old task does: the old one is dropped at its boundary, the new one not
  // begun.
  CHECK(abandoning.run(at_pace({7, 5}))[Tally::time] == 7);
  CHECK(abandoning.leftover.busy_until == std::vector<double>{0, 0});
}

TEST_CASE("a model on its way keeps a worker from beginning") {
  const Program program = any_of(1, 2);
  Successive trial(program, Links{}, RoundStart::abandon);
  Chosen times = at_pace({1, 1});
  times.model_at = {1, 3};
  CHECK(trial.run(times)[Tally::time] == 2);
  CHECK(trial.leftover.busy_until == std::vector<double>{0, 0});
}

TEST_CASE(
    "a worker that is dead in one iteration keeps the work of earlier ones, and takes part in the next") {
  const Program program = any_of(1, 2);
  for (const RoundStart mode : {RoundStart::abandon, RoundStart::backlog}) {
    Successive trial(program, Links{}, mode);
    trial.run(at_pace({1, unlimited}));
    CHECK(trial.leftover.busy_until == std::vector<double>{0, 0});
    CHECK(trial.leftover.messages.empty());
    trial.run(at_pace({1, 4}));
    CHECK(trial.leftover.busy_until == std::vector<double>{0, 3});
    trial.run(at_pace({1, unlimited}));
    CHECK(trial.leftover.busy_until == std::vector<double>{0, 2});
    CHECK(in_flight(trial.leftover) == (mode == RoundStart::backlog ? Flights{{2, 2}} : Flights{}));
    const RoundResult result = trial.run(at_pace({5, 1}));
    CHECK(result[Tally::time] == 3);
    CHECK(result.taken[0].from == 2);
  }
}

namespace {

/// What the kernel below says of an iteration.
struct Slowly {
  double time = 0;
  std::uint64_t messages = 0;
  double gradients = 0;  // their size
  double served = 0;
  double work = 0, wasted = 0;
};

/// All iterations of a trial on one clock that never goes back: workers with work of their own to finish, one
/// queue at the port. Empty from the first iteration on that cannot complete.
std::vector<Slowly> on_one_clock(const Program& program, const Links& links,
                                 const std::vector<Chosen>& iterations, RoundStart mode, bool silence) {
  struct Message {
    double reaches, sent, seconds, size;
    NodeId from;
    std::size_t iteration;
    std::uint32_t index;
  };
  // A whole mini-batch of a step, or what is left of the step after them.
  struct Task {
    double ends, size;
    std::size_t worker, iteration;
  };
  const std::size_t workers = program.workers();
  std::vector<Message> messages;  // not served yet
  std::vector<Task> tasks;        // not ended yet
  std::vector<double> free_at(workers, 0);
  std::vector<Slowly> result;
  double now = 0, port_free = 0;
  const bool serial = links.discipline == Discipline::serial;
  for (std::size_t i = 0; i < iterations.size(); ++i) {
    const Conditions c = iterations[i];
    std::vector<double> start(workers), before = free_at;
    for (std::size_t w = 0; w < workers; ++w) {
      const auto node = static_cast<NodeId>(w + 1);
      start[w] = std::max(now, free_at[w]);
      for (std::uint32_t j = 0; j < program.messages(node).size(); ++j) {
        const double sent = start[w] + work_ends(c, program.messages(node)[j].work, w);
        const double size = program.route(node, j).size;
        if (sent < unlimited)
          messages.push_back({sent + (serial ? links.latency : 0), sent,
                              serial ? links.seconds(node, master, size) : 0, size, node, i, j});
      }
      const double end = start[w] + work_ends(c, program.load(node), w);
      if (end == unlimited) continue;
      free_at[w] = end;
      double step_from = 0;
      for (const Program::Message& step : program.messages(node)) {
        double from = step_from;
        while (from < step.work) {
          const double to = std::min(from + 1, step.work);
          tasks.push_back({start[w] + work_ends(c, to, w), to - from, w, i});
          from = to;
        }
        step_from = step.work;
      }
    }
    PlainIntake intake(program.goal());
    std::vector<std::vector<std::pair<double, double>>> covered(
        workers);  // of each one's work, by useful messages
    Slowly tally;
    while (!intake.enough()) {
      const auto first =
          std::min_element(messages.begin(), messages.end(), [](const Message& a, const Message& b) {
            return std::tie(a.reaches, a.from, a.iteration, a.index) <
                   std::tie(b.reaches, b.from, b.iteration, b.index);
          });
      if (first == messages.end()) return result;
      const Message message = *first;
      messages.erase(first);
      const Program::Message& step = program.messages(message.from)[message.index];
      if (silence && (message.iteration < i || intake.room(step.group) == 0)) continue;
      port_free = std::max(port_free, message.reaches) + message.seconds;
      tally.served += message.seconds;
      ++tally.messages;
      tally.gradients += message.size;
      if (message.iteration == i && intake.receive(step) == Fate::useful)
        covered[message.from - 1].emplace_back(step.work - step.covers, step.work);
    }
    tally.time = port_free - now;
    if (serial) tally.served /= tally.time;
    now = port_free;
    for (const Task& task : tasks)
      if (task.ends <= now) tally.work += task.size;
    std::erase_if(tasks, [&](const Task& task) { return task.ends <= now; });
    tally.wasted = tally.work;
    for (auto& ranges : covered) {
      std::sort(ranges.begin(), ranges.end());
      double until = 0;
      for (const auto& [from, to] : ranges) {
        tally.wasted -= std::max(0.0, to - std::max(from, until));
        until = std::max(until, to);
      }
    }
    result.push_back(tally);
    if (mode == RoundStart::backlog) continue;
    for (std::size_t w = 0; w < workers; ++w) {
      const auto node = static_cast<NodeId>(w + 1);
      if (start[w] == unlimited || work_ends(c, program.load(node), w) == unlimited) continue;
      if (start[w] >= now) {
        free_at[w] = before[w];
      } else {
        double done = 0;  // the start is no boundary
        const auto goes_on = [&] { return done == 0 || start[w] + work_ends(c, done, w) < now; };
        for (const Program::Message& step : program.messages(node)) {
          for (double at = done + 1; goes_on() && at < step.work; at += 1) done = at;
          if (goes_on()) done = step.work;
        }
        free_at[w] = start[w] + work_ends(c, done, w);
      }
      std::erase_if(messages, [&](const Message& m) { return m.from == node && m.sent > now; });
      std::erase_if(tasks, [&](const Task& task) { return task.worker == w && task.ends > free_at[w]; });
    }
  }
  return result;
}

}  // namespace

TEST_CASE("five iterations with leftovers are those of one clock that never goes back") {
  Dice dice(31);
  int complete = 0, old_work = 0;
  for (int trial = 0; trial < 1500; ++trial) {
    CAPTURE(trial);
    const Program program = random_star(dice, 1 + dice.below(6), dice.coin());
    Links links;
    if (dice.below(4) > 0) links = random_links(dice, Discipline::serial, program.workers());
    const RoundStart mode = dice.coin() ? RoundStart::abandon : RoundStart::backlog;
    const bool silence = dice.below(3) == 0;
    std::vector<Chosen> iterations;
    for (int i = 0; i < 5; ++i) {
      iterations.push_back(random_times(dice, program));
      if (dice.below(8) == 0)
        iterations.back().offset[dice.below(static_cast<std::uint32_t>(program.workers()))] = unlimited;
    }
    const std::vector<Slowly> expected = on_one_clock(program, links, iterations, mode, silence);
    Successive successive(program, links, mode, silence);
    for (std::size_t i = 0; i < iterations.size(); ++i) {
      CAPTURE(i);
      const RoundResult result = successive.run(iterations[i]);
      REQUIRE(result.complete == (i < expected.size()));
      if (!result.complete) break;
      ++complete;
      // Differences of times on the long clock: rounding of a hundred seconds.
      REQUIRE(result[Tally::time] == Approx(expected[i].time).epsilon(1e-11).margin(1e-11));
      REQUIRE(result[Tally::messages] == expected[i].messages);
      REQUIRE(result[Tally::bytes_in_all] == Approx(expected[i].gradients).margin(1e-9));
      REQUIRE(result[Tally::bytes_into_busiest] == result[Tally::bytes_in_all]);
      REQUIRE(result[Tally::port_utilisation] == Approx(expected[i].served).margin(1e-9));
      REQUIRE(result[Tally::work] == Approx(expected[i].work).margin(1e-9));
      REQUIRE(result[Tally::wasted] == Approx(expected[i].wasted).margin(1e-9));
      old_work += i > 0 && expected[i].wasted > 0;
      // Once more with everything kept: the timeline's stretches are the same work.
      REQUIRE(successive.seen_work == Approx(expected[i].work).margin(1e-9));
      REQUIRE(successive.seen_wasted == Approx(expected[i].wasted).margin(1e-9));
    }
  }
  CHECK(complete > 3000);
  CHECK(old_work > 1000);
}

TEST_CASE("where everybody's last message is needed, no iteration leaves anything") {
  Dice dice(32);
  for (int trial = 0; trial < 100; ++trial) {
    const std::uint32_t workers = 1 + dice.below(6);
    const Program program = any_of(workers, workers);
    const Links links = random_links(dice, Discipline::serial, workers);
    Successive fresh(program, links, RoundStart::fresh), abandoning(program, links, RoundStart::abandon),
        backlog(program, links, RoundStart::backlog);
    for (int i = 0; i < 4; ++i) {
      const Chosen times = random_times(dice, program);
      const double time = fresh.run(times)[Tally::time];
      REQUIRE(abandoning.run(times)[Tally::time] == time);
      REQUIRE(backlog.run(times)[Tally::time] == time);
    }
  }
}

TEST_CASE("messages of several sizes occupy the port for theirs, also those of an earlier iteration") {
  // A short message, and one of three gradients; a gradient takes a second.
  Program program({.need = 2, .full = {2}});
  for (int w = 0; w < 2; ++w)
    program.add({{.work = 1, .covers = 1, .size = 0.5}, {.work = 1, .covers = 1, .size = 3}});
  CHECK(program.kind() == Program::Kind::star);
  CHECK_FALSE(program.plain());
  Links links = serial_links(2, 0);
  links.bytes = 1;
  for (double& bandwidth : links.egress) bandwidth = 1;
  Successive successive(program, links, RoundStart::backlog);
  // Both short ones at 1: received at 1.5 and 2. Worker 1's long one reaches the port at 2, worker 2's later.
  RoundResult result = successive.run(at_pace({1, 1}));
  CHECK(result[Tally::time] == 2);
  CHECK(result[Tally::messages] == 2);
  CHECK(result[Tally::bytes_in_all] == 1);
  CHECK(result[Tally::port_utilisation] == 0.5);
  REQUIRE(successive.leftover.messages.size() == 2);
  for (const Leftover::Stale& stale : successive.leftover.messages) {
    CHECK(stale.time == 0);
    CHECK(stale.seconds == 3);
    CHECK(stale.size == 3);
  }
  // They keep the port until 6, the short ones come at 1, and are received at 6.5 and 7.
  result = successive.run(at_pace({1, 1}));
  CHECK(result[Tally::time] == 7);
  CHECK(result[Tally::messages] == 4);
  CHECK(result[Tally::bytes_in_all] == 7);
  CHECK(result[Tally::bytes_into_busiest] == 7);
  CHECK(result[Tally::port_utilisation] == 1);
}

TEST_CASE("on ideal links the size of messages changes bytes alone") {
  Workspace space;
  Program sized({.need = 3, .full = {3}});
  for (int w = 0; w < 3; ++w) sized.add({{.work = 1, .covers = 1, .size = 0.25}});
  const Program plain = any_of(3, 3);
  const Chosen times = at_pace({1, 3, 2});
  const RoundResult small = run_round(sized, times, space);
  const double bytes = small[Tally::bytes_in_all], time = small[Tally::time];
  CHECK(bytes == 0.75);
  const RoundResult whole = run_round(plain, times, space);
  CHECK(whole[Tally::bytes_in_all] == 3);
  CHECK(time == whole[Tally::time]);
}

TEST_CASE("a message of a negative size is refused") {
  Program program({.need = 1, .full = {1}});
  CHECK_THROWS_AS(program.add({{.work = 1, .covers = 1, .size = -1}}), std::logic_error);
}

TEST_CASE("trees leave nothing but a fresh start") {
  Program program({.need = 1, .full = {1}});
  program.add({{.work = 1, .covers = 1, .need = 1}});
  program.add({{.work = 1, .covers = 1, .to = 1}});
  const Chosen times = at_pace({1, 1});
  Workspace space;
  Leftover leftover;
  const RoundResult result = run_round(program, times, space);
  leave(program, Links{}, times, result, RoundStart::fresh, space, leftover);
  CHECK(leftover.messages.empty());
  CHECK_THROWS_AS(leave(program, Links{}, times, result, RoundStart::backlog, space, leftover),
                  std::logic_error);
  Conditions conditions = times;
  conditions.leftover = &leftover;
  CHECK_THROWS_AS(run_round(program, conditions, space), std::logic_error);
}
