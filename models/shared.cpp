// Ports whose bandwidth is shared max-min fairly by the messages in flight, as many long TCP flows come to
// share it (Bertsekas and Gallager, "Data Networks", section 6.5.2).
#include "models/network_model.h"

namespace straggle {
namespace {

Network read(ConfigReader& config, const NetworkContext& context) {
  Network network{.discipline = Discipline::shared};
  network.latency = read_latency(config);
  read_bandwidths(config, context, true, network);
  return network;
}

const NetworkRegistration registration(
    "shared",
    {"messages in flight share the ports' bandwidths fairly; bandwidth, latency, master, classes", read});

}  // namespace
}  // namespace straggle
