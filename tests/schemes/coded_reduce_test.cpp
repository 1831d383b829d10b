// CodedReduce: the program node by node, the shapes it refuses, and what its codebook decodes.
#include "sim/schemes/tree_codebook.h"

#include <random>

#include "codes/cyclic_random.h"
#include "codes/elimination.h"
#include "tests/schemes/support.h"

using namespace straggle;
using namespace straggle::testing;

namespace {

std::string coded_reduce(int arity, int depth, int stragglers, const std::string& more = "") {
  return fmt::format(
      R"({{"scheme": "coded-reduce", "tree": {{"arity": {}, "depth": {}}}, "stragglers": {}{}}})", arity,
      depth, stragglers, more);
}

int workers_of(int arity, int depth) {
  int layer = 1, sum = 0;
  for (int l = 0; l < depth; ++l) sum += layer *= arity;
  return sum;
}

/// What a mistake says, of a scheme alone in a configuration that verifies one trial.
std::string refusal(int workers, const std::string& scheme,
                    const std::string& fields = R"(["real", "prime"])") {
  try {
    point_of(workers, {scheme}, Scaling::server_dependent,
             fmt::format(R"("verify": {{"trials": 1, "fields": {}}},)", fields));
    return "accepted";
  } catch (const ConfigError& error) {
    return error.what();
  }
}

/// What every receiver takes when each relay's (and the master's) first children are these places.
template <class Choose>
std::vector<Sent> taken_by_all(int arity, int depth, const Choose& choose) {
  std::vector<Sent> result;
  const int relays = workers_of(arity, depth - 1);
  for (int relay = 0; relay <= relays; ++relay)
    for (const int place : choose(relay))
      result.push_back({static_cast<NodeId>(arity * relay + 1 + place), 0});
  return result;
}

std::vector<int> random_places(int n, int count, std::mt19937_64& random) {
  std::vector<int> places(static_cast<std::size_t>(n));
  std::iota(places.begin(), places.end(), 0);
  for (std::size_t i = 0; i < places.size(); ++i)
    std::swap(places[i], places[i + random() % (places.size() - i)]);
  places.resize(static_cast<std::size_t>(count));
  return places;
}

}  // namespace

TEST_CASE("coded-reduce: every node computes r·K mini-batches, relays wait for n - s children") {
  struct Case {
    int n, L, s;
    double share;  // as printed, to half a unit of the last digit
    double half_unit;
  };
  for (const Case& c : {Case{3, 2, 1, 4.0 / 15, 1e-15},
                        {4, 3, 1, 0.0714, 5e-5},
                        {12, 2, 1, 0.02381, 5e-6},
                        {12, 2, 2, 0.05, 1e-15},
                        {12, 2, 3, 0.08333, 5e-6},
                        {7, 1, 2, 3.0 / 7, 1e-15}}) {
    CAPTURE(c.n, c.L, c.s);
    const int K = workers_of(c.n, c.L);
    const auto scheme = scheme_of(K, coded_reduce(c.n, c.L, c.s));
    const Program& program = scheme->next_round({});
    CHECK(program.kind() == (c.L == 1 ? Program::Kind::star : Program::Kind::tree));
    REQUIRE(program.workers() == static_cast<std::size_t>(K));
    const auto need = static_cast<std::uint32_t>(c.n - c.s);
    CHECK(program.goal().need == need);
    CHECK(program.goal().full == std::vector<std::uint32_t>{need});
    CHECK(program.goal().items == 0);
    const int leaves = static_cast<int>(std::lround(std::pow(c.n, c.L)));
    for (NodeId node = 1; node <= program.workers(); ++node) {
      REQUIRE(program.messages(node).size() == 1);
      CHECK(std::abs(program.load(node) / K - c.share) <= c.half_unit);
      CHECK(program.messages(node)[0].covers == program.load(node));
      CHECK(program.route(node, 0).to == (node - 1) / static_cast<NodeId>(c.n));
      CHECK(program.route(node, 0).need == (static_cast<int>(node) > K - leaves ? 0 : need));
      CHECK(program.route(node, 0).size == 1);
    }
  }
}

TEST_CASE("coded-reduce: without stragglers it is the uncoded tree, one mini-batch a node") {
  for (const auto& [n, L] : {std::pair{3, 2}, {4, 3}, {7, 2}, {1, 5}, {6, 1}}) {
    const int K = workers_of(n, L);
    const auto scheme = scheme_of(K, coded_reduce(n, L, 0));
    const Program& program = scheme->next_round({});
    CHECK(scheme->codebook().blocks() == static_cast<std::size_t>(K));
    std::set<std::size_t> blocks;
    for (NodeId node = 1; node <= program.workers(); ++node) {
      CHECK(program.load(node) == 1);  // exactly
      const auto contents = scheme->codebook().contents(node, 0);
      CHECK(contents.size() == 1);
      blocks.insert(contents.begin(), contents.end());
    }
    CHECK(blocks.size() == static_cast<std::size_t>(K));
  }
}

TEST_CASE("coded-reduce: a node's blocks are its share of the data set, within what its parent left") {
  const auto scheme = scheme_of(12, coded_reduce(3, 2, 1));
  Codebook& codebook = scheme->codebook();
  CHECK(codebook.blocks() == 15);
  using Blocks = std::vector<std::size_t>;
  CHECK(codebook.contents(1, 0) == Blocks{0, 1, 2, 3});
  CHECK(codebook.contents(2, 0) == Blocks{5, 6, 7, 8});
  CHECK(codebook.contents(3, 0) == Blocks{0, 1, 2, 3});
  CHECK(codebook.contents(4, 0) == Blocks{4, 5, 6, 7});  // left to relay 1 are 4 ... 9
  CHECK(codebook.contents(6, 0) == Blocks{4, 5, 8, 9});
  CHECK(codebook.contents(12, 0) == Blocks{4, 10, 13, 14});
}

TEST_CASE("coded-reduce: another number of workers is refused with the nearest trees") {
  CHECK(refusal(80, coded_reduce(4, 3, 1)) ==
        "test#/schemes/0/tree: of arity 4 and depth 3 has 84 workers, not 80; nearest (arity, depth): "
        "(4, 3) with 84, (8, 2) with 72, (9, 2) with 90, (2, 5) with 62");
  CHECK(refusal(84, coded_reduce(5, 3, 1))
            .ends_with(": (4, 3) with 84, (9, 2) with 90, (8, 2) with 72, "
                       "(2, 5) with 62"));
  CHECK(refusal(1, coded_reduce(2, 1, 0)).ends_with(": (1, 1) with 1"));
  CHECK(refusal(6, coded_reduce(1000000, 1000000, 0)).find("has more than a million workers, not 6") !=
        std::string::npos);
  CHECK(refusal(84, coded_reduce(4, 3, 3)) == "accepted");
  CHECK(refusal(84, coded_reduce(4, 3, 4)) ==
        "test#/schemes/0/stragglers: must be a whole number from 0 to 3 (a parent needs at least one of its "
        "children), but is 4");
  // Only what is wrong is reported: with no tree to speak of, any number of stragglers may be right.
  CHECK(
      refusal(84, R"({"scheme": "coded-reduce", "tree": {"arity": 4}, "stragglers": 3})") ==
      "test#/schemes/0/tree/depth: is missing; a whole number from 1 to 1000000 (the layers below the root) "
      "is required");
}

TEST_CASE("coded-reduce: what cannot be verified is refused, with the way out") {
  // 64 parts at each of 16 275 workers.
  const std::string large = coded_reduce(25, 3, 3);
  CHECK(refusal(workers_of(25, 3), large).find("too large to verify: add \"verify\": {\"trials\": 0}") !=
        std::string::npos);
  CHECK_NOTHROW(scheme_of(workers_of(25, 3), large));  // support.h verifies nothing
  // Contiguous stragglers cost the circulant four digits, on three layers all.
  const int K = workers_of(20, 3);
  const std::string deep = coded_reduce(20, 3, 9, R"(, "code": "cyclic-mds")");
  CHECK(
      refusal(K, deep) ==
      "test#/schemes/0/code: \"cyclic-mds\" loses its digits in doubles when 9 of 20 children are missing on "
      "each of 3 layers; it is good for up to 4, \"reed-solomon\" for more. Or verify in the prime field "
      "only: \"verify\": {\"fields\": "
      "[\"prime\"]}");
  CHECK(refusal(K, deep, R"(["prime"])") == "accepted");
  CHECK(refusal(K, coded_reduce(20, 3, 9, R"(, "code": "reed-solomon")")) == "accepted");
  CHECK(refusal(workers_of(12, 2), coded_reduce(12, 2, 3)) == "accepted");
  CHECK(refusal(workers_of(4, 3), coded_reduce(4, 3, 1)) == "accepted");
}

TEST_CASE("coded-reduce: any n - s children of every relay decode, one fewer anywhere does not") {
  std::mt19937_64 random(3);
  for (const std::string code : {"cyclic", "reed-solomon", "cyclic-mds"})
    for (const auto& [n, L, s] :
         {std::tuple{2, 2, 1}, {3, 2, 1}, {3, 2, 0}, {4, 3, 1}, {5, 2, 4}, {4, 1, 2}}) {
      CAPTURE(code, n, L, s);
      const auto scheme =
          scheme_of(workers_of(n, L), coded_reduce(n, L, s, fmt::format(R"(, "code": "{}")", code)));
      Prover prover(*scheme);
      for (int trial = 0; trial < 10; ++trial) {
        const std::vector<Sent> taken =
            taken_by_all(n, L, [&, n = n, s = s](int) { return random_places(n, n - s, random); });
        CHECK(prover.decodes(taken));
        std::vector<Sent> fewer = taken;
        fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(random() % fewer.size()));
        // Without this child its parent is poor; if nobody took the parent's message either, none is missed.
        std::set<NodeId> from;
        for (const Sent& sent : taken) from.insert(sent.from);
        std::set<NodeId> left;
        for (const Sent& sent : fewer) left.insert(sent.from);
        NodeId gone = 0;
        for (const NodeId node : from)
          if (!left.contains(node)) gone = node;
        const NodeId parent = (gone - 1) / static_cast<NodeId>(n);
        CHECK(prover.decodes(fewer) == (parent != 0 && !from.contains(parent)));
      }
    }
}

TEST_CASE("coded-reduce: a relay that is still collecting harms nobody") {
  const auto scheme = scheme_of(12, coded_reduce(3, 2, 1));
  Prover prover(*scheme);
  // Relays 1 and 2 are done; relay 3 has one child of two.
  CHECK(prover.decodes({{4, 0}, {6, 0}, {7, 0}, {8, 0}, {1, 0}, {2, 0}, {11, 0}}));
  // Had its message been taken, it would be a mistake.
  CHECK_FALSE(prover.decodes({{4, 0}, {6, 0}, {7, 0}, {8, 0}, {1, 0}, {2, 0}, {11, 0}, {3, 0}}));
}

TEST_CASE("coded-reduce: a child that came after its parent's message is not part of it") {
  const auto scheme = scheme_of(12, coded_reduce(3, 2, 1));
  Codebook& codebook = scheme->codebook();
  Problem<codes::Gf61> problem(1, codebook.blocks(), 3);
  problem.set_model(0, 0);
  const auto decodable = [&](double child) {
    std::vector<Arrival> taken;
    for (const NodeId node : {4u, 6u, 7u, 8u, 1u, 2u})
      taken.push_back({node == 8 ? child : node > 3 ? 1.0 : 2.0, node, 0, Arrival::Fate::useful});
    return codebook.check(taken, problem).decodable;
  };
  CHECK(decodable(2));
  CHECK_FALSE(decodable(2.5));
}

TEST_CASE("coded-reduce: a coefficient that is wrong does not decode, in either field") {
  const codes::CodedTree tree{.arity = 3, .depth = 2, .stragglers = 1};
  for (int changed = 0; changed < 3; ++changed) {
    CAPTURE(changed);
    // Row `changed` has a wrong coefficient: sets with it cannot make ones of what they have.
    const auto wrong = [=](auto code) {
      code.rows(changed, (changed + 1) % 3) += typename decltype(code.rows)::Scalar(1);
      return code;
    };
    std::mt19937_64 random(1);
    const auto real = codes::cyclic_random<codes::Complex>(
        3, 2, [&, normal = std::normal_distribution<double>()]() mutable {
          return codes::Complex(normal(random));
        });
    const auto prime = codes::cyclic_random<codes::Gf61>(3, 2, [&] { return codes::Gf61(random()); });
    const auto code = std::make_shared<SharedCode>([=] { return wrong(real); }, [=] { return wrong(prime); });
    TreeCodebook codebook(tree, code);
    Problem<double> of_reals(1, codebook.blocks(), 3);
    Problem<codes::Gf61> of_primes(1, codebook.blocks(), 3);
    of_reals.set_model(0, 0);
    of_primes.set_model(0, 0);
    for_each_subset(std::vector<int>{0, 1, 2}, 2, [&](const std::vector<int>& places) {
      std::vector<Arrival> taken;
      for (const Sent& sent : taken_by_all(3, 2, [&](int) { return places; }))
        taken.push_back({0, sent.from, sent.message, Arrival::Fate::useful});
      const bool used = std::find(places.begin(), places.end(), changed) != places.end();
      if (!used) return;
      CHECK_FALSE(codebook.check(taken, of_primes).exact);
      CHECK_FALSE(codebook.check(taken, of_reals).exact);
    });
  }
}

TEST_CASE("coded-reduce: the paper's trees decode on real data in both fields") {
  std::mt19937_64 random(9);
  for (const auto& [n, L, s] : {std::tuple{4, 3, 1}, {12, 2, 1}, {12, 2, 2}, {12, 2, 3}}) {
    CAPTURE(n, L, s);
    const auto scheme = scheme_of(workers_of(n, L), coded_reduce(n, L, s));
    Prover prover(*scheme);
    for (int trial = 0; trial < 10; ++trial)
      CHECK(prover.decodes(
          taken_by_all(n, L, [&, n = n, s = s](int) { return random_places(n, n - s, random); })));
  }
}

namespace {

/// Links by hand: a port serves one message after another.
Links serial_links(std::size_t workers, double latency, double overhead) {
  return {.discipline = Discipline::serial,
          .latency = latency,
          .overhead = overhead,
          .egress = std::vector<double>(workers + 1, never),
          .ingress = std::vector<double>(workers + 1, never)};
}

/// What a round came to by the rule, without events: ports are independent, so from the leaves to the root
/// every receiver sorts when its children's messages reach it and serves them in that order.
struct TreeKernel {
  int n, depth, s;
  double latency, occupied;  // seconds

  struct Outcome {
    double time = 0;
    std::size_t at_master = 0, hops = 0;
    std::set<Sent> useful;
    double work = 0;
  };

  Outcome operator()(const std::vector<double>& x, double load) const {
    const int nodes = workers_of(n, depth), relays = workers_of(n, depth - 1);
    std::vector<double> sent(x.size() + 1), received(x.size() + 1);
    std::vector<std::vector<int>> first(x.size() + 1);
    for (int node = nodes; node >= 0; --node) {
      if (node > 0) sent[static_cast<std::size_t>(node)] = load * x[static_cast<std::size_t>(node - 1)];
      if (node > relays) continue;
      std::vector<std::pair<double, int>> children;
      for (int child = n * node + 1; child <= n * node + n; ++child)
        children.emplace_back(sent[static_cast<std::size_t>(child)] + latency, child);
      std::sort(children.begin(), children.end());
      double free = 0;
      for (std::size_t i = 0; i < children.size(); ++i) {
        free = std::max(free, children[i].first) + occupied;
        received[static_cast<std::size_t>(children[i].second)] = free;
        if (i < static_cast<std::size_t>(n - s))
          first[static_cast<std::size_t>(node)].push_back(children[i].second);
        if (i + 1 == static_cast<std::size_t>(n - s))
          sent[static_cast<std::size_t>(node)] = std::max(sent[static_cast<std::size_t>(node)], free);
      }
    }
    Outcome outcome;
    outcome.time = sent[0];
    for (int node = 1; node <= nodes; ++node) {
      if (received[static_cast<std::size_t>(node)] <= outcome.time) {
        ++outcome.hops;
        outcome.at_master += node <= n;
      }
      const double seconds = x[static_cast<std::size_t>(node - 1)];
      double done = load * seconds <= outcome.time ? load : 0;
      for (int tasks = 1; done == 0 && tasks < load && tasks * seconds <= outcome.time; ++tasks)
        if (tasks + 1 >= load || (tasks + 1) * seconds > outcome.time) done = tasks;
      outcome.work += done;
    }
    std::vector<int> open = first[0];
    while (!open.empty()) {
      const int node = open.back();
      open.pop_back();
      outcome.useful.insert({static_cast<NodeId>(node), 0});
      open.insert(open.end(), first[static_cast<std::size_t>(node)].begin(),
                  first[static_cast<std::size_t>(node)].end());
    }
    return outcome;
  }
};

}  // namespace

TEST_CASE("coded-reduce: a round on ideal links by hand") {
  // Relays 1 and 2; 3 and 4 report to 1, 5 and 6 to 2; three mini-batches each, any child is enough.
  const auto scheme = scheme_of(6, coded_reduce(2, 2, 1));
  Workspace workspace;
  workspace.keep_all = true;
  const RoundResult result = run_round(scheme->next_round({}), Times({1, 4, 2, 3, 1, 5}), workspace);
  CHECK(result.complete);
  CHECK(result[Tally::time] == 6);  // worker 3 at 6, with which relay 1, done at 3, sends
  CHECK(result[Tally::messages] == 1);
  CHECK(result[Tally::useful_messages] == 1);
  CHECK(result[Tally::messages_in_all] == 3);  // worker 5 at 3, worker 3 and relay 1 at 6
  CHECK(result[Tally::work] == 13);            // 3 + 1 + 3 + 2 + 3 + 1
  CHECK(result[Tally::wasted] == 7);           // all but those of 1 and 3
  CHECK(senders(result.taken) == std::vector<Sent>{{3, 0}, {1, 0}});
  CHECK(Prover(*scheme).decodes(senders(result.taken)));
}

TEST_CASE("coded-reduce: a round on serial ports by hand") {
  // The uncoded tree: one mini-batch each, everybody is needed. Half a second's way, then two in the port.
  const auto scheme = scheme_of(6, coded_reduce(2, 2, 0));
  const Links links = serial_links(6, 0.5, 2);
  Workspace workspace;
  workspace.keep_all = true;
  // Relay 1 receives 3 from 2.5 to 4.5 and 4 from 4.5 to 6.5, when it sends; the master hears it from 7 to 9.
  // Relay 2 receives 6 from 1.5 to 3.5 and 5 from 4.5 to 6.5, computes until 9, is heard from 9.5 to 11.5.
  RoundResult result = run_round(scheme->next_round({}), links, Times({1, 9, 2, 3, 4, 1}), workspace);
  CHECK(result[Tally::time] == 11.5);
  CHECK(result[Tally::messages] == 2);
  CHECK(result[Tally::messages_in_all] == 6);
  CHECK(result[Tally::port_utilisation] == 4 / 11.5);
  CHECK(senders(result.taken) == std::vector<Sent>{{6, 0}, {5, 0}, {3, 0}, {4, 0}, {1, 0}, {2, 0}});
  std::vector<double> times;
  for (const Arrival& arrival : result.taken) times.push_back(arrival.time);
  CHECK(times == std::vector<double>{3.5, 6.5, 4.5, 6.5, 9, 11.5});
  // Done by 6.75 relay 2 reaches the master's port at 7.25 and waits until 9.
  result = run_round(scheme->next_round({}), links, Times({1, 6.75, 2, 3, 4, 1}), workspace);
  CHECK(result[Tally::time] == 11);
}

TEST_CASE("coded-reduce: a relay does not wait for its last s children, nor the master for its own") {
  const auto scheme = scheme_of(12, coded_reduce(3, 2, 1));
  Workspace workspace;
  // Relay 2 and the children 6, 8, 12 never answer; of relay 2's others nobody is needed.
  const RoundResult result = run_round(
      scheme->next_round({}), Times({1, never, 1, 2, 3, never, 1, never, 1, 4, 5, never}), workspace);
  CHECK(result.complete);
  CHECK(result[Tally::time] == Approx(3.2 * 5).epsilon(1e-15));
  const std::vector<Sent> taken = senders(result.taken);
  CHECK(std::set<Sent>(taken.begin(), taken.end()) ==
        std::set<Sent>{{1, 0}, {3, 0}, {4, 0}, {5, 0}, {10, 0}, {11, 0}});
  CHECK(Prover(*scheme).decodes(taken));
  // A second child of relay 3 that never answers is one too many.
  CHECK_FALSE(run_round(scheme->next_round({}),
                        Times({1, never, 1, 2, 3, never, 1, never, 1, 4, never, never}), workspace)
                  .complete);
}

TEST_CASE("coded-reduce: every trial is what sorting at each port gives, on ideal links and serial ports") {
  for (const auto& [n, L, s] :
       {std::tuple{2, 2, 0}, {2, 2, 1}, {3, 2, 1}, {4, 3, 1}, {2, 5, 1}, {12, 2, 3}, {5, 1, 2}, {1, 4, 0}})
    for (const auto& [latency, occupied] : {std::pair{0.0, 0.0}, {0.0, 0.01}, {0.003, 0.2}}) {
      CAPTURE(n, L, s, latency, occupied);
      const int K = workers_of(n, L);
      const std::string network = fmt::format(
          R"("network": {{"model": "serial", "latency": {}, "overhead": {}}},)", latency, occupied);
      const Point point = point_of(K, {coded_reduce(n, L, s)}, Scaling::server_dependent,
                                   latency + occupied > 0 ? network : "");
      TrialRunner runner(point);
      DrawnTimes times(K, Scaling::server_dependent, 1);
      const TreeKernel kernel{n, L, s, latency, occupied};
      const double load = runner.program(0).load(1);
      for (std::uint64_t trial = 0; trial < 100; ++trial) {
        CAPTURE(trial);
        runner.draw(trial, 0);
        times.draw(trial);
        std::vector<double> x;
        for (std::size_t w = 0; w < times.workers(); ++w) x.push_back(times.end(w, 1));
        const TreeKernel::Outcome expected = kernel(x, load);
        const RoundResult& result = runner.run(0);
        REQUIRE(result.complete);
        REQUIRE(result[Tally::time] == expected.time);
        REQUIRE(result[Tally::messages] == expected.at_master);
        REQUIRE(result[Tally::useful_messages] == static_cast<std::uint64_t>(n - s));
        REQUIRE(result[Tally::messages_in_all] == expected.hops);
        const std::vector<Sent> taken = senders(result.taken);
        REQUIRE(std::set<Sent>(taken.begin(), taken.end()) == expected.useful);
        // Sums of loads in another order.
        REQUIRE(result[Tally::work] == Approx(expected.work).epsilon(1e-12));
        REQUIRE(
            result[Tally::wasted] ==
            Approx(expected.work - load * static_cast<double>(taken.size())).margin(1e-9 * expected.work));
      }
    }
}

TEST_CASE("coded-reduce: a tree of one layer is gradient coding, trial by trial") {
  const Point point = point_of(7, {coded_reduce(7, 1, 2), R"({"scheme": "gc", "load": 3})"});
  TrialRunner runner(point);
  for (std::uint64_t trial = 0; trial < 50; ++trial) {
    runner.draw(trial, 0);
    const RoundResult tree = runner.run(0);
    const RoundResult& star = runner.run(1);
    CHECK(tree[Tally::time] == star[Tally::time]);
    CHECK(tree[Tally::messages] == star[Tally::messages]);
    CHECK(tree[Tally::work] == star[Tally::work]);
  }
}
