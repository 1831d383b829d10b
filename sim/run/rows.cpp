#include "sim/run/rows.h"

#include <algorithm>
#include <utility>

#include "sim/run/precision.h"

namespace straggle {

std::uint64_t RowMaker::end(std::size_t point) const {
  const Point& asked = points_[point];
  if (!asked.precision) return asked.trials;
  if (const auto found = ends_.find(point); found != ends_.end()) return found->second;
  const auto found = open_.find(point);
  return found == open_.end() ? next_look(0, asked.trials) : found->second.end;
}

void RowMaker::look(const Point& point, PointTrials& trials) const {
  trials.done = true;
  if (!point.precision) return;
  trials.precise.clear();
  for (std::size_t s = 0; s < trials.schemes.size(); ++s)
    trials.precise.push_back(is_precise(point, s, trials.schemes[s]));
  const bool all = std::all_of(trials.precise.begin(), trials.precise.end(), [](bool yes) { return yes; });
  if (all || trials.end >= point.trials) return;
  trials.end = next_look(trials.end, point.trials);
  trials.done = false;
}

void RowMaker::take(ChunkSummary&& chunk) {
  const std::size_t at = chunk.point;
  const Point& point = points_[at];
  const std::uint64_t first_end = end(at);  // of a point that has not begun
  PointTrials& trials = open_[at];
  if (trials.schemes.empty()) {
    trials.end = first_end;
    for (const Summary& first : chunk.schemes)
      trials.schemes.push_back(Summary::room_for(first, trials.end));  // no more than they take
  }
  for (std::size_t s = 0; s < trials.schemes.size(); ++s) trials.schemes[s].append(chunk.schemes[s]);
  if (trials.schemes.front().trials() < trials.end) return;
  look(point, trials);
  if (trials.done && point.precision) ends_[at] = trials.end;
  for (auto first = open_.begin(); first != open_.end() && first->first == next_ && first->second.done;
       first = open_.begin()) {
    PointTrials& ready = first->second;
    for (std::size_t s = 0; s < ready.schemes.size(); ++s) {
      Row row = make_row(points_[next_], s, std::move(ready.schemes[s]));
      if (!ready.precise.empty()) row.precise = ready.precise[s];
      finished_(row);
    }
    open_.erase(first);
    ++next_;
  }
}

}  // namespace straggle
