#include "sim/run/columns.h"

#include <fmt/format.h>

#include <algorithm>

namespace straggle {

const std::vector<Metric>& metrics() {
  static const std::vector<Metric> columns = {
      {{"time", "s", "Completion time."}, Tally::time},
      {{"messages", "-",
        "Messages the master received at or before completion, also duplicates and those of clusters already "
        "decoded and of earlier iterations; in a ring, which has no master, all."},
       Tally::messages},
      {{"useful_messages", "-", "Of these, the ones the decode may use."}, Tally::useful_messages},
      {{"messages_in_all", "-",
        "Messages anybody received at or before completion, those of the model included."},
       Tally::messages_in_all},
      {{"bytes_in_all", "bytes", "Their bytes; empty where gradients have no size."}, Tally::bytes_in_all},
      {{"bytes_into_busiest", "bytes", "Of these, the bytes into the node that receives most."},
       Tally::bytes_into_busiest},
      {{"port_utilisation", "-", "Share of the time that the busiest receiving port is busy."},
       Tally::port_utilisation},
      {{"work", "mini-batches", "Mini-batches computed by all workers."}, Tally::work},
      {{"wasted", "mini-batches", "Of these, the ones in no useful message."}, Tally::wasted},
      {{"speedup", "-", "Mean time of the baseline / mean time, over the trials that both completed."},
       std::nullopt}};
  return columns;
}

const Metric& metric_of(Tally tally) {
  return *std::find_if(metrics().begin(), metrics().end(),
                       [&](const Metric& metric) { return metric.tally == tally; });
}

const std::vector<std::string>& metric_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> result;
    for (const Metric& metric : metrics()) result.push_back(metric.name);
    return result;
  }();
  return names;
}

const std::vector<ResultColumn>& critical_columns() {
  static const std::vector<ResultColumn> columns = {
      {"critical_compute", "s",
       "Seconds of the completion time in which the iteration waited for somebody to compute. The four of "
       "this "
       "kind add up to time; they are there with --critical-path only."},
      {"critical_port_queue", "s", "Seconds in which it waited for a message in a port, behind others."},
      {"critical_link", "s", "Seconds in which it waited for a message on its way: latency and transfer."},
      {"critical_waiting", "s",
       "Seconds in which it waited for somebody who starts late or is busy with an earlier iteration's "
       "work."}};
  return columns;
}

std::vector<std::pair<std::string, Tally>> quantile_choices() {
  std::vector<std::pair<std::string, Tally>> result;
  for (const Metric& metric : metrics())
    if (metric.tally && metric.tally != Tally::time) result.emplace_back(metric.name, *metric.tally);
  return result;
}

std::vector<ResultColumn> quantile_columns(const std::string& name, const std::string& unit) {
  std::vector<ResultColumn> result;
  for (const auto& [suffix, words] :
       {std::pair{"_p50", "Median of the trials'"}, std::pair{"_p95", "95 % quantile of the trials'"},
        std::pair{"_p99", "99 % quantile of the trials'"}}) {
    const std::string column = name + suffix;
    result.push_back({column, unit, fmt::format("{} {}; there with --quantiles {}.", words, name, name)});
    result.push_back(
        {column + "_low", unit,
         fmt::format("Lower end of the 95 % confidence interval of {}, as of the time.", column)});
    result.push_back({column + "_high", unit, "Its upper end."});
  }
  return result;
}

namespace {

/// What every table of results begins with.
std::vector<ResultColumn> key_columns() {
  return {{"point", "-", "Number of the point of the sweep, from 0."},
          {"/POINTER", "-",
           "One column for each swept field, named by its JSON pointer: its value at this point."},
          {"scheme", "-", "The scheme, by its name in configurations."},
          {"label", "-", "Its label: the configuration's, or made of the scheme and its fields."}};
}

}  // namespace

std::vector<ResultColumn> result_columns(Keep keep, bool precision) {
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
  for (const Metric& metric : metrics()) add_estimate(metric);
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
    for (const ResultColumn& column : critical_columns()) add_estimate(column);
  for (const Metric& metric : metrics())
    if (metric.tally && keep.quantiles[*metric.tally]) add(quantile_columns(metric.name, metric.unit));
  if (precision)
    add({{"precision", "-",
          "reached, or not reached where the trials ended at the most; there only where a configuration asks "
          "for a "
          "precision."}});
  return result;
}

std::vector<ResultColumn> sample_columns(Keep keep) {
  std::vector<ResultColumn> result = key_columns();
  result.push_back(
      {"trial", "-",
       "Number of the trial, from 0. What follows is its mean over its iterations, and empty where it "
       "could not complete."});
  for (const Metric& metric : metrics())
    if (metric.tally) result.push_back(metric);
  if (keep.critical) result.insert(result.end(), critical_columns().begin(), critical_columns().end());
  return result;
}

}  // namespace straggle
