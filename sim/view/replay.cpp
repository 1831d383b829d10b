#include "sim/view/replay.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/table/results_csv.h"
#include "sim/table/table.h"

namespace straggle {
namespace {

std::string receiver(NodeId node) {
  return node == master ? "master" : fmt::format("{}", node);
}

std::string plural(double count, const char* one, const char* many) {
  return fmt::format("{:g} {}", count, count == 1 ? one : many);
}

/// What is said of one arrival, counting what each receiver has taken.
class Narrator {
 public:
  explicit Narrator(const Program& program)
      : program_(program), in_group_(program.goal().full.size(), 0), at_relay_(program.workers() + 1, 0) {}

  std::string fate(const Arrival& arrival) {
    const Goal& goal = program_.goal();
    switch (arrival.fate) {
      case Arrival::Fate::useful:
        return useful(arrival);
      case Arrival::Fate::duplicate:
        return "a duplicate";
      case Arrival::Fate::group_full:
        return fmt::format("not needed: group {} is decoded",
                           program_.messages(arrival.from)[arrival.message].group + 1);
      case Arrival::Fate::late:
        return program_.route(arrival.from, arrival.message).to == master ? "not needed: just complete"
                                                                          : "not needed: enough have come";
      case Arrival::Fate::stale:
        return "of an earlier iteration";
      case Arrival::Fate::dropped:
        return goal.full.size() > 1 ? fmt::format("dropped: group {} is decoded",
                                                  program_.messages(arrival.from)[arrival.message].group + 1)
                                    : "dropped: complete";
    }
    return "";
  }

 private:
  std::string useful(const Arrival& arrival) {
    if (program_.kind() == Program::Kind::exchange) return "useful";
    const Program::Message& message = program_.messages(arrival.from)[arrival.message];
    const NodeId to = program_.route(arrival.from, arrival.message).to;
    if (to != master) return fmt::format("useful, {} of {}", ++at_relay_[to], program_.route(to, 0).need);
    const Goal& goal = program_.goal();
    const std::uint32_t counts =
        std::min(message.weight, goal.full[message.group] - in_group_[message.group]);
    in_group_[message.group] += counts;
    taken_ += counts;
    std::string fate = fmt::format("useful, {} of {}", in_group_[message.group], goal.full[message.group]);
    if (goal.full.size() > 1) fate += fmt::format(" in group {}", message.group + 1);
    if (taken_ >= goal.need) fate += "; COMPLETE";
    return fate;
  }

  const Program& program_;
  std::vector<std::uint32_t> in_group_, at_relay_;
  std::uint32_t taken_ = 0;
};

/// The table of one iteration's arrivals.
std::string arrivals_of(const Program& program, Scheme& scheme, const std::vector<Arrival>& arrivals) {
  const bool star = program.kind() == Program::Kind::star;
  const bool exchange = program.kind() == Program::Kind::exchange;
  std::vector<std::string> titles = {"time [s]",  "worker",    "has computed",
                                     "and sends", "combining", "which is"};
  if (!star) titles.insert(titles.begin() + 4, "to");
  std::vector<std::vector<std::string>> lines = {titles};
  Narrator narrator(program);
  for (const Arrival& arrival : arrivals) {
    std::vector<std::string> line = {fmt::format("{:.9f}", arrival.time), fmt::format("{}", arrival.from)};
    if (arrival.fate == Arrival::Fate::stale) {
      line.insert(line.end(), {"old work", "an old message", "-"});
    } else {
      const std::size_t step = exchange ? 0 : arrival.message;
      line.push_back(plural(program.messages(arrival.from)[step].work, "mini-batch", "mini-batches"));
      line.push_back(fmt::format("message {}", arrival.message + 1));
      if (!star) line.push_back(receiver(program.route(arrival.from, step).to));
      line.push_back(
          scheme.timing_only() ? "-" : block_list(scheme.codebook().contents(arrival.from, arrival.message)));
    }
    line.push_back(narrator.fate(arrival));
    lines.push_back(std::move(line));
  }
  return align(lines, titles.size());
}

/// What the iteration waited for: the shares of its time, and the stretches of the critical path.
std::string waited_for(const CriticalPath& path, double time) {
  if (time <= 0 || path.segments.empty()) return "";
  const std::string text = "\nIt waited for: " + all_shares(path, time) + ".\n";
  constexpr std::size_t most = 12;  // of a ring the path has a stretch for every message
  std::vector<std::vector<std::string>> lines = {{"  until [s]", "share", "what"}};
  for (std::size_t i = 0; i < path.segments.size(); ++i) {
    if (path.segments.size() > most && i == most / 2) {
      const std::size_t left_out = path.segments.size() - most;
      lines.push_back({"  ...", "", fmt::format("{} more", left_out)});
      i += left_out;
    }
    const CriticalPath::Segment& segment = path.segments[i];
    lines.push_back({fmt::format("  {:.9f}", segment.end),
                     fmt::format("{:.3g} %", 100 * (segment.end - segment.begin) / time), describe(segment)});
  }
  return text + align(lines, 3);
}

}  // namespace

std::string node_name(NodeId node) {
  return node == master ? "master" : fmt::format("worker {}", node);
}

std::string block_list(const std::vector<std::size_t>& blocks) {
  std::string result;
  for (std::size_t i = 0; i < blocks.size();) {
    std::size_t end = i;
    while (end + 1 < blocks.size() && blocks[end + 1] == blocks[end] + 1) ++end;
    result += fmt::format("{}B{}", result.empty() ? "" : " ", blocks[i] + 1);
    if (end > i) result += fmt::format("-B{}", blocks[end] + 1);
    i = end + 1;
  }
  return result;
}

std::string all_shares(const CriticalPath& path, double time) {
  std::string text;
  for (std::size_t c = 0; c < causes; ++c) {
    const auto cause = static_cast<Cause>(c);
    text +=
        fmt::format("{}{} {:.4g} %", c == 0 ? "" : ", ", name_of(cause), 100 * path.seconds(cause) / time);
  }
  return text;
}

std::string describe(const CriticalPath::Segment& segment) {
  switch (segment.cause) {
    case Cause::compute:
      return fmt::format("{} computes", node_name(segment.node));
    case Cause::waiting:
      return fmt::format("{} is held up", node_name(segment.node));
    case Cause::port_queue:
    case Cause::link:
      break;
  }
  const std::string what = segment.model ? "the model" : fmt::format("message {}", segment.message + 1);
  return fmt::format("{} from {} to {} {}", what, node_name(segment.node), node_name(segment.to),
                     segment.cause == Cause::link ? "is on the link" : "waits in the port");
}

std::vector<Timeline> timelines_of(const Point& point, std::size_t s, std::uint64_t trial,
                                   std::uint32_t most) {
  std::vector<Timeline> timelines;
  TrialRunner runner(point);
  runner.workspace().keep_all = true;
  for (std::uint32_t iteration = 0; iteration < std::min(most, point.iterations); ++iteration) {
    runner.draw(trial, iteration);
    const RoundResult& round = runner.run(s);
    timelines.push_back(
        timeline_of(runner.program(s), point.links, runner.conditions(s), round, runner.workspace().all()));
    if (!round.complete) break;
  }
  return timelines;
}

Replay replay(const Point& point, std::size_t s, std::uint64_t trial) {
  Replay result;
  TrialRunner runner(point);
  runner.workspace().keep_all = true;
  const SchemeSetup& setup = point.schemes[s];
  for (std::uint32_t iteration = 0; iteration < point.iterations && result.record.complete; ++iteration) {
    runner.draw(trial, iteration);
    const RoundResult round = runner.run(s);
    const Program& program = runner.program(s);
    const Goal& goal = program.goal();
    const bool exchange = program.kind() == Program::Kind::exchange;

    result.text += fmt::format("{}, trial {}", setup.label, trial);
    if (point.iterations > 1) result.text += fmt::format(", iteration {}", iteration);
    if (!point.axes.empty()) result.text += fmt::format(" ({})", point.description());
    result.text +=
        exchange ? fmt::format("\nEvery worker sends {} messages to its neighbour.\n\n", program.rounds())
                 : fmt::format("\nThe master needs {} useful messages{}.\n\n", goal.need,
                               goal.full.size() > 1 ? fmt::format(" in {} groups", goal.full.size()) : "");
    const std::vector<Arrival>& arrivals = runner.workspace().all();
    result.text += arrivals_of(program, runner.scheme(s), arrivals);
    if (!round.complete) {
      result.text += fmt::format("\nNever complete: {}.\n", runner.missing(s));
    } else if (exchange) {
      if (arrivals.size() < round[Tally::messages])
        result.text += fmt::format("... and {} more\n", round[Tally::messages] - arrivals.size());
      result.text += fmt::format("\nComplete at {} s: {} messages; {:g} mini-batches computed.\n",
                                 round[Tally::time], round[Tally::messages], round[Tally::work]);
    } else {
      const auto last = std::find_if(round.taken.rbegin(), round.taken.rend(), [&](const Arrival& arrival) {
        return program.route(arrival.from, arrival.message).to == master;
      });
      result.text += fmt::format(
          "\nComplete at {} s, by message {} of worker {}: {} messages received, {} of them useful; {:g} "
          "mini-batches computed, {:g} of them in no useful message.\n",
          round[Tally::time], last->message + 1, last->from, round[Tally::messages],
          round[Tally::useful_messages], round[Tally::work], round[Tally::wasted]);
    }
    if (round.complete && !(exchange && arrivals.size() < round[Tally::messages]))
      result.text += waited_for(critical_path(program, point.links, runner.conditions(s), round, arrivals),
                                round[Tally::time]);
    if (iteration + 1 < point.iterations) result.text += "\n";

    add_iteration(result.record, round);
  }
  if (point.iterations > 1 && result.record.complete) {
    average_iterations(result.record, point.iterations);
    result.text += fmt::format(
        "\nMean of {} iterations: {} s, {:.12g} messages, {:.12g} of them useful, {:.12g} mini-batches "
        "computed, {:.12g} "
        "in vain.\n",
        point.iterations, result.record[Tally::time], result.record[Tally::messages],
        result.record[Tally::useful_messages], result.record[Tally::work], result.record[Tally::wasted]);
  }
  return result;
}

}  // namespace straggle
