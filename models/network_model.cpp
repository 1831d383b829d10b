#include "models/network_model.h"

#include <fmt/format.h>

#include <algorithm>

namespace straggle {

namespace {

constexpr double unlimited = std::numeric_limits<double>::infinity();

const Field& bandwidth_field() {
  static const Field field = Field::number("bandwidth", above(0, "bytes a second"),
                                           "Of both ports of every node; or give \"egress\" and \"ingress\". "
                                           "Serial links with an overhead or a latency may do without.")
                                 .in(Unit::bytes_per_second)
                                 .optional()
                                 .defined_as("bandwidth");
  return field;
}

const Field& egress_field() {
  static const Field field = Field::number("egress", above(0, "bytes a second"),
                                           "Bandwidth of the sending port, instead of \"bandwidth\".")
                                 .in(Unit::bytes_per_second)
                                 .optional()
                                 .defined_as("egress");
  return field;
}

const Field& ingress_field() {
  static const Field field = Field::number("ingress", above(0, "bytes a second"),
                                           "Bandwidth of the receiving port, instead of \"bandwidth\".")
                                 .in(Unit::bytes_per_second)
                                 .optional()
                                 .defined_as("ingress");
  return field;
}

const Field& master_field() {
  static const Field field =
      Field::object("master", {.definition = "ports",
                               .description = "Ports that differ from the other nodes'.",
                               .fields = {bandwidth_field(), egress_field(), ingress_field()}})
          .optional();
  return field;
}

const Field& classes_field() {  // the names in it are the user's
  static const Field field =
      Field::object(
          "classes",
          {.definition = "ports-of-classes",
           .description = "By name, those classes of the compute model \"classes\" whose workers have "
                          "other ports.",
           .rules = {{"additionalProperties", {{"$ref", "#/definitions/ports"}}}}})
          .optional();
  return field;
}

const Choice<Downlink>& downlink_field() {
  static const Choice<Downlink> field =
      Choice<Downlink>(
          "downlink",
          {{"none", Downlink::none, "Every worker holds the model when the iteration starts."},
           {"multicast", Downlink::multicast,
            "All receivers of a sender get the model at the same time; relays forward it at once."},
           {"unicast", Downlink::unicast,
            "A sender's port serves its receivers one after another, in the order of their numbers."}},
          "How the model, as large as a gradient, reaches the workers before they compute. A ring has none: "
          "its second half is one.")
          .or_else("none");
  return field;
}

const Field& model_field() {
  static const Field field = Field::word("model", {}, "The network model.").or_else("ideal");
  return field;
}

/// "bandwidth" or "egress" and "ingress" of one kind of node; what is missing stays as it was.
void read_ports(ConfigReader& config, double& egress, double& ingress) {
  const Field& bandwidth = bandwidth_field();
  for (const Field& field : {bandwidth, egress_field(), ingress_field()}) config.raw(field);  // given or not
  if (config.has(bandwidth)) {
    egress = ingress = config.number(bandwidth);
    for (const Field& field : {egress_field(), ingress_field()})
      if (config.has(field)) config.mistake(field, "stands beside \"bandwidth\", which gives both");
  }
  if (config.has(egress_field())) egress = config.number(egress_field());
  if (config.has(ingress_field())) ingress = config.number(ingress_field());
}

}  // namespace

const Field& latency_field() {
  static const Field field =
      Field::number("latency", at_least(0, "seconds before a message reaches the receiver's port"),
                    "From sending a message until it reaches the receiver's port.")
          .in(Unit::seconds)
          .or_else(0)
          .defined_as("latency");
  return field;
}

std::vector<Field> bandwidth_fields() {
  return {bandwidth_field(), egress_field(), ingress_field(), master_field(), classes_field()};
}

const Form& network_form() {
  static const Form form = {
      .definition = "network",
      .description =
          "How messages travel. Sending, receiving and computing overlap; every node has a port for "
          "each direction.",
      .fields = {model_field(), downlink_field()},
      .rules = {{"default", {{"model", "ideal"}, {"downlink", "none"}}}}};
  return form;
}

void read_bandwidths(ConfigReader& config, const NetworkContext& context, bool required, Network& network) {
  double egress = unlimited, ingress = unlimited;
  read_ports(config, egress, ingress);
  if (required && (egress == unlimited || ingress == unlimited))
    config.mistake(bandwidth_field(),
                   "is missing (bytes a second of every port; or \"egress\" and \"ingress\")");
  network.egress.assign(context.workers + 1, egress);
  network.ingress.assign(context.workers + 1, ingress);
  for (const Field& field : {master_field(), classes_field()}) config.raw(field);
  if (config.has(master_field())) {
    ConfigReader master = config.object(master_field());
    read_ports(master, network.egress[0], network.ingress[0]);
    master.complete();
  }
  if (config.has(classes_field()) && context.classes_known) {
    ConfigReader classes = config.object(classes_field());
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
  const NetworkPlugin* plugin = registry.find(config.word(model_field(), registry.names()));
  if (!plugin) return std::nullopt;  // nobody can say which of the other fields are known
  const Downlink downlink = config.choice(downlink_field());
  Network network = plugin->read(config, context);
  network.downlink = downlink;
  if (!config.complete()) return std::nullopt;
  return network;
}

}  // namespace straggle
