#include "sim/run/campaign.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <iostream>
#include <mutex>
#include <optional>
#include <thread>

#include "sim/base/interrupt.h"
#include "sim/run/runner.h"

namespace straggle {
namespace {

/// Trials that one thread runs in one go, all of one chunk.
struct Portion {
  std::size_t part = 0;
  std::uint64_t first = 0, last = 0;
  std::uint64_t number = 0;  ///< in the order of the plan, from 0
  bool ends_chunk = false;
};

/// Deals out portions in order, and hands on in order what comes back.
class Queue {
 public:
  Queue(const Plan& plan, Sink& sink)
      : plan_(plan), sink_(sink), most_ahead_(16 + 4 * (plan.threads + plan.helpers.size())) {
    for (const Plan::Part& part : plan.parts) parts_.push_back({part.first, part.last});
  }

  /// The next portion; waits while too many are ahead of the one that is late, or nobody knows yet whether
  /// there are more. Nothing when there is none left, or something has gone wrong.
  std::optional<Portion> next() {
    std::unique_lock lock(mutex_);
    for (;;) {
      room_.wait(lock, [&] { return error_ || dealt_ - taken_ < most_ahead_; });
      if (error_) return std::nullopt;
      if (begins_chunk_ && !find_chunk()) {
        if (open_ == parts_.size()) return std::nullopt;
        room_.wait(lock);  // for a decision
        continue;
      }
      break;
    }
    if (const int signal = caught_signal(); signal != 0 && begins_chunk_) {  // after those that are in hand
      keep_first(std::make_exception_ptr(Interrupted{signal}), dealt_);
      room_.notify_all();
      return std::nullopt;
    }
    constexpr std::uint64_t verified_portion = 8;
    State& part = parts_[part_];
    if (begins_chunk_) ++part.pending;
    Portion portion{.part = part_, .first = part.next, .number = dealt_++};
    const std::uint64_t end = chunk_end(part);
    portion.last = part.next < plan_.parts[part_].point->verify.trials
                       ? std::min(end, part.next + verified_portion)
                       : end;
    portion.ends_chunk = begins_chunk_ = portion.last == end;
    part.next = portion.last;
    return portion;
  }

  void put(const Portion& portion, std::vector<Block>&& blocks) {
    std::unique_lock lock(mutex_);
    const auto place = static_cast<std::size_t>(portion.number - taken_);
    if (waiting_.size() <= place) waiting_.resize(place + 1);
    waiting_[place] = {portion, std::move(blocks), true};
    if (handing_on_) return;  // whoever does takes this one, too
    handing_on_ = true;
    while (!waiting_.empty() && waiting_.front().done && (!error_ || taken_ < error_at_)) {
      Result result = std::move(waiting_.front());
      waiting_.pop_front();
      const std::uint64_t number = taken_++;
      room_.notify_all();
      lock.unlock();
      std::exception_ptr wrong;
      const std::size_t part = result.portion.part;
      std::optional<std::uint64_t> end;
      try {
        end = hand_on(std::move(result));
      } catch (const std::bad_alloc&) {
        wrong = std::make_exception_ptr(OutOfMemory(part));
      } catch (...) {
        wrong = std::current_exception();
      }
      lock.lock();
      if (wrong) keep_first(wrong, number);
      if (end) {
        --parts_[part].pending;
        parts_[part].end = *end;
      }
      room_.notify_all();
    }
    handing_on_ = false;
  }

  /// `number` is the portion's that threw.
  void fail(std::exception_ptr error, std::uint64_t number) {
    const std::lock_guard lock(mutex_);
    keep_first(error, number);
    room_.notify_all();
  }

  /// When nobody works any more.
  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  struct Result {
    Portion portion;
    std::vector<Block> blocks;
    bool done = false;
  };

  /// How far a part is.
  struct State {
    std::uint64_t next, end;    ///< the trial that is dealt out next, and where that ends for now
    std::uint64_t pending = 0;  ///< chunks that have been begun and not handed on yet
  };

  static std::uint64_t chunk_end(const State& part) {
    return std::min(part.end, (part.next / chunk_trials + 1) * chunk_trials);
  }

  /// Finds the first chunk that can be dealt out and is wanted. False where there is none now.
  bool find_chunk() {
    for (part_ = open_; part_ < parts_.size(); ++part_) {
      State& part = parts_[part_];
      while (part.next < part.end && plan_.wanted && !plan_.wanted(part_, part.next, chunk_end(part)))
        part.next = chunk_end(part);
      if (part.next < part.end) return true;
      // What its last chunk comes to may give it more trials.
      const bool over = !plan_.more || part.pending == 0;
      if (part_ == open_ && over) ++open_;
    }
    return false;
  }

  void keep_first(std::exception_ptr error, std::uint64_t number) {
    if (error_ && error_at_ <= number) return;
    error_ = std::move(error);
    error_at_ = number;
  }

  /// Without the lock, but by one thread at a time. Where that ends a chunk, where its part ends from now on.
  std::optional<std::uint64_t> hand_on(Result&& result) {
    const Portion portion = result.portion;
    if (chunk_.blocks.empty()) {
      chunk_ = {.point = portion.part, .first = portion.first, .blocks = std::move(result.blocks)};
    } else {
      for (std::size_t s = 0; s < chunk_.blocks.size(); ++s) chunk_.blocks[s].append(result.blocks[s]);
    }
    if (!portion.ends_chunk) return std::nullopt;
    sink_.take(std::exchange(chunk_, {}));
    return plan_.more ? plan_.more(portion.part) : plan_.parts[portion.part].last;
  }

  const Plan& plan_;
  Sink& sink_;
  const std::uint64_t most_ahead_;
  std::mutex mutex_;
  std::condition_variable room_;
  std::vector<State> parts_;
  std::size_t open_ = 0;  // those before are over
  std::size_t part_ = 0;  // of the next portion
  bool begins_chunk_ = true;
  std::uint64_t dealt_ = 0, taken_ = 0;
  std::deque<Result> waiting_;  // numbers taken_, taken_ + 1, …
  bool handing_on_ = false;
  Chunk chunk_;  // that is handed on when it is whole
  std::exception_ptr error_;
  std::uint64_t error_at_ = 0;
};

/// Takes portions and puts what run(portion) makes of them, until there are none.
template <class Run>
void work_off(const Plan& plan, Queue& queue, const Run& run) {
  while (const std::optional<Portion> portion = queue.next()) {
    try {
      if (plan.progress) plan.progress(portion->part, 0);
      queue.put(*portion, run(*portion));
      if (plan.progress) plan.progress(portion->part, portion->last - portion->first);
    } catch (const std::bad_alloc&) {
      queue.fail(std::make_exception_ptr(OutOfMemory(portion->part)), portion->number);
    } catch (...) {
      queue.fail(std::current_exception(), portion->number);
    }
  }
}

/// What one thread does.
void work_here(const Plan& plan, Queue& queue) {
  std::optional<BlockRunner> runner;  // built by its own thread: memory near the core that uses it
  std::size_t part = 0;
  work_off(plan, queue, [&](const Portion& portion) {
    if (!runner || portion.part != part) {
      part = portion.part;
      runner.emplace(*plan.parts[part].point, plan.keep);
    }
    return runner->run(portion.first, portion.last);
  });
}

/// What one thread has a helper do.
void work_there(const Plan& plan, Queue& queue, Helper& helper) {
  work_off(plan, queue,
           [&](const Portion& portion) { return helper.run(portion.part, portion.first, portion.last); });
}

/// How many threads can have something to do.
std::size_t useful_threads(const Plan& plan) {
  std::uint64_t trials = 0;
  for (const Plan::Part& part : plan.parts) trials += part.last - std::min(part.first, part.last);
  return static_cast<std::size_t>(
      std::clamp<std::uint64_t>(plan.threads, 1, std::max<std::uint64_t>(1, trials)));
}

}  // namespace

Plan Plan::of(const std::vector<Point>& points, unsigned threads, Keep keep) {
  Plan plan{.parts = {}, .keep = keep, .threads = threads};
  for (const Point& point : points) plan.parts.push_back({&point, 0, point.trials});
  return plan;
}

void Plan::until(const std::function<std::uint64_t(std::size_t part)>& end) {
  for (std::size_t part = 0; part < parts.size(); ++part) parts[part].last = end(part);
  more = end;
}

void run_campaign(const Plan& plan, Sink& sink) {
  Queue queue(plan, sink);
  std::vector<const Point*> points;
  for (const Plan::Part& part : plan.parts) points.push_back(part.point);
  for (Helper* helper : plan.helpers) helper->begin(points, plan.keep);
  {
    std::vector<std::jthread> others, team;
    for (Helper* helper : plan.helpers)
      others.emplace_back([&plan, &queue, helper] { work_there(plan, queue, *helper); });
    const std::size_t size = useful_threads(plan);
    team.reserve(size);
    try {
      for (std::size_t t = 1; t < size; ++t) team.emplace_back([&] { work_here(plan, queue); });
    } catch (const std::exception& refused) {  // by the system, or for want of memory
      static std::once_flag said;
      std::call_once(said, [&] {
        std::cerr << fmt::format("only {} of {} threads can be started ({}); going on with these\n",
                                 team.size() + 1, size, refused.what());
      });
    }
    work_here(plan, queue);
  }
  queue.rethrow();
}

namespace {

/// Calls a function with every chunk.
template <class Take>
class Taking final : public Sink {
 public:
  explicit Taking(Take take) : take_(std::move(take)) {}
  void take(Chunk&& chunk) override { take_(std::move(chunk)); }

 private:
  Take take_;
};

template <class Take>
void run_one(const Point& point, std::uint64_t first, std::uint64_t last, unsigned threads,
             const std::function<void(std::uint64_t)>& progress, Keep keep, Take take) {
  Plan plan{.parts = {{&point, first, last}}, .keep = keep, .threads = threads};
  if (progress) plan.progress = [&](std::size_t, std::uint64_t trials) { progress(trials); };
  Taking<Take> sink(std::move(take));
  run_campaign(plan, sink);
}

}  // namespace

std::vector<Summary> run_trials(const Point& point, std::uint64_t first, std::uint64_t last, unsigned threads,
                                const std::function<void(std::uint64_t)>& progress, Keep keep) {
  std::vector<Summary> results(point.schemes.size());
  run_one(point, first, last, threads, progress, keep, [&](Chunk&& chunk) {
    const ChunkSummary summary = summary_of(chunk, point, keep);
    for (std::size_t s = 0; s < results.size(); ++s) results[s].append(summary.schemes[s]);
  });
  return results;
}

std::vector<Block> run_blocks(const Point& point, std::uint64_t first, std::uint64_t last, unsigned threads,
                              const std::function<void(std::uint64_t)>& progress, Keep keep) {
  std::vector<Block> results(point.schemes.size());
  run_one(point, first, last, threads, progress, keep, [&](Chunk&& chunk) {
    for (std::size_t s = 0; s < results.size(); ++s) results[s].append(chunk.blocks[s]);
  });
  for (std::size_t s = 0; s < results.size(); ++s) results[s].scheme = s;
  return results;
}

}  // namespace straggle
