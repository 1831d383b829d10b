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

std::uint64_t RowMaker::trials(std::size_t point) const {
  const auto found = open_.find(point);
  return found == open_.end() ? 0 : found->second.schemes.front().trials();
}

void RowMaker::look(const Point& point, PointTrials& trials) const {
  trials.done = true;
  if (!point.precision) return;
  trials.precise.clear();
  for (std::size_t s = 0; s < trials.schemes.size(); ++s)
    trials.precise.push_back(is_precise(point, s, trials.schemes));
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
    hand_on(points_[next_], first->second);
    open_.erase(first);
    ++next_;
  }
}

void RowMaker::hand_on(const Point& point, PointTrials& trials) const {
  for (std::size_t s = 0; s < trials.schemes.size(); ++s) {
    Row row = make_row(point, s, std::move(trials.schemes[s]));
    if (!trials.precise.empty()) row.precise = trials.precise[s];
    finished_(row);
  }
}

void RowMaker::hand_on_unfinished() {
  for (auto& [point, trials] : open_) hand_on(points_[point], trials);
  open_.clear();
}

}  // namespace straggle
