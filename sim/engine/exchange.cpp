// An exchange on ideal or serial links. Every port hears one sender, so messages never meet and need no
// queue: the k-th messages of all workers follow from the (k − 1)-th by a maximum and a sum.
#include <algorithm>

#include "sim/engine/disciplines.h"
#include "sim/engine/intake.h"

namespace straggle {

class ExchangeRound {
 public:
  ExchangeRound(const Program& program, const Links& links, const Conditions& conditions, Workspace& space)
      : program_(program), links_(links), conditions_(conditions), space_(space) {}

  RoundResult run();

 private:
  const Program& program_;
  const Links& links_;
  const Conditions& conditions_;
  Workspace& space_;
};

RoundResult ExchangeRound::run() {
  const std::size_t workers = program_.workers();
  const bool serial = links_.discipline == Discipline::serial;
  RoundResult result;
  space_.all_.clear();
  space_.ready_.resize(workers);
  space_.sent_.resize(workers);
  space_.step_.resize(workers);
  hear(program_, space_.hears_);
  double longest_transfer = 0, size = 1;
  for (std::size_t w = 0; w < workers; ++w) {
    const auto node = static_cast<NodeId>(w + 1);
    const Program::Route route = program_.route(node, 0);
    size = route.size;
    const double transfer = serial ? links_.seconds(node, route.to, size) : 0;
    longest_transfer = std::max(longest_transfer, transfer);
    space_.step_[w] = serial ? links_.latency + transfer : 0;
    space_.ready_[w] = conditions_.end_of(program_.load(node), w);
    if (space_.ready_[w] == Tournament::never) ++result.missing;
  }
  if (result.missing > 0) return result;  // all wait for those that never answer
  for (std::uint32_t round = 0; round < program_.rounds(); ++round) {
    for (std::size_t w = 0; w < workers; ++w) space_.sent_[w] = space_.ready_[w] + space_.step_[w];
    if (space_.keep_all)
      for (std::size_t w = 0; w < workers && space_.all_.size() < Workspace::most_kept; ++w)
        space_.all_.push_back({space_.sent_[w], static_cast<NodeId>(w + 1), round, Arrival::Fate::useful});
    for (std::size_t w = 0; w < workers; ++w)
      space_.ready_[w] = std::max(space_.sent_[w], space_.sent_[space_.hears_[w]]);
  }
  std::stable_sort(space_.all_.begin(), space_.all_.end(),
                   [](const Arrival& a, const Arrival& b) { return a.time < b.time; });
  result.complete = true;
  result[Tally::time] = *std::max_element(space_.ready_.begin(), space_.ready_.end());
  const auto rounds = static_cast<std::uint64_t>(program_.rounds());
  result[Tally::messages_in_all] = result[Tally::messages] = result[Tally::useful_messages] =
      rounds * workers;
  result[Tally::bytes_in_all] = static_cast<double>(result[Tally::messages_in_all]) * size;
  result[Tally::bytes_into_busiest] = static_cast<double>(rounds) * size;
  result[Tally::port_utilisation] =
      result[Tally::time] > 0 ? static_cast<double>(rounds) * longest_transfer / result[Tally::time] : 0;
  for (std::size_t w = 0; w < workers; ++w) result[Tally::work] += program_.load(static_cast<NodeId>(w + 1));
  return result;
}

RoundResult run_exchange(const Program& program, const Links& links, const Conditions& conditions,
                         Workspace& space) {
  return ExchangeRound(program, links, conditions, space).run();
}

}  // namespace straggle
