// From a configuration file to an experiment: sweep points with everything read, checked and resolved.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "models/compute_model.h"
#include "models/network_model.h"
#include "sim/base/config.h"
#include "sim/engine/round.h"
#include "sim/schemes/scheme.h"

namespace straggle {

/// How many trials of each point and scheme carry real data through the code.
struct VerifySettings {
  std::uint64_t trials = 100;
  std::size_t dimension = 16;  ///< entries of a gradient
  bool real = true, prime = true;
};

/// A scheme of a point, ready to be instantiated.
struct SchemeSetup {
  std::string scheme, label;
  SchemeRecipe recipe;
};

/// One sweep point. All its schemes meet the same workers.
struct Point {
  std::size_t index = 0;
  std::vector<std::pair<std::string, Json>> axes;  ///< what is swept: pointer and value here
  std::uint64_t seed = 1, trials = 10000;
  std::uint32_t iterations = 1;
  int workers = 1;
  RoundStart round_start = RoundStart::fresh;
  bool silence = false;
  std::optional<double> gradient_bytes;
  Compute compute;
  Links links;
  Links::Downlink downlink = Links::Downlink::none;
  std::vector<SchemeSetup> schemes;
  std::size_t baseline = 0;  ///< index into schemes
  VerifySettings verify;

  /// `/compute/rate = 5, /workers = 40`; empty without a sweep.
  std::string description() const;
};

/// The least-squares slope of a metric along a swept pointer.
struct Slope {
  std::string x;
  bool log = false;  ///< of the logarithms of both: the order of growth
};

/// A number that must come out: a scheme's metric at a point, or its slope over several.
struct ExpectedValue {
  std::string label;  ///< of the scheme
  std::vector<std::size_t> points;
  std::optional<Slope> slope;
  std::string metric;
  double value = 0;
  double half_unit = 0;          ///< of the last digit that matters (half_unit_of())
  std::optional<double> within;  ///< relative; without it 4 standard errors
  std::string source;
};

struct Experiment {
  std::string file, title;
  Json resolved;     ///< the configuration with every default written out
  std::string hash;  ///< of what decides the numbers in it
  std::vector<std::string> axes;
  std::vector<std::size_t>
      lead_axes;  ///< of axes: the first of those that move together, enough to tell points apart
  std::vector<Point> points;
  std::vector<ExpectedValue> expected;

  /// A point by its leading axes: `/compute/rate = 5`; empty without a sweep.
  std::string place_of(const Point& point) const;
};

/// A swept value as results.csv and the tables have it: a text without its quotes.
std::string plain(const Json& value);

/// Calls visit(path) for every file of measured times that a configuration names; visit may change it.
void for_each_data_file(Json& config, const std::function<void(std::string&)>& visit);

/// Every file that has been read for an experiment: its configuration, and the measured times that names.
std::vector<std::filesystem::path> inputs_of(const Experiment& experiment);

/// 16 hexadecimal digits that stand for a text: the start of its SHA-1 UUID. An identity, not a protection.
std::string short_digest(const std::string& text);

/// What the command line changes in a configuration.
struct Overrides {
  std::vector<std::string> set;  ///< `/json/pointer=VALUE`; VALUE is JSON, or else a text
  std::optional<std::uint64_t> trials, seed;
};

/// A column of a result file: its unit ("-" where it has none) and, in a sentence, what it is.
struct ResultColumn {
  std::string name, unit, meaning;
};

/// What is measured of every trial: the one place that names it and says what it is.
const std::vector<ResultColumn>& metrics();
/// The names `expect` and the table use for what is measured.
const std::vector<std::string>& metric_names();
/// What `expect` can name: these, and the quantiles of the completion time.
std::vector<std::string> expected_names();

/// Half a unit of the last digit of a number as it is written, 0.05 for 1.2 and 0.5 for 40; of a float its
/// shortest text counts (1.20 is 1.2, and 40.00 is 40.0). At least half a unit of the eighth significant
/// digit: no more of a result is printed.
double half_unit_of(const Json& number);

/// Reads, sweeps and checks a configuration. Throws a ConfigError with all mistakes at once.
Experiment load_experiment(const std::string& file, const Overrides& overrides = {});
/// The same from JSON; `file` is for messages.
Experiment read_experiment(Json config, const std::string& file);

}  // namespace straggle
