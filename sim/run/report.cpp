#include "sim/run/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <sstream>
#include <stdexcept>

#include "sim/base/text.h"

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

/// The largest error over the real decodes that could be judged, if there were any.
std::optional<double> real_error(const Verification& v) {
  return v.real_judged > 0 ? std::optional(v.real_max_error) : std::nullopt;
}

}  // namespace

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

void write_columns(std::ostream& out, const Experiment& experiment,
                   const std::vector<ResultColumn>& columns) {
  std::string names;
  for (const ResultColumn& column : columns)
    if (column.name == "/POINTER")
      for (const std::string& axis : experiment.axes) names.append(",").append(csv_field(axis));
    else
      names.append(",").append(column.name);
  out << names.substr(1) << "\n";
}

void write_header(std::ostream& out, const Experiment& experiment, const Provenance& provenance,
                  const std::vector<ResultColumn>& columns) {
  out << "# " << printable_json(Json(experiment.title).dump()) << "\n"
      << "# command: " << provenance.command << "\n"
      << "# version: straggle " << provenance.version << "\n"
      << "# seed: " << experiment.resolved["seed"].dump() << "\n"
      << "# configuration: " << experiment.hash << "\n";
  write_columns(out, experiment, columns);
}

/// The cells of key_columns().
std::string row_start(const Point& point, const SchemeSetup& scheme) {
  std::string text = fmt::format("{}", point.index);
  for (const auto& [path, value] : point.axes) text.append(",").append(csv_field(plain(value)));
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
       {"time_p50_low", "s",
        "Lower end of the 95 % confidence interval of the median, by order statistics; empty where the "
        "trials "
        "are too few (6 do)."},
       {"time_p50_high", "s", "Its upper end."},
       {"time_p95", "s", "Their 95 % quantile, the nearest rank."},
       {"time_p95_low", "s", "Lower end of its 95 % confidence interval (72 trials do)."},
       {"time_p95_high", "s", "Its upper end."},
       {"time_p99", "s", "Their 99 % quantile, the nearest rank."},
       {"time_p99_low", "s", "Lower end of its 95 % confidence interval (368 trials do)."},
       {"time_p99_high", "s", "Its upper end."},
       {"time_max", "s", "Greatest completion time of a trial."},
       {"time_moments", "-",
        "Which moments the law of the completion time has: all, no variance (time_mean is an estimate, but "
        "has no "
        "standard error and no z) or no mean (it is none; the median says more); empty where that is "
        "unknown."},
       {"time_trials_needed", "-",
        "Trials that make ± and z of time_mean what they say, by the skewness of its law, or where that is "
        "unknown, at least, by the skewness of the trials; inf without a third moment."}});
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
  out << "," << number(row.min);
  for (const RowQuantile& quantile : row_quantiles()) {
    const Interval& interval = (row.*quantile.around).confidence;
    out << "," << number(row.*quantile.value) << "," << number(interval.low) << "," << number(interval.high);
  }
  out << "," << number(row.max) << "," << moments_of(row) << "," << number(row.trials_needed);
  for (const std::string& name : metric_names()) {
    const Estimate& e = metric(row, name);
    out << "," << number(e.mean) << "," << number(e.std_error);
  }
  if (row.theory) {
    const Prediction& theory = *row.theory;
    out << "," << (std::isnan(theory.time_low) ? "" : name_of(theory.kind)) << "," << number(theory.time_low)
        << "," << number(theory.time_high) << "," << number(row.theory_time_z) << ",";
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

std::string run_id(const Experiment& experiment, const Provenance& provenance, const std::vector<Row>& rows,
                   Keep keep) {
  std::ostringstream text;
  write_columns(text, experiment, result_columns(keep));
  for (const Row& row : rows) write_csv_row(text, experiment, row);
  return run_id(provenance.version, experiment.hash, text.str());
}

std::string run_id(const std::string& version, const std::string& hash, const std::string& lines) {
  return short_digest(version + "\n" + hash + "\n" + lines);
}

void write_end(std::ostream& out, std::size_t rows, const std::string& run) {
  out << "# end: " << rows << " rows of run " << run << "\n";
}

void write_samples_end(std::ostream& out, std::size_t rows, const std::string& run, std::uint32_t checksum) {
  out << "# end: " << rows << " rows of run " << run << fmt::format(", crc32 {:08x}\n", checksum);
}

std::string points_finished(std::size_t points, std::size_t of_points) {
  return fmt::format("{} of {} point{} {} finished", points, of_points, of_points == 1 ? "" : "s",
                     points == 1 || of_points == 1 ? "is" : "are");
}

void write_interrupted(std::ostream& out, std::size_t points, std::size_t of_points) {
  out << "# interrupted: " << points_finished(points, of_points) << "\n";
}

void write_samples_header(std::ostream& out, const Experiment& experiment, const Provenance& provenance,
                          Keep keep) {
  write_header(out, experiment, provenance, sample_columns(keep));
}

std::size_t write_samples(std::ostream& out, const Point& point, std::size_t s, const SchemeResult& result) {
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
  return result.records.size();
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
    time.update({{"min", row.min},
                 {"max", row.max},
                 {"moments", row.tail ? Json(moments_of(row)) : Json()},
                 {"trials_needed", row.trials_needed}});
    for (const RowQuantile& quantile : row_quantiles()) {
      const Interval& interval = (row.*quantile.around).confidence;
      time[quantile.name] = row.*quantile.value;
      time[std::string(quantile.name) + "_interval"] = {interval.low, interval.high};
    }
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
      json["theory"] = {{"kind", std::isnan(row.theory->time_low) ? Json() : Json(name_of(row.theory->kind))},
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

}  // namespace straggle
