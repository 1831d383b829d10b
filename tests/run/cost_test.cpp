// What a run takes, told beforehand: memory counted by hand, time only in its order.
#include "sim/run/cost.h"

#include <catch2/catch.hpp>
#include <limits>

using namespace straggle;

namespace {

Experiment experiment_of(const std::string& text) {
  return read_experiment(parse_json(text, "f.json"), "f.json");
}

Experiment small(const std::string& trials) {
  return experiment_of(R"({"workers": 4, "trials": )" + trials + R"(, "verify": {"trials": 0},
                           "compute": {"model": "exponential", "rate": 1},
                           "schemes": [{"scheme": "uncoded"}, {"scheme": "gc", "load": 2}]})");
}

std::string refusal(const Experiment& experiment, unsigned threads, double memory) {
  try {
    check_memory(experiment, threads, memory);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("cost: what cannot fit into memory is refused with the field to lower") {
  const std::string message = refusal(small("1000000000000"), 2, 64e9);
  CHECK_THAT(message, Catch::StartsWith("f.json#/trials: 1000000000000 with 2 schemes takes ") &&
                          Catch::Contains(" TB of memory, but there are 64 GB; lower it"));
  CHECK(refusal(small("1000000000000"), 2, std::numeric_limits<double>::infinity()).empty());
  // A million trials of two schemes: a time of 8 bytes each.
  CHECK(refusal(small("1000000"), 1, 15.9e6) != "");
  CHECK(refusal(small("1000000"), 1, 17e6) == "");
  // Sums of what is drawn: 1001 rows of 1000 workers, 8 bytes each, on every thread.
  const Experiment additive = experiment_of(R"({"workers": 1000, "trials": 1, "verify": {"trials": 0},
      "compute": {"model": "exponential", "rate": 1, "scaling": "additive"},
      "schemes": [{"scheme": "uc-mmc", "load": 1000}]})");
  CHECK(refusal(additive, 1, 9e6) == "");
  CHECK_THAT(refusal(additive, 2, 9e6),
             Catch::StartsWith("f.json#/workers: 1000, of which each draws up to 1000"));
  // Data of verified trials: 1000 blocks of 5 rows of a thousand numbers of 8 bytes, in two fields and for
  // two schemes.
  const auto verified = [](const std::string& verify) {
    return experiment_of(R"({"workers": 1000, "trials": 1, "compute": {"model": "exponential", "rate": 1},
        "schemes": [{"scheme": "uncoded"}, {"scheme": "ignore-stragglers", "stragglers": 1}], "verify": )" +
                         verify + "}");
  };
  CHECK_THAT(refusal(verified(R"({"trials": 1, "dimension": 1000})"), 1, 150e6),
             Catch::StartsWith("f.json#/verify/dimension: 1000 in 1000 blocks of every scheme takes 160 MB"));
  CHECK(refusal(verified(R"({"trials": 1, "dimension": 1000})"), 1, 170e6) == "");
  CHECK(refusal(verified(R"({"trials": 1, "dimension": 1000, "fields": ["prime"]})"), 1, 90e6) == "");
  CHECK(refusal(verified(R"({"trials": 0, "dimension": 1000})"), 1, 10e6) == "");
  CHECK(cost_of(verified(R"({"trials": 1, "dimension": 1000})"), 1).bytes > 160e6);
  CHECK(available_memory() > 1e6);
}

TEST_CASE("cost: a trial that takes minutes is told without being run") {
  const Experiment ring = experiment_of(R"({"workers": 1000000, "trials": 1, "verify": {"trials": 0},
      "compute": {"model": "exponential", "rate": 1}, "schemes": [{"scheme": "rar"}]})");
  const Cost cost = cost_of(ring, 1);  // 2·10¹² messages; at the very least a tenth of a nanosecond each
  CHECK(cost.seconds > 200);
  CHECK_THAT(cost_in_words(cost, 1), Catch::Contains("to shorten it lower /workers"));
}

TEST_CASE("cost: verification has its part, and more trials take more") {
  const Experiment verified = experiment_of(R"({"workers": 30, "trials": 100,
      "compute": {"model": "exponential", "rate": 1}, "schemes": [{"scheme": "gc", "load": 5}]})");
  const Cost with = cost_of(verified, 1);
  CHECK(with.verify_seconds > 0.5 * with.seconds);  // decoding 30 workers' messages beside one round of them
  CHECK_THAT(cost_in_words(with, 1), Catch::Contains("verification is"));
  CHECK(cost_of(small("10"), 1).verify_seconds == 0);
  CHECK(cost_of(small("100000000"), 1).seconds > 100 * cost_of(small("1000"), 1).seconds);
}

TEST_CASE("cost: its words say how long, how much, and what to lower") {
  CHECK(cost_in_words({.seconds = 24, .verify_seconds = 0, .trial_seconds = 0.1, .bytes = 35e6}, 2) ==
        "a run takes about 12 s on 2 threads and 35 MB of memory");
  CHECK(cost_in_words({.seconds = 0.5, .verify_seconds = 0.385, .trial_seconds = 0.1, .bytes = 1.2e9}, 1) ==
        "a run takes below 1 s on 1 thread and 1.2 GB of memory; verification is 77 % of the time");
  CHECK(cost_in_words({.seconds = 3600, .verify_seconds = 0, .trial_seconds = 0.1, .bytes = 35e6}, 1) ==
        "a run takes about 60 min on 1 thread and 35 MB of memory; to shorten it lower /trials");
}
