// Ring all-reduce: its program, what each message holds, and the sum at every worker in both fields.
#include "tests/schemes/support.h"

using namespace straggle;
using namespace straggle::testing;

TEST_CASE("rar: every worker computes its mini-batch and sends 2(K - 1) messages of 1/K to the next") {
  const auto scheme = scheme_of(5, R"({"scheme": "rar"})");
  const Program& program = scheme->next_round({});
  CHECK(program.kind() == Program::Kind::exchange);
  CHECK(program.rounds() == 8);
  REQUIRE(program.workers() == 5);
  for (NodeId node = 1; node <= 5; ++node) {
    CHECK(program.load(node) == 1);
    REQUIRE(program.messages(node).size() == 1);
    CHECK(program.messages(node)[0].covers == 1);
    CHECK(program.route(node, 0).to == (node == 5 ? 1 : node + 1));
    CHECK(program.route(node, 0).size == 0.2);
  }
  const auto alone = scheme_of(1, R"({"scheme": "rar"})");
  CHECK(alone->next_round({}).rounds() == 0);
  CHECK(alone->next_round({}).route(1, 0).to == 1);
}

TEST_CASE("rar: a chunk gathers the gradients of the workers it has passed, then goes round whole") {
  const auto scheme = scheme_of(3, R"({"scheme": "rar"})");
  Codebook& codebook = scheme->codebook();
  CHECK(codebook.blocks() == 3);
  using Blocks = std::vector<std::size_t>;
  CHECK(codebook.contents(1, 0) == Blocks{0});
  CHECK(codebook.contents(3, 0) == Blocks{2});
  CHECK(codebook.contents(1, 1) == Blocks{0, 2});
  CHECK(codebook.contents(2, 1) == Blocks{0, 1});
  CHECK(codebook.contents(1, 2) == Blocks{0, 1, 2});
  CHECK(codebook.contents(3, 3) == Blocks{0, 1, 2});
}

TEST_CASE("rar: every worker has the direct sum, in both fields, with fewer entries than workers too") {
  for (const int workers : {1, 2, 3, 7, 16})
    for (const std::size_t dimension : {1u, 3u, 16u, 17u}) {
      CAPTURE(workers, dimension);
      const auto scheme = scheme_of(workers, R"({"scheme": "rar"})");
      Codebook& codebook = scheme->codebook();
      Problem<double> real(3, codebook.blocks(), dimension);
      Problem<codes::Gf61> prime(3, codebook.blocks(), dimension);
      real.set_model(0, 0);
      prime.set_model(0, 0);
      const Exactness exact = codebook.check({}, prime), near = codebook.check({}, real);
      CHECK(exact.decodable);
      CHECK(exact.exact);
      CHECK(near.decodable);
      CHECK(near.exact);
      CHECK(near.error < 1e-14);
    }
}

TEST_CASE("rar: a round by hand, each message when the sender has the last one and its neighbour too") {
  const auto scheme = scheme_of(3, R"({"scheme": "rar"})");
  // 300 bytes a gradient, 100 a message at 100 a second; half a second's way and as much at the port.
  const Links links{.discipline = Discipline::serial,
                    .latency = 0.5,
                    .overhead = 0.5,
                    .bytes = 300,
                    .egress = std::vector<double>(4, 100),
                    .ingress = std::vector<double>(4, never)};
  Workspace workspace;
  workspace.keep_all = true;
  const RoundResult result = run_round(scheme->next_round({}), links, Times({1, 5, 2}), workspace);
  CHECK(result.complete);
  CHECK(result[Tally::time] == 13);  // 5 + 4 · 2
  CHECK(result[Tally::messages] == 12);
  CHECK(result[Tally::messages_in_all] == 12);
  CHECK(result[Tally::work] == 3);
  CHECK(result[Tally::wasted] == 0);
  CHECK(result[Tally::bytes_in_all] == Approx(4).epsilon(1e-15));
  CHECK(result[Tally::bytes_into_busiest] == Approx(4.0 / 3).epsilon(1e-15));
  // Round 0 arrives at 3, 7 and 4; workers 2 and 3, next to the slow one, are held up first.
  const auto arrived = [&](NodeId from, std::uint32_t round) {
    for (const Arrival& arrival : workspace.all())
      if (arrival.from == from && arrival.message == round) return arrival.time;
    return never;
  };
  CHECK(arrived(1, 0) == 3);
  CHECK(arrived(2, 0) == 7);
  CHECK(arrived(3, 0) == 4);
  CHECK(arrived(1, 1) == 6);  // worker 3's came at 4
  CHECK(arrived(2, 1) == 9);
  CHECK(arrived(3, 1) == 9);  // worker 2's came at 7
  CHECK(arrived(1, 2) == 11);
  CHECK(arrived(1, 3) == 13);

  const auto alone = scheme_of(1, R"({"scheme": "rar"})");
  const RoundResult single = run_round(alone->next_round({}), Times({4}), workspace);
  CHECK(single.complete);
  CHECK(single[Tally::time] == 4);
  CHECK(single[Tally::messages] == 0);
  CHECK_FALSE(run_round(scheme->next_round({}), Times({1, never, 2}), workspace).complete);
}

TEST_CASE("rar: every trial takes the slowest worker and 2(K - 1) steps") {
  for (const int K : {1, 2, 5, 16}) {
    CAPTURE(K);
    const Point point = point_of(
        K, {R"({"scheme": "rar"})"}, Scaling::server_dependent,
        R"("gradient": {"bytes": 1e6}, "network": {"model": "serial", "latency": 0.001, "overhead": 0.002, "bandwidth": 1e8},)");
    TrialRunner runner(point);
    DrawnTimes times(K, Scaling::server_dependent, 1);
    const double step = 0.001 + 0.002 + 1e6 / K / 1e8;
    for (std::uint64_t trial = 0; trial < 200; ++trial) {
      runner.draw(trial, 0);
      times.draw(trial);
      double slowest = 0;
      for (std::size_t w = 0; w < times.workers(); ++w) slowest = std::max(slowest, times.end(w, 1));
      // 2(K − 1) additions round once each.
      REQUIRE(runner.run(0)[Tally::time] == Approx(slowest + 2 * (K - 1) * step).epsilon(1e-14));
    }
  }
}

TEST_CASE("rar: on ideal links it takes as long as uncoded") {
  const Point point = point_of(9, {R"({"scheme": "uncoded"})", R"({"scheme": "rar"})"});
  TrialRunner runner(point);
  for (std::uint64_t trial = 0; trial < 50; ++trial) {
    runner.draw(trial, 0);
    const double uncoded = runner.run(0)[Tally::time];
    const RoundResult& ring = runner.run(1);
    CHECK(ring[Tally::time] == uncoded);
    CHECK(ring[Tally::messages] == 9 * 16);
  }
}
