#include "sim/view/trace.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "sim/base/text.h"
#include "sim/engine/timeline.h"
#include "sim/run/runner.h"
#include "sim/view/replay.h"

namespace straggle {
namespace {

std::string quoted(const std::string& text) {
  return printable_json(Json(text).dump());
}

std::int64_t nanoseconds(double seconds) {
  return std::llround(seconds * 1e9);
}

/// How an activity or a cause is called, and one of the viewers' reserved colours for it.
struct Look {
  const char* name;
  const char* colour;
};

Look look_of(Activity activity) {
  switch (activity) {
    case Activity::held_up:
      return {"held up", "thread_state_runnable"};
    case Activity::compute:
      return {"compute", "good"};
    case Activity::wasted:
      return {"wasted work", "terrible"};
    case Activity::unfinished:
      return {"unfinished work", "grey"};
    case Activity::wait:
      return {"waits for messages", "thread_state_sleeping"};
    case Activity::failed:
      return {"never answers", "black"};
  }
  return {"", ""};
}

const char* colour_of(Cause cause) {
  switch (cause) {
    case Cause::compute:
      return "good";
    case Cause::port_queue:
      return "bad";
    case Cause::link:
      return "thread_state_iowait";
    case Cause::waiting:
      return "thread_state_runnable";
  }
  return "";
}

const char* received_as(const Arrival::Fate fate) {
  switch (fate) {
    case Arrival::Fate::useful:
      return "useful";
    case Arrival::Fate::duplicate:
      return "duplicate";
    case Arrival::Fate::group_full:
      return "group decoded";
    case Arrival::Fate::late:
      return "late";
    case Arrival::Fate::stale:
      return "of an earlier iteration";
    case Arrival::Fate::dropped:
      return "dropped";
  }
  return "";
}

/// The events of one file, a line each.
class EventWriter {
 public:
  explicit EventWriter(std::ostream& out) : out_(out) {}

  void begin_file(const std::vector<std::pair<std::string, std::string>>& notes) {
    out_ << "{\"displayTimeUnit\": \"ms\",\n\"otherData\": {";
    for (std::size_t i = 0; i < notes.size(); ++i)
      fmt::print(out_, "{}{}: {}", i == 0 ? "" : ", ", quoted(notes[i].first), quoted(notes[i].second));
    out_ << "},\n\"traceEvents\": [";
  }
  void end_file() { out_ << "\n]}\n"; }

  void process(std::size_t pid, const std::string& name) {
    start("M", pid, 0);
    fmt::print(out_, ", \"name\": \"process_name\", \"args\": {{\"name\": {}}}}}", quoted(name));
    start("M", pid, 0);
    fmt::print(out_, ", \"name\": \"process_sort_index\", \"args\": {{\"sort_index\": {}}}}}", pid);
  }
  /// A row; rows stand in the order of their numbers.
  void row(std::size_t pid, std::size_t tid, const std::string& name) {
    start("M", pid, tid);
    fmt::print(out_, ", \"name\": \"thread_name\", \"args\": {{\"name\": {}}}}}", quoted(name));
    start("M", pid, tid);
    fmt::print(out_, ", \"name\": \"thread_sort_index\", \"args\": {{\"sort_index\": {}}}}}", tid);
  }
  /// `arguments` are the inside of a JSON object. What contains another slice comes before it.
  void slice(std::size_t pid, std::size_t tid, const std::string& name, const std::string& category,
             const char* colour, double begin, double end, const std::string& arguments) {
    const std::int64_t from = nanoseconds(begin);
    start("X", pid, tid);
    fmt::print(out_, ", \"ts\": {}, \"dur\": {}, \"name\": {}, \"cat\": \"{}\"", microseconds(from),
               microseconds(std::max<std::int64_t>(1, nanoseconds(end) - from)), quoted(name), category);
    if (colour) fmt::print(out_, ", \"cname\": \"{}\"", colour);
    fmt::print(out_, ", \"args\": {{\"begin_s\": {}, \"end_s\": {}{}{}}}}}", begin, end,
               arguments.empty() ? "" : ", ", arguments);
  }
  /// An arrow from a slice that is open at its beginning to one that is open at its end.
  void arrow(std::size_t pid, std::size_t from_row, double begin, std::size_t to_row, double end) {
    ++arrows_;
    start("s", pid, from_row);
    fmt::print(out_, ", \"ts\": {}, \"name\": \"message\", \"cat\": \"message\", \"id\": {}}}",
               microseconds(nanoseconds(begin)), arrows_);
    start("f", pid, to_row);
    fmt::print(out_, ", \"bp\": \"e\", \"ts\": {}, \"name\": \"message\", \"cat\": \"message\", \"id\": {}}}",
               microseconds(nanoseconds(end)), arrows_);
  }
  /// A mark through the whole process group ("p") or on one row ("t").
  void mark(std::size_t pid, std::size_t tid, const std::string& name, double time, const char* scope) {
    start("i", pid, tid);
    fmt::print(out_, ", \"ts\": {}, \"s\": \"{}\", \"name\": {}, \"args\": {{\"time_s\": {}}}}}",
               microseconds(nanoseconds(time)), scope, quoted(name), time);
  }

 private:
  static std::string microseconds(std::int64_t nanoseconds) {
    return fmt::format("{}.{:03}", nanoseconds / 1000, nanoseconds % 1000);
  }
  void start(const char* phase, std::size_t pid, std::size_t tid) {
    fmt::print(out_, "{}\n{{\"ph\": \"{}\", \"pid\": {}, \"tid\": {}", first_ ? "" : ",", phase, pid, tid);
    first_ = false;
  }

  std::ostream& out_;
  bool first_ = true;
  std::uint64_t arrows_ = 0;
};

/// The rows of one scheme's process group. A node has a row of its own; where messages take time, another in
/// which its port receives and as many as it needs to send, because slices of a row must not overlap.
class Rows {
 public:
  Rows(const Program& program, const Links& links)
      : program_(program),
        timed_(links.discipline != Discipline::ideal),
        side_by_side_(links.discipline == Discipline::shared),
        sends_(program.workers() + 1, 0) {}

  /// Assigns a sending row to every message of an iteration that begins at `start`, in the order in which
  /// they are sent; to be called for all iterations before a row is asked for.
  void assign(std::span<const Transfer> transfers, double start, std::vector<std::size_t>& lanes) {
    lanes.assign(transfers.size(), 0);
    if (!timed_) return;
    std::vector<std::size_t> order(transfers.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return transfers[a].sent < transfers[b].sent; });
    for (const std::size_t i : order) {
      std::vector<std::int64_t>& busy = busy_until_[transfers[i].from];
      const std::int64_t sent = nanoseconds(start + transfers[i].sent);
      std::size_t lane = 0;
      while (lane < busy.size() && busy[lane] > sent) ++lane;
      if (lane == busy.size()) busy.push_back(0);
      busy[lane] = std::max(sent + 1, nanoseconds(start + transfers[i].end));
      lanes[i] = lane;
      sends_[transfers[i].from] = std::max(sends_[transfers[i].from], lane + 1);
    }
  }
  void number() {
    std::size_t next = 1;  // after the critical path
    first_.resize(program_.workers() + 1);
    for (NodeId node = 0; node <= program_.workers(); ++node) {
      first_[node] = next;
      next += 1 + (receives(node) ? 1 : 0) + sends_[node];
    }
  }
  /// Messages take time.
  bool timed() const { return timed_; }
  /// A port receives several at once.
  bool side_by_side() const { return side_by_side_; }
  bool receives(NodeId node) const {
    if (node == master) return false;  // it does nothing else
    if (program_.kind() == Program::Kind::exchange) return true;
    return program_.kind() == Program::Kind::tree && !program_.messages(node).empty() &&
           program_.route(node, 0).need > 0;
  }
  std::size_t own(NodeId node) const { return first_[node]; }
  std::size_t receiving(NodeId node) const { return first_[node] + (receives(node) ? 1 : 0); }
  /// Where a message's way is drawn; on ideal links, where it takes no time, in its sender's own row.
  std::size_t sending(NodeId node, std::size_t lane) const {
    return timed_ ? receiving(node) + 1 + lane : own(node);
  }
  void name_all(EventWriter& events, std::size_t pid) const {
    events.row(pid, 0, "critical path");
    for (NodeId node = 0; node <= program_.workers(); ++node) {
      const std::string name = node_name(node);
      events.row(pid, own(node), name);
      if (receives(node)) events.row(pid, receiving(node), name + " receives");
      for (std::size_t lane = 0; lane < sends_[node]; ++lane)
        events.row(pid, sending(node, lane),
                   lane == 0 ? name + " sends" : fmt::format("{} sends ({})", name, lane + 1));
    }
  }

 private:
  Program program_;  // a copy: the scheme's own lives until its next round
  bool timed_, side_by_side_;
  std::vector<std::size_t> sends_;                               // per node, rows
  std::map<NodeId, std::vector<std::int64_t>> busy_until_ = {};  // per sender and row, as drawn
  std::vector<std::size_t> first_;
};

/// Writes one iteration of one scheme.
class IterationWriter {
 public:
  IterationWriter(EventWriter& events, std::size_t pid, const Rows& rows, const Program& program,
                  Scheme& scheme, double start)
      : events_(events), pid_(pid), rows_(rows), program_(program), scheme_(scheme), start_(start) {}

  void write(const Timeline& timeline, std::span<const std::size_t> lanes) {
    for (const CriticalPath::Segment& segment : timeline.path.segments)
      events_.slice(pid_, 0, describe(segment), "critical path", colour_of(segment.cause),
                    start_ + segment.begin, start_ + segment.end,
                    fmt::format("\"waited_for\": \"{}\", \"share\": {}", name_of(segment.cause),
                                (segment.end - segment.begin) / timeline.end));
    for (const Slice& slice : timeline.slices) {
      const Look look = look_of(slice.activity);
      const bool work = slice.to > slice.from;
      events_.slice(
          pid_, rows_.own(slice.node), std::string(look.name) + (slice.old ? " of an earlier iteration" : ""),
          "computing", look.colour, start_ + slice.begin, start_ + slice.end,
          work ? fmt::format("\"mini_batches_from\": {}, \"mini_batches_to\": {}", slice.from, slice.to)
               : "");
    }
    // On ideal links all rounds of an exchange happen at one instant: its first and last say it all.
    const bool first_and_last = program_.kind() == Program::Kind::exchange && !rows_.timed();
    for (std::size_t i = 0; i < timeline.transfers.size(); ++i) {
      const std::uint32_t round = timeline.transfers[i].message;
      if (!first_and_last || round == 0 || round + 1 == program_.rounds())
        write(timeline.transfers[i], lanes[i]);
    }
    if (timeline.complete) write_completion(timeline);
  }

 private:
  void write(const Transfer& transfer, std::size_t lane) {
    const std::string name = transfer.model ? "model" : fmt::format("message {}", transfer.message + 1);
    const std::string state = transfer.model  ? ""
                              : transfer.fate ? received_as(*transfer.fate)
                                              : "on its way at the end";
    std::string arguments =
        fmt::format("\"from\": \"{}\", \"to\": \"{}\"", node_name(transfer.from), node_name(transfer.to));
    if (!transfer.model) {
      arguments += fmt::format(", \"state\": \"{}\"", state);
      if (transfer.fate != Arrival::Fate::stale && !scheme_.timing_only())
        arguments += fmt::format(", \"combines\": \"{}\"",
                                 block_list(scheme_.codebook().contents(transfer.from, transfer.message)));
    }
    // The whole way, and the stretches of it.
    const std::size_t row = rows_.sending(transfer.from, lane);
    slice(row, name, "message", nullptr, transfer.sent, transfer.end, arguments);
    if (rows_.timed()) {
      stretch(row, "latency", "thread_state_iowait", transfer.sent, transfer.at_port, transfer.end);
      stretch(row, "port queue", "bad", transfer.at_port, transfer.served, transfer.end);
      stretch(row, "transfer", "thread_state_running", transfer.served, transfer.received, transfer.end);
    }
    if (transfer.received > transfer.end) return;
    // On shared links messages arrive side by side, so the receiver's row shows their ends only.
    const double began = rows_.side_by_side() ? transfer.received : transfer.served;
    const bool useful = transfer.model || transfer.fate == Arrival::Fate::useful;
    slice(rows_.receiving(transfer.to),
          useful ? "receives " + (transfer.model ? std::string("model") : "message") : "receives: " + state,
          "receiving", useful ? "good" : "terrible", began, transfer.received, arguments);
    events_.arrow(pid_, row, start_ + transfer.sent, rows_.receiving(transfer.to), start_ + began);
  }
  void slice(std::size_t row, const std::string& name, const char* category, const char* colour, double begin,
             double end, const std::string& arguments) {
    events_.slice(pid_, row, name, category, colour, start_ + begin, start_ + end, arguments);
  }
  void stretch(std::size_t row, const char* name, const char* colour, double begin, double end, double most) {
    end = std::min(end, most);
    if (end > begin) slice(row, name, "link", colour, begin, end, "");
  }
  /// Marks where groups were decoded, and where all were.
  void write_completion(const Timeline& timeline) {
    const std::size_t row = rows_.own(program_.kind() == Program::Kind::exchange ? 1 : master);
    if (program_.kind() != Program::Kind::exchange && program_.goal().full.size() > 1) {
      const Goal& goal = program_.goal();
      std::vector<std::uint32_t> in_group(goal.full.size(), 0);
      for (const Transfer& transfer : timeline.transfers) {
        if (transfer.fate != Arrival::Fate::useful || transfer.to != master) continue;
        const Program::Message& message = program_.messages(transfer.from)[transfer.message];
        std::uint32_t& taken = in_group[message.group];
        taken += std::min(message.weight, goal.full[message.group] - taken);
        if (taken == goal.full[message.group])
          events_.mark(pid_, row, fmt::format("group {} can be decoded", message.group + 1),
                       start_ + transfer.received, "t");
      }
    }
    std::string name = "complete: can be decoded";
    if (!timeline.path.segments.empty()) name += "; waited for " + all_shares(timeline.path, timeline.end);
    events_.mark(pid_, row, name, start_ + timeline.end, "p");
  }

  EventWriter& events_;
  const std::size_t pid_;
  const Rows& rows_;
  const Program& program_;
  Scheme& scheme_;
  const double start_;
};

}  // namespace

void write_trace(std::ostream& out, const Point& point, std::span<const std::size_t> schemes,
                 std::uint64_t trial, const std::vector<std::pair<std::string, std::string>>& notes) {
  EventWriter events(out);
  events.begin_file(notes);
  for (std::size_t i = 0; i < schemes.size(); ++i) {
    const std::size_t s = schemes[i], pid = i + 1;
    const std::vector<Timeline> timelines = timelines_of(point, s, trial);
    TrialRunner runner(point);
    Rows rows(runner.program(s), point.links);
    std::vector<std::vector<std::size_t>> lanes(timelines.size());
    double end = 0;
    for (std::size_t iteration = 0; iteration < timelines.size(); ++iteration) {
      rows.assign(timelines[iteration].transfers, end, lanes[iteration]);
      end += timelines[iteration].end;
    }
    rows.number();
    const bool complete = timelines.back().complete;
    events.process(pid, fmt::format("{}: trial {}, {}", point.schemes[s].label, trial,
                                    complete ? fmt::format("{:.7g} s", end) : "never complete"));
    rows.name_all(events, pid);
    double start = 0;
    for (std::uint32_t iteration = 0; iteration < timelines.size(); ++iteration) {
      if (point.iterations > 1)
        events.mark(pid, rows.own(master), fmt::format("iteration {} begins", iteration), start, "p");
      runner.draw(trial, iteration);
      runner.run(s);  // again, for the program and the codebook of this iteration
      IterationWriter(events, pid, rows, runner.program(s), runner.scheme(s), start)
          .write(timelines[iteration], lanes[iteration]);
      start += timelines[iteration].end;
    }
  }
  events.end_file();
}

}  // namespace straggle
