#include "sim/run/replay.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/run/report.h"
#include "sim/run/trials.h"

namespace straggle {
namespace {

/// 0-based blocks as the papers number them: `B1-B6 B12`.
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

}  // namespace

Replay replay(const Point& point, std::size_t s, std::uint64_t trial) {
  Replay result;
  TrialRunner runner(point);
  runner.workspace().keep_all = true;
  const SchemeSetup& setup = point.schemes[s];
  for (std::uint32_t iteration = 0; iteration < point.iterations; ++iteration) {
    runner.draw(trial, iteration);
    const RoundResult round = runner.run(s);
    const Program& program = runner.program(s);
    Codebook& codebook = runner.scheme(s).codebook();
    const Goal& goal = program.goal();

    result.text += fmt::format("{}, trial {}", setup.label, trial);
    if (point.iterations > 1) result.text += fmt::format(", iteration {}", iteration);
    if (!point.axes.empty()) result.text += fmt::format(" ({})", point.description());
    result.text += fmt::format("\nThe master needs {} useful messages{}.\n\n", goal.need,
                               goal.full.size() > 1 ? fmt::format(" in {} groups", goal.full.size()) : "");
    std::vector<std::vector<std::string>> lines = {
        {"time [s]", "worker", "has computed", "and sends", "combining", "which is"}};
    std::vector<std::uint32_t> taken(goal.full.size(), 0);
    std::uint32_t all_taken = 0;
    for (const Arrival& arrival : runner.workspace().all()) {
      const Program::Message& message = program.messages(arrival.from)[arrival.message];
      std::string fate;
      switch (arrival.fate) {
        case Arrival::Fate::useful: {
          const std::uint32_t counts =
              std::min(message.weight, goal.full[message.group] - taken[message.group]);
          taken[message.group] += counts;
          all_taken += counts;
          fate = fmt::format("useful, {} of {}", taken[message.group], goal.full[message.group]);
          if (goal.full.size() > 1) fate += fmt::format(" in group {}", message.group + 1);
          if (all_taken >= goal.need) fate += "; COMPLETE";
          break;
        }
        case Arrival::Fate::duplicate:
          fate = "a duplicate";
          break;
        case Arrival::Fate::group_full:
          fate = fmt::format("not needed: group {} is decoded", message.group + 1);
          break;
        case Arrival::Fate::late:
          fate = "not needed: just complete";
          break;
      }
      lines.push_back({fmt::format("{:.9f}", arrival.time), fmt::format("{}", arrival.from),
                       fmt::format("{:g} mini-batch{}", message.work, message.work == 1 ? "" : "es"),
                       fmt::format("message {}", arrival.message + 1),
                       block_list(codebook.contents(arrival.from, arrival.message)), fate});
    }
    result.text += align(lines, 6);
    const Arrival& last = round.taken.back();
    result.text += fmt::format(
        "\nComplete at {} s, by message {} of worker {}: {} messages received, {} of them useful; {:g} "
        "mini-batches "
        "computed, {:g} of them in no useful message.\n",
        round.time, last.message + 1, last.from, round.messages, round.useful, round.work, round.wasted);
    if (iteration + 1 < point.iterations) result.text += "\n";

    add_iteration(result.record, round);
  }
  if (point.iterations > 1) {
    average_iterations(result.record, point.iterations);
    result.text += fmt::format(
        "\nMean of {} iterations: {} s, {} messages, {} of them useful, {} mini-batches computed, {} in "
        "vain.\n",
        point.iterations, result.record.time, result.record.messages, result.record.useful_messages,
        result.record.work, result.record.wasted);
  }
  return result;
}

}  // namespace straggle
