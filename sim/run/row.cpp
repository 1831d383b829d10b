#include "sim/run/row.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace straggle {

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
    return Estimate{e.mean * bytes, e.std_error * bytes, e.count};
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
    const double nearest = std::clamp(row.time.mean, theory.time_low, theory.time_high);
    if (theory.kind == Prediction::Kind::exact) {
      row.theory_time_z = z_score(row.time, theory.time_low);
    } else if (theory.kind == Prediction::Kind::bounds) {
      row.theory_time_z = nearest == row.time.mean ? 0 : z_score(row.time, nearest);
    }  // an asymptotic band promises nothing
    if (theory.messages)
      row.theory_messages_z =
          z_score(row.messages, *theory.messages,
                  unseen(static_cast<double>(row.messages.count) * static_cast<double>(point.iterations)));
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

/// Whether the expectation agrees with trials that have no spread: with what they found, or with what theory
/// says where that agrees with them.
bool agrees(const ExpectedValue& expected, const Row& row, const Estimate& found) {
  double low = found.mean, high = found.mean;
  const auto extend = [&](double z, double theory) {
    if (!std::isnan(z)) return;
    low = std::min(low, theory);
    high = std::max(high, theory);
  };
  if (row.theory && row.theory->kind == Prediction::Kind::exact && expected.metric == "time")
    extend(row.theory_time_z, row.theory->time_low);
  if (row.theory && row.theory->messages && expected.metric == "messages")
    extend(row.theory_messages_z, *row.theory->messages);
  // The tenth of a millionth of the half: a value on the edge may round either way.
  const double tolerance = expected.half_unit * (1 + 1e-7);
  return low - tolerance <= expected.value && expected.value <= high + tolerance;
}

}  // namespace

Verdict judge(const ExpectedValue& expected, const Experiment& experiment, const std::vector<Row>& rows) {
  Verdict verdict;
  verdict.z = std::numeric_limits<double>::quiet_NaN();
  if (expected.slope) {
    verdict.found = fitted_slope(expected, experiment, rows);
  } else {
    const Row& row = row_of(expected, expected.points.front(), experiment, rows);
    const Estimate& found = metric(row, expected.metric);
    verdict.found = found.mean;
    if (without_spread(found)) {
      verdict.rule = Verdict::Rule::digits;
      verdict.pass = agrees(expected, row, found);
    } else {
      verdict.z = z_score(found, expected.value);
      verdict.pass = std::abs(verdict.z) <= 4;
    }
  }
  const double difference = verdict.found - expected.value;
  verdict.deviation = difference / std::abs(expected.value);
  if (expected.within) {
    verdict.rule = Verdict::Rule::share;
    // Written so that a NaN fails.
    verdict.pass = std::abs(difference) <= *expected.within * std::abs(expected.value);
  }
  return verdict;
}

}  // namespace straggle
