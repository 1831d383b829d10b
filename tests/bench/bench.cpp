// Trials a second of the simulator on one thread, as a ratio to a plain hand-written queue in the same run.
// The goal is a ratio of at least 1 on each workload.
//   W1  gradient coding, cyclic, K = 40, r = 10: one message a worker, the 31st completes
//   W2  UC-MMC: up to ten messages a worker, about 106 of them until all is there
//   W3  GC-MMC, uncorrelated, four clusters, orders 6, 8, 10: about 44 messages
//   W4a, W4b  ring all-reduce of 64 and of 512 workers: 2(N - 1) messages a worker
//   W5a, W5b  CodedReduce on the trees (4,3) and (10,5), s = 1, on serial ports: a message a worker
// usage: straggle_bench [TRIALS], those of W1 to W3; the others get as many as take about as long
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

#include "sim/run/campaign.h"
#include "sim/run/experiment.h"
#include "tests/bench/plain_queue.h"

namespace {

using straggle::bench::PlainQueue;

struct Workload {
  const char* name;
  int workers;
  const char* scheme;
  const char* network;
  double share;  ///< of the trials
  PlainQueue::Outcome (*plain)(PlainQueue&);
};

// 0.01 seconds for a gradient, and the n-th part of that for the n-th part of one.
constexpr const char* ports = R"({"model": "serial", "bandwidth": 100})";
constexpr const char* ideal = R"({"model": "ideal"})";

constexpr Workload workloads[] = {
    {"W1", 40, R"({"scheme": "gc", "load": 10})", ideal, 1,
     [](PlainQueue& queue) { return queue.gradient_coding(); }},
    {"W2", 40, R"({"scheme": "uc-mmc", "load": 10})", ideal, 1,
     [](PlainQueue& queue) { return queue.uncoded_multi_message(); }},
    {"W3", 40,
     R"({"scheme": "gc-mmc", "design": "uncorrelated", "clusters": 4, "load": 10, "orders": [6, 8, 10]})",
     ideal, 1, [](PlainQueue& queue) { return queue.uncorrelated_multi_message(); }},
    {"W4a", 64, R"({"scheme": "rar"})", ports, 0.02, [](PlainQueue& queue) { return queue.ring(64); }},
    {"W4b", 512, R"({"scheme": "rar"})", ports, 0.0003, [](PlainQueue& queue) { return queue.ring(512); }},
    {"W5a", 84, R"({"scheme": "coded-reduce", "tree": {"arity": 4, "depth": 3}, "stragglers": 1})", ports,
     0.25, [](PlainQueue& queue) { return queue.tree(4, 3); }},
    {"W5b", 111110, R"({"scheme": "coded-reduce", "tree": {"arity": 10, "depth": 5}, "stragglers": 1})",
     ports, 0.0001, [](PlainQueue& queue) { return queue.tree(10, 5); }},
};

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// Wall-clock seconds.
double seconds_now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

struct Forgetful final : straggle::Sink {
  void take(straggle::Chunk&&) override {}
};

/// How many times as fast two threads are as one, over points of so many trials each; the median of some
/// rounds.
double speedup_of_two_threads(std::size_t points, std::uint64_t trials) {
  straggle::Json config = straggle::parse_json(
      R"({"workers": 40, "verify": {"trials": 0},
          "compute": {"model": "shifted-exponential", "shift": 0.01, "rate": 1},
          "schemes": [{"scheme": "gc", "load": 10}, {"scheme": "uc-mmc", "load": 10}, {"scheme": "uncoded"}]})",
      "bench");
  config["trials"] = trials;
  straggle::Json rates = straggle::Json::array();
  for (std::size_t i = 1; i <= points; ++i) rates.push_back(i);
  if (points > 1) config["sweep"] = straggle::Json::array({{{"path", "/compute/rate"}, {"values", rates}}});
  const straggle::Experiment experiment = straggle::read_experiment(config, "bench");
  const auto seconds = [&](unsigned threads) {
    Forgetful sink;
    const double start = seconds_now();
    straggle::run_campaign(straggle::Plan::of(experiment.points, threads), sink);
    return seconds_now() - start;
  };
  std::vector<double> ratios;
  for (int round = 0; round < 7; ++round) ratios.push_back(seconds(1) / seconds(2));
  return median(std::move(ratios));
}

}  // namespace

int main(int count, char** words) {
  std::uint64_t trials = 200000;
  if (count > 1) {
    const char* end = words[1] + std::strlen(words[1]);
    if (std::from_chars(words[1], end, trials).ptr != end || trials == 0 || count > 2) {
      fmt::print(stderr, "usage: straggle_bench [TRIALS]\n");
      return 2;
    }
  }
  constexpr int rounds = 7;
  fmt::print("{} trials of W1 to W3, median of {} rounds, one thread\n", trials, rounds);
  fmt::print(
      "workload  straggle [trials/s]  plain queue [trials/s]  ratio (min .. max)   mean time: straggle, "
      "plain\n");
  bool all_reached = true;
  for (const Workload& workload : workloads) {
    const auto trials_here =
        std::max<std::uint64_t>(2, static_cast<std::uint64_t>(static_cast<double>(trials) * workload.share));
    straggle::Json config = straggle::parse_json(
        R"({"compute": {"model": "shifted-exponential", "shift": 0.01, "rate": 10},
            "gradient": {"bytes": 1}, "verify": {"trials": 0}})",
        "bench");
    config["workers"] = workload.workers;
    config["network"] = straggle::parse_json(workload.network, "bench");
    config["schemes"] = {straggle::parse_json(workload.scheme, "bench")};
    // A node of the plain tree has work 1, whatever its share of the data.
    const auto load =
        straggle::read_experiment(config, "bench").points[0].schemes[0].recipe.make()->next_round({}).load(1);
    if (workload.name[1] == '5') {
      config["compute"]["shift"] = 0.01 / load;
      config["compute"]["rate"] = 10 * load;
    }
    const straggle::Experiment experiment = straggle::read_experiment(config, "bench");
    PlainQueue plain(1);
    std::vector<double> ours, theirs, ratios;
    double our_mean = 0, their_mean = 0;
    for (int round = 0; round < rounds; ++round) {
      const double t0 = cpu_seconds();
      const auto results = straggle::run_trials(experiment.points[0], 0, trials_here, 1);
      const double t1 = cpu_seconds();
      double sum = 0, messages = 0;
      for (std::uint64_t trial = 0; trial < trials_here; ++trial) {
        const PlainQueue::Outcome outcome = workload.plain(plain);
        sum += outcome.time;
        messages += static_cast<double>(outcome.messages);
      }
      const double t2 = cpu_seconds();
      if (messages == 0) return EXIT_FAILURE;  // keeps the count from being optimised away
      ours.push_back(static_cast<double>(trials_here) / (t1 - t0));
      theirs.push_back(static_cast<double>(trials_here) / (t2 - t1));
      ratios.push_back(ours.back() / theirs.back());
      our_mean = results[0].sums.tally[straggle::Tally::time].mean();
      their_mean = sum / static_cast<double>(trials_here);
    }
    const auto [least, most] = std::minmax_element(ratios.begin(), ratios.end());
    fmt::print("{:8}  {:19.0f}  {:22.0f}  {:5.2f} ({:.2f} .. {:.2f})  {:.6f}, {:.6f}\n", workload.name,
               median(ours), median(theirs), median(ratios), *least, *most, our_mean, their_mean);
    all_reached = all_reached && median(ratios) >= 1;
  }
  fmt::print(
      "two threads are {:.2f} times as fast as one on a point of {} trials, {:.2f} times on 6 points of "
      "1000\n",
      speedup_of_two_threads(1, trials), trials, speedup_of_two_threads(6, 1000));
  fmt::print("{}\n", all_reached ? "every workload reaches the plain queue"
                                 : "a workload is slower than the plain queue");
  return all_reached ? EXIT_SUCCESS : EXIT_FAILURE;
}
