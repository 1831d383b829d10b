#include "sim/run/row.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <stdexcept>

#include "sim/run/theory_of_point.h"

namespace straggle {

namespace {

/// The quantiles of row_quantiles() and their intervals; reorders the values. Of a histogram an interval
/// reaches to the ends of its bins.
std::vector<QuantileEstimate> find_quantiles(QuantileStore& store) {
  std::vector<QuantileEstimate> found(row_quantiles().size());
  const std::uint64_t count = store.finite();
  if (count == 0) return found;
  std::vector<std::uint64_t> ranks;
  std::vector<std::function<void(const QuantileStore::Found&)>> use;
  for (std::size_t q = 0; q < found.size(); ++q) {
    const double share = row_quantiles()[q].share;
    ranks.push_back(nearest_rank(count, share));
    use.emplace_back([&found, q](const QuantileStore::Found& at) { found[q].value = at.value; });
    const auto add = [&](double error, Interval& interval) {
      const std::optional<Ranks> ends = quantile_ranks(count, share, error);
      if (!ends) return;
      ranks.push_back(ends->low);
      use.emplace_back([&interval](const QuantileStore::Found& at) { interval.low = at.low; });
      ranks.push_back(ends->high);
      use.emplace_back([&interval](const QuantileStore::Found& at) { interval.high = at.high; });
    };
    add(0.05, found[q].around.confidence);
    add(beyond_four(), found[q].around.wide);
  }
  const std::vector<QuantileStore::Found> at = store.of_ranks(ranks);
  for (std::size_t i = 0; i < at.size(); ++i) use[i](at[i]);
  return found;
}

/// Takes away what is an estimate of nothing.
void keep_what_exists(Estimate& found, const std::optional<TailBehaviour>& tail) {
  if (tail && !tail->mean()) found.mean = std::numeric_limits<double>::quiet_NaN();
  if (tail && !tail->variance()) found.std_error = std::numeric_limits<double>::quiet_NaN();
}

/// What the law of the completion time lets its mean say.
void weigh_tail(Row& row, const Point& point, const QuantileStore& times) {
  row.tail = completion_tail(point, row.scheme);
  keep_what_exists(row[Tally::time], row.tail);
  keep_what_exists(row.speedup, row.tail);
  keep_what_exists(row.speedup, completion_tail(point, point.baseline));
  if (row.tail && !row.tail->variance()) return;
  const bool third_moment = !row.tail || row.tail->index > 3;
  const std::optional<double> of_law =
      third_moment ? predicted_skewness(point, row.scheme) : std::numeric_limits<double>::infinity();
  row.trials_needed = std::ceil(observations_for(of_law ? *of_law : times.skewness()));
}

}  // namespace

std::string moments_of(const Row& row) {
  if (!row.tail) return "";
  return !row.tail->mean() ? "no mean" : !row.tail->variance() ? "no variance" : "all";
}

std::string trials_words(double trials) {
  if (!(trials < 1e7)) return fmt::format("{:.2g}", trials);
  const double unit = std::pow(10, std::max(0.0, std::floor(std::log10(std::max(trials, 1.0))) - 1));
  return fmt::format("{:.0f}", std::ceil(trials / unit) * unit);
}

std::span<const RowQuantile> row_quantiles() {
  static constexpr RowQuantile quantiles[] = {{"p50", 0.50, &Row::p50, &Row::around_p50},
                                              {"p95", 0.95, &Row::p95, &Row::around_p95},
                                              {"p99", 0.99, &Row::p99, &Row::around_p99}};
  return quantiles;
}

Row make_row(const Point& point, std::size_t s, Summary trials) {
  Row row;
  row.point = point.index;
  row.scheme = s;
  row.trials = trials.trials();
  const Sums& sums = trials.sums;
  const double bytes = point.gradient_bytes.value_or(std::numeric_limits<double>::quiet_NaN());
  for (const Metric& metric : metrics()) {
    if (!metric.tally) continue;
    Estimate& found = row[*metric.tally] = estimate(sums.tally[*metric.tally]);
    if (!metric.bytes()) continue;
    found.mean *= bytes;
    found.std_error *= bytes;
  }
  row.speedup = ratio_of_means(sums.paired);
  row.incomplete = trials.incomplete;
  trials.times.drop_infinite();  // of trials that could not complete
  row.counted = trials.times.counted();
  row.min = trials.times.least();
  row.max = trials.times.greatest();
  const std::vector<QuantileEstimate> quantiles = find_quantiles(trials.times);
  for (std::size_t q = 0; q < quantiles.size(); ++q) {
    row.*row_quantiles()[q].value = quantiles[q].value;
    row.*row_quantiles()[q].around = quantiles[q].around;
  }
  for (auto& [which, store] : trials.others) {
    row.other_quantiles.emplace_back(which, find_quantiles(store));
    store = {};  // one after the other: its values are not needed any more
  }
  for (auto& [which, found] : row.other_quantiles)
    if (const Metric& metric = metric_of(which); metric.bytes())
      for (QuantileEstimate& quantile : found)
        for (double* value :
             {&quantile.value, &quantile.around.confidence.low, &quantile.around.confidence.high,
              &quantile.around.wide.low, &quantile.around.wide.high})
          *value *= bytes;
  weigh_tail(row, point, trials.times);
  row.theory = predict(point, s);
  if (row.theory) {
    const Prediction& theory = *row.theory;
    const double nearest = std::clamp(row[Tally::time].mean, theory.time_low, theory.time_high);
    if (point.compute.varies() && without_spread(row[Tally::time])) {
      // Something rare may not have happened yet, and nobody can say by how much it moves the mean.
      row.theory_time_z = std::numeric_limits<double>::quiet_NaN();
    } else if (theory.kind == Prediction::Kind::exact) {
      row.theory_time_z = z_score(row[Tally::time], theory.time_low, theory.time_error);
    } else if (theory.kind == Prediction::Kind::bounds) {
      row.theory_time_z =
          nearest == row[Tally::time].mean ? 0 : z_score(row[Tally::time], nearest, theory.time_error);
    }  // an asymptotic band promises nothing
    if (theory.messages)
      row.theory_messages_z =
          z_score(row[Tally::messages], *theory.messages,
                  std::max(theory.messages_error, unseen(static_cast<double>(row[Tally::messages].count) *
                                                         static_cast<double>(point.iterations))));
  }
  row.verification = trials.verification;
  for (const Moments& seconds : sums.critical) {
    if (!trials.critical) break;
    row.critical.push_back(estimate(seconds));
    keep_what_exists(row.critical.back(), row.tail);
  }
  // Of measured rounds draws may differ and trials not: by their order alone, or by which machine is whose.
  row.varies = point.compute.varies() && !(point.compute.model->finite() && row[Tally::time].count > 1 &&
                                           without_spread(row[Tally::time]));
  if (!row.varies) {
    const auto has_no_error = [](Estimate& e) {
      if (without_spread(e)) e.std_error = std::numeric_limits<double>::quiet_NaN();
    };
    std::for_each(row.tally.begin(), row.tally.end(), has_no_error);
    std::for_each(row.critical.begin(), row.critical.end(), has_no_error);
    has_no_error(row.speedup);
  } else {
    // What rounding leaves where a link takes the same time in every trial.
    for (Estimate& e : row.critical)
      if (e.count > 1 && without_spread(e) && e.std_error > 0) e.std_error = 0;
  }
  return row;
}

const Estimate& metric(const Row& row, const std::string& name) {
  for (const Metric& known : metrics())
    if (known.name == name) return row[known];
  throw std::logic_error("there is no metric called " + name);
}

}  // namespace straggle
