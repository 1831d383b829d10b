#include "sim/view/page.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <map>
#include <numeric>
#include <optional>
#include <random>
#include <set>

#include "sim/base/text.h"
#include "sim/run/campaign.h"
#include "sim/run/runner.h"
#include "sim/run/statistics.h"
#include "sim/run/sweep.h"
#include "sim/run/units.h"
#include "sim/table/places.h"
#include "sim/table/ranking.h"
#include "sim/table/results_csv.h"
#include "sim/table/table.h"

namespace straggle {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// The point that a cell of a results file names, written as `straggle run` writes it; nothing where it is
/// none.
std::optional<std::size_t> point_of(const std::string& text, std::size_t points) {
  std::size_t index = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, index);
  if (error != std::errc() || stop != end || index >= points || fmt::format("{}", index) != text)
    return std::nullopt;
  return index;
}

/// 128 random bits, in hexadecimal digits.
std::string random_nonce() {
  std::random_device device;
  std::string result;
  for (int word = 0; word < 4; ++word) result += fmt::format("{:08x}", device() & 0xffffffffU);
  return result;
}

/// A number of a results file; NaN where there is none.
double number_of(const std::string& text) {
  double value = nan;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end ? value : nan;
}

std::string plural(std::uint64_t count, const std::string& one) {
  return fmt::format("{} {}{}", count, one, count == 1 ? "" : "s");
}

std::string joined(const std::vector<std::string>& texts, const char* between = ", ") {
  return fmt::format("{}", fmt::join(texts, between));
}

// ---- what is run again ----

/// Of the times of complete trials what a curve needs: everything when they are few, else even steps and a
/// tail in which every decade has its own. `trials` is how many there are with those that never complete.
Distribution distribution_of(std::string name, std::vector<double> times, std::uint64_t trials) {
  constexpr std::uint64_t most_steps = 240;
  std::sort(times.begin(), times.end());
  Distribution result{.name = std::move(name), .count = trials, .complete = times.size(), .steps = {}};
  std::set<std::uint64_t> ranks;
  const std::uint64_t count = times.size();
  if (count <= most_steps) {
    for (std::uint64_t rank = 1; rank <= count; ++rank) ranks.insert(rank);
  } else {
    constexpr int even = 130;
    for (int i = 0; i <= even; ++i)
      ranks.insert(std::max<std::uint64_t>(1, count * static_cast<std::uint64_t>(i) / even));
    for (double before = 1; before < static_cast<double>(count) / even; before *= 2)
      ranks.insert(static_cast<std::uint64_t>(before));
    for (double beyond = 0.02 * static_cast<double>(count); beyond >= 1; beyond /= std::pow(10, 0.05))
      ranks.insert(count + 1 - static_cast<std::uint64_t>(beyond));  // so many take at least as long
  }
  for (const std::uint64_t rank : ranks) result.steps.push_back({rank, times[rank - 1]});
  return result;
}

/// One iteration of a trial, drawn: the one whose completion time is nearest to `wanted`.
ShownTrial shown_trial(const Point& point, TrialRunner& runner, std::size_t s, const std::string& which,
                       std::uint64_t trial, double time, double wanted) {
  ShownTrial shown{
      .which = which, .trial = trial, .time = time, .iteration = 0, .timeline = {}, .drawing = {}};
  double nearest = std::numeric_limits<double>::infinity();
  for (std::uint32_t iteration = 0; iteration < point.iterations; ++iteration) {
    runner.draw(trial, iteration);
    const RoundResult& round = runner.run(s);
    const double distance =
        std::isinf(wanted) ? 1 / round[Tally::time] : std::abs(round[Tally::time] - wanted);
    if (!(distance < nearest)) continue;
    nearest = distance;
    shown.iteration = iteration;
    shown.timeline =
        timeline_of(runner.program(s), point.links, runner.conditions(s), round, runner.workspace().all());
  }
  shown.drawing = draw(shown.timeline, static_cast<std::size_t>(point.workers));
  shown.timeline.slices = {};
  shown.timeline.transfers = {};
  return shown;
}

}  // namespace

SampleTimes read_samples(const std::string& file, const Experiment& experiment, const std::string& run,
                         const std::vector<std::size_t>& points) {
  const auto refuse = [&](const std::string& what, const std::string& theirs, const std::string& ours) {
    throw ConfigError(
        fmt::format("{}: is of {} {}, but the results are of {}; remove it, or run again with --samples",
                    printable(file), what, theirs, ours));
  };
  SampleTimes result;
  std::map<std::pair<std::size_t, std::string>, std::size_t> places;  // of the schemes, by point and label
  for (const std::size_t p : points)
    for (std::size_t s = 0; s < experiment.points[p].schemes.size(); ++s)
      places.emplace(std::pair(p, experiment.points[p].schemes[s].label), s);
  ResultsReader reader(file);
  if (reader.header().hash != experiment.hash)
    refuse("configuration", printable(reader.header().hash, 60), experiment.hash);
  const std::size_t point_column = reader.column("point"), label_column = reader.column("label"),
                    trial_column = reader.column("trial"), time_column = reader.column("time");
  for (std::vector<std::string> fields; reader.next(fields);) {
    const std::optional<std::size_t> named = point_of(fields[point_column], experiment.points.size());
    if (!named)
      reader.fail(fmt::format("point is \"{}\", but the configuration has points 0 to {}",
                              fields[point_column], experiment.points.size() - 1));
    const std::size_t p = *named;
    if (std::find(points.begin(), points.end(), p) == points.end()) continue;
    const auto found = places.find({p, fields[label_column]});
    if (found == places.end())
      reader.fail(
          fmt::format("label is \"{}\", which no scheme of the configuration has", fields[label_column]));
    std::vector<double>& times = result[{p, found->second}];
    if (fields[trial_column] != fmt::format("{}", times.size()))
      reader.fail(fmt::format("trial is \"{}\", but {} comes next", fields[trial_column], times.size()));
    const double time = number_of(fields[time_column]);
    if (std::isnan(time) && !fields[time_column].empty())
      reader.fail(fmt::format("time is \"{}\", but must be a number", fields[time_column]));
    times.push_back(std::isnan(time) ? std::numeric_limits<double>::infinity() : time);
  }
  if (reader.run() != run) refuse("run", reader.run(), run);
  for (const auto& [place, times] : result)
    if (times.size() != experiment.points[place.first].trials)
      throw ConfigError(fmt::format("{}: has {} trials of \"{}\" at point {}, but the configuration has {}",
                                    printable(file), times.size(),
                                    experiment.points[place.first].schemes[place.second].label, place.first,
                                    experiment.points[place.first].trials));
  return result;
}

ShownPoint look_at(const Point& given, const SampleTimes& samples, unsigned threads,
                   const std::function<void(std::uint64_t)>& progress) {
  Point point = given;
  point.verify.trials = 0;  // the run has verified them
  ShownPoint shown{.point = point.index, .from_samples = true, .schemes = {}};
  std::vector<std::vector<double>> times(point.schemes.size());
  for (std::size_t s = 0; s < times.size(); ++s) {
    const auto found = samples.find({point.index, s});
    if (found != samples.end()) times[s] = found->second;
    shown.from_samples = shown.from_samples && found != samples.end();
  }
  if (!shown.from_samples) {
    std::vector<Summary> results = run_trials(point, 0, point.trials, threads, progress);
    for (std::size_t s = 0; s < times.size(); ++s) times[s] = results[s].times.values();
  }
  TrialRunner runner(point);
  runner.workspace().keep_all = true;
  for (std::size_t s = 0; s < times.size(); ++s) {
    ShownScheme scheme;
    std::vector<double> complete = times[s];
    std::erase_if(complete, [](double time) { return std::isinf(time); });
    scheme.incomplete = times[s].size() - complete.size();
    for (const auto& [which, quantile] : {std::pair("median", 0.5), std::pair("worst", 1.0)}) {
      const std::optional<std::uint64_t> trial = trial_of_rank(times[s], quantile);
      if (!trial) continue;
      const double time = times[s][*trial];
      scheme.trials.push_back(shown_trial(point, runner, s, which, *trial, time,
                                          quantile == 1 ? std::numeric_limits<double>::infinity() : time));
    }
    scheme.distribution = distribution_of(point.schemes[s].label, std::move(complete), times[s].size());
    shown.schemes.push_back(std::move(scheme));
  }
  return shown;
}

void check_results(const ResultsTable& results, const Experiment& experiment, const std::string& file) {
  const auto column = [&](const std::string& name) {
    const auto found = results.header.find(name);
    if (!found) throw ConfigError(fmt::format("{}: has no column \"{}\"", file, name));
    return *found;
  };
  if (results.header.hash != experiment.hash) {
    // What is in a table of measured times is a part of the configuration.
    std::vector<std::string> tables;
    Json resolved = experiment.resolved;
    for_each_data_file(resolved, [&](std::string& table) { tables.push_back(printable(table, 200)); });
    throw ConfigError(fmt::format(
        "{}: is of configuration {}, but {}{} is configuration {}; run it again: straggle run {} --out {}",
        file, results.header.hash, experiment.file,
        tables.empty() ? "" : fmt::format(" with what is now in {}", fmt::join(tables, ", ")),
        experiment.hash, shell_word(experiment.file),
        shell_word(std::filesystem::path(file).parent_path().string())));
  }
  // The hash is the seed's too, so that only one of the two lines can be as it was written.
  if (const std::string seed = experiment.resolved["seed"].dump(); results.header.seed != seed)
    throw ConfigError(
        fmt::format("{}: the file has been changed since it was written: its seed is {}, but that of this "
                    "configuration is "
                    "{}; run it again",
                    printable(file), printable(results.header.seed, 60), seed));
  if (results.rows.empty()) throw ConfigError(fmt::format("{}: has no rows; was the run interrupted?", file));
  for (const std::string& axis : experiment.axes) column(axis);
  for (const char* name :
       {"scheme", "trials", "time_mean", "time_std_error", "messages_mean", "messages_std_error"})
    column(name);
  const std::size_t point = column("point"), label = column("label");
  std::set<std::pair<std::string, std::string>> known;
  for (std::size_t r = 0; r < results.rows.size(); ++r) {
    if (!known.emplace(results.rows[r][point], results.rows[r][label]).second)
      throw ConfigError(fmt::format("{}: row {} is of point {} and \"{}\" again", file, r + 1,
                                    results.rows[r][point], results.rows[r][label]));
    for (std::size_t c = 0; c < results.rows[r].size(); ++c) {
      const std::string& name = results.header.columns[c];
      const std::string& text = results.rows[r][c];
      if ((name.ends_with("_mean") || name.ends_with("_std_error")) && !text.empty() &&
          std::isnan(number_of(text)))
        throw ConfigError(
            fmt::format("{}: row {}: {} is \"{}\", but must be a number or empty", file, r + 1, name, text));
      constexpr double most_trials = 1e15;  // whole numbers as doubles, with room
      const double count = number_of(text);
      if ((name == "trials" || name == "incomplete" || name == "verified_trials") &&
          !(count >= 0 && count <= most_trials && count == std::floor(count)))
        throw ConfigError(
            fmt::format("{}: row {}: {} is \"{}\", but must be a number of trials", file, r + 1, name, text));
    }
    const std::optional<std::size_t> index = point_of(results.rows[r][point], experiment.points.size());
    if (!index)
      throw ConfigError(fmt::format("{}: row {} is of point \"{}\", but {} has points 0 to {}", file, r + 1,
                                    results.rows[r][point], experiment.file, experiment.points.size() - 1));
    const auto& schemes = experiment.points[*index].schemes;
    if (std::none_of(schemes.begin(), schemes.end(),
                     [&](const SchemeSetup& setup) { return setup.label == results.rows[r][label]; }))
      throw ConfigError(fmt::format("{}: row {} is of \"{}\", which no scheme of {} is called", file, r + 1,
                                    results.rows[r][label], experiment.file));
  }
}

namespace {

// ---- the results, read ----

/// Rows of results.csv that belong together, with the swept value each stands at.
struct RowSeries {
  std::string name;
  std::vector<std::size_t> rows;
  std::vector<double> x;
};

/// The table as charts need it.
class Results {
 public:
  Results(const Experiment& experiment, const ResultsTable& table, std::size_t most_rows)
      : experiment_(experiment),
        table_(table),
        places_(experiment),
        rows_(std::min(most_rows, table.rows.size())) {
    for (std::size_t c = 0; c < table.header.columns.size(); ++c) columns_[table.header.columns[c]] = c;
    find_axes();
    arrange();
  }

  std::size_t rows() const { return rows_; }
  const std::string& text(std::size_t row, const std::string& column) const {
    static const std::string none;
    const auto found = columns_.find(column);
    return found == columns_.end() ? none : table_.rows[row][found->second];
  }
  double number(std::size_t row, const std::string& column) const { return number_of(text(row, column)); }
  const std::string& label(std::size_t row) const { return text(row, "label"); }
  const Point& point(std::size_t row) const {
    return experiment_.points[static_cast<std::size_t>(number(row, "point"))];
  }
  /// `GC`, or `GC, rate = 5` in a sweep.
  std::string name(std::size_t row) const {
    const std::string place = places_.place(point(row));
    return place.empty() ? label(row) : label(row) + ", " + place;
  }
  /// The same without what the conditions say already: `GC, load = 5`.
  std::string short_name(std::size_t row) const { return places_.scheme(point(row), label(row)); }
  const Places& places() const { return places_; }

  /// The swept number the curves go over, if there is one.
  const std::string& x() const { return x_; }
  /// The same in words, with its unit.
  std::string x_title() const { return x_.empty() ? "" : places_.title(x_axis_); }
  /// That number at a row, as it was written.
  std::string x_text(std::size_t row) const { return plain(point(row).axes[x_axis_].second); }
  bool log_x() const { return log_x_; }
  const std::vector<RowSeries>& series() const { return series_; }
  /// Whether any row has a number there.
  bool has(const std::string& column) const {
    for (std::size_t r = 0; r < rows_; ++r)
      if (!std::isnan(number(r, column))) return true;
    return false;
  }

  /// The rows of the same conditions (all but the schemes' own fields), in order.
  std::vector<std::vector<std::size_t>> conditions() const {
    std::map<std::string, std::size_t> known;
    std::vector<std::vector<std::size_t>> groups;
    for (std::size_t r = 0; r < rows_; ++r) {
      const auto [place, is_new] = known.emplace(places_.conditions(point(r)), groups.size());
      if (is_new) groups.emplace_back();
      groups[place->second].push_back(r);
    }
    return groups;
  }

 private:
  void find_axes() {
    for (const std::size_t axis : places_.varied()) {
      std::set<double> numbers;
      bool numeric = true;
      for (const Point& point : experiment_.points) {
        const Json& value = point.axes[axis].second;
        numeric = numeric && value.is_number();
        if (value.is_number()) numbers.insert(value.get<double>());
      }
      if (!x_.empty() || !numeric || numbers.size() < 2) continue;
      x_ = experiment_.axes[axis];
      x_axis_ = axis;
      log_x_ = *numbers.begin() > 0 && std::log10(*numbers.rbegin() / *numbers.begin()) > 1.5;
    }
  }

  void arrange() {
    std::map<std::string, std::size_t> known;
    std::vector<std::size_t> others;
    for (const std::size_t axis : places_.varied())
      if (x_.empty() || axis != x_axis_) others.push_back(axis);
    for (std::size_t r = 0; r < rows_; ++r) {
      const std::string rest = places_.place(point(r), others);
      const std::string series = label(r) + (rest.empty() ? "" : ", " + rest);
      const auto [place, is_new] = known.emplace(series, series_.size());
      if (is_new) series_.push_back({series, {}, {}});
      series_[place->second].rows.push_back(r);
      if (!x_.empty()) series_[place->second].x.push_back(point(r).axes[x_axis_].second.get<double>());
    }
    if (x_.empty()) return;
    for (RowSeries& series : series_) {  // along the axis
      std::vector<std::size_t> order(series.rows.size());
      for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
      std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return series.x[a] < series.x[b]; });
      RowSeries sorted{series.name, {}, {}};
      for (const std::size_t i : order) {
        sorted.rows.push_back(series.rows[i]);
        sorted.x.push_back(series.x[i]);
      }
      series = std::move(sorted);
    }
  }

  const Experiment& experiment_;
  const ResultsTable& table_;
  Places places_;
  std::size_t rows_;
  std::map<std::string, std::size_t> columns_;
  std::string x_;
  std::size_t x_axis_ = 0;
  bool log_x_ = false;
  std::vector<RowSeries> series_;
};

/// The trials that a row's means are over.
std::uint64_t completed_of(const Results& results, std::size_t row) {
  const double completed = results.number(row, "trials") - results.number(row, "incomplete");
  return completed > 0 ? static_cast<std::uint64_t>(completed) : 0;
}

/// Whether trials of a row may differ: else what is found is known, however few there were.
bool varies(const Results& results, std::size_t row) {
  const Compute& compute = results.point(row).compute;
  return compute.varies() && !(compute.model->finite() && completed_of(results, row) > 1);
}

/// A row as it takes part in a comparison of completion times.
Contender contender_of(const Results& results, std::size_t row) {
  const double error = results.number(row, "time_std_error");
  const double half =
      std::isnan(error) && !varies(results, row) ? 0 : error * confidence_factor(completed_of(results, row));
  const double median = results.number(row, "time_p50"), low = results.number(row, "time_p50_low"),
               high = results.number(row, "time_p50_high");
  const bool known = std::isnan(low) && !varies(results, row);
  const double incomplete = results.number(row, "incomplete"), recovered = results.number(row, "recovered");
  return {.mean = {results.number(row, "time_mean"), half, half},
          .median = {median, known ? 0 : median - low, known ? 0 : high - median},
          .moments = has_moments(results.text(row, "time_moments")),
          .recovered = std::isnan(recovered) ? 1 : recovered,
          .incomplete = incomplete > 0 ? static_cast<std::uint64_t>(incomplete) : 0};
}

std::vector<Contender> contenders_of(const Results& results, const std::vector<std::size_t>& rows) {
  std::vector<Contender> result;
  for (const std::size_t row : rows) result.push_back(contender_of(results, row));
  return result;
}

/// A mean with its 95 % interval, or the median of a time; `theory` is `theory_time` for both ends or
/// `theory_messages`. Theory is of means: there is none beside medians.
Mark mark_of(const Results& results, std::size_t row, const std::string& metric, double x, Measure measure) {
  const auto reach = [](double distance) { return std::isnan(distance) ? 0 : distance; };
  if (metric == "time") {
    const Contender contender = contender_of(results, row);
    const Location& time = time_of(contender, measure);
    Mark mark{.x = x,
              .y = time.value,
              .low = time.value - reach(time.below),
              .high = time.value + reach(time.above)};
    if (measure == Measure::mean) {
      mark.theory_low = results.number(row, "theory_time_low");
      mark.theory_high = results.number(row, "theory_time_high");
    }
    return mark;
  }
  const double mean = results.number(row, metric + "_mean"),
               half = reach(results.number(row, metric + "_std_error") *
                            confidence_factor(completed_of(results, row)));
  Mark mark{.x = x, .y = mean, .low = mean - half, .high = mean + half};
  if (metric == "messages") mark.theory_low = mark.theory_high = results.number(row, "theory_messages");
  return mark;
}

/// Whether an axis reads better logarithmic, on which everything has a place.
bool wide(const std::vector<Series>& series, double Mark::*value) {
  double least = std::numeric_limits<double>::infinity(), most = 0;
  for (const Series& one : series)
    for (const Mark& mark : one.marks)
      if (std::isfinite(mark.*value)) {
        least = std::min(least, mark.*value);
        most = std::max(most, mark.*value);
      }
  return least > 0 && most > 30 * least;
}

// ---- the page ----

constexpr std::size_t most_bytes = 1'900'000;      // of the page; the promise is 2 MB
constexpr std::size_t most_table_bytes = 350'000;  // of the table with every column
constexpr std::size_t most_bars = 60, most_curves = 32;

std::string json_in_script(const Json& json) {
  std::string result;
  for (const char c : printable_json(json.dump())) {
    if (c == '<') {
      result += "\\u003c";
    } else {
      result += c;
    }
  }
  return result;
}

/// `1.5510` for 1.5510012 with a standard error of 0.0009.
std::string rounded_to_error(double mean, double error) {
  const std::optional<int> places = places_of(mean, error);
  return places && std::isfinite(mean) ? fmt::format("{:.{}f}", mean, *places) : fmt::format("{:.6g}", mean);
}

/// The heading of a column of results.csv: its name in words with its unit, and what it means where one
/// points.
std::string heading_of(const std::string& column) {
  static const std::map<std::string, std::string> shorter = {{"time_p50", "median time"},
                                                             {"time_p50_low", "from"},
                                                             {"time_p50_high", "to"},
                                                             {"time_moments", "moments"},
                                                             {"theory_time_low", "theory time"}};
  static const std::vector<ResultColumn> known = result_columns({.critical = true}, true);
  const auto found =
      std::find_if(known.begin(), known.end(), [&](const ResultColumn& one) { return one.name == column; });
  std::string words = column, title;
  if (column.ends_with("_mean")) words.resize(words.size() - std::string_view("_mean").size());
  if (!column.starts_with('/')) std::replace(words.begin(), words.end(), '_', ' ');
  if (column.starts_with('/')) {  // a swept pointer
    std::replace(words.begin(), words.end(), '/', ' ');
    std::replace(words.begin(), words.end(), '_', ' ');
    words.erase(0, 1);
    if (const std::string unit = field_unit(column); !unit.empty()) words += " [" + unit + "]";
    title = fmt::format(" title=\"{}\"", escaped(column));
  }
  if (column.ends_with("_std_error")) words = "standard error";
  if (const auto name = shorter.find(column); name != shorter.end()) words = name->second;
  if (found != known.end()) {
    title = fmt::format(" title=\"{}\"", escaped(found->meaning));
    if (found->unit != "-" && words != "standard error" && !words.starts_with(found->unit))
      words += " [" + found->unit + "]";
  }
  return fmt::format("<th scope=\"col\" data-column=\"{}\"{}>{}</th>", escaped(column), title,
                     escaped(words));
}

class Page {
 public:
  Page(const Experiment& experiment, const ResultsTable& table, const std::vector<ShownPoint>& shown,
       const PageAssets& assets)
      : experiment_(experiment),
        table_(table),
        shown_(shown),
        assets_(assets),
        results_(experiment, table, rows_that_fit(table)) {
    std::vector<std::size_t> all(results_.rows());
    std::iota(all.begin(), all.end(), std::size_t{0});
    measure_ = measure_of(contenders_of(results_, all));
  }

  std::string write() {
    title_ = experiment_.title.empty()
                 ? std::filesystem::path(experiment_.file).parent_path().filename().string()
                 : experiment_.title;
    if (title_.empty()) title_ = "straggle report";
    data_ = {{"columns", table_.header.columns},
             {"rows", Json::array()},
             {"names", Json::array()},
             {"factors", Json::array()},
             {"x", results_.x()},
             {"x_title", results_.x_title()},
             {"log_x", results_.log_x()},
             {"time_axis", time_axis()},
             {"median", measure_ == Measure::median},
             {"series", Json::array()},
             {"charts", Json::object()},
             {"points", Json::array()}};
    for (std::size_t r = 0; r < results_.rows(); ++r) {
      data_["rows"].push_back(table_.rows[r]);
      data_["names"].push_back(results_.name(r));
      const double factor = confidence_factor(completed_of(results_, r));
      data_["factors"].push_back(std::isnan(factor) ? 0 : factor);
    }
    for (const RowSeries& series : results_.series())
      data_["series"].push_back({{"name", series.name}, {"rows", series.rows}, {"x", series.x}});

    head();
    overview();
    charts();
    table();
    const std::string before = std::exchange(body_, "");
    theory();
    exactness();
    configuration();
    const std::string behind = std::exchange(body_, "");
    // The details stand behind the table, before theory; they get the room that everything else leaves.
    room_ = most_bytes - std::min(most_bytes, before.size() + behind.size() + json_in_script(data_).size() +
                                                  assets_.style.size() + assets_.script.size() + 4000);
    distributions();
    timelines();
    return document(before + body_ + behind);
  }

 private:
  static std::size_t rows_that_fit(const ResultsTable& table) {
    std::size_t bytes = 0, rows = 0;
    for (const std::vector<std::string>& row : table.rows) {
      for (const std::string& field : row) bytes += 2 * field.size() + 22;
      if (bytes > most_table_bytes) break;
      ++rows;
    }
    return std::max<std::size_t>(rows, 1);
  }

  std::string document(const std::string& main) const {
    // Scripts are allowed by their nonce alone, so that no text of a configuration could ever become one;
    // nobody can know it when he writes a configuration.
    const std::string nonce = random_nonce();
    return fmt::format(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"color-scheme\" content=\"light dark\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; base-uri 'none'; "
        "form-action 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'nonce-{0}'\">\n"
        "<meta name=\"generator\" content=\"{1}\">\n<link rel=\"icon\" href=\"data:,\">\n"
        "<title>{2}</title>\n<style>\n{3}{7}</style>\n</head>\n<body>\n{4}"
        "<script type=\"application/json\" id=\"data\">{5}</script>\n{6}</body>\n</html>\n",
        escaped(nonce), escaped(table_.header.version), escaped(title_), assets_.style, main,
        json_in_script(data_),
        assets_.script.empty()
            ? ""
            : fmt::format("<script nonce=\"{}\">{}</script>\n", escaped(nonce), assets_.script),
        more_columns_);
  }

  void add(const std::string& html) { body_ += html; }
  void paragraph(const std::string& text) { add("<p>" + escaped(text) + "</p>\n"); }

  void begin(const std::string& id, const std::string& heading) {
    add(fmt::format("<section id=\"{0}\" aria-labelledby=\"{0}-heading\">\n<h2 id=\"{0}-heading\">{1}</h2>\n",
                    id, escaped(heading)));
  }
  void end() { add("</section>\n"); }

  /// A figure: what is seen, and the picture, in whose place a chart comes where there are scripts. The
  /// caption's description, with the main numbers, is for who cannot see it.
  void figure(const std::string& id, const Caption& caption, const std::string& words,
              const std::string& svg) {
    add(
        fmt::format("<figure id=\"{}\" data-description=\"{}\">\n<figcaption><b>{}</b> {}</figcaption>\n"
                    "<div class=\"picture\">{}</div>\n</figure>\n",
                    id, escaped(caption.title + ". " + caption.description), escaped(caption.title),
                    escaped(words), svg));
  }

  void head() {
    std::set<std::string> labels;
    for (std::size_t r = 0; r < results_.rows(); ++r) labels.insert(results_.label(r));
    add("<a class=\"skip\" href=\"#main\">To the results</a>\n<header>\n");
    add(fmt::format("<h1>{}</h1>\n", escaped(title_)));
    const std::size_t points = experiment_.points.size();
    const auto range = [&](const auto& of, const std::string& one) {
      auto least = of(experiment_.points[0]), most = least;
      for (const Point& point : experiment_.points) {
        least = std::min(least, of(point));
        most = std::max(most, of(point));
      }
      return least == most ? plural(most, one) : fmt::format("{} to {}", least, plural(most, one));
    };
    const auto workers = [](const Point& point) { return static_cast<std::uint64_t>(point.workers); };
    const auto iterations = [](const Point& point) { return std::uint64_t{point.iterations}; };
    std::string summary = plural(labels.size(), "scheme");
    if (points > 1) summary += fmt::format(" at {} points", points);
    summary += fmt::format("; {} each", range([](const Point& point) { return point.trials; }, "trial"));
    if (range(iterations, "iteration") != "1 iteration") summary += " of " + range(iterations, "iteration");
    summary += fmt::format(", with {}; seed {}.", range(workers, "worker"), table_.header.seed);
    paragraph(summary);
    std::size_t rows = 0;
    for (const Point& point : experiment_.points) rows += point.schemes.size();
    if (table_.rows.size() < rows)
      paragraph(
          fmt::format("The run was not finished: results.csv has {} of {} rows.", table_.rows.size(), rows));
    if (assets_.script.empty())
      add("<p class=\"note\">This page has pictures and tables only: the program that wrote it was built "
          "without "
          "interactive charts (they need node and npm when straggle is built).</p>\n");
    else
      add("<noscript><p class=\"note\">Without scripts the pictures stand still; everything is there to be "
          "read.</p></noscript>\n");
    add("<nav aria-label=\"Sections\"><ul>");
    for (const auto& [id, name] :
         std::vector<std::pair<std::string, std::string>>{{"overview", "Overview"},
                                                          {"table", "Table"},
                                                          {"distributions", "Distributions"},
                                                          {"timelines", "Timelines"},
                                                          {"theory", "Theory"},
                                                          {"exactness", "Exactness"},
                                                          {"configuration", "Configuration"}})
      add(fmt::format("<li><a href=\"#{}\">{}</a></li>", id, name));
    add("</ul></nav>\n</header>\n<main id=\"main\">\n");
  }

  std::string rows_note() const {
    if (results_.rows() == table_.rows.size()) return "";
    return fmt::format("The first {} of {} rows; results.csv has all. ", results_.rows(), table_.rows.size());
  }

  /// The row with the least of a column, of those given; nothing where none has a number.
  std::optional<std::size_t> least(const std::vector<std::size_t>& rows, const std::string& column) const {
    std::optional<std::size_t> best;
    for (const std::size_t r : rows)
      if (!std::isnan(results_.number(r, column)) &&
          (!best || results_.number(r, column) < results_.number(*best, column)))
        best = r;
    return best;
  }

  std::string estimate(std::size_t row, const std::string& metric) const {
    const double mean = results_.number(row, metric + "_mean"),
                 error = results_.number(row, metric + "_std_error") *
                         confidence_factor(completed_of(results_, row));
    std::string text = rounded_to_error(mean, error);
    if (places_of(mean, error)) text += " ± " + rounded_to_error(error, error);
    return text;
  }

  /// The same of the completion time, or its median with its interval.
  std::string time_estimate(std::size_t row, Measure measure) const {
    return measure == Measure::mean
               ? estimate(row, "time")
               : interval_text(results_.number(row, "time_p50"), results_.number(row, "time_p50_low"),
                               results_.number(row, "time_p50_high"));
  }

  std::string time_axis() const { return measure_ == Measure::mean ? "time [s]" : "median time [s]"; }

  /// The rows that can be compared, of those given (see ranking.h).
  std::vector<std::size_t> comparable(const std::vector<std::size_t>& rows) const {
    std::vector<std::size_t> result;
    for (const std::size_t place : straggle::comparable(contenders_of(results_, rows)))
      result.push_back(rows[place]);
    return result;
  }

  /// A name within a sentence, as HTML: one from right to left keeps to itself.
  static std::string isolated(const std::string& name) {
    const bool ascii =
        std::all_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
    return ascii ? escaped(name) : "<bdi>" + escaped(name) + "</bdi>";
  }

  void overview() {
    begin("overview", "Overview");
    constexpr std::size_t most_lines = 6;
    const auto groups = results_.conditions();
    add("<ul>\n");
    for (std::size_t g = 0; g < std::min(groups.size(), most_lines); ++g) {
      const std::vector<std::size_t> rows = comparable(groups[g]);
      const std::vector<Contender> contenders = contenders_of(results_, groups[g]);
      const Measure measure = measure_of(contenders);
      const std::vector<std::size_t> first = straggle::fastest(contenders);
      const auto fewest = least(rows, "messages_mean");
      const std::string place = results_.places().conditions(results_.point(groups[g].front()));
      std::string text = place.empty() ? "" : escaped(place) + ": ";  // HTML
      const bool any_time = std::any_of(groups[g].begin(), groups[g].end(), [&](std::size_t row) {
        return !std::isnan(results_.number(row, "time_p50"));
      });
      if (!any_time) {
        text += "no trial could complete.";
      } else if (first.empty() || !fewest) {
        text += "no scheme is called the fastest, as " + why_nobody(contenders) + ".";
      } else {
        const std::size_t fastest = groups[g][first.front()];
        std::vector<std::string> near, unbeaten;
        for (std::size_t i = 1; i < first.size(); ++i)
          near.push_back(isolated(results_.short_name(groups[g][first[i]])));
        const Point& point = results_.point(fastest);
        text += fmt::format("fastest{} is {}, {} s", measure == Measure::median ? " by the median" : "",
                            isolated(results_.short_name(fastest)), time_estimate(fastest, measure));
        const std::string& baseline = point.schemes[point.baseline].label;
        const double speedup = results_.number(fastest, "speedup_mean");
        if (results_.label(fastest) != baseline && !std::isnan(speedup) && measure == Measure::mean)
          text += fmt::format(" ({:.3g} times as fast as {})", speedup, isolated(baseline));
        if (!near.empty()) text += "; not told apart from it at 95 %: " + joined(near);
        text += fmt::format("; fewest messages has {}, {}", isolated(results_.short_name(*fewest)),
                            estimate(*fewest, "messages"));
        for (const std::size_t row : front(groups[g])) unbeaten.push_back(isolated(results_.short_name(row)));
        text += "; not beaten in both by any other: " + joined(unbeaten, "; ") + ".";
      }
      std::vector<std::string> approximate, incomplete;
      for (const std::size_t row : groups[g]) {
        if (results_.number(row, "recovered") < 1 && std::find(rows.begin(), rows.end(), row) == rows.end())
          approximate.push_back(fmt::format("{} ({:.4g} % of the data)", isolated(results_.short_name(row)),
                                            100 * results_.number(row, "recovered")));
        if (results_.number(row, "incomplete") > 0)
          incomplete.push_back(fmt::format("{} {} of {}", isolated(results_.short_name(row)),
                                           escaped(results_.text(row, "incomplete")),
                                           escaped(results_.text(row, "trials"))));
      }
      if (!approximate.empty())
        text += " Approximate, and not compared with these: " + joined(approximate, "; ") + ".";
      if (!incomplete.empty())
        text += " Trials that could not complete, and are in no mean: " + joined(incomplete, "; ") + ".";
      text[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[0])));
      add("<li>" + text + "</li>\n");
    }
    add("</ul>\n");
    if (groups.size() > most_lines)
      paragraph(fmt::format("... and {} more conditions: see the table.", groups.size() - most_lines));
    body_ += rows_note().empty() ? "" : "<p class=\"note\">" + escaped(rows_note()) + "</p>\n";
    for (const std::string& note : compute_notes(experiment_))
      body_ += "<p class=\"note\">" + escaped(note) + "</p>\n";
  }

  /// The measured numbers of a metric in words, the first of them.
  std::string in_words(const std::string& metric, const std::string& unit) const {
    constexpr std::size_t most_words = 12;
    std::vector<std::string> words;
    for (std::size_t r = 0; r < results_.rows() && words.size() < most_words; ++r) {
      const double number = mark_of(results_, r, metric, 0, measure_).y;
      words.push_back(std::isnan(number) ? results_.name(r) + " -"
                                         : fmt::format("{} {:.4g}{}", results_.name(r), number, unit));
    }
    std::string text = joined(words, "; ");
    if (results_.rows() > most_words)
      text += fmt::format("; and {} more in the table", results_.rows() - most_words);
    return text + ".";
  }

  void metric_chart(const std::string& metric, const std::string& title, const std::string& axis,
                    const std::string& unit, const std::string& words) {
    std::vector<Series> series;
    const bool curves = !results_.x().empty();
    std::size_t left_out = 0;
    const std::size_t most = curves ? most_curves : most_bars;
    for (const RowSeries& rows : results_.series()) {
      if (series.size() == most) {
        ++left_out;
        continue;
      }
      Series one{rows.name, {}};
      for (std::size_t i = 0; i < rows.rows.size(); ++i)
        one.marks.push_back(mark_of(results_, rows.rows[i], metric, curves ? rows.x[i] : 0, measure_));
      series.push_back(std::move(one));
    }
    const Caption caption{title, in_words(metric, unit)};
    const std::string note =
        left_out > 0 ? fmt::format(" The picture shows the first {} of {}.", most, most + left_out) : "";
    if (curves) {
      const bool log = wide(series, &Mark::y);
      data_["charts"][metric] = {{"log_y", log}};
      figure(metric, caption, words + note,
             curves_picture(caption, series, {results_.x_title(), results_.log_x()}, {axis, log}));
    } else {
      data_["charts"][metric] = {{"log_y", false}};
      figure(metric, caption, words + note, bars_picture(caption, series, axis));
    }
  }

  /// Of comparable rows under the same conditions those that no other beats in both time and messages.
  std::vector<std::size_t> front(const std::vector<std::size_t>& under_conditions) const {
    const std::vector<std::size_t> rows = comparable(under_conditions);
    const Measure measure = measure_of(contenders_of(results_, under_conditions));
    std::vector<std::size_t> result;
    const auto time = [&](std::size_t r) { return time_of(contender_of(results_, r), measure).value; };
    const auto messages = [&](std::size_t r) { return results_.number(r, "messages_mean"); };
    for (const std::size_t r : rows) {
      if (std::isnan(time(r)) || std::isnan(messages(r))) continue;
      const bool beaten = std::any_of(rows.begin(), rows.end(), [&](std::size_t other) {
        return time(other) <= time(r) && messages(other) <= messages(r) &&
               (time(other) < time(r) || messages(other) < messages(r));
      });
      if (!beaten) result.push_back(r);
    }
    std::sort(result.begin(), result.end(), [&](auto a, auto b) { return messages(a) < messages(b); });
    return result;
  }

  /// `of_trials` ends its caption.
  void trade_off(const std::string& of_trials) {
    std::vector<Series> series;
    std::vector<std::string> absent;
    const bool ends = !results_.x().empty();  // which end of a line is which
    for (const RowSeries& rows : results_.series()) {
      if (series.size() == most_curves) break;
      Series one{rows.name, {}};
      for (const std::size_t row : rows.rows) {
        Mark mark = mark_of(results_, row, "time", results_.number(row, "messages_mean"), measure_);
        mark.theory_low = mark.theory_high = nan;
        if (ends && rows.rows.size() > 1 && (row == rows.rows.front() || row == rows.rows.back()))
          mark.label = results_.x_text(row);
        one.marks.push_back(mark);
      }
      // A name in the legend is of something that is there.
      if (std::any_of(one.marks.begin(), one.marks.end(),
                      [](const Mark& mark) { return std::isfinite(mark.x) && std::isfinite(mark.y); }))
        series.push_back(std::move(one));
      else
        absent.push_back(rows.name);
    }
    const auto groups = results_.conditions();
    const bool log_x = wide(series, &Mark::x), log_y = wide(series, &Mark::y);
    data_["charts"]["trade-off"] = {{"log_x", log_x}, {"log_y", log_y}};
    if (groups.size() == 1) data_["charts"]["trade-off"]["front"] = front(groups[0]);
    const Caption caption{"The trade-off between time and messages", in_words("messages", " messages")};
    std::vector<std::pair<double, double>> steps;
    if (groups.size() == 1)
      for (const std::size_t row : front(groups[0]))
        steps.emplace_back(results_.number(row, "messages_mean"),
                           time_of(contender_of(results_, row), measure_).value);
    std::string words = "Below and to the left is better";
    if (measure_ == Measure::median) words += "; times are medians";
    if (steps.size() > 1) words += "; behind the broad line nothing is beaten in both";
    if (ends) words += "; at the ends of a line stands its first and last " + results_.x_title();
    if (!absent.empty()) words += "; not there, as no trial of it completed: " + joined(absent, "; ");
    figure("trade-off", caption, words + "." + of_trials,
           curves_picture(caption, series, {"messages received by the master", log_x}, {time_axis(), log_y},
                          steps));
  }

  /// ` Of the trials that complete: a 105 of 1000.`, where some do not; the first of the schemes.
  std::string completing() const {
    constexpr std::size_t most_names = 6;
    std::vector<std::string> names;
    std::size_t all = 0;
    for (std::size_t row = 0; row < results_.rows(); ++row) {
      const double incomplete = results_.number(row, "incomplete"), trials = results_.number(row, "trials");
      if (incomplete > 0 && ++all <= most_names)
        names.push_back(fmt::format("{} {:.0f} of {:.0f}", results_.name(row), trials - incomplete, trials));
    }
    return all == 0 ? ""
                    : fmt::format(" Of the trials that complete: {}{}.", joined(names),
                                  all > names.size() ? fmt::format(" and {} more", all - names.size()) : "");
  }

  void charts() {
    const std::string of_trials = completing();
    metric_chart(
        "time", "Completion time", time_axis(), " s",
        measure_ == Measure::mean
            ? "Mean over the trials with its 95 % interval, and theory where there is any." + of_trials
            : "Median over the trials with its 95 % interval (order statistics), as there are times "
              "without a mean or without a variance. Theory, which is of means, is in the table." +
                  of_trials);
    metric_chart(
        "messages", "Messages", "messages", "",
        "Received by the master up to completion, duplicates included (in a ring, by anybody)." + of_trials);
    trade_off(of_trials);
    end();  // of the overview
  }

  /// A cell with what results.csv says; rounded to read, the rest in its title.
  static std::string cell(const std::string& exact, const std::string& shown) {
    if (exact == shown) return "<td>" + escaped(shown) + "</td>";
    return fmt::format("<td title=\"{}\">{}</td>", escaped(exact), escaped(shown));
  }

  /// What a reader sees of a field of results.csv.
  std::string shown_text(std::size_t row, std::size_t column) const {
    const std::string& name = table_.header.columns[column];
    const std::string& text = table_.rows[row][column];
    const double value = number_of(text);
    if (std::isnan(value) || name.starts_with('/') || name == "label" || name == "scheme") return text;
    if (name.ends_with("_mean")) {
      const double error = results_.number(row, name.substr(0, name.size() - 5) + "_std_error");
      // What varies and has no error, as a mean without a variance, is known to few digits.
      if (std::isnan(error) && completed_of(results_, row) > 1 && varies(results_, row))
        return fmt::format("{:.3g}", value);
      return rounded_to_error(value, error);
    }
    if (name.ends_with("_std_error")) return value > 0 ? rounded_to_error(value, value) : text;
    if (name.ends_with("_z")) return fmt::format("{:+.2f}", value);
    if (value == std::floor(value) && std::abs(value) < 1e9) return text;
    return fmt::format("{:.5g}", value);
  }

  void table() {
    begin("table", "All results");
    std::vector<std::string> main = {"label"};
    for (const std::size_t axis : experiment_.lead_axes) main.push_back(experiment_.axes[axis]);
    if (measure_ == Measure::median)
      for (const char* name : {"time_p50", "time_p50_low", "time_p50_high", "time_moments"})
        main.push_back(name);
    for (const char* name : {"time_mean", "time_std_error"}) main.push_back(name);
    if (results_.has("theory_time_low")) main.push_back("theory_time_low");
    for (std::size_t r = 0; r < results_.rows() && main.back() != "theory_time_high"; ++r)
      if (results_.text(r, "theory_time_low") != results_.text(r, "theory_time_high"))
        main.push_back("theory_time_high");
    if (results_.has("theory_time_z")) main.push_back("theory_time_z");
    main.push_back("time_p99");
    for (const char* name : {"messages_mean", "messages_std_error"}) main.push_back(name);
    for (const char* name :
         {"theory_messages", "theory_messages_z", "speedup_mean", "bytes_into_busiest_mean"})
      if (results_.has(name)) main.push_back(name);
    for (std::size_t r = 0; r < results_.rows() && main.back() != "incomplete"; ++r)
      if (results_.number(r, "incomplete") > 0) main.push_back("incomplete");
    const auto is_main = [&](const std::string& name) {
      return std::find(main.begin(), main.end(), name) != main.end();
    };
    paragraph(rows_note() + "Numbers are rounded; pointing at one shows it as results.csv has it.");
    add("<input type=\"checkbox\" id=\"all-columns\"><label for=\"all-columns\"> all columns of "
        "results.csv</label>\n"
        "<p class=\"hint\" aria-hidden=\"true\">More columns to the right: the table scrolls sideways.</p>\n"
        "<div class=\"box\" tabindex=\"0\" role=\"region\" aria-labelledby=\"results-caption\">\n"
        "<table id=\"results\" class=\"sortable\">\n<caption id=\"results-caption\">One row a point and "
        "scheme; " +
        std::string(measure_ == Measure::mean ? "means"
                                              : "medians with their 95 % intervals, and where "
                                                "they exist means") +
        " "
        "over the trials</caption>\n<thead><tr>");
    // What a row is about and its main numbers come first, the other columns as in the file.
    std::vector<std::size_t> order;
    for (const std::string& name : main)
      if (const auto found = table_.header.find(name)) order.push_back(*found);
    for (std::size_t c = 0; c < table_.header.columns.size(); ++c)
      if (std::find(order.begin(), order.end(), c) == order.end()) order.push_back(c);
    std::vector<std::string> more;  // the places of the others
    std::size_t place = 0;
    for (const std::size_t c : order) {
      const std::string& name = table_.header.columns[c];
      add(heading_of(name));
      ++place;
      if (!is_main(name)) more.push_back(fmt::format("#results tr>:nth-child({})", place));
    }
    add("</tr></thead>\n<tbody>\n");
    more_columns_ =
        fmt::format("#all-columns:not(:checked)~.box :is({}){{display:none}}\n", joined(more, ","));
    for (std::size_t r = 0; r < results_.rows(); ++r) {
      add("<tr>");
      for (const std::size_t c : order) {
        const std::string& exact = table_.rows[r][c];
        add(c == order[0] ? "<th scope=\"row\">" + escaped(exact) + "</th>" : cell(exact, shown_text(r, c)));
      }
      add("</tr>\n");
    }
    add("</tbody>\n</table>\n</div>\n");
    end();
  }

  void distributions() {
    begin("distributions", "Distributions of the completion time");
    points_note();
    for (const ShownPoint& shown : shown_) {
      const std::string place = results_.places().place(experiment_.points[shown.point]);
      std::vector<Distribution> samples;
      Json data = Json::array();
      std::vector<std::string> words;
      for (const ShownScheme& scheme : shown.schemes) {
        samples.push_back(scheme.distribution);
        Json ranks = Json::array(), times = Json::array();
        for (const auto& step : scheme.distribution.steps) {
          ranks.push_back(step.rank);
          times.push_back(number_of(fmt::format("{:.6g}", step.time)));
        }
        data.push_back({{"name", scheme.distribution.name},
                        {"count", scheme.distribution.count},
                        {"complete", scheme.distribution.complete},
                        {"rank", ranks},
                        {"time", times}});
        if (words.size() < 12 && !scheme.trials.empty())
          words.push_back(fmt::format(
              "{}: median {:.4g} s, worst {:.4g} s{}", scheme.distribution.name, scheme.trials.front().time,
              scheme.trials.back().time,
              scheme.incomplete > 0 ? fmt::format(", {} never complete", plural(scheme.incomplete, "trial"))
                                    : ""));
      }
      const Caption caption{"Completion times" + (place.empty() ? "" : " at " + place),
                            joined(words, "; ") + "."};
      const std::string seen =
          fmt::format("Empirical distribution of {}, {}, and its tail.",
                      plural(experiment_.points[shown.point].trials, "trial"),
                      shown.from_samples ? "read from samples.csv" : "run again from config.json");
      const std::string svg = distribution_picture(caption, samples);
      Json entry = {
          {"point", shown.point}, {"place", place}, {"distributions", data}, {"trials", Json::array()}};
      const std::size_t needed = svg.size() + json_in_script(entry).size() + 600;
      if (!take(needed)) {
        paragraph(
            fmt::format("There is no room for point {}{}.", shown.point, place.empty() ? "" : ", " + place));
        entry["distributions"] = Json::array();
      } else {
        figure(fmt::format("distribution-{}", shown.point), caption, seen, svg);
      }
      data_["points"].push_back(std::move(entry));
    }
    end();
  }

  void points_note() {
    if (experiment_.points.size() <= 1) return;
    std::vector<std::string> names;
    for (const ShownPoint& shown : shown_) {
      const std::string place = results_.places().place(experiment_.points[shown.point]);
      names.push_back(fmt::format("{}{}", shown.point, place.empty() ? "" : " (" + place + ")"));
    }
    add(fmt::format(
        "<p>Of points 0 to {} here: {}; <code>straggle report ... --point P</code> chooses others.</p>\n",
        experiment_.points.size() - 1, escaped(joined(names, ", "))));
  }

  bool take(std::size_t bytes) {
    if (bytes > room_) return false;
    room_ -= bytes;
    return true;
  }

  std::string trial_title(const ShownPoint& shown, const ShownScheme& scheme, const ShownTrial& trial) const {
    const Point& point = experiment_.points[shown.point];
    const std::string place = results_.places().place(point);
    std::string title = fmt::format("{}, {} trial ({}): {:.4g} s", scheme.distribution.name, trial.which,
                                    trial.trial, trial.time);
    if (point.iterations > 1)
      title += fmt::format(", iteration {} (of 0 to {}): {:.4g} s", trial.iteration, point.iterations - 1,
                           trial.timeline.end);
    return place.empty() ? title : title + ", at " + place;
  }

  /// Whole numbers of 1/100000 of the iteration: short, and finer than any screen.
  static Json trial_data(const ShownTrial& trial, const std::string& title) {
    const double end = trial.timeline.end > 0 ? trial.timeline.end : 1;
    const auto time = [&](double seconds) { return std::lround(seconds / end * 1e5); };
    const auto work = [](double value) { return number_of(fmt::format("{:.4g}", value)); };
    Json bars = Json::array(), path = Json::array(), seconds = Json::array();
    for (const TimelineDrawing::Bar& bar : trial.drawing.bars) {
      Json entry = {bar.row,         static_cast<int>(bar.kind),
                    time(bar.begin), time(bar.end) - time(bar.begin),
                    work(bar.from),  work(bar.to)};
      if (bar.message > 0 || bar.count > 1) entry.push_back(bar.message);
      if (bar.count > 1) entry.push_back(bar.count);
      bars.push_back(std::move(entry));
    }
    const auto row = [](std::uint32_t r) { return r == TimelineDrawing::hidden ? -1 : static_cast<int>(r); };
    for (const TimelineDrawing::Link& link : trial.drawing.path)
      path.push_back({static_cast<int>(link.cause), row(link.row), row(link.to_row), time(link.begin),
                      time(link.end) - time(link.begin)});
    for (std::size_t c = 0; c < causes; ++c)
      seconds.push_back(trial.timeline.path.seconds(static_cast<Cause>(c)));
    return {{"title", title},
            {"which", trial.which},
            {"trial", trial.trial},
            {"end", end},
            {"complete", trial.timeline.complete},
            {"rows", trial.drawing.rows},
            {"nodes", trial.drawing.nodes},
            {"bars", bars},
            {"path", path},
            {"seconds", seconds}};
  }

  void timelines() {
    begin("timelines", "Timelines, and what the iteration waited for");
    paragraph(
        "What every node did in one iteration of two trials of each scheme: the one of median completion "
        "time, "
        "and the worst. The critical path, in another colour, leads back from the message that completed the "
        "iteration through ports, links and work to its start.");
    if (std::any_of(shown_.begin(), shown_.end(),
                    [&](const ShownPoint& shown) { return experiment_.points[shown.point].iterations > 1; }))
      paragraph(
          "Of a trial's iterations the one is shown whose time is nearest to their mean, of the worst trial "
          "the "
          "longest.");
    points_note();
    if (table_.header.find("critical_compute_mean")) mean_shares();
    std::size_t left_out = 0, in_all = 0;
    for (std::size_t p = 0; p < shown_.size(); ++p) {
      const ShownPoint& shown = shown_[p];
      const std::string place = results_.places().place(experiment_.points[shown.point]);
      shares(shown, place);
      std::string items;
      for (std::size_t s = 0; s < shown.schemes.size(); ++s)
        for (const ShownTrial& trial : shown.schemes[s].trials) {
          const std::string title = trial_title(shown, shown.schemes[s], trial);
          Json data = trial_data(trial, title);
          data["scheme"] = shown.schemes[s].distribution.name;
          const std::string item = fmt::format(
              "<details{}><summary>{}; {}</summary><div class=\"picture wide\">{}</div></details>\n",
              in_all == 0 ? " open" : "", escaped(title), escaped(path_words(trial)),
              timeline_picture(trial.timeline, trial.drawing, title));
          ++in_all;
          if (!take(item.size() + json_in_script(data).size())) {
            ++left_out;
            continue;
          }
          items += item;
          data_["points"][p]["trials"].push_back(std::move(data));
        }
      add(fmt::format("<div class=\"timelines\" data-point=\"{}\">\n{}{}</div>\n", p,
                      place.empty() ? "" : "<h3>" + escaped(place) + "</h3>\n", items));
    }
    if (left_out > 0)
      add(fmt::format(
          "<p>{} of {} timelines have no room in this page; <code>straggle report ... --point P</code> shows "
          "fewer points, <code>straggle replay</code> any trial.</p>\n",
          left_out, in_all));
    end();
  }

  static std::string shares_in_words(const std::vector<Shares>& bars) {
    std::vector<std::string> words;
    for (const Shares& one : bars) words.push_back(one.name + ": " + straggle::shares_in_words(one.seconds));
    return joined(words, "; ") + ".";
  }

  static std::string path_words(const ShownTrial& trial) {
    if (!trial.timeline.complete) return "never complete";
    const std::string words = straggle::shares_in_words(trial.timeline.path);
    return words.empty() ? "the critical path is too long to be kept" : "it waited for: " + words;
  }

  void shares(const ShownPoint& shown, const std::string& place) {
    std::vector<Shares> bars;
    for (const ShownScheme& scheme : shown.schemes)
      for (const ShownTrial& trial : scheme.trials) {
        if (trial.timeline.path.segments.empty() || bars.size() == most_bars) continue;
        Shares one{scheme.distribution.name + ", " + trial.which, {}};
        for (std::size_t c = 0; c < causes; ++c)
          one.seconds[c] = trial.timeline.path.seconds(static_cast<Cause>(c));
        bars.push_back(one);
      }
    if (bars.empty()) return;
    const bool only_compute = std::all_of(bars.begin(), bars.end(), [](const Shares& one) {
      return std::all_of(one.seconds + 1, one.seconds + causes, [](double seconds) { return seconds == 0; });
    });
    if (only_compute) {
      paragraph("In all trials shown" + (place.empty() ? "" : " at " + place) +
                " the iteration waited for computation alone: its critical path is compute throughout.");
      return;
    }
    const Caption caption{"The critical path of the trials shown" + (place.empty() ? "" : " at " + place),
                          shares_in_words(bars)};
    const std::string svg = shares_picture(caption, bars);
    if (take(svg.size() + 2 * caption.description.size() + 500))
      figure(fmt::format("shares-{}", shown.point), caption,
             "Shares of the completion time: compute, queueing in a port, links, and waiting for a late "
             "start or "
             "earlier work.",
             svg);
  }

  /// From the columns of a run that kept critical paths: over all trials.
  void mean_shares() {
    std::vector<Shares> bars;
    const char* const columns[causes] = {"critical_compute_mean", "critical_port_queue_mean",
                                         "critical_link_mean", "critical_waiting_mean"};
    for (std::size_t r = 0; r < results_.rows() && bars.size() < most_bars; ++r) {
      Shares one{results_.name(r), {}};
      for (std::size_t c = 0; c < causes; ++c) one.seconds[c] = results_.number(r, columns[c]);
      if (!std::isnan(one.seconds[0])) bars.push_back(one);
    }
    if (bars.empty()) return;
    const Caption caption{"The critical path over all trials", shares_in_words(bars)};
    const std::string svg = shares_picture(caption, bars);
    if (take(svg.size() + 2 * caption.description.size() + 500))
      figure("shares", caption,
             fmt::format("Mean seconds of each cause, as shares of the mean completion time{}.",
                         bars.size() < table_.rows.size()
                             ? fmt::format("; {} of {} rows", bars.size(), table_.rows.size())
                             : ""),
             svg);
  }

  /// A small table in its own scrolling box. Cells are HTML.
  void small_table(const std::string& caption, const std::vector<std::string>& headings,
                   const std::vector<std::string>& rows) {
    add(fmt::format(
        "<p class=\"hint\" aria-hidden=\"true\">More columns to the right: the table scrolls sideways.</p>\n"
        "<div class=\"box\" tabindex=\"0\" role=\"region\" aria-label=\"{0}\">\n<table class=\"sortable\">"
        "<caption>{0}</caption>\n<thead><tr>",
        escaped(caption)));
    for (const std::string& heading : headings) add("<th scope=\"col\">" + escaped(heading) + "</th>");
    add("</tr></thead>\n<tbody>\n");
    for (const std::string& row : rows) add("<tr>" + row + "</tr>\n");
    add("</tbody></table></div>\n");
  }

  std::string field(std::size_t row, const std::string& column) const {
    const auto found = table_.header.find(column);
    return found ? cell(table_.rows[row][*found], shown_text(row, *found)) : "<td></td>";
  }

  static constexpr std::size_t most_small_rows = 150;

  void theory() {
    begin("theory", "Theory next to measurement");
    std::vector<std::string> rows;
    std::size_t exact = 0, unknown = 0, near = 0, inside = 0, bounded = 0, all = 0;
    std::map<std::string, std::size_t> why;  // it is unknown
    double farthest = 0;
    std::string farthest_name;
    for (std::size_t r = 0; r < results_.rows(); ++r) {
      const std::string& kind = results_.text(r, "theory");
      if (kind.empty()) continue;
      ++all;
      const double z = results_.number(r, "theory_time_z");
      if (kind == "exact") {
        ++exact;
        if (std::isnan(z)) {
          ++unknown;
          const std::string& moments = results_.text(r, "time_moments");
          ++why[!has_moments(moments)                               ? "the time has " + moments
                : std::isnan(results_.number(r, "theory_time_low")) ? "the expectation is not known well"
                : completed_of(results_, r) < 2                     ? "it takes two trials"
                                                : "the trials have no spread to measure it in"];
        }
        if (std::abs(z) <= 2) ++near;
        if (std::abs(z) >= farthest) {
          farthest = std::abs(z);
          farthest_name = results_.name(r);
        }
      } else if (kind == "bounds") {
        ++bounded;
        if (std::abs(z) <= 2) ++inside;
      }
      if (rows.size() == most_small_rows) continue;
      rows.push_back("<th scope=\"row\">" + escaped(results_.name(r)) + "</th>" + field(r, "time_mean") +
                     field(r, "time_std_error") + "<td>" + escaped(kind) + "</td>" +
                     field(r, "theory_time_low") + field(r, "theory_time_high") + field(r, "theory_time_z") +
                     field(r, "messages_mean") + field(r, "theory_messages") + field(r, "theory_messages_z"));
    }
    if (all == 0) {
      paragraph("Nothing is known about these schemes under these conditions.");
      end();
      return;
    }
    for (const auto& [reason, count] : why)
      paragraph(fmt::format("Of {} the distance is unknown: {}.", plural(count, "expected completion time"),
                            reason));
    if (exact > unknown)
      paragraph(fmt::format(
          "{} of {} expected completion times are met within 2 standard errors (about 95 % of independent "
          "ones would be; these share their random numbers); the farthest is {:.2g} away: {}.",
          near, exact - unknown, farthest, farthest_name));
    if (bounded > 0)
      paragraph(fmt::format("{} of {} lie within proved bounds, or within 2 standard errors of them.", inside,
                            bounded));
    if (exact + bounded < all)
      paragraph(
          fmt::format("{} asymptotic only: a small system may lie outside the band.",
                      all - exact - bounded == 1 ? "One is" : fmt::format("{} are", all - exact - bounded)));
    small_table(fmt::format("z is the distance in standard errors{}",
                            rows.size() < all ? fmt::format("; the first {} of {}", rows.size(), all) : ""),
                {"scheme", "time [s]", "standard error", "theory", "low [s]", "high [s]", "z", "messages",
                 "theory", "z"},
                rows);
    end();
  }

  void exactness() {
    begin("exactness", "Exactness");
    std::vector<std::string> rows;
    std::size_t wrong = 0, all = 0;
    double verified = 0, worst = 0, unjudged = 0;
    bool approximate = false;
    for (std::size_t r = 0; r < results_.rows(); ++r) {
      const double trials = results_.number(r, "verified_trials");
      if (!(trials > 0)) continue;
      ++all;
      approximate = approximate || results_.number(r, "recovered") < 1;
      verified += trials;
      if (results_.text(r, "prime_exact") == "false") ++wrong;
      if (const double error = results_.number(r, "real_max_error"); error > worst) worst = error;
      if (const double count = results_.number(r, "real_unjudged"); count > 0) unjudged += count;
      if (rows.size() == most_small_rows) continue;
      rows.push_back("<th scope=\"row\">" + escaped(results_.name(r)) + "</th>" +
                     field(r, "verified_trials") + field(r, "real_max_error") + field(r, "real_unjudged") +
                     field(r, "prime_exact") + field(r, "recovered"));
    }
    if (all == 0) {
      paragraph("No trial carried real data through the codes (\"verify\" in the configuration).");
    } else {
      paragraph(fmt::format(
          "In {:.0f} trials, of {} of the {} rows, the workers' messages carried real data, and the "
          "gradient decoded from those the master had taken was compared with the direct sum{}. In the "
          "prime field of 2^61 - 1 elements {}. In doubles the largest relative error is {:.2g}{}.",
          verified, all, results_.rows(),
          approximate ? ", that of an approximate scheme with the sum of what was received" : "",
          wrong == 0 ? "all that were tried are equal" : plural(wrong, "row") + " are NOT equal", worst,
          unjudged > 0 ? fmt::format("; {:.0f} decodes were too ill-conditioned to judge", unjudged) : ""));
      small_table(
          fmt::format("Verified trials{}",
                      rows.size() < all ? fmt::format("; the first {} of {} rows", rows.size(), all) : ""),
          {"scheme", "verified trials", "largest relative error", "decodes not judged",
           "exact in the prime field", "share recovered"},
          rows);
    }
    end();
  }

  void configuration() {
    begin("configuration", "Configuration and origin");
    add("<dl>\n");
    for (const auto& [name, text] :
         std::vector<std::pair<std::string, std::string>>{{"command", table_.header.command},
                                                          {"version", table_.header.version},
                                                          {"seed", table_.header.seed},
                                                          {"configuration", table_.header.hash}})
      add(fmt::format("<dt>{}</dt><dd><code>{}</code></dd>\n", name, escaped(text)));
    add("</dl>\n");
    constexpr std::size_t most_configuration = 100'000;
    std::string json = experiment_.resolved.dump(2);
    if (json.size() > most_configuration) {
      json.resize(most_configuration);
      while (!json.empty() && (static_cast<unsigned char>(json.back()) & 0xc0) == 0x80) json.pop_back();
      if (!json.empty() && static_cast<unsigned char>(json.back()) >= 0xc0) json.pop_back();
      json += "\n... config.json has all of it";
    }
    add("<details><summary>The configuration with every default</summary>\n<pre tabindex=\"0\">" +
        escaped(json) + "</pre></details>\n");
    end();
    add("</main>\n<footer><p>Every number comes from results.csv, or from trials run again from config.json: "
        "a trial is "
        "a function of the configuration and its number alone.</p></footer>\n");
  }

  const Experiment& experiment_;
  const ResultsTable& table_;
  const std::vector<ShownPoint>& shown_;
  const PageAssets& assets_;
  Results results_;
  Measure measure_ = Measure::mean;  // of times in charts, and what the table begins with
  std::string title_, body_, more_columns_;
  Json data_;
  std::size_t room_ = 0;
};

}  // namespace

std::string report_page(const Experiment& experiment, const ResultsTable& results,
                        const std::vector<ShownPoint>& shown, const PageAssets& assets) {
  return Page(experiment, results, shown, assets).write();
}

}  // namespace straggle
