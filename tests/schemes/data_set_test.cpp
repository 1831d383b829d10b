// The run owns the data set: schemes that are wrong in themselves are refused before anything runs, those
// without a codebook are timing only, and the codes' ranges are remembered from any thread.
#include "sim/schemes/data_set.h"

#include <thread>

#include "codes/repetition.h"
#include "sim/schemes/gradient_codes.h"
#include "tests/schemes/support.h"

using namespace straggle;
using namespace straggle::testing;

namespace {

using Catch::Matchers::Contains;

/// Worker w computes `load` mini-batches and sends the plain sum of section section_of(w), of `blocks` blocks
/// each; the master needs one message of each of `groups` groups of workers.
struct Batches {
  std::size_t workers, groups;
  double load;
  std::size_t sections, blocks;
  std::function<std::size_t(std::size_t)> section_of;

  SchemeRecipe recipe() const {
    const Batches batches = *this;
    return {.make = [batches]() -> std::unique_ptr<Scheme> {
      const auto needed = static_cast<std::uint32_t>(batches.groups);
      Program program({.need = needed, .full = std::vector<std::uint32_t>(needed, 1)});
      for (std::size_t w = 0; w < batches.workers; ++w)
        program.add({{.work = batches.load,
                      .covers = batches.load,
                      .group = static_cast<std::uint32_t>(w % batches.groups)}});
      return std::make_unique<FixedScheme>(std::move(program), [batches] {
        return std::make_unique<LinearCodebook>(
            copies(sum_code(static_cast<int>(batches.blocks)), batches.sections, batches.blocks),
            [batches](std::size_t w, std::size_t) {
              return CodeRow{batches.section_of(w), 0};
            });
      });
    }};
  }
};

/// A codebook that says of itself what it likes, and finds everything exact.
class Says final : public Codebook {
 public:
  using Contents = std::function<std::vector<std::size_t>(NodeId)>;
  Says(std::size_t blocks, bool coded, Contents contents)
      : blocks_(blocks), coded_(coded), contents_(std::move(contents)) {}
  std::size_t blocks() const override { return blocks_; }
  bool coded_data() const override { return coded_; }
  std::vector<std::size_t> contents(NodeId from, std::uint32_t) const override { return contents_(from); }
  Decoded<double> decode(std::span<const Arrival>, const Problem<double>& problem) override {
    return exact(problem);
  }
  Decoded<codes::Gf61> decode(std::span<const Arrival>, const Problem<codes::Gf61>& problem) override {
    return exact(problem);
  }

 private:
  template <class T>
  static Decoded<T> exact(const Problem<T>& problem) {
    return {.decodable = true,
            .carried = problem.carried().colwise().sum(),
            .meant = {{0, problem.blocks()}},
            .rounding = 1e-9};
  }
  std::size_t blocks_;
  bool coded_;
  Contents contents_;
};

/// Four workers with one mini-batch each, all of them needed or the first `need`.
SchemeRecipe saying(std::size_t blocks, bool coded, const Says::Contents& contents, double recovered = 1,
                    std::uint32_t need = 4) {
  return {.make = [=]() -> std::unique_ptr<Scheme> {
            Program program({.need = need, .full = {4}});
            for (int w = 0; w < 4; ++w) program.add({{.work = 1, .covers = 1}});
            return std::make_unique<FixedScheme>(
                std::move(program), [=] { return std::make_unique<Says>(blocks, coded, contents); });
          },
          .law = {},
          .recovered = recovered};
}

SchemeRecipe without_codebook(FixedScheme::MakeCodebook make, int workers = 4) {
  return {.make = [=]() -> std::unique_ptr<Scheme> {
    Program program({.need = 4, .full = {4}});
    for (int w = 0; w < workers; ++w) program.add({{.work = 1, .covers = 1}});
    return std::make_unique<FixedScheme>(std::move(program), make);
  }};
}

std::vector<std::size_t> own(NodeId from) {
  return {from - 1};
}

Point verified_point(const SchemeRecipe& recipe) {
  Point point = point_of(4, {R"({"scheme": "uncoded"})"}, Scaling::server_dependent);
  point.verify = {.trials = 20, .dimension = 3, .real = true, .prime = true};
  point.schemes[0].recipe = recipe;
  return point;
}

}  // namespace

TEST_CASE(
    "batches of five on 24 workers cover 20 of 24 mini-batches, and are refused whatever they are called") {
  const auto batch_of = [](std::size_t w) { return w % 4; };
  // As 20 blocks they would be all of the data set, and a batch 6 mini-batches.
  const Batches short_of_it{24, 4, 5, 4, 5, batch_of};
  const std::string fault = fault_of(short_of_it.recipe(), 24, true);
  CHECK_THAT(fault, Contains("5 of the 20 equal blocks") && Contains("6 of 24 mini-batches") &&
                        Contains("has computed 5"));
  // With a fifth batch that nobody sends four mini-batches and more are in no message.
  const Batches unsent{24, 4, 5, 5, 5, batch_of};
  CHECK_THAT(fault_of(unsent.recipe(), 24, true),
             Contains("5 of its 25 equal blocks") && Contains("21 to 25"));
  // Batches of six are right.
  CHECK(fault_of(Batches{24, 4, 6, 4, 6, batch_of}.recipe(), 24, true) == "");
  // So are 20 finer blocks, of which a worker with 6 mini-batches has five.
  CHECK(fault_of(Batches{24, 4, 6, 4, 5, batch_of}.recipe(), 24, true) == "");
}

TEST_CASE(
    "a load of five cannot hold six mini-batches, and no message may be empty or name what is not there") {
  const Batches too_much{24, 4, 5, 4, 6, [](std::size_t w) { return w % 4; }};
  CHECK_THAT(fault_of(too_much.recipe(), 24, true), Contains("6 of 24 mini-batches, but has computed 5"));
  CHECK(fault_of(saying(4, false, own), 4, true) == "");
  CHECK_THAT(fault_of(saying(4, false, [](NodeId) { return std::vector<std::size_t>{}; }), 4, true),
             Contains("contains nothing"));
  CHECK_THAT(fault_of(saying(4, false, [](NodeId from) { return std::vector<std::size_t>{from}; }), 4, true),
             Contains("message 1 of worker 4 contains block 5, and the data set has 4"));
  CHECK_THAT(fault_of(saying(8, false,
                             [](NodeId) {
                               return std::vector<std::size_t>{0, 0};
                             }),
                      4, true),
             Contains("block 1 twice"));
  CHECK_THAT(fault_of(saying(0, false, own), 4, true), Contains("no blocks"));
}

TEST_CASE("what is in no message is refused unless the scheme declares itself approximate") {
  const auto lacks_third = [](NodeId from) { return std::vector<std::size_t>{from == 3 ? 0u : from - 1}; };
  CHECK_THAT(
      fault_of(saying(4, false, lacks_third), 4, true),
      Contains("no message contains 1 of its 4 equal blocks of the data set (3), 1 of 4 mini-batches"));
  CHECK(fault_of(saying(4, false, lacks_third, 0.75), 4, true) == "");
  CHECK(fault_of(saying(4, false, lacks_third, 0.8), 4, true) != "");
}

TEST_CASE(
    "workers that compute on coded data hold something of more than they compute, and have to declare it") {
  const auto all = [](NodeId) { return std::vector<std::size_t>{0, 1, 2, 3}; };
  CHECK(fault_of(saying(4, true, all), 4, true) == "");
  CHECK_THAT(fault_of(saying(4, false, all), 4, true), Contains("4 of 4 mini-batches, but has computed 1"));
}

TEST_CASE("a scheme for other workers, out of its own reach, or that throws, says so") {
  CHECK_THAT(fault_of(without_codebook({}, 5), 4, false), Contains("for 5 workers, and there are 4"));
  CHECK_THAT(fault_of(without_codebook({}, 3), 3, false),
             Contains("needs 4 useful messages") && Contains("come to 3"));
  const SchemeRecipe throws{
      .make = []() -> std::unique_ptr<Scheme> { throw std::runtime_error("not today"); }};
  CHECK(fault_of(throws, 4, true) == "not today");
  CHECK(fault_of({.make = []() -> std::unique_ptr<Scheme> { return nullptr; }}, 4, true) != "");
  // What no machine can hold is refused for what it is.
  const SchemeRecipe too_large{.make = []() -> std::unique_ptr<Scheme> { throw std::bad_alloc(); }};
  CHECK_THAT(fault_of(too_large, 4, true), Contains("does not fit into the memory"));
}

TEST_CASE("a verdict of exact does not stand when the messages taken lack a part of the data set") {
  // The master is content with three of four.
  const Verification v = run_trials(verified_point(saying(4, false, own, 1, 3)), 0, 20, 1)[0].verification;
  REQUIRE(v.failed_trial);
  CHECK(*v.failed_trial == 0);
  CHECK_THAT(v.failure, Contains("do not contain the whole data set"));
  CHECK_FALSE(v.prime_exact);
  CHECK_FALSE(
      run_trials(verified_point(saying(4, false, own, 0.75, 3)), 0, 20, 1)[0].verification.failed_trial);
  CHECK_FALSE(run_trials(verified_point(saying(4, false, own)), 0, 20, 1)[0].verification.failed_trial);
}

TEST_CASE("a maker of codebooks that is empty or returns nothing makes a scheme timing only") {
  for (const FixedScheme::MakeCodebook& make :
       {FixedScheme::MakeCodebook{}, FixedScheme::MakeCodebook{[] { return std::unique_ptr<Codebook>(); }}}) {
    const SchemeRecipe recipe = without_codebook(make);
    CHECK(fault_of(recipe, 4, true) == "");
    const auto scheme = recipe.make();
    CHECK(scheme->timing_only());
    CHECK_THROWS_AS(scheme->codebook(), std::logic_error);
    const Summary result = run_trials(verified_point(recipe), 0, 50, 2)[0];
    CHECK(result.verification.timing_only);
    CHECK(result.verification.trials == 0);
    CHECK(result.verification.decodes == 0);
    CHECK_FALSE(result.verification.failed_trial);
    CHECK(result.sums[Tally::time].mean() > 0);
  }
  CHECK_FALSE(scheme_of(4, R"({"scheme": "uncoded"})")->timing_only());
}

TEST_CASE("configurations can be read by several threads at once") {
  // Codes whose ranges are looked up and remembered, the same ones and others.
  const auto read = [](int n) {
    return point_of(n,
                    {R"({"scheme": "gc", "load": 3})", R"({"scheme": "gc", "load": 3, "code": "cyclic-mds"})",
                     R"({"scheme": "gc-mmc", "design": "uncorrelated", "load": 3, "orders": [2, 3]})"},
                    Scaling::server_dependent, R"("verify": {"trials": 1},)")
        .schemes.size();
  };
  std::vector<std::size_t> found(8, 0);
  {
    std::vector<std::jthread> team;
    for (std::size_t t = 0; t < found.size(); ++t)
      team.emplace_back([&, t] {
        for (int n = 6; n < 14; ++n) found[t] += read(n + static_cast<int>(t % 2));
      });
  }
  CHECK(found == std::vector<std::size_t>(8, 8 * 3));
}

TEST_CASE("what a row contains is known without its code, and is where the code has coefficients") {
  std::vector<std::shared_ptr<const SharedCode>> codes = {sum_code(4), multi_message_code(7, {1, 3, 5}),
                                                          multi_message_code(5, {5})};
  for (const std::string& name : names_of(cyclic_code_field().words))
    for (const int load : {1, 3, 7}) codes.push_back(cyclic_code(name, 7, load, 1));
  for (const auto& code : codes) {
    const codes::Mask& mask = code->mask();
    const auto& prime = code->decoder<codes::Gf61>().code().rows;
    const auto& real = code->decoder<codes::Complex>().code().rows;
    REQUIRE(prime.rows() == mask.rows());
    REQUIRE(prime.cols() == mask.cols());
    for (Eigen::Index row = 0; row < mask.rows(); ++row)
      for (Eigen::Index column = 0; column < mask.cols(); ++column) {
        CHECK((prime(row, column) != codes::Gf61(0)) == mask(row, column));
        CHECK((std::abs(real(row, column)) > 1e-9) == mask(row, column));
      }
  }
  const SharedCode unknown([] { return codes::repetition<codes::Complex>(1, 2); },
                           [] {
                             auto code = codes::repetition<codes::Gf61>(1, 2);
                             code.rows(0, 1) = codes::Gf61(0);
                             return code;
                           });
  CHECK(unknown.mask()(0, 0));
  CHECK_FALSE(unknown.mask()(0, 1));
}
