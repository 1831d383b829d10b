#include "sim/run/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

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

/// An expectation, `1.2 .. 1.4` for bounds, `~ 1.2 .. 1.4` for an asymptotic band.
std::string theory_time(const std::optional<Prediction>& theory) {
  if (!theory || std::isnan(theory->time_low)) return "-";
  if (theory->kind == Prediction::Kind::exact) return fmt::format("{:.7g}", theory->time_low);
  return fmt::format("{}{:.4g} .. {:.4g}", theory->kind == Prediction::Kind::asymptotic ? "~ " : "",
                     theory->time_low, theory->time_high);
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

std::string to_table(const Experiment& experiment, const std::vector<Row>& rows, std::size_t width) {
  struct Column {
    std::string title;
    int rank;  // the highest leaves first when the terminal is narrow
    std::vector<std::string> cells = {};
  };
  std::vector<Column> columns = {{"scheme", 0}};
  for (const std::size_t axis : experiment.lead_axes) columns.push_back({experiment.axes[axis], 0});
  const std::size_t left = columns.size();
  for (const Column& column : std::vector<Column>{{"time [s]", 0},
                                                  {"theory", 3},
                                                  {"z", 5},
                                                  {"messages", 1},
                                                  {"theory", 4},
                                                  {"z", 6},
                                                  {"speedup", 2},
                                                  {"exact", 7}})
    columns.push_back(column);
  const bool any_bytes = std::any_of(experiment.points.begin(), experiment.points.end(),
                                     [](const Point& point) { return point.gradient_bytes.has_value(); });
  if (any_bytes) columns.push_back({"bytes into busiest", 6});
  const bool any_critical =
      std::any_of(rows.begin(), rows.end(), [](const Row& row) { return !row.critical.empty(); });
  if (any_critical) columns.push_back({"waited for", 3});
  const bool any_incomplete =
      std::any_of(rows.begin(), rows.end(), [](const Row& row) { return row.incomplete.trials > 0; });
  if (any_incomplete) columns.push_back({"incomplete", 0});
  for (const Row& row : rows) {
    const Point& point = experiment.points[row.point];
    std::vector<std::string> cells = {point.schemes[row.scheme].label};
    for (const std::size_t axis : experiment.lead_axes) cells.push_back(plain(point.axes[axis].second));
    const bool messages = row.theory && row.theory->messages;
    cells.push_back(with_error(row.time));
    cells.push_back(theory_time(row.theory));
    cells.push_back(row.theory && row.theory->kind != Prediction::Kind::asymptotic &&
                            !std::isnan(row.theory->time_low)
                        ? z_text(row.theory_time_z)
                        : "-");
    cells.push_back(with_error(row.messages));
    cells.push_back(messages ? fmt::format("{:.7g}", *row.theory->messages) : "-");
    cells.push_back(messages ? z_text(row.theory_messages_z) : "-");
    cells.push_back(with_error(row.speedup));
    cells.push_back(exactness(row.verification, point.schemes[row.scheme].recipe.recovered));
    if (any_bytes) cells.push_back(bytes_text(row.bytes_into_busiest.mean));
    if (any_critical) cells.push_back(waited_for(row.critical));
    if (any_incomplete) cells.push_back(fmt::format("{} of {}", row.incomplete.trials, row.trials));
    for (std::size_t c = 0; c < columns.size(); ++c) columns[c].cells.push_back(cells[c]);
  }
  const auto lines = [&] {
    std::vector<std::vector<std::string>> result(rows.size() + 1);
    for (const Column& column : columns) {
      result[0].push_back(column.title);
      for (std::size_t i = 0; i < rows.size(); ++i) result[i + 1].push_back(column.cells[i]);
    }
    return result;
  };
  std::size_t left_out = 0;
  const auto too_wide = [&](const std::string& table) {
    for (std::size_t begin = 0; begin < table.size();) {
      const std::size_t end = table.find('\n', begin);
      if (display_width(table.substr(begin, end - begin)) > width) return true;
      begin = end + 1;
    }
    return false;
  };
  std::string table = align(lines(), left);
  while (too_wide(table)) {
    const auto worst = std::max_element(columns.begin(), columns.end(),
                                        [](const Column& a, const Column& b) { return a.rank < b.rank; });
    if (worst->rank == 0) break;
    columns.erase(worst);
    ++left_out;
    table = align(lines(), left);
  }
  if (left_out > 0)
    table +=
        fmt::format("({} columns do not fit into {} characters; results.csv and --format json have them)\n",
                    left_out, width);
  if (table.find(" ± ") != std::string::npos)
    table += "± is half of the 95 % confidence interval of the mean.\n";
  for (const Row& row : rows) {
    if (row.incomplete.trials == 0) continue;
    const Point& point = experiment.points[row.point];
    table += fmt::format(
        "Means are over completed trials. The first that could not complete: \"{}\", point {}, trial {}: "
        "{}.\n",
        point.schemes[row.scheme].label, row.point, *row.incomplete.first, row.incomplete.missing);
    break;
  }
  return table;
}

}  // namespace straggle
