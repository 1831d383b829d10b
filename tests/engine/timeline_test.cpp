// Timelines and critical paths: by hand, and for random programs against what the engine tallies and against
// what a port, a clock and a chain of causes must keep.
#include "sim/engine/timeline.h"

#include "tests/engine/support.h"

using namespace straggle;
using namespace straggle::testing;

namespace {

struct Stretch {
  Cause cause;
  NodeId node;
  double begin, end;
  friend bool operator==(const Stretch&, const Stretch&) = default;
};

std::vector<Stretch> stretches(const CriticalPath& path) {
  std::vector<Stretch> result;
  for (const CriticalPath::Segment& segment : path.segments)
    result.push_back({segment.cause, segment.node, segment.begin, segment.end});
  return result;
}

struct Doing {
  Activity activity;
  double begin, end, from, to;
  friend bool operator==(const Doing&, const Doing&) = default;
};

std::vector<Doing> what_does(const Timeline& timeline, NodeId node) {
  std::vector<Doing> result;
  for (const Slice& slice : timeline.slices)
    if (slice.node == node) result.push_back({slice.activity, slice.begin, slice.end, slice.from, slice.to});
  return result;
}

/// Runs a round and works its timeline out.
Timeline run_and_look(const Program& program, const Links& links, const Conditions& conditions) {
  Workspace space;
  space.keep_all = true;
  const RoundResult result = run_round(program, links, conditions, space);
  return timeline_of(program, links, conditions, result, space.all());
}

/// Every worker sends one message after one mini-batch; the master needs so many.
Program first_of(std::uint32_t need, std::size_t workers) {
  Program program({.need = need, .full = {need}});
  for (std::size_t w = 0; w < workers; ++w) program.add({{.work = 1, .covers = 1}});
  return program;
}

Program ring(std::uint32_t workers, double work = 1) {
  Program program = Program::exchange(2 * (workers - 1), 1.0 / workers);
  for (std::uint32_t w = 0; w < workers; ++w)
    program.add({{.work = work, .covers = work, .to = w + 1 == workers ? 1 : w + 2}});
  return program;
}

/// What must hold of any timeline, whatever the program.
void check_timeline(const Program& program, const Links& links, const Conditions& conditions) {
  Workspace space;
  space.keep_all = true;
  const RoundResult result = run_round(program, links, conditions, space);
  REQUIRE(result.complete);
  const Timeline timeline = timeline_of(program, links, conditions, result, space.all());
  CHECK(timeline.complete);
  CHECK(timeline.end == result[Tally::time]);

  // The stretches of a worker follow each other; together they account for its work.
  double work = 0, wasted = 0;
  const Slice* before = nullptr;
  for (const Slice& slice : timeline.slices) {
    REQUIRE(slice.begin < slice.end);
    REQUIRE(slice.end <= timeline.end);
    if (before && before->node == slice.node) REQUIRE(before->end == slice.begin);
    if (before) REQUIRE(before->node <= slice.node);
    if (slice.activity == Activity::compute || slice.activity == Activity::wasted)
      work += slice.to - slice.from;
    if (slice.activity == Activity::wasted) wasted += slice.to - slice.from;
    before = &slice;
  }
  CHECK(work ==
        Approx(result[Tally::work]).epsilon(1e-12).margin(1e-12));  // the same numbers in another order
  CHECK(wasted == Approx(result[Tally::wasted]).epsilon(1e-12).margin(1e-11 * (1 + result[Tally::work])));

  // Messages are received as the engine has counted them.
  const bool exchange = program.kind() == Program::Kind::exchange;
  std::uint64_t hops = 0, useful = 0;
  std::map<NodeId, std::vector<const Transfer*>> into;
  for (const Transfer& transfer : timeline.transfers) {
    REQUIRE(transfer.sent <= transfer.at_port);
    REQUIRE(transfer.at_port <= transfer.served);
    REQUIRE(transfer.served <= transfer.received);
    REQUIRE(transfer.end <= timeline.end);
    if (transfer.received <= timeline.end) ++hops;
    if (!transfer.fate && !transfer.model) REQUIRE(transfer.received == unlimited);
    if (transfer.fate == Fate::useful && (exchange || transfer.to == master)) ++useful;
    if (!transfer.model) into[transfer.to].push_back(&transfer);
  }
  CHECK(hops == result[Tally::messages_in_all]);
  CHECK(useful == result[Tally::useful_messages]);

  // A serial port serves one message after another, in the order in which they come, and never rests while
  // one waits.
  if (links.discipline == Discipline::serial) {
    for (auto& [port, transfers] : into) {
      std::erase_if(transfers, [](const Transfer* t) { return t->served == unlimited; });
      std::sort(transfers.begin(), transfers.end(), [](const Transfer* a, const Transfer* b) {
        return std::tie(a->served, a->received) < std::tie(b->served, b->received);
      });
      double free = 0;
      for (const Transfer* transfer : transfers) {
        REQUIRE(transfer->served == std::max(transfer->at_port, free));
        free = transfer->received;
      }
      for (std::size_t i = 1; i < transfers.size(); ++i)
        REQUIRE(transfers[i - 1]->at_port <= transfers[i]->at_port);
    }
  }

  // The critical path fills [0, completion], and each message in it is one of the transfers.
  const std::vector<CriticalPath::Segment>& segments = timeline.path.segments;
  REQUIRE(!segments.empty());
  REQUIRE(segments.front().begin == 0);
  REQUIRE(segments.back().end == result[Tally::time]);
  for (std::size_t i = 1; i < segments.size(); ++i) REQUIRE(segments[i - 1].end == segments[i].begin);
  double sum = 0;
  for (std::size_t cause = 0; cause < causes; ++cause)
    sum += timeline.path.seconds(static_cast<Cause>(cause));
  CHECK(sum == Approx(result[Tally::time]).epsilon(1e-12));
  for (const CriticalPath::Segment& segment : segments) {
    if (segment.cause == Cause::compute) {
      const auto steps = program.messages(segment.node);
      REQUIRE(std::any_of(steps.begin(), steps.end(), [&](const Program::Message& message) {
        return conditions.end_of(message.work, segment.node - 1) == segment.end;
      }));
    }
    if (segment.cause != Cause::port_queue && segment.cause != Cause::link) continue;
    const auto transfer =
        std::find_if(timeline.transfers.begin(), timeline.transfers.end(), [&](const Transfer& t) {
          return t.model == segment.model && t.from == segment.node && t.to == segment.to &&
                 t.message == segment.message;
        });
    REQUIRE(transfer != timeline.transfers.end());
    REQUIRE((transfer->model || transfer->fate == Fate::useful));
    REQUIRE(segment.begin >= transfer->sent);
    REQUIRE(segment.end <= transfer->received);
    if (segment.cause == Cause::port_queue) {
      REQUIRE(segment.begin == transfer->at_port);
      REQUIRE(segment.end == transfer->served);
    }
  }
}

}  // namespace

TEST_CASE("a critical path by hand: the last message waits in the port behind another") {
  // Messages reach the port at 1, 1.5 and 4 and take it for 1 each: 1 to 2, 2 to 3.
  const Timeline timeline = run_and_look(first_of(2, 3), serial_links(3, 1), at_pace({1, 1.5, 4}));
  CHECK(timeline.end == 3);
  CHECK(stretches(timeline.path) == std::vector<Stretch>{{Cause::compute, 2, 0, 1.5},
                                                         {Cause::port_queue, 2, 1.5, 2},
                                                         {Cause::link, 2, 2, 3}});
  CHECK(what_does(timeline, 1) == std::vector<Doing>{{Activity::compute, 0, 1, 0, 1}});
  CHECK(what_does(timeline, 3) == std::vector<Doing>{{Activity::unfinished, 0, 3, 0, 0}});
  REQUIRE(timeline.transfers.size() == 2);
  CHECK(timeline.transfers[1].from == 2);
  CHECK(timeline.transfers[1].at_port == 1.5);
  CHECK(timeline.transfers[1].served == 2);
}

TEST_CASE("latency is link, and a message on its way at the end is neither received nor lost") {
  // Latency 0.5: at the port at 1.5, 2 and 4.5; the second is served 2.5 to 3.5.
  const Timeline timeline = run_and_look(first_of(2, 3), serial_links(3, 1, 0.5), at_pace({1, 1.5, 3.25}));
  CHECK(stretches(timeline.path) == std::vector<Stretch>{{Cause::compute, 2, 0, 1.5},
                                                         {Cause::link, 2, 1.5, 2},
                                                         {Cause::port_queue, 2, 2, 2.5},
                                                         {Cause::link, 2, 2.5, 3.5}});
  REQUIRE(timeline.transfers.size() == 3);
  const Transfer& last = timeline.transfers.back();
  CHECK(last.from == 3);
  CHECK(last.sent == 3.25);
  CHECK(last.served == unlimited);
  CHECK_FALSE(last.fate);
  CHECK(last.end == 3.5);
}

TEST_CASE(
    "what a worker computes in vain is told apart from what a message covers, mini-batch by mini-batch") {
  // Worker 1 sends item 0 after one mini-batch and item 1 after two; worker 2 sends item 1 first, at 1.5, and
  // item 2 at 3. The master needs all three: worker 1's second message, at 2, is a duplicate.
  Program program({.need = 3, .full = {3}, .items = 3});
  program.add(
      {{.work = 1, .covers = 1, .item = 0}, {.work = 1, .covers = 1, .item = 1}, {.work = 1, .covers = 1}});
  program.add({{.work = 1, .covers = 1, .item = 1}, {.work = 1, .covers = 1, .item = 2}});
  const Timeline timeline = run_and_look(program, {}, at_pace({1, 1.5}));
  CHECK(timeline.end == 3);
  CHECK(what_does(timeline, 1) == std::vector<Doing>{{Activity::compute, 0, 1, 0, 1},
                                                     {Activity::wasted, 1, 2, 1, 2},
                                                     {Activity::wasted, 2, 3, 2, 3}});
  CHECK(what_does(timeline, 2) ==
        std::vector<Doing>{{Activity::compute, 0, 1.5, 0, 1}, {Activity::compute, 1.5, 3, 1, 2}});
}

TEST_CASE(
    "a worker's whole mini-batches are wasted when its message comes too late, the one under way is "
    "unfinished") {
  Program program({.need = 1, .full = {1}});
  program.add({{.work = 2, .covers = 2}});
  program.add({{.work = 4, .covers = 4}});
  const Timeline timeline = run_and_look(program, {}, at_pace({1.25, 1}));
  CHECK(timeline.end == 2.5);
  CHECK(what_does(timeline, 2) ==
        std::vector<Doing>{{Activity::wasted, 0, 2, 0, 2}, {Activity::unfinished, 2, 2.5, 2, 2}});
}

TEST_CASE("a message covers the end of a longer step only: what lies before it was computed in vain") {
  Program program({.need = 1, .full = {1}});
  program.add({{.work = 3, .covers = 1}});
  const Timeline timeline = run_and_look(program, {}, at_pace({2}));
  CHECK(what_does(timeline, 1) ==
        std::vector<Doing>{{Activity::wasted, 0, 4, 0, 2}, {Activity::compute, 4, 6, 2, 3}});
}

TEST_CASE("the critical path of a tree goes through the child that a relay waited for last") {
  // The root has relays 1 and 2; 1 has leaves 3 and 4, 2 has 5 and 6; all messages are needed, t_c = 1.
  Program program({.need = 2, .full = {2}});
  for (int relay = 0; relay < 2; ++relay) program.add({{.work = 1, .covers = 1, .need = 2}});
  for (const NodeId parent : {1u, 1u, 2u, 2u}) program.add({{.work = 1, .covers = 1, .to = parent}});
  SECTION("a relay's own work is what it waits for") {
    // Relay 1 has computed at 6, its messages at 2 and 3.
    const Timeline timeline = run_and_look(program, serial_links(6, 1), at_pace({6, 1, 1, 1, 2, 3}));
    CHECK(stretches(timeline.path) ==
          std::vector<Stretch>{{Cause::compute, 1, 0, 6}, {Cause::link, 1, 6, 7}});
    CHECK(what_does(timeline, 2) ==
          std::vector<Doing>{{Activity::compute, 0, 1, 0, 1}, {Activity::wait, 1, 4, 1, 1}});
  }
  SECTION("a leaf's message that waits behind its sister's is") {
    // Leaves 3 and 4 send at 4: relay 1 has 3 at 5 and 4 at 6; relay 2 is done at 2 + 1 + 1.
    const Timeline timeline = run_and_look(program, serial_links(6, 1), at_pace({1, 1, 4, 4, 1, 2}));
    CHECK(stretches(timeline.path) == std::vector<Stretch>{{Cause::compute, 4, 0, 4},
                                                           {Cause::port_queue, 4, 4, 5},
                                                           {Cause::link, 4, 5, 6},
                                                           {Cause::link, 1, 6, 7}});
    CHECK(timeline.path.segments[3].to == master);
    CHECK(timeline.path.seconds(Cause::compute) == 4);
    CHECK(timeline.path.seconds(Cause::port_queue) == 1);
    CHECK(timeline.path.seconds(Cause::link) == 2);
    CHECK(timeline.path.seconds(Cause::waiting) == 0);
  }
}

TEST_CASE("the critical path of a ring goes round from the slowest worker") {
  // Worker 2 of three is ready at 5, the others at 1; a message takes 1. Its first goes to 3 (received at 6),
  // whose second waits for it, and so on: 4 rounds, complete at 9.
  const Timeline timeline = run_and_look(ring(3), serial_links(3, 1), at_pace({1, 5, 1}));
  CHECK(timeline.end == 9);
  REQUIRE(timeline.path.segments.size() == 5);
  CHECK(timeline.path.segments[0].cause == Cause::compute);
  CHECK(timeline.path.segments[0].node == 2);
  CHECK(timeline.path.segments[0].end == 5);
  CHECK(timeline.path.seconds(Cause::link) == 4);
  CHECK(what_does(timeline, 1) ==
        std::vector<Doing>{{Activity::compute, 0, 1, 0, 1}, {Activity::wait, 1, 9, 1, 1}});
}

TEST_CASE("a late start and the model's way down are on the critical path") {
  // The model reaches worker 2 at 2.5: half a second of latency, and a unicast in which it is served second
  // (1 each). It starts 0.25 later and computes for 3.
  const std::vector<double> model_at = {1.5, 2.5}, delay = {0, 0.25}, offset = {1.5, 2.75}, slope = {1, 3};
  Conditions conditions{.offset = offset, .slope = slope, .workers = 2, .model_at = model_at, .delay = delay};
  const Timeline timeline = run_and_look(first_of(2, 2), serial_links(2, 1, 0.5), conditions);
  CHECK(stretches(timeline.path) == std::vector<Stretch>{{Cause::port_queue, master, 0, 1},
                                                         {Cause::link, master, 1, 2.5},
                                                         {Cause::waiting, 2, 2.5, 2.75},
                                                         {Cause::compute, 2, 2.75, 5.75},
                                                         {Cause::link, 2, 5.75, 6.25},
                                                         {Cause::link, 2, 6.25, 7.25}});
  CHECK(timeline.path.segments[0].model);
  CHECK_FALSE(timeline.path.segments[4].model);
  CHECK(what_does(timeline, 2) ==
        std::vector<Doing>{{Activity::held_up, 2.5, 2.75, 0, 0}, {Activity::compute, 2.75, 5.75, 0, 1}});
}

TEST_CASE("old work is waited for, and old messages in the port are a queue") {
  // Worker 1 is busy until 2 and computes until 3; a message of an earlier iteration, there since before,
  // occupies the port to 3.5.
  const Leftover leftover{
      .busy_until = {2}, .messages = {{.time = -1, .from = 1, .seconds = 3.5}}, .work = {}};
  const std::vector<double> offset = {2}, slope = {1};
  const Conditions conditions{.offset = offset, .slope = slope, .workers = 1, .leftover = &leftover};
  const Timeline timeline = run_and_look(first_of(1, 1), serial_links(1, 1), conditions);
  CHECK(timeline.end == 4.5);
  CHECK(stretches(timeline.path) == std::vector<Stretch>{{Cause::waiting, 1, 0, 2},
                                                         {Cause::compute, 1, 2, 3},
                                                         {Cause::port_queue, 1, 3, 3.5},
                                                         {Cause::link, 1, 3.5, 4.5}});
  REQUIRE(timeline.transfers.size() == 2);
  CHECK(timeline.transfers[0].fate == Fate::stale);
  CHECK(timeline.transfers[0].at_port == 0);
  CHECK(timeline.transfers[0].received == 3.5);
  CHECK(what_does(timeline, 1) ==
        std::vector<Doing>{{Activity::held_up, 0, 2, 0, 0}, {Activity::compute, 2, 3, 0, 1}});
}

TEST_CASE("a worker that gets the model while it is busy with old work is held up from the start") {
  const Leftover leftover{.busy_until = {2}, .messages = {}, .work = {}};
  const std::vector<double> offset = {2}, slope = {1}, model_at = {0.5};
  const Conditions conditions{
      .offset = offset, .slope = slope, .workers = 1, .model_at = model_at, .leftover = &leftover};
  const Timeline timeline = run_and_look(first_of(1, 1), {}, conditions);
  CHECK(what_does(timeline, 1) ==
        std::vector<Doing>{{Activity::held_up, 0, 2, 0, 0}, {Activity::compute, 2, 3, 0, 1}});
  CHECK(stretches(timeline.path) ==
        std::vector<Stretch>{{Cause::waiting, 1, 0, 2}, {Cause::compute, 1, 2, 3}});
}

TEST_CASE("old work is computed in vain where it ends, and unfinished at the end") {
  // Mini-batches 1 and 2 of an earlier iteration, one second each, and 0.5 of a third that ends at 2.5; the
  // model is there at 2.75. Worker 2 goes on with one that ends at 9.
  const Leftover leftover{
      .busy_until = {2.5, 9},
      .messages = {},
      .work = {{.worker = 0, .from = 1, .to = 3.5, .offset = -1, .slope = 1},
               {.worker = 1, .from = 0, .to = 2, .offset = 0, .slope = 0, .ends = {1, 9}}}};
  const std::vector<double> offset = {2.75, 9}, slope = {1, 1}, model_at = {2.75, 0};
  const Conditions conditions{
      .offset = offset, .slope = slope, .workers = 2, .model_at = model_at, .leftover = &leftover};
  const Timeline timeline = run_and_look(first_of(1, 2), {}, conditions);
  CHECK(timeline.end == 3.75);
  CHECK(what_does(timeline, 1) == std::vector<Doing>{{Activity::wasted, 0, 2.5, 1, 3.5},
                                                     {Activity::held_up, 2.5, 2.75, 0, 0},
                                                     {Activity::compute, 2.75, 3.75, 0, 1}});
  CHECK(what_does(timeline, 2) ==
        std::vector<Doing>{{Activity::wasted, 0, 1, 0, 1}, {Activity::unfinished, 1, 3.75, 1, 1}});
  CHECK(timeline.slices[0].old);
  CHECK_FALSE(timeline.slices[2].old);
  Workspace space;
  const RoundResult result = run_round(first_of(1, 2), conditions, space);
  CHECK(result[Tally::work] == 2.5 + 1 + 1);
  CHECK(result[Tally::wasted] == 3.5);
}

TEST_CASE("at the end a relay's port serves one message, and the others wait") {
  // Relay 1 needs one of its children 2, 3 and 4, who send at 1, 1.5 and 1.75: its port serves them from 1 to
  // 2, 2 to 3 and 3 to 4. It sends at 2, and the root has it at 2.5.
  Program program({.need = 1, .full = {1}});
  program.add({{.work = 1, .covers = 1, .need = 1, .size = 0.5}});
  for (int leaf = 0; leaf < 3; ++leaf) program.add({{.work = 1, .covers = 1, .to = 1}});
  Links links = serial_links(4, 0);
  links.bytes = 1;
  for (double& bandwidth : links.egress) bandwidth = 1;
  const Timeline timeline = run_and_look(program, links, at_pace({1, 1, 1.5, 1.75}));
  CHECK(timeline.end == 2.5);
  REQUIRE(timeline.transfers.size() == 4);
  CHECK(timeline.transfers[2].from == 3);
  CHECK(timeline.transfers[2].served == 2);
  CHECK(timeline.transfers[2].received == unlimited);
  CHECK(timeline.transfers[3].from == 4);
  CHECK(timeline.transfers[3].at_port == 1.75);
  CHECK(timeline.transfers[3].served == unlimited);
}

TEST_CASE("a round that cannot complete has a timeline without a critical path") {
  Chosen times = at_pace({1, 1});
  times.offset[1] = unlimited;
  const Timeline timeline = run_and_look(first_of(2, 2), serial_links(2, 1), times);
  CHECK_FALSE(timeline.complete);
  CHECK(timeline.path.segments.empty());
  CHECK(timeline.end == 2);
  CHECK(what_does(timeline, 2) == std::vector<Doing>{{Activity::failed, 0, 2, 0, 0}});
  const Timeline of_ring = run_and_look(ring(2), serial_links(2, 1), times);
  CHECK_FALSE(of_ring.complete);
  CHECK(of_ring.transfers.empty());
}

TEST_CASE("random stars: timelines agree with the tallies, on every kind of link") {
  for (const auto discipline : {Discipline::ideal, Discipline::serial, Discipline::shared}) {
    int complete = 0;
    for (std::uint64_t seed = 0; seed < 150; ++seed) {
      CAPTURE(seed, static_cast<int>(discipline));
      Dice dice(seed);
      const Program program = random_star(dice, 2 + dice.below(8), seed % 3 == 0);
      const Links links = random_links(dice, discipline, program.workers());
      Chosen times = random_times(dice, program);
      times.silence = dice.coin();
      Workspace space;
      if (!run_round(program, links, times, space).complete) continue;  // too many copies of one item
      ++complete;
      check_timeline(program, links, times);
    }
    CHECK(complete > 120);
  }
}

TEST_CASE("random trees: timelines agree with the tallies, on every kind of link") {
  for (const auto discipline : {Discipline::ideal, Discipline::serial, Discipline::shared}) {
    for (std::uint64_t seed = 0; seed < 150; ++seed) {
      CAPTURE(seed, static_cast<int>(discipline));
      Dice dice(1000 + seed);
      const std::vector<NodeId> parents =
          dice.coin() ? regular_parents(2 + dice.below(2), 2) : random_parents(dice, 3 + dice.below(9));
      const Program program = tree_of(dice, parents, dice.below(2), true);
      Links links = random_links(dice, discipline, program.workers());
      Chosen times = random_times(dice, program);
      if (dice.coin()) {
        send_model(program, links, dice.coin() ? Downlink::multicast : Downlink::unicast, times.model_at);
        for (std::size_t w = 0; w < program.workers(); ++w) times.offset[w] += times.model_at[w];
      }
      check_timeline(program, links, times);
    }
  }
}

TEST_CASE("random rings: timelines agree with the tallies, on every kind of link") {
  for (const auto discipline : {Discipline::ideal, Discipline::serial, Discipline::shared}) {
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
      CAPTURE(seed, static_cast<int>(discipline));
      Dice dice(2000 + seed);
      const Program program = ring(2 + dice.below(6), dice.between(0.5, 3));
      const Links links = random_links(dice, discipline, program.workers());
      check_timeline(program, links, random_times(dice, program));
    }
  }
}

TEST_CASE("the critical path of a ring too large to keep is refused with its bound") {
  const Program program = ring(720);
  Workspace space;
  space.keep_all = true;
  const Chosen times = at_pace(std::vector<double>(720, 1));
  const Links links = serial_links(720, 1);
  const RoundResult result = run_round(program, links, times, space);
  REQUIRE(space.all().size() < result[Tally::messages]);
  CHECK_THROWS_AS(critical_path(program, links, times, result, space.all()), std::length_error);
  const Timeline timeline = timeline_of(program, links, times, result, space.all());
  CHECK(timeline.path.segments.empty());
  CHECK(timeline.transfers.size() > 900000);
  // 707 workers send 707 · 1412 messages, less than a million.
  const Program largest = ring(707);
  const Chosen all = at_pace(std::vector<double>(707, 1));
  const Links between = serial_links(707, 1);
  const RoundResult fits = run_round(largest, between, all, space);
  CHECK(critical_path(largest, between, all, fits, space.all()).segments.size() == 1 + 2 * 706);
}
