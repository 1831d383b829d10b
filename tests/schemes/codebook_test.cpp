// What a codebook hands out: the decoded vector in the problem's field, and how often each block is in it.
#include "sim/schemes/linear_codebook.h"
#include "tests/schemes/support.h"

using namespace straggle;
using namespace straggle::testing;

namespace {

constexpr std::size_t dimension = 5;  // odd: pairs are padded

/// The trial's useful messages of a scheme, every one of them where `all`.
struct Round {
  std::unique_ptr<Scheme> scheme;
  std::vector<Arrival> taken;
};

Round round_of(int workers, const std::string& text) {
  Round round{.scheme = scheme_of(workers, text), .taken = {}};
  DrawnTimes times(workers, Scaling::server_dependent, 1, 5);
  times.draw(3);
  std::vector<double> x;
  for (int w = 0; w < workers; ++w) x.push_back(times.end(static_cast<std::size_t>(w), 1));
  Workspace workspace;
  const RoundResult result = run_round(round.scheme->next_round({}), Times(x), workspace);
  REQUIRE(result.complete);
  round.taken.assign(result.taken.begin(), result.taken.end());
  return round;
}

template <class T>
Problem<T> problem_of(const Codebook& codebook) {
  Problem<T> problem(7, codebook.blocks(), dimension);
  problem.set_model(1, 2);
  return problem;
}

/// Σ_k weights(k)·g_k over the prime field.
codes::RowVector<codes::Gf61> combined(const Decoded<codes::Gf61>& decoded,
                                       const Problem<codes::Gf61>& problem) {
  return decoded.weights * problem.gradients();
}

}  // namespace

TEST_CASE("a codebook decodes to the sum of all blocks, each with the weight one") {
  for (const char* text :
       {R"({"scheme": "uncoded"})", R"({"scheme": "gc", "load": 4})",
        R"({"scheme": "gc", "load": 3, "clusters": 2, "code": "fractional-repetition"})",
        R"({"scheme": "gc-mmc", "design": "uncorrelated", "clusters": 2, "load": 4, "orders": [1, 2, 4]})",
        R"({"scheme": "gc-partial", "stragglers": 2, "slowdown": 2})", R"({"scheme": "uc-mmc", "load": 5})",
        R"({"scheme": "lcc", "load": 3, "messages": "multi"})", R"({"scheme": "lcc", "load": 5})",
        R"({"scheme": "coded-reduce", "tree": {"arity": 3, "depth": 2}, "stragglers": 1})",
        R"({"scheme": "rar"})"}) {
    CAPTURE(text);
    Round round = round_of(12, text);
    Codebook& codebook = round.scheme->codebook();
    const auto prime = problem_of<codes::Gf61>(codebook);
    const auto exact = codebook.decode(round.taken, prime);
    CHECK(exact.decodable);
    CHECK((exact.weights == codes::RowVector<codes::Gf61>::Constant(
                                static_cast<Eigen::Index>(codebook.blocks()), codes::Gf61(1))));
    CHECK((exact.vector(dimension) == prime.gradients().colwise().sum()));

    const auto real = problem_of<double>(codebook);
    const auto near = codebook.decode(round.taken, real);
    CHECK(near.decodable);
    REQUIRE(near.weights.size() == static_cast<Eigen::Index>(codebook.blocks()));
    const codes::RowVector<double> sum = real.gradients().colwise().sum(), vector = near.vector(dimension);
    REQUIRE(vector.size() == sum.size());
    const double tolerance = std::max(1e-9, near.rounding / sum.norm());  // LCC has unlucky subsets
    REQUIRE(tolerance < 0.01);
    CHECK((near.weights.array() - 1.0).abs().maxCoeff() < tolerance);
    CHECK((vector - sum).norm() < tolerance * sum.norm());
  }
}

TEST_CASE("of an approximate decode the weights say which blocks are in the vector") {
  Round round = round_of(6, R"({"scheme": "ignore-stragglers", "stragglers": 2})");
  Codebook& codebook = round.scheme->codebook();
  const auto problem = problem_of<codes::Gf61>(codebook);
  const auto decoded = codebook.decode(round.taken, problem);
  CHECK(decoded.decodable);
  codes::RowVector<codes::Gf61> weights = codes::RowVector<codes::Gf61>::Constant(6, codes::Gf61(0));
  for (const Arrival& arrival : round.taken) weights(arrival.from - 1) = codes::Gf61(1);
  CHECK((decoded.weights == weights));
  CHECK((decoded.vector(dimension) == combined(decoded, problem)));
  CHECK(codebook.check(round.taken, problem).exact);  // of the blocks it means to sum
  // With one message fewer it says what it has all the same.
  const std::vector<Arrival> fewer(round.taken.begin(), round.taken.end() - 1);
  const auto less = codebook.decode(fewer, problem);
  CHECK_FALSE(less.decodable);
  CHECK((less.vector(dimension) == combined(less, problem)));
}

TEST_CASE("a code that weighs a block otherwise says so, and is not exact") {
  const auto code_of = []<class T>(T weight) {
    codes::LinearCode<T> code{.rows = codes::Matrix<T>::Identity(3, 3),
                              .wanted = codes::RowVector<T>::Constant(3, T(1)),
                              .threshold = 3,
                              .points = {},
                              .solutions = {}};
    code.wanted(0) = weight;
    return code;
  };
  const auto code = std::make_shared<SharedCode>([=] { return code_of(codes::Complex(5)); },
                                                 [=] { return code_of(codes::Gf61(5)); });
  LinearCodebook codebook({{.code = code, .first_block = 0, .blocks = 3}}, [](std::size_t w, std::size_t) {
    return CodeRow{0, w};
  });
  std::vector<Arrival> taken;
  for (NodeId node = 1; node <= 3; ++node) taken.push_back({0, node, 0, Arrival::Fate::useful});
  const auto problem = problem_of<codes::Gf61>(codebook);
  const auto decoded = codebook.decode(taken, problem);
  CHECK(decoded.weights(0) == codes::Gf61(5));
  CHECK(decoded.weights(1) == codes::Gf61(1));
  CHECK((decoded.vector(dimension) == combined(decoded, problem)));
  CHECK_FALSE(codebook.check(taken, problem).exact);
  const auto real = problem_of<double>(codebook);
  CHECK(std::abs(codebook.decode(taken, real).weights(0) - 5.0) < 1e-12);
  CHECK_FALSE(codebook.check(taken, real).exact);
}
