// Ports that receive one message after another: Reisizadeh, Prakash, Pedarsani and Avestimehr, "CodedReduce",
// where a parent takes its children's gradients one by one, t_c = overhead + bytes/bandwidth seconds each.
#include "models/network_model.h"

namespace straggle {
namespace {

Network read(ConfigReader& config, const NetworkContext& context) {
  Network network{.discipline = Discipline::serial};
  // Where a cost is given, be it 0 along a sweep, or measured, a bandwidth need not be.
  const bool cost_given = config.has("latency") || config.has("overhead") || context.transfer_measured;
  network.latency = read_latency(config);
  network.overhead =
      config.number_or("overhead", at_least(0, "seconds a message occupies a port beside its transfer"), 0);
  read_bandwidths(config, context, !cost_given, network);
  return network;
}

const NetworkRegistration registration(
    "serial",
    {"a port receives one message after another; bandwidth, overhead, latency, master, classes", read});

}  // namespace
}  // namespace straggle
