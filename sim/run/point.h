// One point of a sweep, read and checked: everything that its trials depend on.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "models/compute_model.h"
#include "models/network_model.h"
#include "sim/base/config.h"
#include "sim/base/field.h"
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

/// How narrow the intervals of a point's schemes have to be.
struct Precision {
  enum class Metric { time, speedup };
  Metric metric = Metric::time;
  std::optional<double> relative,
      absolute;  ///< half a 95 % interval, as a share of the mean or as it is; one of them
};

/// One sweep point. All its schemes meet the same workers.
struct Point {
  std::size_t index = 0;
  std::vector<std::pair<std::string, Json>> axes;  ///< what is swept: pointer and value here
  std::uint64_t seed = 1;
  std::uint64_t trials = 10000;  ///< where there is a precision at the most
  std::optional<Precision> precision = {};
  std::uint32_t iterations = 1;
  int workers = 1;
  RoundStart round_start = RoundStart::fresh;
  bool silence = false;
  std::optional<double> gradient_bytes;
  Compute compute;
  Links links;
  Downlink downlink = Downlink::none;
  std::vector<SchemeSetup> schemes;
  std::size_t baseline = 0;  ///< index into schemes
  VerifySettings verify;

  /// `/compute/rate = 5, /workers = 40`; empty without a sweep.
  std::string description() const;
};

/// The fields of a configuration that are read at every point, in the order in which they are described, and
/// among them, behind these, "verify".
const std::vector<Field>& point_fields();
const Field& verify_field();

/// Reads the configuration of one point, filling its defaults in; what is wrong are mistakes. `swept` are the
/// pointers of the sweep, `folder` is where paths of data files start.
Point read_point(Json& config, const std::set<std::string>& swept, const std::string& folder,
                 Mistakes& mistakes);

}  // namespace straggle
