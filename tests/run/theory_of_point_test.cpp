// What the theory columns say at a point, against closed forms and against the simulation; the tail index of
// completion times against every set of silent workers, tried out in the engine.
#include "sim/run/theory_of_point.h"

#include <fmt/format.h>

#include <boost/math/policies/error_handling.hpp>
#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>
#include <stdexcept>

#include "sim/run/row.h"
#include "tests/schemes/support.h"

using namespace straggle;
using namespace straggle::testing;

namespace {

/// Seconds a gradient holds a port.
constexpr double hold = 0.05, latency = 0.02;

Point on_links(int workers, const std::string& scheme, const std::string& network,
               const std::string& more = "") {
  return point_of(workers, {scheme}, Scaling::server_dependent,
                  R"("gradient": {"bytes": 100}, "network": )" + network + ", " + more);
}

const std::string serial = R"({"model": "serial", "bandwidth": 2000, "latency": 0.02})";

/// E X_(k) of n shifted exponentials times the load.
double kth(int n, int k, double load) {
  return load * (shift + harmonic(n, n - k + 1) / rate);
}

Row simulated(const Point& point, std::uint64_t trials) {
  return make_row(point, 0, run_trials(point, 0, trials, 1)[0]);
}

}  // namespace

TEST_CASE("prediction: on ideal links it is the expectation") {
  const auto found = predict(point_of(10, {R"({"scheme": "gc", "load": 3})"}), 0);
  REQUIRE(found);
  CHECK(found->kind == Prediction::Kind::exact);
  CHECK(found->time_low == Approx(kth(10, 8, 3)));
  CHECK(found->time_high == found->time_low);
  CHECK(*found->messages == Approx(8));
}

TEST_CASE(
    "prediction: the k-th message on a serial port lies between the bounds, which are tight at their ends") {
  const Point point = on_links(10, R"({"scheme": "gc", "load": 3})", serial);
  const auto found = predict(point, 0);
  REQUIRE(found);
  CHECK(found->kind == Prediction::Kind::bounds);
  CHECK(found->time_low == Approx(latency + std::max(kth(10, 8, 3) + hold, kth(10, 1, 3) + 8 * hold)));
  CHECK(found->time_high == Approx(latency + kth(10, 8, 3) + 8 * hold));
  CHECK(*found->messages == 8);
  const Row row = simulated(point, 2000);
  CHECK(row.theory_time_z == 0);
  CHECK(row[Tally::time].mean > found->time_low);
  CHECK(row[Tally::time].mean < found->time_high);

  // A port that is all there is: the first message opens it, and it never idles.
  const Point busy = on_links(10, R"({"scheme": "gc", "load": 3})", R"({"model": "serial", "bandwidth": 1})");
  const Row all = simulated(busy, 2000);
  CHECK(std::abs(all[Tally::time].mean - all.theory->time_low) < 4.5 * all[Tally::time].std_error);
}

TEST_CASE("prediction: a multicast model shifts the bounds, a unicast one has none") {
  const auto without = predict(on_links(10, R"({"scheme": "uncoded"})", serial), 0);
  const std::string head = serial.substr(0, serial.size() - 1);
  const auto with =
      predict(on_links(10, R"({"scheme": "uncoded"})", head + R"(, "downlink": "multicast"})"), 0);
  REQUIRE(with);
  CHECK(with->time_low == Approx(without->time_low + latency + hold));
  CHECK(with->time_high == Approx(without->time_high + latency + hold));
  CHECK_FALSE(predict(on_links(10, R"({"scheme": "uncoded"})", head + R"(, "downlink": "unicast"})"), 0));
}

TEST_CASE("prediction: a ring takes its slowest worker and 2(N - 1) steps, on serial and on shared links") {
  for (const std::string model : {"serial", "shared"}) {
    const Point point = on_links(6, R"({"scheme": "rar"})",
                                 R"({"model": ")" + model + R"(", "bandwidth": 2000, "latency": 0.02})");
    const auto found = predict(point, 0);
    REQUIRE(found);
    CHECK(found->kind == Prediction::Kind::exact);
    CHECK(found->time_low == Approx(kth(6, 6, 1) + 10 * (latency + hold / 6)));
    CHECK(*found->messages == 60);
    const Row row = simulated(point, 2000);
    CHECK(std::abs(row.theory_time_z) < 4.5);
  }
}

TEST_CASE("prediction: a tree has CodedReduce's two expressions, asymptotic and without a z") {
  // 1000 rows a second, at least 0.5 ms a row, 6552 rows; t_c = 0.01 s.
  const auto point = [](int stragglers) {
    return read_experiment(
               parse_json(
                   fmt::format(R"({{"workers": 156, "gradient": {{"bytes": 10}}, "verify": {{"trials": 0}},
          "compute": {{"model": "shifted-exponential", "shift": 3.276, "rate": 0.152625152625, "per": "data-set"}},
          "network": {{"model": "serial", "bandwidth": 1000}},
          "schemes": [{{"scheme": "coded-reduce", "tree": {{"arity": 12, "depth": 2}}, "stragglers": {}}}]}})",
                               stragglers),
                   "test"),
               "test")
        .points[0];
  };
  const auto found = predict(point(3), 0);
  REQUIRE(found);
  CHECK(found->kind == Prediction::Kind::asymptotic);
  // r = 1/12 of the rows: 546 of them.
  const double compute = 0.546 * std::log(4.0) + 0.546 * 0.5;
  CHECK(found->time_low == Approx(compute + 10 * 0.01).epsilon(1e-9));
  CHECK(found->time_high == Approx(compute + 18 * 0.01).epsilon(1e-9));
  CHECK(std::isnan(simulated(point(3), 10).theory_time_z));
  CHECK_FALSE(predict(point(0), 0));
}

TEST_CASE("prediction: none where workers fail or keep old work, where links differ, for several messages") {
  CHECK_FALSE(predict(on_links(6, R"({"scheme": "uc-mmc", "load": 2})", serial), 0));
  Point point = point_of(6, {R"({"scheme": "uncoded"})"});
  REQUIRE(predict(point, 0));
  point.compute.failure.probability = 0.1;
  CHECK_FALSE(predict(point, 0));
  CHECK_FALSE(predict(point_of(6, {R"({"scheme": "uncoded"})"}, Scaling::server_dependent,
                               R"("iterations": 2, "round_start": "backlog",)"),
                      0));
  CHECK_FALSE(predict(on_links(6, R"({"scheme": "uncoded"})", R"({"model": "shared", "bandwidth": 10})"), 0));
  Point uneven = on_links(6, R"({"scheme": "uncoded"})", serial);
  uneven.links.egress[3] = 1000;
  CHECK_FALSE(predict(uneven, 0));
}

TEST_CASE("prediction: silence takes the expected messages away, not the time") {
  const std::string clustered = R"({"scheme": "gc", "load": 2, "clusters": 2})";
  const auto loud = predict(point_of(6, {clustered}), 0);
  const auto quiet = predict(point_of(6, {clustered}, Scaling::server_dependent, R"("silence": true,)"), 0);
  REQUIRE(quiet);
  CHECK(quiet->time_low == loud->time_low);
  CHECK(loud->messages);
  CHECK_FALSE(quiet->messages);
}

TEST_CASE("prediction: seconds for the whole data set are those of a mini-batch times the workers") {
  const auto whole = predict(
      read_experiment(
          parse_json(R"({"workers": 10, "compute": {"model": "shifted-exponential", "shift": 0.1, "rate": 1,
                                    "per": "data-set"}, "schemes": [{"scheme": "uncoded"}]})",
                     "test"),
          "test")
          .points[0],
      0);
  REQUIRE(whole);
  CHECK(whole->time_low == Approx(0.01 + harmonic(10) / 10));
}

namespace {

Point point_at(int workers, const std::string& compute, const std::string& scheme,
               const std::string& more = "") {
  return read_experiment(parse_json(fmt::format(R"({{"workers": {}, {} "compute": {}, "schemes": [{}]}})",
                                                workers, more, compute, scheme),
                                    "test"),
                         "test")
      .points[0];
}

}  // namespace

TEST_CASE("prediction: skewness is of the mean over a trial's iterations, where they are independent") {
  const std::string exponential = R"({"model": "exponential", "rate": 3, "redraw": ")";
  const auto of_trial = [&](const std::string& redraw, const std::string& more) {
    return predicted_skewness(point_at(1, exponential + redraw + "\"}", R"({"scheme": "uncoded"})", more), 0);
  };
  REQUIRE(of_trial("iteration", ""));
  CHECK(*of_trial("iteration", "") == Approx(2).epsilon(1e-3));
  CHECK(*of_trial("iteration", R"("iterations": 4,)") == Approx(1).epsilon(1e-3));
  CHECK_FALSE(of_trial("trial", R"("iterations": 4,)"));
  CHECK_FALSE(of_trial("iteration", R"("iterations": 4, "round_start": "backlog",)"));
  CHECK_FALSE(predicted_skewness(on_links(6, R"({"scheme": "uncoded"})", serial), 0));
  CHECK_FALSE(predicted_skewness(point_of(6, {R"({"scheme": "uc-mmc", "load": 2})"}), 0));
}

TEST_CASE("prediction: a gamma law of any shape has one, whatever a worker sends") {
  for (const double shape : {0.1, 1.0, 30.0, 169.0, 170.0, 171.0, 172.0, 1e4, 1e6})
    for (const std::string more :
         {R"("scaling": "server-dependent")", R"("scaling": "data-dependent", "increment": 0.02)"})
      for (const std::string scheme :
           {R"({"scheme": "uc-mmc", "load": 2})", R"({"scheme": "gc", "load": 2, "clusters": 2})",
            R"({"scheme": "lcc", "load": 4, "messages": "multi"})"}) {
        CAPTURE(shape, more, scheme);
        const auto found = predict(
            point_at(4,
                     fmt::format(R"({{"model": "gamma", "shape": {}, "scale": {}, "shift": 0.01, {}}})",
                                 shape, 1 / shape, more),
                     scheme),
            0);
        REQUIRE(found);
        CHECK(found->time_low > 0.01);
        CHECK(found->time_low < 20);
        if (shape >= 1) CHECK(found->messages);  // else ties, beside the shift
      }
}

TEST_CASE("prediction: where a special function gives up, theory is silent and the run goes on") {
  struct Fails final : ComputeModel {
    explicit Fails(int which) : how(which) {}
    void draw(const DrawAddress&, std::span<double> out) const override {
      std::fill(out.begin(), out.end(), 1);
    }
    std::optional<TimeLaw> law() const override {
      const auto fail = [how = how](double) -> double {
        if (how == 0) throw boost::math::evaluation_error("no root");
        if (how == 1) throw boost::math::rounding_error("not a number");
        if (how == 2) throw std::overflow_error("too large");
        throw std::domain_error("outside");
      };
      return TimeLaw{{{.survival = fail, .density = fail, .tail = fail}}};
    }
    int how;
  };
  for (int how = 0; how < 4; ++how)
    for (const std::string scheme :
         {R"({"scheme": "uncoded"})", R"({"scheme": "uc-mmc", "load": 2})",
          R"({"scheme": "coded-reduce", "tree": {"arity": 2, "depth": 1}, "stragglers": 1})"}) {
      Point point = point_of(2, {scheme});
      point.compute.model = std::make_shared<Fails>(how);
      CHECK_FALSE(predict(point, 0));
      CHECK_FALSE(predicted_skewness(point, 0));
    }
}

TEST_CASE(
    "prediction: a tree whose ports hold messages for different times is beyond CodedReduce's theorem") {
  const auto tree = [](int workers, int arity, int depth, const std::string& network) {
    const std::string scheme =
        fmt::format(R"({{"scheme": "coded-reduce", "tree": {{"arity": {}, "depth": {}}}, "stragglers": 3}})",
                    arity, depth);
    return point_at(
        workers, R"({"model": "shifted-exponential", "rate": 1, "shift": 1})", scheme,
        fmt::format(R"("gradient": {{"bytes": 10}}, "network": {{"model": "serial", {}}},)", network));
  };
  const std::string slower = R"("bandwidth": 1000, "master": {"bandwidth": 100})";
  CHECK_FALSE(predict(tree(156, 12, 2, slower), 0));
  // Workers send no faster into a faster port; into one that is as fast as they are nothing differs.
  for (const char* same : {R"("bandwidth": 1000)", R"("bandwidth": 1000, "master": {"bandwidth": 1000})",
                           R"("bandwidth": 1000, "master": {"bandwidth": 5000})"}) {
    const auto found = predict(tree(156, 12, 2, same), 0);
    REQUIRE(found);
    CHECK(found->time_high - found->time_low == Approx(8 * 0.01));
  }
  // One layer has but the master's port.
  const auto star = predict(tree(12, 12, 1, slower), 0);
  REQUIRE(star);
  CHECK(star->time_low == Approx(4 * (1 + std::log(4.0)) + 9 * 0.1));
}

TEST_CASE("prediction: messages are blank where the port or the tree takes several at once") {
  const std::string far = R"({"model": "shifted-exponential", "rate": 1, "shift": 1e13})";
  const auto messages = [&](const std::string& scheme, const std::string& more) {
    const auto found = predict(point_at(6, far, scheme, more), 0);
    REQUIRE(found);
    return found->messages;
  };
  const std::string three = R"({"scheme": "ignore-stragglers", "stragglers": 3})";
  CHECK_FALSE(messages(three, ""));
  CHECK(messages(R"({"scheme": "uncoded"})", ""));
  const auto serial = [](double seconds) {
    return fmt::format(R"("gradient": {{"bytes": 1}}, "network": {{"model": "serial", "bandwidth": {}}},)",
                       1 / seconds);
  };
  CHECK(messages(three, serial(100)));
  CHECK_FALSE(messages(three, serial(1e-9)));
  CHECK(messages(R"({"scheme": "uncoded"})", serial(1e-9)));
  CHECK_FALSE(
      messages(R"({"scheme": "coded-reduce", "tree": {"arity": 2, "depth": 2}, "stragglers": 1})", ""));
}

TEST_CASE("prediction: of messages that are not a gradient each theory knows the time on ideal links alone") {
  const auto with_sizes = [](Point point) {
    point.schemes[0].recipe.make = [] {
      Program program({.need = 4, .full = {4}});
      for (int w = 0; w < 4; ++w) program.add({{.work = 1, .covers = 1, .size = 0.5}});
      return std::make_unique<FixedScheme>(std::move(program), nullptr);
    };
    return point;
  };
  const Point free = point_of(4, {R"({"scheme": "uncoded"})"}),
              slow = on_links(4, R"({"scheme": "uncoded"})", serial);
  REQUIRE(predict(with_sizes(free), 0));
  CHECK(predict(with_sizes(free), 0)->time_low == predict(free, 0)->time_low);
  CHECK(predict(slow, 0));
  CHECK_FALSE(predict(with_sizes(slow), 0));
}

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
  const Program& program = scheme->next_round({});
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

double index_of(const std::string& model, const std::string& scheme, const std::string& more = "") {
  const auto found = completion_tail(point_at(10, model, scheme, more), 0);
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
  CHECK_FALSE(completion_tail(point_at(10, pareto + R"(, "failure": {"workers": [3]}})", uncoded), 0));
  const std::string classes = R"({"model": "classes", "classes": [
      {"name": "spot", "workers": 3, "model": "pareto", "shape": 0.8, "scale": 1},
      {"name": "own", "workers": "rest", "model": "exponential", "rate": 1}]})";
  CHECK(index_of(classes, uncoded) == Approx(0.8));
  CHECK(index_of(classes, R"({"scheme": "gc", "load": 3})") == Approx(2.4));
  CHECK(std::isinf(index_of(classes, R"({"scheme": "gc", "load": 4})")));
}
