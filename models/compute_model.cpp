#include "models/compute_model.h"

namespace straggle {

Compute read_compute(ConfigReader& config) {
  const auto& registry = Registry<ComputePlugin>::instance();
  Compute compute;
  const std::string name = config.word("model", registry.names());
  if (const ComputePlugin* plugin = registry.find(name)) compute.model = plugin->read(config);
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
  // Without its plug-in, nobody can say which of the other fields are known.
  if (name.empty() || !config.complete()) compute.model = nullptr;
  return compute;
}

}  // namespace straggle
