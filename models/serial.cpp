// Ports that receive one message after another: Reisizadeh, Prakash, Pedarsani and Avestimehr, "CodedReduce",
// where a parent takes its children's gradients one by one, t_c = overhead + bytes/bandwidth seconds each.
#include "models/network_model.h"

namespace straggle {
namespace {

const Field overhead =
    Field::number("overhead", at_least(0, "seconds a message occupies a port beside its transfer"),
                  "What a message occupies the receiver's port for, beside its transfer.")
        .in(Unit::seconds)
        .or_else(0);

std::vector<Field> fields() {
  std::vector<Field> all = bandwidth_fields();
  all.insert(all.begin(), {latency_field(), overhead});
  return all;
}

Network read(ConfigReader& config, const NetworkContext& context) {
  Network network{.discipline = Discipline::serial};
  // Where a cost is given, be it 0 along a sweep, or measured, a bandwidth need not be.
  const bool cost_given = config.has(latency_field()) || config.has(overhead) || context.transfer_measured;
  network.latency = config.number(latency_field());
  network.overhead = config.number(overhead);
  read_bandwidths(config, context, !cost_given, network);
  return network;
}

const NetworkRegistration registration(
    "serial",
    {.summary = "A port receives one message after another, first come first served, each in overhead + "
                "bytes/bandwidth seconds.",
     .fields = fields(),
     .read = read,
     .place = 2});

}  // namespace
}  // namespace straggle
