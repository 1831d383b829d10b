// Ports whose bandwidth is shared max-min fairly by the messages in flight, as many long TCP flows come to
// share it (Bertsekas and Gallager, "Data Networks", section 6.5.2).
#include "models/network_model.h"

namespace straggle {
namespace {

std::vector<Field> fields() {
  std::vector<Field> all = bandwidth_fields();
  all.insert(all.begin(), latency_field());
  return all;
}

Network read(ConfigReader& config, const NetworkContext& context) {
  Network network{.discipline = Discipline::shared};
  network.latency = config.number(latency_field());
  read_bandwidths(config, context, true, network);
  return network;
}

const NetworkRegistration registration(
    "shared", {.summary = "The messages in flight share the bandwidth of all ports max-min fairly.",
               .fields = fields(),
               .read = read,
               .place = 3});

}  // namespace
}  // namespace straggle
