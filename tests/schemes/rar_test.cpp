// Ring all-reduce: its program, what each message holds, and the sum at every worker in both fields.
#include "tests/schemes/support.h"

using namespace straggle;
using namespace straggle::testing;

TEST_CASE("rar: every worker computes its mini-batch and sends 2(K - 1) messages of 1/K to the next") {
  const auto scheme = scheme_of(5, R"({"scheme": "rar"})");
  const Program& program = scheme->next_round(nullptr);
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
  CHECK(alone->next_round(nullptr).rounds() == 0);
  CHECK(alone->next_round(nullptr).route(1, 0).to == 1);
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
