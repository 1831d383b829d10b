#include "models/compute_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace straggle {
namespace {

const Choice<Scaling> scaling =
    Choice<Scaling>(
        "scaling",
        {{"server-dependent", Scaling::server_dependent,
          "One draw x a worker and iteration: work w ends at w·x."},
         {"data-dependent",
          Scaling::data_dependent,
          "One draw x a worker and iteration: work w ends at x + w·increment.",
          {Field::number("increment", at_least(0, "seconds a mini-batch"),
                         "What every mini-batch adds: work w ends at x + w·increment.")
               .in(Unit::seconds)}},
         {"additive", Scaling::additive, "One draw a mini-batch: work w ends at the sum of w draws."}},
        "How a worker's time grows with its work w (mini-batches).")
        .or_else("server-dependent");
const Field& increment = scaling.words[1].fields[0];

const Choice<bool> redraw_each_iteration =
    Choice<bool>("redraw",
                 {{"iteration", true, "Every iteration draws anew."},
                  {"trial", false,
                   "A worker keeps its draws for all iterations of a trial: a machine that stays slow."}},
                 "When workers draw.")
        .or_else("iteration");

const Choice<bool> per_data_set =
    Choice<bool>("per",
                 {{"mini-batch", false, "One mini-batch."},
                  {"data-set", true,
                   "The whole data set, of which a mini-batch is one part in as many as there are workers."}},
                 "What the model's seconds are for.")
        .or_else("mini-batch");

const Field failure_probability =
    Field::number(
        "probability", {.low = 0, .high = 1, .high_open = true},
        "The chance that a worker does not answer in an iteration; independent of the others and of "
        "other iterations.")
        .optional();
const Field failed_workers =
    Field::integers("workers", at_least(1), "The numbers, from 1, of workers that never answer in any trial.")
        .optional()
        .with({{"uniqueItems", true}});
const Field failure_field =
    Field::object("failure", {.definition = "failure",
                              .description = "Workers that never answer: drawn, named, or both.",
                              .fields = {failure_probability, failed_workers},
                              .rules = {{"minProperties", 1}}})
        .optional();

Failure read_failure(ConfigReader& config, std::size_t workers) {
  Failure failure;
  ConfigReader reader = config.object(failure_field);
  if (!reader.has(failure_probability) && !reader.has(failed_workers))
    reader.mistake("", "must give a \"probability\", a list \"workers\", or both");
  if (reader.has(failure_probability)) failure.probability = reader.number(failure_probability);
  if (reader.has(failed_workers)) {
    const auto numbers =
        reader.integers(failed_workers, at_most(static_cast<double>(workers), "numbers of workers"));
    std::set<std::int64_t> named;
    for (const std::int64_t number : numbers) {
      if (!named.insert(number).second)
        reader.mistake(failed_workers, "names worker " + std::to_string(number) + " twice");
      failure.workers.push_back(static_cast<std::uint32_t>(number - 1));
    }
  }
  reader.complete();
  return failure;
}

}  // namespace

double TimeLaw::lower() const {
  double least = std::numeric_limits<double>::infinity();
  for (const Part& part : parts) least = std::min(least, part.lower);
  return least;
}

double TimeLaw::survival(double t) const {
  double sum = 0;
  for (const Part& part : parts)
    sum += part.probability * (t <= part.lower ? 1 : part.survival((t - part.lower) / part.scale));
  return sum;
}

double TimeLaw::density(double t) const {
  double sum = 0;
  for (const Part& part : parts)
    if (t >= part.lower) sum += part.probability * part.density((t - part.lower) / part.scale) / part.scale;
  return sum;
}

double TimeLaw::tail(double p) const {
  double low = std::numeric_limits<double>::infinity(), high = 0;
  for (const Part& part : parts) {
    const double t = part.lower + part.scale * part.tail(p);
    low = std::min(low, t);
    high = std::max(high, t);
  }
  // Between the tails of its parts, down to neighbouring doubles.
  for (double t = low + (high - low) / 2; t > low && t < high; t = low + (high - low) / 2)
    (survival(t) >= p ? low : high) = t;
  return low;
}

DrawAddress wrapper_address(DrawAddress address, WrapperDraws kind, std::uint32_t level) {
  address.purpose = Purpose::model;
  address.index = static_cast<std::uint32_t>(kind) + level;
  return address;
}

const Field& shift_field() {
  static const Field field = Field::number("shift", at_least(0, "seconds a mini-batch takes at least"),
                                           "What a mini-batch takes at least.")
                                 .in(Unit::seconds)
                                 .or_else(0)
                                 .defined_as("shift");
  return field;
}

const Field& base_field() {
  static const Field field =
      Field::object("base", {.definition = "base-model",
                             .description = "The model inside: one of the others, with its own fields only.",
                             .plug_ins = "compute-model"});
  return field;
}

const Field& slowdown_field() {
  static const Field field = Field::number(
      "slowdown", at_least(1, "how many times slower"),
      "How many times slower a slow worker is; with models around models at most 1e12 together.");
  return field;
}

const Field& compute_model_field() {
  static const Field field = Field::word("model", {}, "The law of x.");
  return field;
}

const Form& compute_form() {
  static const Form form = {
      .definition = "compute",
      .description =
          "How long a worker takes: the law of x, its time for one mini-batch, and how time grows "
          "with the work done.",
      .fields = {scaling, redraw_each_iteration, per_data_set, failure_field},
      .rules = {{"$comment", "\"increment\" belongs to data-dependent scaling, and only there."}},
      .plug_ins = "compute-model"};
  return form;
}

std::shared_ptr<const ComputeModel> read_compute_model(ConfigReader& config, const ComputeContext& context) {
  const auto& registry = Registry<ComputePlugin>::instance();
  const ComputePlugin* plugin = registry.find(config.word(compute_model_field(), registry.names()));
  return plugin ? plugin->read(config, context) : nullptr;
}

double read_slowdown(ConfigReader& config, ComputeContext& context) {
  constexpr double most = 1e12;
  const double slowdown = config.number(slowdown_field());
  context.slowdown *= slowdown;
  if (context.slowdown > most)
    config.mistake(slowdown_field(),
                   fmt::format("makes workers {:g} times slower, those of the models around this "
                               "one included; at most {:g} can be calculated with",
                               context.slowdown, most));
  return slowdown;
}

std::shared_ptr<const ComputeModel> read_base_model(ConfigReader& config, const ComputeContext& context) {
  ConfigReader base = config.object(base_field());
  ComputeContext inner = context;
  if (++inner.level == most_levels) {
    base.mistake("", "is inside too many other models");
    return nullptr;
  }
  auto model = read_compute_model(base, inner);
  // Without its plug-in, nobody can say which of the other fields are known.
  return model && base.complete() ? model : nullptr;
}

Compute read_compute(ConfigReader& config, std::size_t workers, const std::string& folder) {
  Compute compute;
  compute.scaling = config.choice(scaling);
  if (compute.scaling == Scaling::data_dependent) {
    compute.increment = config.number(increment);
  } else if (config.has(increment)) {
    config.raw(increment);
    config.mistake(increment, "belongs to \"scaling\": \"data-dependent\" only");
  }
  compute.redraw_each_iteration = config.choice(redraw_each_iteration);
  compute.per_data_set = config.choice(per_data_set);
  if (config.has(failure_field)) compute.failure = read_failure(config, workers);
  compute.model =
      read_compute_model(config, {.workers = workers, .scaling = compute.scaling, .folder = folder});
  // Without its plug-in, nobody can say which of the other fields are known.
  if (!compute.model || !config.complete()) compute.model = nullptr;
  return compute;
}

}  // namespace straggle
