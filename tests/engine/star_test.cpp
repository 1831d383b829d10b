// Stars on ideal and serial links: by hand, against Lindley's recursion and a textbook event simulation,
// silence, and what an iteration leaves to the next.
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
  CHECK(result.time == 6);
  CHECK(result.messages == 3);
  CHECK(result.useful == 3);
  CHECK(result.hops == 3);
  CHECK(result.volume == 3);
  CHECK(result.largest_volume == 3);
  CHECK(result.utilisation == 0.5);
  CHECK(result.work == 3);
  CHECK(result.wasted == 0);
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
  CHECK(result.utilisation == Approx((1.25 + 2.25 + 1.25) / 10.75).epsilon(1e-15));
}

TEST_CASE("latency delays every message and occupies no port") {
  Workspace space;
  space.keep_all = true;
  const RoundResult result = run_round(any_of(3, 3), serial_links(3, 0, 2), at_pace({1, 1.5, 3}), space);
  CHECK(times_of(space.all()) == std::vector<double>{3, 3.5, 5});
  CHECK(result.utilisation == 0);
}

TEST_CASE("what waits for the port at completion is not received, what takes no time is") {
  Workspace space;
  space.keep_all = true;
  // Worker 2's message reaches the port at 1.5, while worker 1's is in service from 1 to 2.
  RoundResult result = run_round(any_of(1, 2), serial_links(2, 1), at_pace({1, 1.5}), space);
  CHECK(result.time == 2);
  CHECK(result.messages == 1);
  CHECK(result.hops == 1);
  CHECK(result.utilisation == 0.5);
  CHECK(result.work == 2);  // worker 2 has computed
  CHECK(result.wasted == 1);
  CHECK(space.all().size() == 1);

  Links links = serial_links(2, 0);
  links.bytes = 100;
  links.egress = {100, 100, unlimited};  // worker 2's takes no time: received at 2 as well
  result = run_round(any_of(1, 2), links, at_pace({1, 1.5}), space);
  CHECK(result.time == 2);
  CHECK(result.messages == 2);
  CHECK(result.useful == 1);
  REQUIRE(space.all().size() == 2);
  CHECK(space.all()[1].time == 2);
  CHECK(space.all()[1].fate == Fate::late);

  // One that is sent at the instant of completion, or still in its latency, is not received.
  result = run_round(any_of(1, 2), serial_links(2, 1), at_pace({1, 2}), space);
  CHECK(result.messages == 1);
  result = run_round(any_of(1, 2), serial_links(2, 0, 1), at_pace({1, 1.5}), space);
  CHECK(result.time == 2);
  CHECK(result.messages == 1);
}

TEST_CASE("a second copy and a full group occupy the port like any other message") {
  Program program({.need = 2, .full = {1, 1}, .items = 2});
  program.add(
      {{.work = 1, .covers = 1, .item = 0, .group = 0}, {.work = 1, .covers = 1, .item = 0, .group = 0}});
  program.add({{.work = 2.5, .covers = 2.5, .item = 1, .group = 1}});
  Workspace space;
  const RoundResult result = run_round(program, serial_links(2, 1), at_pace({1, 1}), space);
  CHECK(result.time == 4);  // 1 to 2, 2 to 3, and worker 2's, which came at 2.5, from 3 to 4
  CHECK(result.messages == 3);
  CHECK(result.useful == 2);
  CHECK(result.utilisation == 0.75);
  CHECK(result.wasted == 1);
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
    REQUIRE(result.time == Approx(end).epsilon(1e-13));
    REQUIRE(result.messages == need);
    REQUIRE(result.utilisation == Approx(need * seconds / end).epsilon(1e-12));
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
    Links links;
    if (dice.below(4) > 0) links = random_links(dice, Links::Sharing::serial, program.workers());
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
