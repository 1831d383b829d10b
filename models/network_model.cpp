#include "models/network_model.h"

namespace straggle {

std::shared_ptr<const NetworkModel> read_network(ConfigReader& config) {
  const auto& registry = Registry<NetworkPlugin>::instance();
  const NetworkPlugin* plugin = registry.find(config.word_or("model", registry.names(), "ideal"));
  if (!plugin) return nullptr;  // nobody can say which of the other fields are known
  auto network = plugin->read(config);
  return config.complete() ? network : nullptr;
}

}  // namespace straggle
