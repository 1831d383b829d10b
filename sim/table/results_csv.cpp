#include "sim/table/results_csv.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <sstream>
#include <stdexcept>

#include "sim/base/text.h"
#include "sim/run/sweep.h"

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

void write_csv_header(std::ostream& out, const Experiment& experiment, const Provenance& provenance,
                      Keep keep) {
  write_header(out, experiment, provenance, result_columns(keep, experiment.asks_for_precision()));
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
  for (const Metric& metric : metrics()) {
    const Estimate& e = row[metric];
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
  out << "," << v.trials << "," << (v.real_error() ? number(*v.real_error()) : "") << ","
      << (v.real ? fmt::format("{}", v.unjudged) : "") << ","
      << (v.prime ? (v.prime_exact ? "true" : "false") : "");
  for (const Estimate& seconds : row.critical)
    out << "," << number(seconds.mean) << "," << number(seconds.std_error);
  for (const auto& [which, quantiles] : row.other_quantiles)
    for (const QuantileEstimate& quantile : quantiles)
      out << "," << number(quantile.value) << "," << number(quantile.around.confidence.low) << ","
          << number(quantile.around.confidence.high);
  if (experiment.asks_for_precision())
    out << "," << (!row.precise ? "" : *row.precise ? "reached" : "not reached");
  out << "\n";
}

std::string run_id(const Experiment& experiment, const Provenance& provenance, const std::vector<Row>& rows,
                   Keep keep) {
  std::ostringstream text;
  write_columns(text, experiment, result_columns(keep, experiment.asks_for_precision()));
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

std::size_t write_samples(std::ostream& out, const Point& point, std::uint64_t first, const Block& trials) {
  const std::string start = row_start(point, point.schemes[trials.scheme]);
  constexpr double none = std::numeric_limits<double>::quiet_NaN();
  const double bytes = point.gradient_bytes.value_or(none);
  fmt::memory_buffer text;
  for (std::size_t trial = 0; trial < trials.trials(); ++trial) {
    fmt::format_to(std::back_inserter(text), "{},{}", start, first + trial);
    const auto add = [&](double value) {
      text.push_back(',');
      if (!std::isnan(value)) fmt::format_to(std::back_inserter(text), "{}", value);
    };
    for (const Metric& metric : metrics())
      if (metric.tally)
        add(trials.complete(trial) ? trials[*metric.tally][trial] * (metric.bytes() ? bytes : 1) : none);
    if (!trials.critical.empty())
      for (const double seconds : trials.critical[trial]) add(seconds);
    text.push_back('\n');
    if (text.size() > 1 << 20 || trial + 1 == trials.trials()) {
      out.write(text.data(), static_cast<std::streamsize>(text.size()));
      text.clear();
    }
  }
  return trials.trials();
}

}  // namespace straggle
