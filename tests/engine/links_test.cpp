// The model's way down, and what faster and slower links may do to a round.
#include "sim/engine/links.h"

#include "tests/engine/support.h"

using namespace straggle;
using namespace straggle::testing;

namespace {

std::vector<double> model_at(const Program& program, const Links& links, Downlink downlink) {
  std::vector<double> at = {99};  // send_model starts afresh
  send_model(program, links, downlink, at);
  return at;
}

Program star_of(std::size_t workers, std::uint32_t need) {
  Program program({.need = need, .full = {need}});
  for (std::size_t w = 0; w < workers; ++w) program.add({{.work = 1, .covers = 1}});
  return program;
}

/// The root has relays 1 and 2, relay 1 has leaves 3 and 4, relay 2 has leaf 5.
Program small_tree() {
  Program program({.need = 2, .full = {2}});
  program.add({{.work = 1, .covers = 1, .need = 2}});
  program.add({{.work = 1, .covers = 1, .need = 1}});
  for (const NodeId parent : {1u, 1u, 2u}) program.add({{.work = 1, .covers = 1, .to = parent}});
  return program;
}

/// The times with the model's on top.
Chosen after_the_model(Chosen times, const Program& program, const Links& links, Downlink downlink) {
  send_model(program, links, downlink, times.model_at);
  for (std::size_t w = 0; w < times.model_at.size(); ++w) times.offset[w] += times.model_at[w];
  return times;
}

}  // namespace

TEST_CASE("a message occupies a port for its overhead and its bytes over the slower port") {
  Links links = serial_links(2, 0.25);
  CHECK(links.seconds(1, master, 1) == 0.25);
  links.bytes = 100;
  CHECK(links.seconds(1, master, 1) == 0.25);  // without limits, bytes take no time
  links.egress = {50, 200, 400};
  links.ingress = {100, 300, 25};
  CHECK(links.seconds(1, master, 1) == 1.25);
  CHECK(links.seconds(1, master, 0.5) == 0.75);
  CHECK(links.seconds(2, 1, 1) == 0.25 + 1.0 / 3);
  CHECK(links.seconds(master, 2, 3) == 12.25);
  links.bytes = 0;
  CHECK(links.seconds(master, 2, 3) == 0.25);
}

TEST_CASE("in a star the model is everywhere at once, or arrives one worker after another") {
  const Program star = star_of(3, 3);
  Links links = serial_links(3, 0.25, 0.5);
  CHECK(model_at(star, links, Downlink::none).empty());
  CHECK(model_at(star, links, Downlink::multicast) == std::vector<double>{0.75, 0.75, 0.75});
  CHECK(model_at(star, links, Downlink::unicast) == std::vector<double>{0.75, 1, 1.25});
  // Down, the master's egress and the worker's ingress decide.
  links.bytes = 100;
  links.egress = {200, 1, 1, 1};
  links.ingress = {1, 400, 100, 200};
  CHECK(model_at(star, links, Downlink::multicast) == std::vector<double>{1.25, 1.75, 1.25});
  CHECK(model_at(star, links, Downlink::unicast) == std::vector<double>{1.25, 2.5, 3.25});
  // On ideal links it takes no time, but it is sent.
  CHECK(model_at(star, Links{}, Downlink::unicast) == std::vector<double>{0, 0, 0});
}

TEST_CASE("in a tree relays forward the model at once, each to its own senders") {
  const Program tree = small_tree();
  const Links links = serial_links(5, 1, 0.5);
  CHECK(model_at(tree, links, Downlink::multicast) == std::vector<double>{1.5, 1.5, 3, 3, 3});
  // The root sends to 1 until 1 and to 2 until 2; relay 1 has it at 1.5 and sends to 3 and then to 4.
  CHECK(model_at(tree, links, Downlink::unicast) == std::vector<double>{1.5, 2.5, 3, 4, 4});
}

TEST_CASE("an exchange sends no model: its second half is what spreads it") {
  Program ring = Program::exchange(2, 0.5);
  ring.add({{.work = 1, .to = 2}});
  ring.add({{.work = 1, .to = 1}});
  CHECK(model_at(ring, serial_links(2, 1), Downlink::unicast).empty());
}

TEST_CASE("workers compute once they have the model, which counts where it went") {
  const Program star = star_of(3, 2);
  Workspace space;
  const Links links = serial_links(3, 1, 0.5);
  // The model at 1.5, 2.5, 3.5; messages sent at 3.5, 3.5, 13.5; received from 4 to 5 and to 6.
  const Chosen times = after_the_model(at_pace({2, 1, 10}), star, links, Downlink::unicast);
  const RoundResult result = run_round(star, links, times, space);
  CHECK(result[Tally::time] == 6);
  CHECK(result[Tally::messages] == 2);
  CHECK(result[Tally::messages_in_all] == 5);
  CHECK(result[Tally::bytes_in_all] == 5);
  CHECK(result[Tally::bytes_into_busiest] == 2);
  CHECK(result[Tally::port_utilisation] == 2.0 / 6);
  CHECK(result[Tally::work] == 2);

  // At 3.5 worker 3 gets the model and the master worker 1's message: both have been received.
  const RoundResult tied = run_round(
      star_of(3, 1), links, after_the_model(at_pace({0.5, 9, 9}), star, links, Downlink::unicast), space);
  CHECK(tied[Tally::time] == 3.5);
  CHECK(tied[Tally::messages_in_all] == 1 + 3);

  // What has not come by completion is not counted: the model reaches worker 3 only at 8.5.
  Links slow = links;
  slow.bytes = 1;
  slow.egress = slow.ingress = {unlimited, unlimited, unlimited, 1.0 / 5};
  const Chosen late = after_the_model(at_pace({2, 1, 10}), star, slow, Downlink::unicast);
  CHECK(late.model_at == std::vector<double>{1.5, 2.5, 8.5});
  const RoundResult without = run_round(star, slow, late, space);
  CHECK(without[Tally::time] == 6);
  CHECK(without[Tally::messages_in_all] == 4);
  CHECK(without[Tally::bytes_in_all] == 4);
  // Worker 3's port has been receiving since 2.5.
  CHECK(without[Tally::port_utilisation] == Approx(3.5 / 6));
}

TEST_CASE("a tree by hand with the model on its way down") {
  const Program tree = small_tree();
  const Links links = serial_links(5, 1, 0.5);
  Workspace space;
  // Multicast: relays at 1.5, leaves at 3. Everybody computes for a second: leaves send at 4, relay 1 hears
  // them from 4.5 to 6.5, relay 2 from 4.5 to 5.5; the root hears relay 2 from 6 to 7 and relay 1 from 7
  // to 8.
  const Chosen times = after_the_model(at_pace({1, 1, 1, 1, 1}), tree, links, Downlink::multicast);
  const RoundResult result = run_round(tree, links, times, space);
  CHECK(result[Tally::time] == 8);
  CHECK(result[Tally::messages] == 2);
  CHECK(result[Tally::messages_in_all] == 5 + 5);
  CHECK(result[Tally::bytes_in_all] == 10);
  CHECK(result[Tally::bytes_into_busiest] == 3);  // relay 1: the model and two messages
  CHECK(result[Tally::port_utilisation] == 3.0 / 8);
}

TEST_CASE("on ideal links the model counts and takes no time") {
  const Program star = star_of(3, 2);
  Workspace space;
  const RoundResult result =
      run_round(star, after_the_model(at_pace({1, 2, 3}), star, Links{}, Downlink::multicast), space);
  CHECK(result[Tally::time] == 2);
  CHECK(result[Tally::messages_in_all] == 2 + 3);
  CHECK(result[Tally::bytes_in_all] == 5);
  CHECK(result[Tally::port_utilisation] == 0);
}

TEST_CASE("on shared links the model takes what an empty network would give it") {
  const Program star = star_of(2, 2);
  Links links = shared_links(2, 100, 100, 0.5);
  CHECK(model_at(star, links, Downlink::multicast) == std::vector<double>{1.5, 1.5});
  CHECK(model_at(star, links, Downlink::unicast) == std::vector<double>{1.5, 2.5});
  Workspace space;
  const Chosen times = after_the_model(at_pace({1, 1}), star, links, Downlink::multicast);
  // Both flow from 3 to 5.
  const RoundResult result = run_round(star, links, times, space);
  CHECK(result[Tally::time] == 5);
  CHECK(result[Tally::messages_in_all] == 4);
  CHECK(result[Tally::port_utilisation] == Approx(2.0 / 5));  // the master's; workers received for one second
}

TEST_CASE("on serial links no star is faster with a slower port or larger messages") {
  Dice dice(20);
  Workspace space;
  space.keep_all = true;
  const auto times_of = [](const std::vector<Arrival>& arrivals) {
    std::map<std::pair<NodeId, std::uint32_t>, double> times;
    for (const Arrival& arrival : arrivals) times[{arrival.from, arrival.message}] = arrival.time;
    return times;
  };
  for (int trial = 0; trial < 600; ++trial) {
    CAPTURE(trial);
    const Program program = random_star(dice, 1 + dice.below(8), dice.coin());
    const Links links = random_links(dice, Discipline::serial, program.workers());
    const Chosen times = random_times(dice, program);
    const RoundResult before = run_round(program, links, times, space);
    const auto arrivals = times_of(space.all());
    Links slower = links, larger = links, later = links;
    (dice.coin() ? slower.egress[dice.below(static_cast<std::uint32_t>(program.workers() + 1))]
                 : slower.ingress[master]) /= 2;
    larger.bytes *= 2;
    later.latency += 0.1;
    for (const Links& changed : {slower, larger, later}) {
      const RoundResult after = run_round(program, changed, times, space);
      REQUIRE(after.complete == before.complete);
      REQUIRE(after[Tally::time] >= before[Tally::time]);
      if (before.complete)
        for (const auto& [message, time] : times_of(space.all()))
          if (arrivals.contains(message)) REQUIRE(time >= arrivals.at(message));
    }
  }
}

TEST_CASE("on serial links no tree of equal links is faster with a slower port or larger messages") {
  // Equal within a port: there the k-th departure cannot come earlier when arrivals come later. With unequal
  // ones it can, see below.
  Dice dice(21);
  Workspace space;
  for (int trial = 0; trial < 1000; ++trial) {
    CAPTURE(trial);
    const Program program = tree_of(dice, random_parents(dice, 1 + dice.below(12)), dice.below(3));
    Links links = random_links(dice, Discipline::serial, program.workers());
    for (double& bandwidth : links.egress) bandwidth = 400;  // no ingress is above
    const Chosen times = random_times(dice, program);
    const double before = run_round(program, links, times, space)[Tally::time];
    Links slower = links, larger = links, later = links;
    const std::uint32_t node = dice.below(static_cast<std::uint32_t>(program.workers() + 1));
    (dice.coin() ? slower.egress : slower.ingress)[node] /= dice.between(2, 20);
    larger.bytes *= 2;
    later.latency += 0.1;
    for (const Links& changed : {slower, larger, later})
      REQUIRE(run_round(program, changed, times, space)[Tally::time] >=
              before * (1 - 1e-14));  // sums in other orders
  }
}

TEST_CASE("on serial links a tree can be faster when a rival with a slow link comes later") {
  // The root takes the first of relay 1 and leaf 2. Relay 1's message is heavy: ten seconds at the root's
  // port.
  Program program({.need = 1, .full = {1}});
  program.add({{.work = 1, .covers = 1, .need = 1}});
  program.add({{.work = 2.5, .covers = 2.5}});
  program.add({{.work = 1, .covers = 1, .to = 1}});
  Links links = serial_links(3, 0);
  links.bytes = 1;
  links.egress = {1, 0.1, 1, 1};
  Workspace space;
  // Leaf 3 is with relay 1 at 2, before leaf 2 sends.
  CHECK(run_round(program, links, at_pace({1, 1, 1}), space)[Tally::time] == 12);
  links.egress[3] = 0.5;  // now at 3, and leaf 2's message takes the port from 2.5 to 3.5
  CHECK(run_round(program, links, at_pace({1, 1, 1}), space)[Tally::time] == 3.5);
}
