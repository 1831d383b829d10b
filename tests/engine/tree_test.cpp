// Trees on ideal and serial links: by hand, and against a textbook event simulation.
#include "tests/engine/support.h"

using namespace straggle;
using namespace straggle::testing;

namespace {

/// The root has relays 1 and 2, relay 1 has leaves 3 and 4, relay 2 has 5 and 6. Everybody computes one
/// mini-batch; the root needs `at_root` messages and a relay `at_relay`.
Program two_by_two(std::uint32_t at_root, std::uint32_t at_relay) {
  Program program({.need = at_root, .full = {at_root}});
  for (int relay = 0; relay < 2; ++relay) program.add({{.work = 1, .covers = 1, .need = at_relay}});
  for (const NodeId parent : {1u, 1u, 2u, 2u}) program.add({{.work = 1, .covers = 1, .to = parent}});
  return program;
}

struct Found {
  double time;
  NodeId from;
  Fate fate;
  friend bool operator==(const Found&, const Found&) = default;
};

std::vector<Found> found(const std::vector<Arrival>& arrivals) {
  std::vector<Found> result;
  for (const Arrival& arrival : arrivals) result.push_back({arrival.time, arrival.from, arrival.fate});
  std::sort(result.begin(), result.end(), [](const Found& a, const Found& b) {
    return std::tie(a.time, a.from) < std::tie(b.time, b.from);
  });
  return result;
}

std::vector<NodeId> senders_of(std::span<const Arrival> arrivals) {
  std::vector<NodeId> senders;
  for (const Arrival& arrival : arrivals) senders.push_back(arrival.from);
  std::sort(senders.begin(), senders.end());
  return senders;
}

}  // namespace

TEST_CASE("a tree by hand: relays wait for their senders and for their own work") {
  const Program program = two_by_two(2, 2);
  Workspace space;
  space.keep_all = true;
  // Leaves 3 and 4 send at 1, leaf 5 at 2, leaf 6 at 3; relay 1 has computed at 6, relay 2 at 1.
  const RoundResult result = run_round(program, serial_links(6, 1), at_pace({6, 1, 1, 1, 2, 3}), space);
  // Relay 1: messages at 2 and 3, own work at 6, received by the root from 6 to 7.
  // Relay 2: messages at 3 and 4, received by the root from 4 to 5.
  CHECK(found(space.all()) == std::vector<Found>{{2, 3, Fate::useful},
                                                 {3, 4, Fate::useful},
                                                 {3, 5, Fate::useful},
                                                 {4, 6, Fate::useful},
                                                 {5, 2, Fate::useful},
                                                 {7, 1, Fate::useful}});
  CHECK(result.complete);
  CHECK(result[Tally::time] == 7);
  CHECK(result[Tally::messages] == 2);
  CHECK(result[Tally::useful_messages] == 2);
  CHECK(result[Tally::messages_in_all] == 6);
  CHECK(result[Tally::bytes_in_all] == 6);
  CHECK(result[Tally::bytes_into_busiest] == 2);
  CHECK(result[Tally::port_utilisation] == 2.0 / 7);
  CHECK(result[Tally::work] == 6);
  CHECK(result[Tally::wasted] == 0);
  CHECK(senders_of(result.taken) == std::vector<NodeId>{1, 2, 3, 4, 5, 6});
}

TEST_CASE("a tree on ideal links may have gradients with a size: late messages cost no port") {
  Workspace space;
  Links ideal;
  ideal.bytes = 100;  // as a configuration with "gradient" and without "network" has it
  const Program program = two_by_two(1, 1);
  // Leaf 4 comes to relay 1 after the root has what it needs.
  const RoundResult result = run_round(program, ideal, at_pace({1, 9, 1, 5, 9, 9}), space);
  CHECK(result[Tally::time] == 1);
  CHECK(result[Tally::port_utilisation] == 0);
  CHECK(result[Tally::messages_in_all] == 2);
}

TEST_CASE(
    "a relay goes on with its first senders; what comes later or is still in its port counts where it is") {
  const Program program = two_by_two(1, 1);
  Workspace space;
  space.keep_all = true;
  // Relay 2 hears leaf 5 at 1.5 to 2.5 and leaf 6, from 1.75, at 2.5 to 3.5; it sends at 2.5: root 2.5
  // to 3.5. Relay 1 hears leaf 3 from 2 to 3, so that the root gets its message from 3.5 to 4.5, and leaf 4
  // from 3.25.
  const RoundResult result =
      run_round(program, serial_links(6, 1), at_pace({1, 1, 2, 3.25, 1.5, 1.75}), space);
  CHECK(result[Tally::time] == 3.5);
  CHECK(found(space.all()) ==
        std::vector<Found>{
            {2.5, 5, Fate::useful}, {3, 3, Fate::useful}, {3.5, 2, Fate::useful}, {3.5, 6, Fate::late}});
  CHECK(result[Tally::messages] == 1);
  CHECK(result[Tally::useful_messages] == 1);
  CHECK(result[Tally::messages_in_all] == 4);
  CHECK(result[Tally::bytes_in_all] == 4);
  CHECK(result[Tally::bytes_into_busiest] == 2);  // into relay 2
  CHECK(result[Tally::port_utilisation] == 2 / 3.5);
  CHECK(result[Tally::work] == 6);
  // Leaf 3's message was useful to relay 1, whose own message was not: only 2 and 5 are in the result.
  CHECK(senders_of(result.taken) == std::vector<NodeId>{2, 5});
  CHECK(result[Tally::wasted] == 4);
}

TEST_CASE("the busiest port is busy with what it is receiving at completion too") {
  // Leaf 3 takes 8 of relay 1's seconds, from 1 on; leaf 4 nothing of anybody's, by way of relay 2.
  Program program({.need = 1, .full = {1}});
  for (int relay = 0; relay < 2; ++relay) program.add({{.work = 1, .covers = 1, .need = 1}});
  for (const NodeId parent : {1u, 2u}) program.add({{.work = 1, .covers = 1, .to = parent}});
  Links links = serial_links(4, 1);
  links.bytes = 1;
  links.egress[3] = 1.0 / 7;
  Workspace space;
  const RoundResult result = run_round(program, links, at_pace({1, 1, 1, 2}), space);
  CHECK(result[Tally::time] == 4);
  CHECK(result[Tally::messages_in_all] == 2);
  CHECK(result[Tally::port_utilisation] == 0.75);  // relay 1: 1 to 4
}

TEST_CASE("on ideal links a relay's message is there when its last sender has finished") {
  const Program program = two_by_two(2, 1);
  Workspace space;
  const RoundResult result = run_round(program, at_pace({3, 1, 9, 2, 4, 8}), space);
  CHECK(result[Tally::time] == 4);  // relay 1 with leaf 4 at 3, relay 2 with leaf 5 at 4
  CHECK(result[Tally::messages] == 2);
  CHECK(result[Tally::messages_in_all] == 4);
  CHECK(result[Tally::port_utilisation] == 0);
  CHECK(result[Tally::work] == 4);  // leaves 3 and 6 have not finished
  CHECK(result[Tally::wasted] == 0);
}

TEST_CASE("a relay that never answers takes its subtree with it") {
  Workspace space;
  const std::vector<double> x = {unlimited, 1, 1, 1, 1, 1};
  const RoundResult lost = run_round(two_by_two(2, 1), serial_links(6, 1), at_pace(x), space);
  CHECK_FALSE(lost.complete);
  CHECK(lost.missing == 1);
  CHECK(run_round(two_by_two(1, 1), serial_links(6, 1), at_pace(x), space).complete);
}

TEST_CASE("random trees on ideal and serial links are those of a textbook event simulation") {
  Dice dice(3);
  Workspace space;
  space.keep_all = true;
  int complete = 0, with_waste = 0;
  const auto try_tree = [&](const std::vector<NodeId>& parents, std::uint32_t spare) {
    const Program program = tree_of(dice, parents, spare, dice.below(3) == 0);
    Links links;
    if (dice.below(5) > 0) links = random_links(dice, Discipline::serial, program.workers());
    if (dice.below(5) == 0) links.overhead = links.bytes = 0;  // no time at the ports
    Chosen times = random_times(dice, program);
    if (dice.below(6) == 0)
      times.offset[dice.below(static_cast<std::uint32_t>(times.offset.size()))] = unlimited;
    if (dice.below(4) == 0) {
      send_model(program, links, dice.coin() ? Downlink::unicast : Downlink::multicast, times.model_at);
      for (std::size_t w = 0; w < times.offset.size(); ++w) times.offset[w] += times.model_at[w];
    }
    times.silence = dice.below(4) == 0;
    const RoundResult result = run_round(program, links, times, space);
    Account expected = simulate_plainly(program, links, times);
    check_account(result, expected);
    if (!result.complete) return;
    ++complete;
    with_waste += result[Tally::wasted] > 0;
    const auto order = [](const Arrival& a, const Arrival& b) { return a.from < b.from; };
    REQUIRE(std::is_sorted(space.all().begin(), space.all().end(),
                           [](const Arrival& a, const Arrival& b) { return a.time < b.time; }));
    std::vector<Arrival> arrivals = space.all();
    std::erase_if(arrivals, [](const Arrival& arrival) { return arrival.fate == Fate::dropped; });
    std::sort(arrivals.begin(), arrivals.end(), order);
    std::sort(expected.arrivals.begin(), expected.arrivals.end(), order);
    REQUIRE(arrivals.size() == expected.arrivals.size());
    for (std::size_t i = 0; i < arrivals.size(); ++i) {
      REQUIRE(arrivals[i].from == expected.arrivals[i].from);
      REQUIRE(arrivals[i].time == Approx(expected.arrivals[i].time).epsilon(1e-12));
      REQUIRE(arrivals[i].fate == expected.arrivals[i].fate);
    }
  };
  const std::pair<std::uint32_t, std::uint32_t> shapes[] = {{3, 2}, {4, 3}, {2, 4}};
  for (const auto& [arity, depth] : shapes)
    for (int trial = 0; trial < 120; ++trial) {
      CAPTURE(arity, depth, trial);
      try_tree(regular_parents(arity, depth), dice.below(arity));
    }
  for (int trial = 0; trial < 1500; ++trial) {
    CAPTURE(trial);
    try_tree(random_parents(dice, 1 + dice.below(14)), dice.below(3));
  }
  CHECK(complete > 1400);
  CHECK(with_waste > 300);
}

TEST_CASE("a program refuses steps that no tree has") {
  Program program({.need = 1, .full = {1}});
  program.add({{.work = 1, .covers = 1, .need = 1}});
  CHECK_THROWS_AS(program.add({{.work = 1, .to = 2}}), std::logic_error);  // to itself
  CHECK_THROWS_AS(program.add({{.work = 1, .to = 7}}), std::logic_error);
  CHECK_THROWS_AS(program.add({{.work = 1, .need = 1}, {.work = 1}}), std::logic_error);
}

TEST_CASE("in a tree a worker sends to one receiver, and that is a relay") {
  Program program({.need = 1, .full = {1}});
  program.add({{.work = 1, .covers = 1, .need = 1}});
  program.add({{.work = 1, .covers = 1}});
  program.add({});
  CHECK_THROWS_AS(program.add({{.work = 1, .to = 1}, {.work = 1, .to = master}}), std::logic_error);
  CHECK_THROWS_AS(program.add({{.work = 1, .to = 2}}), std::logic_error);  // waits for nobody
  CHECK_THROWS_AS(program.add({{.work = 1, .to = 3}}), std::logic_error);  // sends nothing
  program.add({{.work = 1, .to = 1}, {.work = 1, .to = 1}});
}
