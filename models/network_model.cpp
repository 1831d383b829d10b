#include "models/network_model.h"

#include <fmt/format.h>

#include <algorithm>

namespace straggle {

namespace {

constexpr double unlimited = std::numeric_limits<double>::infinity();

/// "bandwidth" or "egress" and "ingress" of one kind of node; what is missing stays as it was.
void read_ports(ConfigReader& config, double& egress, double& ingress) {
  const Range range = above(0, "bytes a second");
  for (const char* key : {"bandwidth", "egress", "ingress"}) config.raw(key);  // known, given or not
  if (config.has("bandwidth")) {
    egress = ingress = config.number("bandwidth", range);
    for (const char* key : {"egress", "ingress"})
      if (config.has(key)) config.mistake(key, "stands beside \"bandwidth\", which gives both");
  }
  if (config.has("egress")) egress = config.number("egress", range);
  if (config.has("ingress")) ingress = config.number("ingress", range);
}

}  // namespace

double read_latency(ConfigReader& config) {
  return config.number_or("latency", at_least(0, "seconds before a message reaches the receiver's port"), 0);
}

void read_bandwidths(ConfigReader& config, const NetworkContext& context, bool required, Network& network) {
  double egress = unlimited, ingress = unlimited;
  read_ports(config, egress, ingress);
  if (required && (egress == unlimited || ingress == unlimited))
    config.mistake("bandwidth", "is missing (bytes a second of every port; or \"egress\" and \"ingress\")");
  network.egress.assign(context.workers + 1, egress);
  network.ingress.assign(context.workers + 1, ingress);
  for (const char* key : {"master", "classes"}) config.raw(key);
  if (config.has("master")) {
    ConfigReader master = config.object("master");
    read_ports(master, network.egress[0], network.ingress[0]);
    master.complete();
  }
  if (config.has("classes") && context.classes_known) {
    ConfigReader classes = config.object("classes");
    if (context.classes.empty())
      config.mistake("classes", "needs \"compute\": {\"model\": \"classes\", ...}, which names the classes");
    for (const WorkerClass& named : context.classes) {
      if (!classes.raw(named.name)) continue;
      ConfigReader ports = classes.object(named.name);
      double out = egress, in = ingress;
      read_ports(ports, out, in);
      ports.complete();
      std::fill_n(network.egress.begin() + 1 + static_cast<std::ptrdiff_t>(named.first), named.count, out);
      std::fill_n(network.ingress.begin() + 1 + static_cast<std::ptrdiff_t>(named.first), named.count, in);
    }
    classes.complete();
  }
  const auto limited = [](double bandwidth) { return bandwidth < unlimited; };
  const bool any = std::any_of(network.egress.begin(), network.egress.end(), limited) ||
                   std::any_of(network.ingress.begin(), network.ingress.end(), limited);
  if (any && !context.gradient_size_known)
    config.mistake(
        "",
        "has bandwidths, so the size of a gradient must be known: \"gradient\": {\"bytes\": ...} or "
        "{\"dimension\": ...} at the top of the configuration");
}

std::optional<Network> read_network(ConfigReader& config, const NetworkContext& context) {
  const auto& registry = Registry<NetworkPlugin>::instance();
  const NetworkPlugin* plugin = registry.find(config.word_or("model", registry.names(), "ideal"));
  if (!plugin) return std::nullopt;  // nobody can say which of the other fields are known
  const auto downlink = config.choice_or<Downlink>(
      "downlink",
      {{"none", Downlink::none}, {"multicast", Downlink::multicast}, {"unicast", Downlink::unicast}}, "none");
  Network network = plugin->read(config, context);
  network.downlink = downlink;
  if (!config.complete()) return std::nullopt;
  return network;
}

}  // namespace straggle
