#include "sim/run/verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

namespace straggle {
namespace {

const Row& row_of(const ExpectedValue& expected, std::size_t point, const Experiment& experiment,
                  const std::vector<Row>& rows) {
  for (const Row& row : rows)
    if (row.point == point && experiment.points[point].schemes[row.scheme].label == expected.label)
      return row;
  throw std::logic_error("an expectation has no row");
}

/// The quantile of that name, or null.
const RowQuantile* quantile_of(const std::string& name) {
  for (const RowQuantile& quantile : row_quantiles())
    if (name == quantile.name) return &quantile;
  return nullptr;
}

double value_of(const Row& row, const std::string& name) {
  const RowQuantile* quantile = quantile_of(name);
  return quantile ? row.*quantile->value : metric(row, name).mean;
}

/// The least-squares slope of the values at the expectation's points.
double fitted_slope(const ExpectedValue& expected, const Experiment& experiment,
                    const std::vector<Row>& rows) {
  const auto scaled = [&](double value) { return expected.slope->log ? std::log(value) : value; };
  Moments moments;
  for (const std::size_t point : expected.points) {
    double x = 0;
    for (const auto& [path, value] : experiment.points[point].axes)
      if (path == expected.slope->x) x = value.get<double>();
    moments.add(scaled(x), scaled(value_of(row_of(expected, point, experiment, rows), expected.metric)));
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
  if (!row.varies && row.theory && row.theory->kind == Prediction::Kind::exact && expected.metric == "time")
    extend(row.theory_time_z, row.theory->time_low);
  if (row.theory && row.theory->messages && expected.metric == "messages")
    extend(row.theory_messages_z, *row.theory->messages);
  // The tenth of a millionth of the half: a value on the edge may round either way.
  const double tolerance = expected.half_unit * (1 + 1e-7);
  return low - tolerance <= expected.value && expected.value <= high + tolerance;
}

void judge_mean(const ExpectedValue& expected, const Row& row, const Estimate& found, Verdict& verdict) {
  const bool of_time = expected.metric == "time" || expected.metric == "speedup";
  if (std::isnan(found.mean)) {
    verdict.rule = Verdict::Rule::none;
    verdict.trouble =
        of_time && row[Tally::time].count > 0 ? "there is no mean: expect p50" : "there is no such number";
  } else if (of_time && found.count > 1 && std::isnan(found.std_error) && row.varies) {
    verdict.rule = Verdict::Rule::none;
    verdict.trouble = "the variance is infinite: give \"within\", or expect p50";
  } else if (found.count < 2 && row.varies) {
    verdict.rule = Verdict::Rule::none;
    verdict.trouble = "one trial does not tell how far it may be off: run more, or give \"within\"";
  } else if (without_spread(found)) {
    verdict.rule = Verdict::Rule::digits;
    verdict.pass = agrees(expected, row, found);
  } else {
    verdict.z = z_score(found, expected.value);
    verdict.pass = std::abs(verdict.z) <= 4;
    if (of_time && row.needs_more_trials())
      verdict.trouble =
          fmt::format("too skewed for {} trials, it takes {} or more: give \"within\", or expect p50",
                      found.count, trials_words(row.trials_needed));
  }
}

void judge_quantile(const ExpectedValue& expected, const Row& row, const RowQuantile& quantile,
                    Verdict& verdict) {
  verdict.rule = Verdict::Rule::quantile;
  verdict.interval = (row.*quantile.around).wide;
  if (std::isnan(verdict.interval.low)) {
    verdict.rule = Verdict::Rule::none;
    verdict.trouble = fmt::format("{} takes {} trials, or \"within\"", quantile.name,
                                  values_for_quantile(quantile.share, beyond_four()));
    return;
  }
  // An interval without width is a time that all trials share: its digits decide.
  const bool point = verdict.interval.low == verdict.interval.high;
  const double slack = point ? expected.half_unit * (1 + 1e-7) : 0;
  verdict.pass =
      verdict.interval.low - slack <= expected.value && expected.value <= verdict.interval.high + slack;
}

}  // namespace

Verdict judge(const ExpectedValue& expected, const Experiment& experiment, const std::vector<Row>& rows) {
  Verdict verdict;
  verdict.z = std::numeric_limits<double>::quiet_NaN();
  if (expected.slope) {
    verdict.found = fitted_slope(expected, experiment, rows);
  } else {
    const Row& row = row_of(expected, expected.points.front(), experiment, rows);
    verdict.found = value_of(row, expected.metric);
    if (const RowQuantile* quantile = quantile_of(expected.metric))
      judge_quantile(expected, row, *quantile, verdict);
    else
      judge_mean(expected, row, metric(row, expected.metric), verdict);
  }
  const double difference = verdict.found - expected.value;
  verdict.deviation = difference / std::abs(expected.value);
  if (expected.within) {
    if (verdict.rule == Verdict::Rule::none && std::isnan(verdict.found)) return verdict;
    verdict.rule = Verdict::Rule::share;
    verdict.trouble.clear();
    // Written so that a NaN fails.
    verdict.pass = std::abs(difference) <= *expected.within * std::abs(expected.value);
  }
  if (!expected.slope)
    if (const Row& row = row_of(expected, expected.points.front(), experiment, rows);
        row.incomplete.trials > 0)
      verdict.trouble += fmt::format("{}{} of {} trials never complete and are not in it",
                                     verdict.trouble.empty() ? "" : "; ", row.incomplete.trials, row.trials);
  return verdict;
}

}  // namespace straggle
