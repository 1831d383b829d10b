// The tail index of completion times against every set of silent workers, tried out in the engine.
#include "sim/run/tail.h"

#include <bit>
#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/schemes/support.h"

using namespace straggle;
using namespace straggle::testing;

namespace {

/// Workers of chosen tail indices, for completion_tail alone.
class Tails final : public ComputeModel {
 public:
  explicit Tails(std::vector<double> indices) : indices_(std::move(indices)) {}
  void draw(const DrawAddress&, std::span<double>) const override { FAIL("nobody draws here"); }
  std::optional<TimeLaw> law() const override { return std::nullopt; }
  double tail_index(std::size_t worker) const override { return indices_[worker]; }

 private:
  std::vector<double> indices_;
};

/// Whether the iteration completes when the workers of each set, as bits, never answer.
std::vector<char> completes(const Point& point, std::size_t s) {
  const auto workers = static_cast<std::size_t>(point.workers);
  const auto scheme = point.schemes[s].recipe.make();
  const Program& program = scheme->next_round(nullptr);
  Workspace workspace;
  std::vector<char> result;
  for (std::uint32_t set = 0; set < 1U << workers; ++set) {
    Times times(std::vector<double>(workers, 1.0));
    for (std::size_t w = 0; w < workers; ++w)
      if ((set >> w) & 1) times.offset[w] = never;
    result.push_back(run_round(program, times, workspace).complete);
  }
  return result;
}

/// The least sum of indices over the sets that prevent completion.
double least_sum(const std::vector<char>& complete, const std::vector<double>& indices) {
  double least = never;
  for (std::uint32_t set = 1; set < complete.size(); ++set) {
    if (complete[set]) continue;
    double sum = 0;
    for (std::size_t w = 0; w < indices.size(); ++w)
      if ((set >> w) & 1) sum += indices[w];
    least = std::min(least, sum);
  }
  return least;
}

/// Fleets of every kind: alike, in classes, all different, light among heavy.
std::vector<std::vector<double>> fleets(std::size_t workers) {
  std::vector<std::vector<double>> result(6, std::vector<double>(workers, 0.75));
  for (std::size_t w = 0; w < workers; ++w) {
    result[1][w] = w < workers / 2 ? 0.5 : 1.25;
    result[2][w] = w % 3 == 0 ? 2 : 0.25;
    result[3][w] = static_cast<double>((w * 7 + 3) % 11 + 1) / 4;
    result[4][w] = w < (2 * workers + 2) / 3 ? 1 : never;
    result[5][w] = w >= workers / 3 ? 0.5 + 0.25 * static_cast<double>(w % 2) : never;
  }
  return result;
}

void require_brute_force(Point point, std::size_t s) {
  const auto workers = static_cast<std::size_t>(point.workers);
  if (workers > 12) return;
  const std::vector<char> complete = completes(point, s);
  REQUIRE(complete[0]);
  for (const std::vector<double>& indices : fleets(workers)) {
    INFO(point.schemes[s].label << ", workers of indices " << fmt::format("{}", fmt::join(indices, " ")));
    point.compute.failure = {};
    point.compute.model = std::make_shared<Tails>(indices);
    const auto found = completion_tail(point, s);
    REQUIRE(found);
    CHECK(found->index == least_sum(complete, indices));  // quarters: sums are exact

    // With one worker dead, the others have to make up for it.
    std::vector<double> left = indices;
    left[workers / 2] = 0;
    point.compute.failure.workers = {static_cast<std::uint32_t>(workers / 2)};
    const auto without = completion_tail(point, s);
    const double least = least_sum(complete, left);
    CHECK(without.has_value() == (least > 0));
    if (without) CHECK(without->index == least);
  }
}

Point with_model(const std::string& model, const std::string& scheme, const std::string& more = "") {
  const std::string text =
      fmt::format(R"({{"workers": 10, "compute": {}, "verify": {{"trials": 0}}, {} "schemes": [{}]}})", model,
                  more, scheme);
  return read_experiment(parse_json(text, "test"), "test").points.front();
}

double index_of(const std::string& model, const std::string& scheme, const std::string& more = "") {
  const auto found = completion_tail(with_model(model, scheme, more), 0);
  REQUIRE(found);
  return found->index;
}

const std::string pareto = R"({"model": "pareto", "shape": 0.8, "scale": 1)";
const std::string uncoded = R"({"scheme": "uncoded"})", gc = R"({"scheme": "gc", "load": 5})";

}  // namespace

TEST_CASE("tail: of every registered scheme, the least sum over a set of workers that prevents completion") {
  const std::filesystem::path root = STRAGGLE_SOURCE_DIR;
  std::size_t tried = 0;
  for (const auto& [name, plugin] : Registry<SchemePlugin>::instance().entries()) {
    INFO(name);
    const std::size_t before = tried;
    const auto file = root / "configs" / "smoke" / (name + ".json");
    for (Point& point : load_experiment(file.string()).points)
      for (std::size_t s = 0; s < point.schemes.size(); ++s, ++tried) require_brute_force(point, s);
    CHECK(tried > before);
  }
}

TEST_CASE("tail: in clusters, with tolerances, hybrids and trees") {
  for (const auto& [workers, scheme] : std::vector<std::pair<int, std::string>>{
           {12, R"({"scheme": "gc", "load": 2, "clusters": 3})"},
           {12, R"({"scheme": "gc", "load": 3, "code": "fractional-repetition"})"},
           {10, R"({"scheme": "uc-mmc", "load": 3})"},
           {10, R"({"scheme": "uc-mmc", "load": 3, "tolerance": 0.3})"},
           {10, R"({"scheme": "uc-mmc", "load": 3, "tolerance": 0.6})"},
           {10, R"({"scheme": "uc-mmc", "load": 1, "tolerance": 0.4})"},
           {12, R"({"scheme": "uc-mmc", "load": 2, "clusters": 3})"},
           {12, R"({"scheme": "uc-mmc", "load": 2, "clusters": 3, "tolerance": 0.25})"},
           {12, R"({"scheme": "uc-mmc", "load": 2, "clusters": 3, "tolerance": 0.5})"},
           {12, R"({"scheme": "uc-mmc", "load": 3, "clusters": 2, "tolerance": 0.7})"},
           {10, R"({"scheme": "gc-mmc", "design": "correlated", "load": 6, "order": 3})"},
           {10, R"({"scheme": "gc-mmc", "design": "correlated", "load": 5, "order": 3, "hybrid": true,
                    "clusters": 2})"},
           {10, R"({"scheme": "gc-mmc", "design": "uncorrelated", "load": 5, "orders": [2, 3, 5],
                    "clusters": 2})"},
           {10, R"({"scheme": "gc-mmc", "design": "uncorrelated", "load": 5, "orders": [3, 5],
                    "hybrid": true, "clusters": 2})"},
           {12, R"({"scheme": "lcc", "load": 3, "messages": "multi"})"},
           {12,
            R"({"scheme": "gc-partial", "stragglers": 2, "slowdown": 4, "code": "fractional-repetition"})"},
           {10, R"({"scheme": "ignore-stragglers", "stragglers": 3})"},
           {12, R"({"scheme": "coded-reduce", "tree": {"arity": 3, "depth": 2}, "stragglers": 1})"},
           {6, R"({"scheme": "coded-reduce", "tree": {"arity": 2, "depth": 2}, "stragglers": 1})"},
           {12, R"({"scheme": "coded-reduce", "tree": {"arity": 3, "depth": 2}, "stragglers": 2})"},
           {8, R"({"scheme": "rar"})"}}) {
    require_brute_force(point_of(workers, {scheme}), 0);
  }
}

TEST_CASE("tail: stars without a law are read off their programs") {
  for (const std::string& scheme :
       {gc, uncoded, std::string(R"({"scheme": "gc", "load": 2, "clusters": 5})"),
        std::string(R"({"scheme": "gc-partial", "stragglers": 2, "slowdown": 4})"),
        std::string(R"({"scheme": "uc-mmc", "load": 4})"),
        std::string(R"({"scheme": "gc-mmc", "design": "uncorrelated", "load": 5, "orders": [3, 5],
                        "hybrid": true, "clusters": 2})")}) {
    Point point = point_of(10, {scheme});
    point.schemes[0].recipe.law.reset();
    require_brute_force(point, 0);
  }
}

TEST_CASE("tail: a mean and a variance are the scheme's, not those of x") {
  CHECK(index_of(pareto + "}", uncoded) == Approx(0.8));
  CHECK(index_of(pareto + "}", gc) == Approx(4));
  CHECK(index_of(pareto + "}", R"({"scheme": "gc", "load": 2, "code": "fractional-repetition"})") ==
        Approx(1.6));
  CHECK_FALSE(TailBehaviour{0.8}.mean());
  CHECK_FALSE(TailBehaviour{1}.mean());
  CHECK(TailBehaviour{1.6}.mean());
  CHECK_FALSE(TailBehaviour{2}.variance());
  CHECK(TailBehaviour{4}.variance());
  CHECK(TailBehaviour{}.variance());
  CHECK(std::isinf(index_of(R"({"model": "log-normal", "median": 1, "sigma": 3})", uncoded)));
}

TEST_CASE("tail: models around a heavy one are as heavy, and everybody may fail") {
  CHECK(index_of(R"({"model": "bimodal", "share": 0.1, "slowdown": 5, "base": )" + pareto + "}}", gc) ==
        Approx(4));
  CHECK(index_of(R"({"model": "delayed", "seconds": 3, "stragglers": 2, "base": )" + pareto + "}}", gc) ==
        Approx(4));
  CHECK(index_of(R"({"model": "gilbert-elliott", "to_slow": 0.1, "to_fast": 0.5, "slowdown": 2, "base": )" +
                     pareto + "}}",
                 gc) == Approx(4));
  CHECK(index_of(pareto + R"(, "scaling": "additive"})", gc, R"("iterations": 3,)") == Approx(4));
  // Four of the five may have failed.
  CHECK(index_of(pareto + R"(, "failure": {"probability": 0.01}})", gc) == Approx(0.8));
  CHECK(index_of(pareto + R"(, "failure": {"workers": [3, 4]}})", gc) == Approx(2.4));
  CHECK_FALSE(completion_tail(with_model(pareto + R"(, "failure": {"workers": [3]}})", uncoded), 0));
  const std::string classes = R"({"model": "classes", "classes": [
      {"name": "spot", "workers": 3, "model": "pareto", "shape": 0.8, "scale": 1},
      {"name": "own", "workers": "rest", "model": "exponential", "rate": 1}]})";
  CHECK(index_of(classes, uncoded) == Approx(0.8));
  CHECK(index_of(classes, R"({"scheme": "gc", "load": 3})") == Approx(2.4));
  CHECK(std::isinf(index_of(classes, R"({"scheme": "gc", "load": 4})")));
}
