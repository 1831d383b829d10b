#include "models/compute_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace straggle {
namespace {

Failure read_failure(ConfigReader& config, std::size_t workers) {
  Failure failure;
  ConfigReader reader = config.object("failure");
  if (!reader.has("probability") && !reader.has("workers"))
    reader.mistake("", "must give a \"probability\", a list \"workers\", or both");
  if (reader.has("probability"))
    failure.probability = reader.number("probability", {.low = 0, .high = 1, .high_open = true});
  if (reader.has("workers")) {
    const auto numbers =
        reader.integers("workers", between(1, static_cast<double>(workers), "numbers of workers"));
    std::set<std::int64_t> named;
    for (const std::int64_t number : numbers) {
      if (!named.insert(number).second)
        reader.mistake("workers", "names worker " + std::to_string(number) + " twice");
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

std::shared_ptr<const ComputeModel> read_compute_model(ConfigReader& config, const ComputeContext& context) {
  const auto& registry = Registry<ComputePlugin>::instance();
  const ComputePlugin* plugin = registry.find(config.word("model", registry.names()));
  return plugin ? plugin->read(config, context) : nullptr;
}

double read_slowdown(ConfigReader& config, ComputeContext& context) {
  constexpr double most = 1e12;
  const double slowdown = config.number("slowdown", at_least(1, "how many times slower"));
  context.slowdown *= slowdown;
  if (context.slowdown > most)
    config.mistake("slowdown", fmt::format("makes workers {:g} times slower, those of the models around this "
                                           "one included; at most {:g} can be calculated with",
                                           context.slowdown, most));
  return slowdown;
}

std::shared_ptr<const ComputeModel> read_base_model(ConfigReader& config, const ComputeContext& context) {
  ConfigReader base = config.object("base");
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
  compute.scaling = config.choice_or<Scaling>("scaling",
                                              {{"server-dependent", Scaling::server_dependent},
                                               {"data-dependent", Scaling::data_dependent},
                                               {"additive", Scaling::additive}},
                                              "server-dependent");
  if (compute.scaling == Scaling::data_dependent) {
    compute.increment = config.number("increment", at_least(0, "seconds a mini-batch"));
  } else if (config.has("increment")) {
    config.raw("increment");
    config.mistake("increment", "belongs to \"scaling\": \"data-dependent\" only");
  }
  compute.redraw_each_iteration =
      config.choice_or<bool>("redraw", {{"iteration", true}, {"trial", false}}, "iteration");
  compute.per_data_set =
      config.choice_or<bool>("per", {{"mini-batch", false}, {"data-set", true}}, "mini-batch");
  if (config.has("failure")) compute.failure = read_failure(config, workers);
  compute.model =
      read_compute_model(config, {.workers = workers, .scaling = compute.scaling, .folder = folder});
  // Without its plug-in, nobody can say which of the other fields are known.
  if (!compute.model || !config.complete()) compute.model = nullptr;
  return compute;
}

}  // namespace straggle
