// Ports that receive one message after another: Reisizadeh, Prakash, Pedarsani and Avestimehr, "CodedReduce",
// where a parent takes its children's gradients one by one, t_c = overhead + bytes/bandwidth seconds each.
#include "models/network_model.h"

namespace straggle {
namespace {

Network read(ConfigReader& config, const NetworkContext& context) {
  Network network{.discipline = Discipline::serial};
  network.latency = read_latency(config);
  network.overhead =
      config.number_or("overhead", at_least(0, "seconds a message occupies a port beside its transfer"), 0);
  const bool costs_something = network.latency > 0 || network.overhead > 0;
  read_bandwidths(config, context, !costs_something, network);
  return network;
}

const NetworkRegistration registration(
    "serial",
    {"a port receives one message after another; bandwidth, overhead, latency, master, classes", read});

}  // namespace
}  // namespace straggle
