#include "sim/table/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <iterator>
#include <limits>
#include <map>
#include <numeric>
#include <set>

#include "sim/base/text.h"
#include "sim/run/sweep.h"
#include "sim/table/places.h"

namespace straggle {
namespace {

std::size_t display_width(
    const std::string& text) {  // code points; what continues one in UTF-8 takes no room
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](unsigned char c) { return (c & 0xc0) != 0x80; }));
}

/// `1.5496 ± 0.0010`: half of the 95 % confidence interval with two digits, the mean to the same place.
std::string with_error(const Estimate& e) {
  if (std::isnan(e.mean)) return "-";
  const double half = half_interval(e);
  const std::optional<int> places = places_of(e.mean, half);
  if (!places) return fmt::format("{:.7g}", e.mean);
  return fmt::format("{:.{}f} ± {:.{}f}", e.mean, *places, half, *places);
}

/// The same of a time, or a ratio of times. Trials that vary and have no spread to tell, as one without a
/// variance, leave few digits.
std::string time_text(const Row& row, const Estimate& e) {
  const bool vague = row.varies && e.count > 1 && !std::isnan(e.mean) && std::isnan(e.std_error);
  return vague ? fmt::format("{:.3g}", e.mean) : with_error(e);
}

/// `17.5 (16.9 .. 18.1)`.
std::string median(const Row& row) {
  return interval_text(row.p50, row.around_p50.confidence.low, row.around_p50.confidence.high);
}

bool has_moments(const Row& row) {
  return straggle::has_moments(moments_of(row));
}

/// Sentences in lines of at most `width` characters, broken between words; a word that is longer stays whole.
std::string wrapped(const std::string& text, std::size_t width) {
  std::string result;
  std::size_t column = 0;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find_first_of(" \n", begin), text.size());
    const std::string word = text.substr(begin, end - begin);
    const std::size_t needed = display_width(word);
    if (column > 0 && column + 1 + needed > width) {
      result += '\n';
      column = 0;
    } else if (begin > 0 && text[begin - 1] == ' ') {
      result += ' ';
      ++column;
    }
    result += word;
    column += needed;
    if (end < text.size() && text[end] == '\n') {
      result += '\n';
      column = 0;
    }
    begin = end + 1;
  }
  return result + "\n";
}

/// What the tails of the completion times do to their means, a line a scheme, the worst of its points.
std::vector<std::string> about_tails(const Experiment& experiment, const std::vector<Row>& rows) {
  const auto worse = [](const Row& a, const Row& b) {
    const auto rank = [](const Row& row) {
      return row.tail && !row.tail->variance() ? std::pair(1, -row.tail->index)
                                               : std::pair(0, row.trials_needed);
    };
    return rank(a) < rank(b);
  };
  std::vector<std::pair<std::string, const Row*>> worst;
  for (const Row& row : rows) {
    const bool concerned = (row.tail && !row.tail->variance()) || row.needs_more_trials();
    if (!concerned || row[Tally::time].count < 2) continue;
    const std::string label = printable(experiment.points[row.point].schemes[row.scheme].label);
    const auto known =
        std::find_if(worst.begin(), worst.end(), [&](const auto& one) { return one.first == label; });
    if (known == worst.end())
      worst.emplace_back(label, &row);
    else if (worse(*known->second, row))
      known->second = &row;
  }
  constexpr std::size_t most_lines = 8;
  std::vector<std::string> notes;
  for (std::size_t i = 0; i < std::min(worst.size(), most_lines); ++i) {
    const Row* const row = worst[i].second;
    const std::string place = experiment.place_of(experiment.points[row->point]);
    const std::string label = worst[i].first + (place.empty() ? "\"" : "\" (worst at " + place + ")");
    if (row->tail && !row->tail->mean())
      notes.push_back(
          fmt::format("\"{}: the time has no mean (tail index {:.3g}), so no mean, speedup or z is told; the "
                      "median, with its 95 % interval, is.",
                      label, row->tail->index));
    else if (row->tail && !row->tail->variance())
      notes.push_back(
          fmt::format("\"{}: the time has an infinite variance (tail index {:.3g}), so its mean has no "
                      "interval and no z; the median has.",
                      label, row->tail->index));
    else if (std::isinf(row->trials_needed))
      notes.push_back(
          fmt::format("\"{}: the time has no third moment (tail index {:.3g}): ± and z are too narrow at any "
                      "number of trials that can be named.",
                      label, row->tail->index));
    else
      notes.push_back(fmt::format(
          "\"{}: the time is too skewed for {} trials: ± and z are too narrow; it takes {} or more.", label,
          (*row)[Tally::time].count, trials_words(row->trials_needed)));
  }
  if (worst.size() > most_lines)
    notes.push_back(
        fmt::format("... and {} more schemes: time_moments and time_trials_needed in results.csv.",
                    worst.size() - most_lines));
  return notes;
}

/// Which rows are not as precise as their points ask for, and how many trials the points took.
std::vector<std::string> about_precision(const Experiment& experiment, const std::vector<Row>& rows) {
  if (!experiment.asks_for_precision() || rows.empty()) return {};
  const auto [fewest, most] = std::minmax_element(
      rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.trials < b.trials; });
  std::vector<std::string> notes = {
      fewest->trials == most->trials
          ? fmt::format("{} trials each.", fewest->trials)
          : fmt::format("{} to {} trials each, as the precision asks for.", fewest->trials, most->trials)};
  const auto missed = [](const Row& row) { return row.precise && !*row.precise; };
  const auto count = std::count_if(rows.begin(), rows.end(), missed);
  if (count == 0) return notes;
  const Row& first = *std::find_if(rows.begin(), rows.end(), missed);
  const std::string place = experiment.place_of(experiment.points[first.point]);
  notes.push_back(fmt::format("The precision is not reached in {} of {} rows, the first \"{}\"{}.", count,
                              rows.size(),
                              printable(experiment.points[first.point].schemes[first.scheme].label),
                              place.empty() ? "" : " at " + place));
  return notes;
}

std::string z_text(double z) {
  if (std::isnan(z)) return "-";
  return std::isinf(z) ? (z > 0 ? "+inf" : "-inf") : fmt::format("{:+.1f}", z);
}

/// `4.2 MB`, in powers of a thousand.
std::string bytes_text(double bytes) {
  if (std::isnan(bytes)) return "-";
  constexpr const char* units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
  std::size_t unit = 0;
  for (; bytes >= 1000 && unit + 1 < std::size(units); ++unit) bytes /= 1000;
  return fmt::format("{:.4g} {}", bytes, units[unit]);
}

/// To so many significant digits, and to the place to which the mean beside it is known.
std::string as_known(double value, int digits, const Estimate& found) {
  const std::optional<int> places =
      std::isnan(found.mean) ? std::nullopt : places_of(found.mean, half_interval(found));
  if (places && value != 0) {
    const int before_the_point = static_cast<int>(std::floor(std::log10(std::abs(value)))) + 1;
    digits = std::max(digits, std::min(before_the_point + *places, std::numeric_limits<double>::digits10));
  }
  return fmt::format("{:.{}g}", value, digits);
}

/// An expectation, `1.2 .. 1.4` for bounds, `~ 1.2 .. 1.4` for an asymptotic band.
std::string theory_time(const Row& row) {
  const std::optional<Prediction>& theory = row.theory;
  if (!theory || std::isnan(theory->time_low)) return "-";
  if (theory->kind == Prediction::Kind::exact) return as_known(theory->time_low, 7, row[Tally::time]);
  return fmt::format("{}{} .. {}", theory->kind == Prediction::Kind::asymptotic ? "~ " : "",
                     as_known(theory->time_low, 4, row[Tally::time]),
                     as_known(theory->time_high, 4, row[Tally::time]));
}

std::string exactness(const Verification& v, double recovered) {
  if (v.failed_trial) return fmt::format("FAILED at trial {}", *v.failed_trial);
  if (v.timing_only) return "timing only";
  if (recovered < 1) return fmt::format("approximate: {:.4g} %", 100 * recovered);
  if (v.trials == 0) return "-";
  std::string text = fmt::format("{} of {}", v.trials, v.trials);
  if (v.unjudged > 0) text += fmt::format(" ({} decodes beyond doubles)", v.unjudged);
  return text;
}

/// The shares of the critical path: `98.4 % compute, 1.6 % link`.
std::string waited_for(const std::vector<Estimate>& critical) {
  double sum = 0;
  for (const Estimate& seconds : critical) sum += seconds.mean;
  std::string text;
  for (std::size_t cause = 0; cause < critical.size(); ++cause)
    if (critical[cause].mean > 0)
      text += fmt::format("{}{:.3g} % {}", text.empty() ? "" : ", ", 100 * critical[cause].mean / sum,
                          name_of(static_cast<Cause>(cause)));
  return text.empty() ? "-" : text;
}

}  // namespace

std::string interval_text(double value, double low, double high) {
  if (std::isnan(value)) return "-";
  const std::string text = fmt::format("{:.4g}", value);
  return std::isnan(low) || low == high ? text : fmt::format("{} ({:.4g} .. {:.4g})", text, low, high);
}

std::optional<int> places_of(double mean, double error) {
  if (!(error > 1e-12 * std::abs(mean))) return std::nullopt;
  return std::clamp(1 - static_cast<int>(std::floor(std::log10(error))), 0, 12);
}

std::string align(const std::vector<std::vector<std::string>>& lines, std::size_t left) {
  std::vector<std::size_t> widths;
  for (const auto& line : lines)
    for (std::size_t c = 0; c < line.size(); ++c) {
      if (c == widths.size()) widths.push_back(0);
      widths[c] = std::max(widths[c], display_width(line[c]));
    }
  std::string result;
  for (const auto& line : lines) {
    std::string text;
    for (std::size_t c = 0; c < line.size(); ++c) {
      const std::string padding(widths[c] - display_width(line[c]), ' ');
      text += (c == 0 ? "" : "  ") + (c < left ? line[c] + padding : padding + line[c]);
    }
    text.erase(text.find_last_not_of(' ') + 1);
    result += text + "\n";
  }
  return result;
}

namespace {

struct Column {
  std::string title;
  int rank;  // the highest leaves first when the terminal is narrow; 0 never leaves
  std::vector<std::string> cells = {};
};

/// Of the schemes that could be compared the fastest, in a sentence; empty where there is nothing to compare.
std::string fastest_words(const Experiment& experiment, const std::vector<Row>& rows) {
  const Places places(experiment);
  struct Group {
    std::string conditions;
    std::vector<const Row*> rows;
  };
  std::vector<Group> groups;
  std::map<std::string, std::size_t> known;
  for (const Row& row : rows) {
    const std::string conditions = places.conditions(experiment.points[row.point]);
    const auto [place, is_new] = known.emplace(conditions, groups.size());
    if (is_new) groups.push_back({conditions, {}});
    groups[place->second].rows.push_back(&row);
  }
  if (std::none_of(groups.begin(), groups.end(), [](const Group& group) { return group.rows.size() > 1; }))
    return "";
  const auto name_of_row = [&](const Row& row) {
    const Point& point = experiment.points[row.point];
    return printable(places.scheme(point, point.schemes[row.scheme].label));
  };
  constexpr std::size_t most_names = 4;
  const auto listed = [&](std::vector<std::string> names) {
    const std::size_t all = names.size();
    names.resize(std::min(all, most_names));
    return fmt::format("{}{}", fmt::join(names, "; "),
                       all > most_names ? fmt::format(" and {} more", all - most_names) : "");
  };

  std::vector<std::pair<std::string, std::vector<std::string>>> winners;  // and where they are
  std::size_t close = 0, by_median = 0;
  std::vector<std::string> near;
  const Row* only = nullptr;
  std::vector<std::pair<std::string, std::size_t>> unknown;  // why nobody is, and at how many points
  struct Apart {
    std::string name, why;
    std::size_t count = 0;
    const Group* last = nullptr;
  };
  std::vector<Apart> apart;  // who is not compared where somebody is
  for (const Group& group : groups) {
    std::vector<Contender> contenders;
    for (const Row* row : group.rows) contenders.push_back(contender_of(experiment, *row));
    const std::vector<std::size_t> first = fastest(contenders);
    if (first.empty()) {
      const std::string why = why_nobody(contenders);
      const auto found =
          std::find_if(unknown.begin(), unknown.end(), [&](const auto& one) { return one.first == why; });
      if (found == unknown.end())
        unknown.emplace_back(why, 1);
      else
        ++found->second;
      continue;
    }
    if (measure_of(contenders) == Measure::median) ++by_median;
    const std::vector<std::size_t> compared = comparable(contenders);
    for (std::size_t i = 0; i < contenders.size(); ++i) {
      if (std::find(compared.begin(), compared.end(), i) != compared.end()) continue;
      const Row& row = *group.rows[i];
      const std::string name = printable(experiment.points[row.point].schemes[row.scheme].label),
                        why = why_apart(contenders[i]);
      auto found = std::find_if(apart.begin(), apart.end(),
                                [&](const Apart& one) { return one.name == name && one.why == why; });
      if (found == apart.end()) found = apart.insert(found, {name, why});
      if (found->last != &group) ++found->count;
      found->last = &group;
    }
    only = group.rows[first.front()];
    const std::string name = name_of_row(*only);
    const auto found = std::find_if(winners.begin(), winners.end(),
                                    [&](const auto& winner) { return winner.first == name; });
    if (found == winners.end())
      winners.push_back({name, {group.conditions}});
    else
      found->second.push_back(group.conditions);
    if (first.size() > 1) ++close;
    near.clear();
    for (std::size_t i = 1; i < first.size(); ++i) near.push_back(name_of_row(*group.rows[first[i]]));
  }
  const std::string where = places.of_schemes().empty() ? "points" : "conditions";
  std::vector<std::string> not_compared;
  for (const Apart& one : apart)
    not_compared.push_back(groups.size() == 1 ? fmt::format("{} ({})", one.name, one.why)
                                              : fmt::format("{} ({}, at {} of {} {})", one.name, one.why,
                                                            one.count, groups.size(), where));
  const std::string end = apart.empty() ? "." : ". Not compared: " + listed(not_compared) + ".";
  const std::size_t known_groups =
      groups.size() - std::accumulate(unknown.begin(), unknown.end(), std::size_t{0},
                                      [](std::size_t sum, const auto& one) { return sum + one.second; });
  const std::string title =
      by_median > 0 && by_median == known_groups ? "Fastest by the median: " : "Fastest: ";
  if (groups.size() == 1) {
    if (!unknown.empty()) return "Fastest: not said, as " + unknown.front().first + ".";
    std::string text = fmt::format("{}{}, {} s", title, winners.front().first,
                                   by_median > 0 ? median(*only) : with_error((*only)[Tally::time]));
    if (!near.empty()) text += "; not told apart from it at 95 %: " + listed(near);
    return text + end;
  }
  std::stable_sort(winners.begin(), winners.end(),
                   [](const auto& a, const auto& b) { return a.second.size() > b.second.size(); });
  std::vector<std::string> texts;
  for (const auto& [name, at] : winners)
    texts.push_back(fmt::format("{} at {}{}{}", name, at.size(),
                                texts.empty() ? fmt::format(" of {} {}", groups.size(), where) : "",
                                winners.size() > 1 && at.size() <= 2
                                    ? fmt::format(" ({})", printable(fmt::format("{}", fmt::join(at, "; "))))
                                    : ""));
  std::string text = texts.empty() ? "Fastest: not said" : title + listed(texts);
  if (by_median > 0 && by_median < known_groups)
    text += fmt::format("; at {} of them by the median, at the others by the mean", by_median);
  if (close > 0) text += fmt::format("; at {} of them others are not told apart from it at 95 %", close);
  for (const auto& [why, count] : unknown) text += fmt::format("; at {}, {}", count, why);
  return text + end;
}

/// Everything a table can show, in the order of its columns; the first `left` of them are texts.
struct Cells {
  std::vector<Column> columns;
  std::size_t left = 0;
  std::vector<std::string> notes;  // sentences below
};

Cells cells_of(const Experiment& experiment, const std::vector<Row>& rows) {
  Cells cells;
  const Places places(experiment);
  const auto add = [&](const std::string& title, int rank, const auto& text_of) {
    Column column{title, rank};
    for (const Row& row : rows) column.cells.push_back(printable(text_of(row)));
    // A column without anything in it tells nothing.
    if (std::any_of(column.cells.begin(), column.cells.end(),
                    [](const std::string& cell) { return !cell.empty() && cell != "-"; }))
      cells.columns.push_back(std::move(column));
  };
  const auto setup_of = [&](const Row& row) -> const SchemeSetup& {
    return experiment.points[row.point].schemes[row.scheme];
  };
  add("scheme", 0, [&](const Row& row) { return setup_of(row).label; });
  for (const std::size_t axis : experiment.lead_axes)
    add(places.title(axis), 0,
        [&](const Row& row) { return plain(experiment.points[row.point].axes[axis].second); });
  cells.left = cells.columns.size();
  const bool by_median =
      !std::all_of(rows.begin(), rows.end(), [](const Row& row) { return has_moments(row); });
  if (by_median) add("median [s]", 0, median);
  add("time [s]", by_median ? 2 : 0, [](const Row& row) { return time_text(row, row[Tally::time]); });
  add("theory of time", 3, theory_time);
  add("z of time", 5, [](const Row& row) {
    return row.theory && row.theory->kind != Prediction::Kind::asymptotic && !std::isnan(row.theory->time_low)
               ? z_text(row.theory_time_z)
               : "-";
  });
  const auto knows_messages = [](const Row& row) { return row.theory && row.theory->messages; };
  add("messages", 1, [](const Row& row) { return with_error(row[Tally::messages]); });
  add("theory of messages", 4, [&](const Row& row) {
    return knows_messages(row) ? as_known(*row.theory->messages, 7, row[Tally::messages]) : "-";
  });
  add("z of messages", 6,
      [&](const Row& row) { return knows_messages(row) ? z_text(row.theory_messages_z) : "-"; });
  if (std::any_of(rows.begin(), rows.end(), [&](const Row& row) {
        return row.scheme != experiment.points[row.point].baseline;  // over itself it is always 1
      }))
    add("speedup", 2, [](const Row& row) { return time_text(row, row.speedup); });
  add("exact", 7,
      [&](const Row& row) { return exactness(row.verification, setup_of(row).recipe.recovered); });
  add("bytes into busiest", 6,
      [](const Row& row) { return bytes_text(row[Tally::bytes_into_busiest].mean); });
  add("waited for", 3, [](const Row& row) { return waited_for(row.critical); });
  const auto incomplete = [](const Row& row) { return row.incomplete.trials > 0; };
  if (std::any_of(rows.begin(), rows.end(), incomplete))
    add("incomplete", 0,
        [](const Row& row) { return fmt::format("{} of {}", row.incomplete.trials, row.trials); });

  if (const std::string words = fastest_words(experiment, rows); !words.empty()) cells.notes.push_back(words);
  if (std::any_of(cells.columns.begin(), cells.columns.end(), [](const Column& column) {
        return std::any_of(column.cells.begin(), column.cells.end(),
                           [](const std::string& cell) { return cell.find(" ± ") != std::string::npos; });
      }))
    cells.notes.push_back("± is half of the 95 % confidence interval of the mean.");
  if (by_median && !rows.empty() && rows.front().counted)
    cells.notes.push_back(fmt::format("Medians and their intervals are of a histogram: known to {:.2g} %.",
                                      100 * QuantileStore::bin_error));
  if (by_median)
    cells.notes.push_back(
        "median [s]: with its 95 % confidence interval, by order statistics. Where a time has no mean or no "
        "variance, all are compared by it; time [s] is the mean where there is one.");
  for (std::string& note : about_precision(experiment, rows)) cells.notes.push_back(std::move(note));
  for (std::string& note : about_tails(experiment, rows)) cells.notes.push_back(std::move(note));
  if (const auto first = std::find_if(rows.begin(), rows.end(), incomplete); first != rows.end())
    cells.notes.push_back(fmt::format(
        "Means are over completed trials. The first that could not complete: \"{}\", point {}, trial {}: {}.",
        printable(setup_of(*first).label), first->point, *first->incomplete.first,
        first->incomplete.missing));
  if (std::any_of(rows.begin(), rows.end(), [](const Row& row) { return !row.varies && row.trials > 1; }))
    cells.notes.push_back(
        "No ± where every trial is the same by construction: nothing in it is drawn, or the same measured "
        "rounds make up all of them.");
  for (const std::string& note : compute_notes(experiment)) cells.notes.push_back(note);
  return cells;
}

std::vector<std::vector<std::string>> lines_of(const std::vector<Column>& columns) {
  if (columns.empty()) return {};  // no rows
  std::vector<std::vector<std::string>> lines(columns.front().cells.size() + 1);
  for (const Column& column : columns) {
    lines[0].push_back(column.title);
    for (std::size_t i = 0; i < column.cells.size(); ++i) lines[i + 1].push_back(column.cells[i]);
  }
  return lines;
}

/// The cells as a table of at most `width` columns; the titles of what there is no room for are added to
/// `left_out`.
std::string fitted(Cells cells, std::size_t width, std::vector<std::string>& left_out) {
  const auto widest = [](const std::string& table) {
    std::size_t most = 0;
    for (std::size_t begin = 0; begin < table.size();) {
      const std::size_t end = table.find('\n', begin);
      most = std::max(most, display_width(table.substr(begin, end - begin)));
      begin = end + 1;
    }
    return most;
  };
  std::string table = align(lines_of(cells.columns), cells.left);
  while (widest(table) > width) {
    const auto worst = std::max_element(cells.columns.begin(), cells.columns.end(),
                                        [](const Column& a, const Column& b) { return a.rank < b.rank; });
    if (worst->rank == 0) break;
    left_out.insert(left_out.begin(), worst->title);
    cells.columns.erase(worst);
    table = align(lines_of(cells.columns), cells.left);
  }
  // Nothing more may leave: the texts become shorter, the longest first.
  constexpr std::size_t least_text = 12;
  while (widest(table) > width) {
    const auto longest = [](const Column& column) {
      std::size_t most = 0;
      for (const std::string& cell : column.cells) most = std::max(most, display_width(cell));
      return most;
    };
    const auto column = std::max_element(
        cells.columns.begin(), cells.columns.begin() + static_cast<std::ptrdiff_t>(cells.left),
        [&](const Column& a, const Column& b) { return longest(a) < longest(b); });
    if (cells.left == 0 || longest(*column) <= least_text) break;
    const std::size_t excess = widest(table) - width, now = longest(*column),
                      room = std::max(least_text, now - std::min(excess, now));
    for (std::string& cell : column->cells) cell = shortened(cell, room);
    if (longest(*column) == now) break;
    table = align(lines_of(cells.columns), cells.left);
  }
  return table;
}

/// The text with each character that `replacement_of` has words for replaced.
template <class ReplacementOf>
std::string replaced(const std::string& text, const ReplacementOf& replacement_of) {
  std::string result;
  for (const char c : text) {
    const char* words = replacement_of(c);
    if (words) {
      result += words;
    } else {
      result += c;
    }
  }
  return result;
}

/// A text of LaTeX, for any of its text fonts; a number keeps its sign.
std::string in_latex(const std::string& text) {
  const bool negative =
      text.size() > 1 && text[0] == '-' && std::isdigit(static_cast<unsigned char>(text[1]));
  std::string result = replaced(negative ? text.substr(1) : text, [](char c) -> const char* {
    switch (c) {
      case '\\':
        return "\\textbackslash{}";
      case '{':
        return "\\{";
      case '}':
        return "\\}";
      case '$':
        return "\\$";
      case '&':
        return "\\&";
      case '#':
        return "\\#";
      case '%':
        return "\\%";
      case '_':
        return "\\_";
      case '^':
        return "\\textasciicircum{}";
      case '~':
        return "\\textasciitilde{}";
      case '<':
        return "\\textless{}";
      case '>':
        return "\\textgreater{}";
      case '|':
        return "\\textbar{}";
      case '`':
        return "\\textasciigrave{}";
      case '[':  // behind the end of a line it would be an argument, as would a star
        return "{[}";
      case ']':
        return "{]}";
      case '*':
        return "{*}";
      default:
        return nullptr;
    }
  });
  for (std::size_t at = result.find("±"); at != std::string::npos; at = result.find("±", at))
    result.replace(at, std::string_view("±").size(), "$\\pm$");
  for (std::size_t at = result.find("--"); at != std::string::npos; at = result.find("--", at))
    result.insert(at + 1, "{}");  // not a dash
  return negative ? "$-$" + result : result;
}

std::string in_markdown(const std::string& text) {
  return replaced(text, [](char c) -> const char* {
    switch (c) {
      case '\\':
        return "\\\\";
      case '|':
        return "\\|";
      case '`':
        return "\\`";
      case '*':
        return "\\*";
      case '_':
        return "\\_";
      case '~':
        return "\\~";
      case '$':
        return "\\$";
      case '<':
        return "&lt;";
      case '>':
        return "&gt;";
      case '&':
        return "&amp;";
      case '[':
        return "\\[";
      case ']':
        return "\\]";
      case '#':
        return "\\#";
      default:
        return nullptr;
    }
  });
}

std::string origin_of(const Experiment& experiment, const Provenance& provenance) {
  return fmt::format("straggle {}; {}; seed {}; configuration {}", provenance.version, provenance.command,
                     experiment.resolved["seed"].dump(), experiment.hash);
}

}  // namespace

std::vector<std::string> compute_notes(const Experiment& experiment) {
  constexpr std::size_t most = 8;
  std::set<std::string> known;
  std::vector<std::string> notes;
  for (const Point& point : experiment.points)
    for (const std::string& note : point.compute.notes(point.iterations))
      if (known.insert(note).second && known.size() <= most) notes.push_back(note + ".");
  if (known.size() > most)
    notes.push_back(fmt::format("({} more such notes; `straggle check` has them all)", known.size() - most));
  return notes;
}

Contender contender_of(const Experiment& experiment, const Row& row) {
  const double half = row.varies ? half_interval(row[Tally::time]) : 0;
  const Interval& around = row.around_p50.confidence;
  return {.mean = {row[Tally::time].mean, half, half},
          .median = {row.p50, row.varies ? row.p50 - around.low : 0, row.varies ? around.high - row.p50 : 0},
          .moments = has_moments(row),
          .recovered = experiment.points[row.point].schemes[row.scheme].recipe.recovered,
          .incomplete = row.incomplete.trials};
}

std::string shortened(const std::string& text, std::size_t room) {
  if (display_width(text) <= room) return text;
  std::size_t end = 0, characters = 0;
  for (; end < text.size(); ++end)
    if ((static_cast<unsigned char>(text[end]) & 0xc0) != 0x80 && ++characters + 3 > room) break;
  return text.substr(0, end) + std::string(std::min<std::size_t>(room, 3), '.');
}

std::string table_rows(const Experiment& experiment, const std::vector<Row>& rows, std::size_t width) {
  std::vector<std::string> left_out;
  return fitted(cells_of(experiment, rows), width, left_out);
}

std::string to_table(const Experiment& experiment, const std::vector<Row>& rows, std::size_t width) {
  const Cells cells = cells_of(experiment, rows);
  std::vector<std::string> left_out;
  std::string table = fitted(cells, width, left_out);
  if (!left_out.empty())
    table += wrapped(fmt::format("(of {} characters there is no room for: {}; --format csv has {})", width,
                                 fmt::join(left_out, ", "), left_out.size() == 1 ? "it" : "them"),
                     width);
  for (const std::string& note : cells.notes) table += wrapped(note, width);
  return table;
}

std::string to_latex(const Experiment& experiment, const std::vector<Row>& rows,
                     const Provenance& provenance) {
  const Cells cells = cells_of(experiment, rows);
  std::string text = fmt::format("% {}\n% {}\n% needs \\usepackage{{booktabs}}\n",
                                 printable(experiment.title), printable(origin_of(experiment, provenance)));
  text += fmt::format("\\begin{{tabular}}{{{}{}}}\n\\toprule\n", std::string(cells.left, 'l'),
                      std::string(cells.columns.size() - cells.left, 'r'));
  bool heading = true;
  for (std::vector<std::string>& line : lines_of(cells.columns)) {
    for (std::string& cell : line) cell = in_latex(cell);
    text += fmt::format("{} \\\\\n{}", fmt::join(line, " & "), heading ? "\\midrule\n" : "");
    heading = false;
  }
  text += "\\bottomrule\n\\end{tabular}\n";
  for (const std::string& note : cells.notes) text += "% " + note + "\n";
  return text;
}

std::string to_markdown(const Experiment& experiment, const std::vector<Row>& rows,
                        const Provenance& provenance) {
  const Cells cells = cells_of(experiment, rows);
  std::string text =
      experiment.title.empty() ? "" : "**" + in_markdown(printable(experiment.title)) + "**\n\n";
  bool heading = true;
  for (std::vector<std::string>& line : lines_of(cells.columns)) {
    for (std::string& cell : line) cell = in_markdown(cell);
    text += fmt::format("| {} |\n", fmt::join(line, " | "));
    if (heading) {
      text += "|";
      for (std::size_t c = 0; c < cells.columns.size(); ++c) text += c < cells.left ? " :-- |" : " --: |";
      text += "\n";
    }
    heading = false;
  }
  for (const std::string& note : cells.notes) text += "\n" + in_markdown(note) + "\n";
  return text + "\n" + in_markdown(printable(origin_of(experiment, provenance))) + "\n";
}

}  // namespace straggle
