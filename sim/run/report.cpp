#include "sim/run/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <stdexcept>

namespace straggle {
namespace {

/// The shortest text that reads back as the same double; empty when there is no number.
std::string number(double value) {
  return std::isnan(value) ? "" : fmt::format("{}", value);
}

/// RFC 4180, and quotes around what a reader could take for a comment.
std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\n\r#") == std::string::npos) return text;
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"') result += '"';
    result += c;
  }
  return result + "\"";
}

std::size_t display_width(
    const std::string& text) {  // code points; what continues one in UTF-8 takes no room
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](unsigned char c) { return (c & 0xc0) != 0x80; }));
}

/// `1.54958 ± 0.00052`: the error with two digits, the mean to the same place.
std::string with_error(const Estimate& e) {
  if (std::isnan(e.mean)) return "-";
  const std::optional<int> places = places_of(e.mean, e.std_error);
  if (!places) return fmt::format("{:.7g}", e.mean);
  return fmt::format("{:.{}f} ± {:.{}f}", e.mean, *places, e.std_error, *places);
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
  if (!theory) return "-";
  if (theory->kind == Prediction::Kind::exact) return fmt::format("{:.7g}", theory->time_low);
  return fmt::format("{}{:.4g} .. {:.4g}", theory->kind == Prediction::Kind::asymptotic ? "~ " : "",
                     theory->time_low, theory->time_high);
}

std::string exactness(const Verification& v, double recovered) {
  if (v.failed_trial) return fmt::format("FAILED at trial {}", *v.failed_trial);
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

/// The largest error over the real decodes that could be judged, if there were any.
std::optional<double> real_error(const Verification& v) {
  return v.real_judged > 0 ? std::optional(v.real_max_error) : std::nullopt;
}

}  // namespace

Row make_row(const Point& point, std::size_t s, SchemeResult result) {
  Row row;
  row.point = point.index;
  row.scheme = s;
  row.trials = result.sample.count();
  const Sample::Sums sums = result.sample.sums();
  row.time = estimate(sums.time);
  row.messages = estimate(sums.messages);
  row.useful_messages = estimate(sums.useful_messages);
  const auto in_bytes = [&](const Moments& gradients) {
    const Estimate e = estimate(gradients);
    const double bytes = point.gradient_bytes.value_or(std::numeric_limits<double>::quiet_NaN());
    return Estimate{e.mean * bytes, e.std_error * bytes};
  };
  row.messages_in_all = estimate(sums.messages_in_all);
  row.bytes_in_all = in_bytes(sums.volume);
  row.bytes_into_busiest = in_bytes(sums.largest_volume);
  row.port_utilisation = estimate(sums.utilisation);
  row.work = estimate(sums.work);
  row.wasted = estimate(sums.wasted);
  row.speedup = ratio_of_means(sums.paired);
  row.incomplete = result.incomplete;
  std::vector<double> times = result.sample.times();
  std::erase_if(times, [](double time) { return std::isinf(time); });  // of incomplete trials
  row.min = row.max = std::numeric_limits<double>::quiet_NaN();
  if (!times.empty()) {
    const auto [least, most] = std::minmax_element(times.begin(), times.end());
    row.min = *least;
    row.max = *most;
  }
  row.p50 = nearest_rank(times, 0.50);
  row.p95 = nearest_rank(times, 0.95);
  row.p99 = nearest_rank(times, 0.99);
  row.theory = predict(point, s);
  if (row.theory) {
    const Prediction& theory = *row.theory;
    row.theory_time_z = z_score(row.time, std::clamp(row.time.mean, theory.time_low, theory.time_high));
    if (theory.kind == Prediction::Kind::exact) row.theory_time_z = z_score(row.time, theory.time_low);
    if (theory.kind == Prediction::Kind::asymptotic) row.theory_time_z = std::nan("");  // promises nothing
    if (theory.messages) row.theory_messages_z = z_score(row.messages, *theory.messages);
  }
  row.verification = result.verification;
  for (std::size_t cause = 0; cause < causes && !result.critical.empty(); ++cause) {
    Moments moments;
    for (const CriticalTimes& seconds : result.critical)
      if (!std::isnan(seconds[cause])) moments.add(seconds[cause]);
    row.critical.push_back(estimate(moments));
  }
  return row;
}

std::optional<int> places_of(double mean, double error) {
  if (!(error > 1e-12 * std::abs(mean))) return std::nullopt;
  return std::clamp(1 - static_cast<int>(std::floor(std::log10(error))), 0, 12);
}

const Estimate& metric(const Row& row, const std::string& name) {
  if (name == "time") return row.time;
  if (name == "messages") return row.messages;
  if (name == "useful_messages") return row.useful_messages;
  if (name == "messages_in_all") return row.messages_in_all;
  if (name == "bytes_in_all") return row.bytes_in_all;
  if (name == "bytes_into_busiest") return row.bytes_into_busiest;
  if (name == "port_utilisation") return row.port_utilisation;
  if (name == "work") return row.work;
  if (name == "wasted") return row.wasted;
  if (name == "speedup") return row.speedup;
  throw std::logic_error("there is no metric called " + name);
}

namespace {

/// Of the critical paths, by Cause.
const ResultColumn critical_columns[causes] = {
    {"critical_compute", "s",
     "Seconds of the completion time in which the iteration waited for somebody to compute. The four of this "
     "kind add up to time; they are there with --critical-path only."},
    {"critical_port_queue", "s", "Seconds in which it waited for a message in a port, behind others."},
    {"critical_link", "s", "Seconds in which it waited for a message on its way: latency and transfer."},
    {"critical_waiting", "s",
     "Seconds in which it waited for somebody who starts late or is busy with an earlier iteration's work."}};

/// What every table of results begins with.
std::vector<ResultColumn> key_columns() {
  return {{"point", "-", "Number of the point of the sweep, from 0."},
          {"/POINTER", "-",
           "One column for each swept field, named by its JSON pointer: its value at this point."},
          {"scheme", "-", "The scheme, by its name in configurations."},
          {"label", "-", "Its label: the configuration's, or made of the scheme and its fields."}};
}

void write_header(std::ostream& out, const Experiment& experiment, const Provenance& provenance,
                  const std::vector<ResultColumn>& columns) {
  out << "# " << Json(experiment.title).dump() << "\n"
      << "# command: " << provenance.command << "\n"
      << "# version: straggle " << provenance.version << "\n"
      << "# seed: " << experiment.resolved["seed"].dump() << "\n"
      << "# configuration: " << experiment.hash << "\n";
  std::string names;
  for (const ResultColumn& column : columns)
    if (column.name == "/POINTER")
      for (const std::string& axis : experiment.axes) names += "," + csv_field(axis);
    else
      names += "," + column.name;
  out << names.substr(1) << "\n";
}

/// The cells of key_columns().
std::string row_start(const Point& point, const SchemeSetup& scheme) {
  std::string text = fmt::format("{}", point.index);
  for (const auto& [path, value] : point.axes) text += "," + csv_field(plain(value));
  return text + "," + scheme.scheme + "," + csv_field(scheme.label);
}

}  // namespace

std::vector<ResultColumn> result_columns(Keep keep) {
  std::vector<ResultColumn> result = key_columns();
  const auto add = [&](const std::vector<ResultColumn>& columns) {
    result.insert(result.end(), columns.begin(), columns.end());
  };
  const auto add_estimate = [&](const ResultColumn& column) {
    add({{column.name + "_mean", column.unit, column.meaning},
         {column.name + "_std_error", column.unit, "Standard error of " + column.name + "_mean."}});
  };
  add({{"trials", "-", "Trials run."},
       {"incomplete", "-",
        "Of these, the ones that could not complete because workers never answered. All "
        "that follows is over the others."},
       {"recovered", "-",
        "Share of the data set in the result of a trial that completes, below 1 for approximate schemes."},
       {"time_min", "s", "Least completion time of a trial."},
       {"time_p50", "s", "Median of the completion times, the nearest rank."},
       {"time_p95", "s", "Their 95 % quantile, the nearest rank."},
       {"time_p99", "s", "Their 99 % quantile, the nearest rank."},
       {"time_max", "s", "Greatest completion time of a trial."}});
  for (const ResultColumn& column : metrics()) add_estimate(column);
  add({{"theory", "-",
        "What theory says of the time: exact, bounds or asymptotic; empty where it says "
        "nothing."},
       {"theory_time_low", "s", "The expected time, or the lower of two bounds."},
       {"theory_time_high", "s", "The expected time, or the upper of two bounds."},
       {"theory_time_z", "-",
        "Standard errors from theory to time_mean: from an expectation, or from the "
        "nearer of two bounds, 0 between them; empty where asymptotic."},
       {"theory_messages", "-", "Expected messages, where theory is exact."},
       {"theory_messages_z", "-", "Standard errors from there to messages_mean."},
       {"verified_trials", "-", "Trials that carried real data through the code."},
       {"real_max_error", "-",
        "Greatest relative error of a decode in doubles; empty where none was judged."},
       {"real_unjudged", "-", "Decodes of LCC that doubles are too coarse for."},
       {"prime_exact", "-", "true if every decode in the prime field was exact, else false."}});
  if (keep.critical)
    for (const ResultColumn& column : critical_columns) add_estimate(column);
  return result;
}

std::vector<ResultColumn> sample_columns(Keep keep) {
  std::vector<ResultColumn> result = key_columns();
  result.push_back(
      {"trial", "-",
       "Number of the trial, from 0. What follows is its mean over its iterations, and empty where it "
       "could not complete."});
  for (const ResultColumn& column : metrics())
    if (column.name != "speedup") result.push_back(column);
  if (keep.critical) result.insert(result.end(), std::begin(critical_columns), std::end(critical_columns));
  return result;
}

void write_csv_header(std::ostream& out, const Experiment& experiment, const Provenance& provenance,
                      Keep keep) {
  write_header(out, experiment, provenance, result_columns(keep));
}

void write_csv_row(std::ostream& out, const Experiment& experiment, const Row& row) {
  const Point& point = experiment.points[row.point];
  const SchemeSetup& scheme = point.schemes[row.scheme];
  out << row_start(point, scheme) << "," << row.trials << "," << row.incomplete.trials << ","
      << number(scheme.recipe.recovered);
  for (const double quantile : {row.min, row.p50, row.p95, row.p99, row.max}) out << "," << number(quantile);
  for (const std::string& name : metric_names()) {
    const Estimate& e = metric(row, name);
    out << "," << number(e.mean) << "," << number(e.std_error);
  }
  if (row.theory) {
    const Prediction& theory = *row.theory;
    out << "," << name_of(theory.kind) << "," << number(theory.time_low) << "," << number(theory.time_high)
        << "," << number(row.theory_time_z) << ",";
    if (theory.messages) out << number(*theory.messages) << "," << number(row.theory_messages_z);
    if (!theory.messages) out << ",";
  } else {
    out << ",,,,,,";
  }
  const Verification& v = row.verification;
  out << "," << v.trials << "," << (real_error(v) ? number(*real_error(v)) : "") << ","
      << (v.real ? fmt::format("{}", v.unjudged) : "") << ","
      << (v.prime ? (v.prime_exact ? "true" : "false") : "");
  for (const Estimate& seconds : row.critical)
    out << "," << number(seconds.mean) << "," << number(seconds.std_error);
  out << "\n";
}

void write_samples_header(std::ostream& out, const Experiment& experiment, const Provenance& provenance,
                          Keep keep) {
  write_header(out, experiment, provenance, sample_columns(keep));
}

void write_samples(std::ostream& out, const Point& point, std::size_t s, const SchemeResult& result) {
  const std::string start = row_start(point, point.schemes[s]);
  const double bytes = point.gradient_bytes.value_or(std::numeric_limits<double>::quiet_NaN());
  fmt::memory_buffer text;
  for (std::size_t trial = 0; trial < result.records.size(); ++trial) {
    const TrialRecord& record = result.records[trial];
    fmt::format_to(std::back_inserter(text), "{},{}", start, trial);
    const auto add = [&](double value) {
      text.push_back(',');
      if (!std::isnan(value)) fmt::format_to(std::back_inserter(text), "{}", value);
    };
    for (const double value :
         {record.time, record.messages, record.useful_messages, record.messages_in_all, record.volume * bytes,
          record.largest_volume * bytes, record.utilisation, record.work, record.wasted})
      add(record.complete ? value : std::numeric_limits<double>::quiet_NaN());
    if (!result.critical.empty())
      for (const double seconds : result.critical[trial]) add(seconds);
    text.push_back('\n');
    if (text.size() > 1 << 20 || trial + 1 == result.records.size()) {
      out.write(text.data(), static_cast<std::streamsize>(text.size()));
      text.clear();
    }
  }
}

Json to_json(const Experiment& experiment, const Provenance& provenance, const std::vector<Row>& rows) {
  const auto estimate_json = [](const Estimate& e) {
    return Json{{"mean", e.mean}, {"std_error", e.std_error}};
  };
  Json result = {{"title", experiment.title},      {"version", provenance.version},
                 {"command", provenance.command},  {"seed", experiment.resolved["seed"]},
                 {"config_hash", experiment.hash}, {"rows", Json::array()}};
  for (const Row& row : rows) {
    const Point& point = experiment.points[row.point];
    const SchemeSetup& scheme = point.schemes[row.scheme];
    Json axes = Json::object();
    for (const auto& [path, value] : point.axes) axes[path] = value;
    Json time = estimate_json(row.time);
    time.update({{"min", row.min}, {"p50", row.p50}, {"p95", row.p95}, {"p99", row.p99}, {"max", row.max}});
    Json json = {{"point", row.point},
                 {"axes", axes},
                 {"scheme", scheme.scheme},
                 {"label", scheme.label},
                 {"trials", row.trials},
                 {"incomplete", row.incomplete.trials},
                 {"recovered", scheme.recipe.recovered},
                 {"time", time}};
    for (const std::string& name : metric_names())
      if (name != "time") json[name] = estimate_json(metric(row, name));
    json["theory"] = nullptr;
    if (row.theory)
      json["theory"] = {{"kind", name_of(row.theory->kind)},
                        {"time", {row.theory->time_low, row.theory->time_high}},
                        {"z", row.theory_time_z},
                        {"messages", row.theory->messages ? Json(*row.theory->messages) : Json()},
                        {"messages_z", row.theory->messages ? Json(row.theory_messages_z) : Json()}};
    const Verification& v = row.verification;
    json["verify"] = {{"trials", v.trials},
                      {"real_max_error", real_error(v) ? Json(*real_error(v)) : Json()},
                      {"real_unjudged", v.real ? Json(v.unjudged) : Json()},
                      {"prime_exact", v.prime ? Json(v.prime_exact) : Json()},
                      {"decode_seconds", v.decodes > 0 ? Json(v.decode_seconds) : Json()}};
    for (std::size_t cause = 0; cause < row.critical.size(); ++cause)
      json[critical_columns[cause].name] = estimate_json(row.critical[cause]);
    result["rows"].push_back(std::move(json));
  }
  return result;
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
    cells.push_back(row.theory && row.theory->kind != Prediction::Kind::asymptotic ? z_text(row.theory_time_z)
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

namespace {

const Row& row_of(const ExpectedValue& expected, std::size_t point, const Experiment& experiment,
                  const std::vector<Row>& rows) {
  for (const Row& row : rows)
    if (row.point == point && experiment.points[point].schemes[row.scheme].label == expected.label)
      return row;
  throw std::logic_error("an expectation has no row");
}

/// The least-squares slope of the means at the expectation's points.
double fitted_slope(const ExpectedValue& expected, const Experiment& experiment,
                    const std::vector<Row>& rows) {
  const auto scaled = [&](double value) { return expected.slope->log ? std::log(value) : value; };
  Moments moments;
  for (const std::size_t point : expected.points) {
    double x = 0;
    for (const auto& [path, value] : experiment.points[point].axes)
      if (path == expected.slope->x) x = value.get<double>();
    moments.add(scaled(x), scaled(metric(row_of(expected, point, experiment, rows), expected.metric).mean));
  }
  return moments.covariance() / moments.variance();
}

}  // namespace

Verdict judge(const ExpectedValue& expected, const Experiment& experiment, const std::vector<Row>& rows) {
  Verdict verdict;
  if (expected.slope) {
    verdict.found = fitted_slope(expected, experiment, rows);
    verdict.z = std::numeric_limits<double>::quiet_NaN();
  } else {
    const Estimate& found =
        metric(row_of(expected, expected.points.front(), experiment, rows), expected.metric);
    verdict.found = found.mean;
    verdict.z = z_score(found, expected.value);
  }
  verdict.deviation = (verdict.found - expected.value) / std::abs(expected.value);
  // Written so that a NaN fails.
  verdict.pass = expected.within
                     ? std::abs(verdict.found - expected.value) <= *expected.within * std::abs(expected.value)
                     : std::abs(verdict.z) <= 4;
  return verdict;
}

}  // namespace straggle
