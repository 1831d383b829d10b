// How long a worker takes: the law of x, its time for one mini-batch, and how time grows with the work done.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "sim/base/config.h"
#include "sim/base/random.h"
#include "sim/base/registry.h"

namespace straggle {

/// How a worker's time grows with its cumulative work w (in mini-batches). The field's words for the three
/// laws.
enum class Scaling {
  server_dependent,  ///< one draw x a worker and iteration: work w ends at w·x
  data_dependent,    ///< one draw x a worker and iteration: work w ends at x + w·increment
  additive,  ///< a draw a mini-batch: work w ends at the sum of the first ⌊w⌋ and (w−⌊w⌋) of the next
};

/// The law of x where it has a density, for expectations by numerical integration.
struct TimeLaw {
  double lower = 0;                        ///< x is never below this (seconds)
  std::function<double(double)> survival;  ///< P(x > t); 1 for t <= lower
  std::function<double(double)> density;   ///< its density; 0 below `lower`
  std::function<double(double)> tail;      ///< the t with P(x > t) = p, for p in (0, 1]
};

/// Draws x for all workers of one iteration. Immutable after construction, so threads share it.
class ComputeModel {
 public:
  virtual ~ComputeModel() = default;

  /// Fills out[w] with the seconds worker w takes for one mini-batch; +infinity for a worker that never
  /// answers. Under `additive` scaling it is called once per mini-batch, with address.index counting them.
  virtual void draw(const DrawAddress& address, std::span<double> out) const = 0;

  /// The law of x, or nothing where there is no density or workers differ.
  virtual std::optional<TimeLaw> law() const = 0;
};

/// A compute model together with the scaling the configuration gave it.
struct Compute {
  std::shared_ptr<const ComputeModel> model;
  Scaling scaling = Scaling::server_dependent;
  double increment = 0;  ///< seconds a mini-batch, data-dependent scaling only
};

/// A plug-in: `read` takes the model's own fields from the object "compute" (not "model", "scaling",
/// "increment"); after a mistake the model it returns is not used.
struct ComputePlugin {
  std::string summary;  ///< one line for `straggle list`: what it is; its fields
  std::shared_ptr<const ComputeModel> (*read)(ConfigReader& config);
};
using ComputeRegistration = Registration<ComputePlugin>;

/// Reads the whole object "compute". `model` is null after a mistake.
Compute read_compute(ConfigReader& config);

}  // namespace straggle
