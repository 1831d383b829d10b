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

/// x = 0.01 + Exp(1)/10; stars of 40 workers with load 10; 0.01 seconds for a gradient over a link.
class PlainQueue {
 public:
  explicit PlainQueue(std::uint64_t seed) : random_(seed) {}

  struct Outcome {
    double time;
    long messages;
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

  /// Ring all-reduce: a worker's step is over when its chunk has arrived at the right; it starts the next one
  /// when the chunk from the left has come too.
  Outcome ring(int size) {
    queue_.clear();
    const int steps = 2 * (size - 1);
    const double hop = transfer / size;
    over_.assign(static_cast<std::size_t>(size), -1);
    come_.assign(static_cast<std::size_t>(size), 0);
    for (int w = 0; w < size; ++w) queue_.push({draw(), w, 0});
    Outcome outcome{0, 0};
    const auto start_next = [&](int w) {
      const auto i = static_cast<std::size_t>(w);
      if (over_[i] < steps && come_[i] >= over_[i]) queue_.push({outcome.time + hop, w, over_[i] + 1});
    };
    while (!queue_.empty()) {
      const Event event = queue_.top();
      queue_.pop();
      outcome.time = event.time;
      over_[static_cast<std::size_t>(event.worker)] = event.step;
      start_next(event.worker);
      if (event.step == 0) continue;
      ++outcome.messages;
      const int right = event.worker + 1 < size ? event.worker + 1 : 0;
      const bool waited = over_[static_cast<std::size_t>(right)] == event.step;
      come_[static_cast<std::size_t>(right)] = event.step;
      if (waited) start_next(right);
    }
    return outcome;
  }

  /// A tree of `arity` children a node and `depth` levels, in level order under a master that does not
  /// compute: every parent takes all but one of its children, one after another, and then sends.
  Outcome tree(int arity, int depth) {
    int nodes = 1, parents = 0;
    for (int level = 0, width = 1; level < depth; ++level) {
      parents += width;
      width *= arity;
      nodes += width;
    }
    queue_.clear();
    free_.assign(static_cast<std::size_t>(parents), 0);
    taken_.assign(static_cast<std::size_t>(parents), 0);
    computed_.assign(static_cast<std::size_t>(parents), 0);
    computed_[0] = 1;
    for (int node = 1; node < nodes; ++node) queue_.push({draw(), node, 0});
    Outcome outcome{0, 0};
    const auto send = [&](int node) {
      const int parent = (node - 1) / arity;
      double& free = free_[static_cast<std::size_t>(parent)];
      free = (free > outcome.time ? free : outcome.time) + transfer;
      queue_.push({free, parent, 1});
    };
    while (true) {
      const Event event = queue_.top();
      queue_.pop();
      outcome.time = event.time;
      const auto i = static_cast<std::size_t>(event.worker);
      if (event.step == 0) {
        if (event.worker >= parents) {
          send(event.worker);
        } else {
          computed_[i] = 1;
          if (taken_[i] >= arity - 1) send(event.worker);
        }
        continue;
      }
      ++outcome.messages;
      if (++taken_[i] != arity - 1) continue;
      if (event.worker == 0) return outcome;
      if (computed_[i] != 0) send(event.worker);
    }
  }

 private:
  static constexpr int workers = 40, load = 10;
  static constexpr double transfer = 0.01;

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
  std::vector<int> over_, come_, taken_;
  std::vector<double> free_;
  std::vector<char> computed_;
};

}  // namespace straggle::bench
