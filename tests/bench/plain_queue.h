// The yardstick of the benchmarks: what one would write by hand for one scheme at a time: a
// std::priority_queue of events, std::mt19937_64 with std::exponential_distribution, one branch a message. No
// scheme is pluggable, nothing but time and messages is counted, and nothing is reproducible out of order.
#pragma once

#include <cstdint>
#include <functional>
#include <queue>
#include <random>
#include <vector>

namespace straggle::bench {

/// K = 40 workers, load 10, x = 0.01 + Exp(1)/10.
class PlainQueue {
 public:
  explicit PlainQueue(std::uint64_t seed) : random_(seed) {}

  struct Outcome {
    double time;
    int messages;
  };

  /// Gradient coding: the 31st of 40 workers, each with ten mini-batches.
  Outcome gradient_coding() {
    queue_.clear();
    for (int w = 0; w < workers; ++w) queue_.push({load * draw(), w, 0});
    Outcome outcome{0, 0};
    while (outcome.messages < workers - load + 1) {
      outcome.time = queue_.top().time;
      queue_.pop();
      ++outcome.messages;
    }
    return outcome;
  }

  /// UC-MMC: every mini-batch sent at once, until all forty are there.
  Outcome uncoded_multi_message() {
    queue_.clear();
    double pace[workers];
    bool received[workers] = {};
    for (int w = 0; w < workers; ++w) {
      pace[w] = draw();
      queue_.push({pace[w], w, 1});
    }
    Outcome outcome{0, 0};
    for (int distinct = 0; distinct < workers;) {
      const Event event = queue_.top();
      queue_.pop();
      outcome.time = event.time;
      ++outcome.messages;
      int batch = event.worker + event.step - 1;
      if (batch >= workers) batch -= workers;
      if (!received[batch]) {
        received[batch] = true;
        ++distinct;
      }
      if (event.step < load)
        queue_.push({(event.step + 1) * pace[event.worker], event.worker, event.step + 1});
    }
    return outcome;
  }

  /// GC-MMC, uncorrelated, four clusters, orders 6, 8, 10: seven messages of each cluster.
  Outcome uncorrelated_multi_message() {
    constexpr int orders[] = {6, 8, 10};
    queue_.clear();
    double pace[workers];
    for (int w = 0; w < workers; ++w) {
      pace[w] = draw();
      queue_.push({orders[0] * pace[w], w, 0});
    }
    Outcome outcome{0, 0};
    int in_cluster[4] = {};
    for (int decoded = 0; decoded < 4;) {
      const Event event = queue_.top();
      queue_.pop();
      outcome.time = event.time;
      ++outcome.messages;
      int& count = in_cluster[event.worker / 10];
      if (count < 7 && ++count == 7) ++decoded;
      if (event.step < 2)
        queue_.push({orders[event.step + 1] * pace[event.worker], event.worker, event.step + 1});
    }
    return outcome;
  }

 private:
  static constexpr int workers = 40, load = 10;

  struct Event {
    double time;
    int worker, step;
    bool operator>(const Event& other) const { return time > other.time; }
  };
  struct Queue : std::priority_queue<Event, std::vector<Event>, std::greater<>> {
    void clear() { c.clear(); }  // keeps its memory
  };

  double draw() { return 0.01 + exponential_(random_) / 10; }

  std::mt19937_64 random_;
  std::exponential_distribution<double> exponential_{1.0};
  Queue queue_;
};

}  // namespace straggle::bench
