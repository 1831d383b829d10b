// A run: its points' trials as one queue of chunks, worked off by any number of threads and handed on in
// order.
#pragma once

#include <cstdint>
#include <functional>
#include <new>
#include <vector>

#include "sim/run/block.h"
#include "sim/run/columns.h"
#include "sim/run/point.h"
#include "sim/run/summary.h"

namespace straggle {

/// Somebody who runs trials elsewhere: another process, perhaps on another machine.
class Helper {
 public:
  virtual ~Helper() = default;
  /// Whose trials come from now on. What follows is asked for by one thread.
  virtual void begin(const std::vector<const Point*>& points, Keep keep) = 0;
  /// The trials [first, last) of the point with that number in begin(), as BlockRunner::run() has them. What
  /// goes wrong there is thrown here.
  virtual std::vector<Block> run(std::size_t point, std::uint64_t first, std::uint64_t last) = 0;
};

/// What is to be run, and by how many.
struct Plan {
  /// Trials [first, last) of a point, which must outlive the campaign; with `more` those are the first of
  /// them.
  struct Part {
    const Point* point;
    std::uint64_t first, last;
  };
  std::vector<Part> parts;
  Keep keep = {};
  unsigned threads = 1;
  std::vector<Helper*> helpers = {};  ///< who take part beside the threads
  /// Which chunks are to be run: all, where it is empty. Asked in order.
  std::function<bool(std::size_t part, std::uint64_t first, std::uint64_t last)> wanted = {};
  /// Asked when all trials of a part that were to be run have been taken: up to which trial it is to be run
  /// now. Empty: to its last.
  std::function<std::uint64_t(std::size_t part)> more = {};
  /// Told from any thread how many more trials of a part are finished, and 0 when some begin.
  std::function<void(std::size_t part, std::uint64_t trials)> progress = {};

  /// All trials of these points.
  static Plan of(const std::vector<Point>& points, unsigned threads, Keep keep = {});
  /// Every part ends where `end` says, now and whenever its trials up to there have been taken.
  void until(const std::function<std::uint64_t(std::size_t part)>& end);
};

/// Memory that is not there, and where in the plan.
struct OutOfMemory : std::bad_alloc {
  explicit OutOfMemory(std::size_t where) : part(where) {}
  std::size_t part;
};

/// Runs all parts. Whoever has nothing to do takes the next trials of the queue, whatever point they are of;
/// verified trials, which take far longer, are dealt out in smaller portions. `sink` takes the chunks in the
/// order of the plan, while others run on (with `more` those of a part in their order); what it takes does
/// not depend on the number of threads. No more than a few chunks a thread wait for one that is late. What a
/// trial throws is thrown when all that comes before it has been taken: see BlockRunner::run(), and
/// OutOfMemory. After a wish to stop the chunks in hand are finished, unless they take longer than a few
/// seconds, and Interrupted is thrown.
void run_campaign(const Plan& plan, Sink& sink);

/// The trials [first, last) of a point: what is kept of them, one summary a scheme.
std::vector<Summary> run_trials(const Point& point, std::uint64_t first, std::uint64_t last, unsigned threads,
                                const std::function<void(std::uint64_t)>& progress = {}, Keep keep = {});

/// The same trials themselves, one block a scheme.
std::vector<Block> run_blocks(const Point& point, std::uint64_t first, std::uint64_t last, unsigned threads,
                              const std::function<void(std::uint64_t)>& progress = {}, Keep keep = {});

}  // namespace straggle
