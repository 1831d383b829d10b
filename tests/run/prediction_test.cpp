// What the theory columns say on links that cost time, against closed forms and against the simulation.
#include "sim/run/prediction.h"

#include <fmt/format.h>

#include <boost/math/policies/error_handling.hpp>
#include <catch2/catch.hpp>
#include <cmath>
#include <stdexcept>

#include "sim/table/results_csv.h"
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
  CHECK(row.time.mean > found->time_low);
  CHECK(row.time.mean < found->time_high);

  // A port that is all there is: the first message opens it, and it never idles.
  const Point busy = on_links(10, R"({"scheme": "gc", "load": 3})", R"({"model": "serial", "bandwidth": 1})");
  const Row all = simulated(busy, 2000);
  CHECK(std::abs(all.time.mean - all.theory->time_low) < 4.5 * all.time.std_error);
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

TEST_CASE("prediction: the skewness of a Pareto time holds however little its index passes 3") {
  const auto check = [](int workers, int need, double shape, const std::string& scheme) {
    CAPTURE(workers, need, shape);
    // E X_(k)^p of n Pareto times is Γ(n+1)Γ(n−k+1−p/β) / (Γ(n−k+1)Γ(n+1−p/β)).
    const int beyond = workers - need + 1;
    const auto moment = [&](int p) {
      return std::exp(std::lgamma(workers + 1.0) + std::lgamma(beyond - p / shape) - std::lgamma(beyond) -
                      std::lgamma(workers + 1 - p / shape));
    };
    const double mean = moment(1), variance = moment(2) - mean * mean;
    const double third = moment(3) - 3 * mean * moment(2) + 2 * mean * mean * mean;
    const auto found = predicted_skewness(
        point_at(workers, fmt::format(R"({{"model": "pareto", "shape": {}, "scale": 2}})", shape), scheme),
        0);
    REQUIRE(found);
    // Of 30 workers' slowness the power law is not all there yet where the integral ends.
    CHECK(*found == Approx(third / std::pow(variance, 1.5)).epsilon(beyond < 30 ? 1e-3 : 3e-3));
  };
  for (const double above : {1e-6, 1e-4, 1e-3, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 2.0, 7.0}) {
    check(1, 1, 3 + above, R"({"scheme": "uncoded"})");
    check(4, 4, 3 + above, R"({"scheme": "uncoded"})");
    check(4, 1, (3 + above) / 4, R"({"scheme": "gc", "load": 4})");
    check(10, 9, (3 + above) / 2, R"({"scheme": "ignore-stragglers", "stragglers": 1})");
    check(40, 11, (3 + above) / 30, R"({"scheme": "ignore-stragglers", "stragglers": 29})");
  }
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
