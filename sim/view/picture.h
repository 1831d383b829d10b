// Static pictures as SVG: bars and curves with error bars and what theory says, distributions, shares, and
// the timeline of an iteration. Every picture is complete by itself; a page it stands in may give its classes
// other colours (`s0`..`s7` of the series, `t-...` of a timeline, `ink`, `faint`, `grid`, `paper`).
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/engine/timeline.h"

namespace straggle {

/// Text inside XML or HTML, in an element or in a quoted attribute.
std::string escaped(std::string_view text);

/// What a picture is called, and the same in words for who cannot see it.
struct Caption {
  std::string title, description;
};

/// A measured number with its interval and, where there is one, the expectation or the band theory gives.
struct Mark {
  double x = 0, y = 0;
  double low = y, high = y;
  double theory_low = std::numeric_limits<double>::quiet_NaN();
  double theory_high = std::numeric_limits<double>::quiet_NaN();
  std::string label = {};  ///< written beside it in a plane; empty for most
};

/// The marks of one series, in order.
struct Series {
  std::string name;
  std::vector<Mark> marks;
};

/// A horizontal bar for the first mark of each series; `unit` is what is measured, `time [s]`.
std::string bars_picture(const Caption& caption, const std::vector<Series>& series, const std::string& unit);

struct Axis {
  std::string name;
  bool log = false;
};

/// Marks in a plane, those of a series joined by a line: a curve, or the trade-off of two measures. `front`:
/// the marks, from left to right, that no other beats in both.
std::string curves_picture(const Caption& caption, const std::vector<Series>& series, const Axis& x,
                           const Axis& y, const std::vector<std::pair<double, double>>& front = {});

/// A sample by its quantiles: `rank` of the `count` trials were complete by `time`, in increasing order.
struct Distribution {
  std::string name;
  std::uint64_t count = 0;     ///< trials, those among them that never complete
  std::uint64_t complete = 0;  ///< of these
  struct Step {
    std::uint64_t rank;
    double time;
  };
  std::vector<Step> steps;
};
/// The share of trials complete by a time and, below on a logarithmic scale, that of those that take longer.
std::string distribution_picture(const Caption& caption, const std::vector<Distribution>& samples);

/// How a completion time divides over the causes, in seconds.
struct Shares {
  std::string name;
  double seconds[causes] = {};
};
std::string shares_picture(const Caption& caption, const std::vector<Shares>& shares);

/// What is drawn of a timeline: at most so many rows, and of what is too short or too close together to be
/// seen only that it was there.
struct TimelineDrawing {
  enum class Kind : std::uint8_t {
    held_up,  // the activities, in their order
    compute,
    wasted,
    unfinished,
    wait,
    failed,
    transfer,    ///< a message on its way or in service, on the receiver's row (in latency: the sender's)
    port_queue,  ///< a message that waits for its receiver's port, on the sender's row
    model,       ///< the model on its way down, on the receiver's row
    sent,        ///< the instant a message leaves, on the sender's row
    useful,      ///< the instant a useful message is received
    not_useful,  ///< the same of one that is of no use
  };
  struct Bar {
    std::uint32_t row;
    Kind kind;
    double begin, end;      ///< seconds
    double from, to;        ///< an activity: cumulative work; else the nodes
    std::uint32_t message;  ///< of the sender
    std::uint32_t count;    ///< so many run together here; the rest is of the first of them
  };
  struct Link {
    Cause cause;
    std::uint32_t row, to_row;  ///< `hidden` where a node has no row
    double begin, end;
    NodeId node, to;
    std::uint32_t message;
  };
  static constexpr std::uint32_t hidden = std::numeric_limits<std::uint32_t>::max();

  std::vector<NodeId> rows;  ///< in the order of their numbers
  std::size_t nodes = 0;     ///< that could have had a row
  std::vector<Bar> bars;     ///< by kind, then by row, then by time
  std::vector<Link> path;    ///< the critical path
};
TimelineDrawing draw(const Timeline& timeline, std::size_t workers);

/// What every node did in one iteration: a row a node, at most some 60 (the master, those on the critical
/// path and evenly chosen others; the picture says so).
std::string timeline_picture(const Timeline& timeline, std::size_t workers, const std::string& title);
std::string timeline_picture(const Timeline& timeline, const TimelineDrawing& drawing,
                             const std::string& title);

/// `compute 83 %, link 17 %`: how a critical path, or the seconds of each cause, divide.
std::string shares_in_words(const CriticalPath& path);
std::string shares_in_words(const double (&seconds)[causes]);

}  // namespace straggle
