#include "models/compute_model.h"

namespace straggle {

std::shared_ptr<const ComputeModel> read_compute_model(ConfigReader& config, const ComputeContext& context) {
  const auto& registry = Registry<ComputePlugin>::instance();
  const ComputePlugin* plugin = registry.find(config.word("model", registry.names()));
  return plugin ? plugin->read(config, context) : nullptr;
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
  compute.model =
      read_compute_model(config, {.workers = workers, .scaling = compute.scaling, .folder = folder});
  // Without its plug-in, nobody can say which of the other fields are known.
  if (!compute.model || !config.complete()) compute.model = nullptr;
  return compute;
}

}  // namespace straggle
