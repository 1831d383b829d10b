// How long a worker takes: the law of x, its time for one mini-batch, and how time grows with the work done.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "sim/base/config.h"
#include "sim/base/field.h"
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

/// The law of x where it has a density, for expectations by numerical integration: a mixture of parts, each a
/// standard law moved and stretched, so that no digit is lost beside a large lower end or a tiny scale.
struct TimeLaw {
  /// x = lower + scale·z, z >= 0 of a standard law.
  struct Part {
    double probability = 1;
    double lower = 0, scale = 1;             ///< seconds
    std::function<double(double)> survival;  ///< P(z > v) for v >= 0
    std::function<double(double)> density;   ///< of z at v >= 0
    std::function<double(double)> tail;      ///< the v with P(z > v) = p, for p in (0, 1]
    double power = 1;  ///< the density starts like v^(power−1) at 0; 0 where it starts otherwise
    double index = std::numeric_limits<double>::infinity();  ///< P(z > v) falls like v^(−index)
  };
  std::vector<Part> parts;

  double lower() const;             ///< x is never below this (seconds)
  double survival(double t) const;  ///< P(x > t); 1 for t <= lower()
  double density(double t) const;   ///< its density; 0 below lower()
  double tail(double p) const;      ///< the t with P(x > t) = p, for p in (0, 1]
};

/// Consecutive workers with a name: [first, first + count), from 0.
struct WorkerClass {
  std::string name;
  std::size_t first = 0, count = 0;
};

/// Draws x for all workers of one iteration. Immutable after construction, so threads share it.
class ComputeModel {
 public:
  virtual ~ComputeModel() = default;

  /// Fills out[w] with the seconds worker w takes for one mini-batch; +infinity for a worker that never
  /// answers. Under `additive` scaling it is called once per mini-batch, with address.index counting them.
  virtual void draw(const DrawAddress& address, std::span<double> out) const = 0;

  /// For models that hold workers up by an amount that does not depend on their work: fills out[w] with the
  /// seconds worker w starts later. False, and nothing filled, where nobody is.
  virtual bool delay(const DrawAddress& /*address*/, std::span<double> /*out*/) const { return false; }

  /// The law of x, or nothing where there is no density, workers differ, or a worker's draws depend on each
  /// other.
  virtual std::optional<TimeLaw> law() const = 0;

  /// The tail index of worker w's x: P(x > t) falls like t^(−index), up to slower factors. Infinite, as most
  /// are, for tails lighter than every power.
  virtual double tail_index(std::size_t /*worker*/) const { return std::numeric_limits<double>::infinity(); }

  /// The named groups of workers, where the model has such.
  virtual std::vector<WorkerClass> classes() const { return {}; }

  /// Whether anything it says can differ between trials. Where it cannot, every trial is the same, and its
  /// spread says nothing.
  virtual bool varies() const { return true; }

  /// For models that know how long messages take: fills out[w] with the seconds worker w's message occupies
  /// the master's port in the round that draw() draws at the same address; NaN where the network says so.
  /// False, and nothing filled, where it says so for all; that does not depend on the address.
  virtual bool transfer(const DrawAddress& /*address*/, std::span<double> /*out*/) const { return false; }

  /// Where every trial is a bootstrap replicate of measured rounds: how many iterations make one. Else 0.
  virtual std::size_t replicate() const { return 0; }

  /// Whether it draws from a table of measured values, so that trials can come out all alike although draws
  /// differ: where every trial is made of the same rounds.
  virtual bool finite() const { return false; }

  /// What users should know of the model as it is used here, in trials that draw so many times one after
  /// another; a sentence each, without a full stop.
  virtual std::vector<std::string> notes(std::size_t /*draws*/) const { return {}; }
};

/// A model around another one: what it does not override is the other's.
class ModelAround : public ComputeModel {
 public:
  explicit ModelAround(std::shared_ptr<const ComputeModel> base) : base_(std::move(base)) {}

  void draw(const DrawAddress& address, std::span<double> out) const override { base_->draw(address, out); }
  bool delay(const DrawAddress& address, std::span<double> out) const override {
    return base_->delay(address, out);
  }
  std::optional<TimeLaw> law() const override { return std::nullopt; }
  double tail_index(std::size_t worker) const override { return base_->tail_index(worker); }
  std::vector<WorkerClass> classes() const override { return base_->classes(); }
  bool transfer(const DrawAddress& address, std::span<double> out) const override {
    return base_->transfer(address, out);
  }
  std::size_t replicate() const override { return base_->replicate(); }
  bool finite() const override { return base_->finite(); }
  std::vector<std::string> notes(std::size_t draws) const override { return base_->notes(draws); }

 protected:
  const ComputeModel& base() const { return *base_; }

 private:
  std::shared_ptr<const ComputeModel> base_;
};

/// Workers that never answer.
struct Failure {
  double probability = 0;              ///< drawn for each worker, trial and iteration
  std::vector<std::uint32_t> workers;  ///< from 0: these never answer, in any trial
};

/// A compute model together with what the configuration says around it.
struct Compute {
  std::shared_ptr<const ComputeModel> model;
  Scaling scaling = Scaling::server_dependent;
  double increment = 0;               ///< seconds a mini-batch, data-dependent scaling only
  bool redraw_each_iteration = true;  ///< false: a worker keeps its draws for all iterations of a trial
  bool per_data_set =
      false;  ///< times are given for the whole data set: those of a mini-batch are 1/K of them
  Failure failure;

  /// Whether trials can differ: else every one of them is the same by construction.
  bool varies() const { return model->varies() || failure.probability > 0; }

  /// What users should know of the model in trials of so many iterations.
  std::vector<std::string> notes(std::size_t iterations) const {
    return model->notes(redraw_each_iteration ? iterations : 1);
  }
};

/// What a compute model may know of the configuration around it.
struct ComputeContext {
  std::size_t workers = 1;  ///< the model is for workers [first, first + workers)
  std::size_t first = 0;    ///< above 0 for the later groups of `classes` only
  Scaling scaling = Scaling::server_dependent;
  std::string folder = ".";  ///< of the configuration file: paths of data files start here
  double slowdown = 1;       ///< how many times slower the models around this one make its workers at most
  std::uint32_t level = 0;   ///< how many models are around this one, classes not counted: its workers draw
                             ///< as a fleet of their own would
};

/// Where models made of others draw. A model that gives x itself owns Purpose::compute_time, where `index`
/// is the mini-batch. A model around another one draws at Purpose::model, at the index of its kind + its
/// level, so that no two models around the same worker share random numbers. Values are fixed for good.
enum class WrapperDraws : std::uint32_t {
  bimodal = 0x000,                    ///< who is slow
  delayed = 0x100,                    ///< who is held up
  gilbert_elliott = 0x200,            ///< the state at iterations 1, 2, …
  gilbert_elliott_stationary = 0x300  ///< the state at iteration 0
};
constexpr std::uint32_t most_levels = 0x100;

/// The address of a wrapper's own draws in this trial and iteration, the same for all mini-batches.
DrawAddress wrapper_address(DrawAddress address, WrapperDraws kind, std::uint32_t level);

/// A plug-in: `read` takes the model's own fields from the object that names it (not "model" and the fields
/// of Compute); after a mistake the model it returns is not used.
struct ComputePlugin {
  std::string summary;        ///< what it is, in a sentence: for the schema, the pages and `straggle list`
  std::vector<Field> fields;  ///< its own fields
  std::shared_ptr<const ComputeModel> (*read)(ConfigReader& config, const ComputeContext& context);
  Json rules = Json::object();  ///< what a list of fields cannot say, as JSON Schema
  int place = 1000;             ///< among its like, where they are described
};
using ComputeRegistration = Registration<ComputePlugin>;

/// Reads "model" and that model's own fields from an object: for "compute" itself and for models made of
/// others. Null after a mistake. Does not call complete().
std::shared_ptr<const ComputeModel> read_compute_model(ConfigReader& config, const ComputeContext& context);

/// The field "shift" of models that have one (default 0 seconds).
const Field& shift_field();
/// The field "base" of models around another one.
const Field& base_field();
/// Their field "slowdown".
const Field& slowdown_field();

/// Reads "slowdown", how many times slower workers are, of a model around another one, and takes it into the
/// context of that one. All slowdowns together are at most 1e12, so that no time leaves the range of double.
double read_slowdown(ConfigReader& config, ComputeContext& context);

/// Reads the object "base" of a model around another one, all of it. Null after a mistake.
std::shared_ptr<const ComputeModel> read_base_model(ConfigReader& config, const ComputeContext& context);

/// The field "model" of an object that names a compute model; its words are the plug-ins.
const Field& compute_model_field();
/// The object "compute", but for its model's own fields.
const Form& compute_form();

/// Reads the whole object "compute" for so many workers. `model` is null after a mistake.
Compute read_compute(ConfigReader& config, std::size_t workers, const std::string& folder);

}  // namespace straggle
