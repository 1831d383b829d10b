// From a configuration file to an experiment: sweep points with everything read, checked and resolved.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/config.h"
#include "sim/run/expectation.h"
#include "sim/run/point.h"

namespace straggle {

struct Experiment {
  std::string file, title;
  Json resolved;     ///< the configuration with every default written out
  std::string hash;  ///< of what decides the numbers in it
  /// What decides the numbers of a trial, which neither the number of trials does, unless it is swept, nor
  /// the precision: files of measured times by what is in them.
  Json identity;
  std::vector<std::string> axes;
  std::vector<std::size_t>
      lead_axes;  ///< of axes: the first of those that move together, enough to tell points apart
  std::vector<Point> points;
  std::vector<ExpectedValue> expected;

  /// Whether any point stops by its precision.
  bool asks_for_precision() const;
  /// A point by its leading axes: `/compute/rate = 5`; empty without a sweep.
  std::string place_of(const Point& point) const;
};

/// Calls visit(path) for every file of measured times that a configuration names; visit may change it.
void for_each_data_file(Json& config, const std::function<void(std::string&)>& visit);

/// Every file that has been read for an experiment: its configuration, and the measured times that names.
std::vector<std::filesystem::path> inputs_of(const Experiment& experiment);

/// The resolved configuration as it has to read in `folder`: paths of data files start there. A ConfigError
/// where one of them is no UTF-8.
Json resolved_in(const Experiment& experiment, const std::filesystem::path& folder);

/// 16 hexadecimal digits that stand for a text: the start of its SHA-1 UUID. An identity, not a protection.
std::string short_digest(const std::string& text);

/// What the command line changes in a configuration.
struct Overrides {
  std::vector<std::string> set;  ///< `/json/pointer=VALUE`; VALUE is JSON, or else a text
  std::optional<std::uint64_t> trials, seed;
};

/// Reads, sweeps and checks a configuration. Throws a ConfigError with all mistakes at once.
Experiment load_experiment(const std::string& file, const Overrides& overrides = {});
/// The same from JSON; `file` is for messages.
Experiment read_experiment(Json config, const std::string& file);

}  // namespace straggle
