// The links between nodes: a network model says which discipline the engine runs and with what numbers.
#pragma once

#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "models/compute_model.h"
#include "sim/base/config.h"
#include "sim/base/field.h"
#include "sim/base/registry.h"
#include "sim/engine/link_discipline.h"

namespace straggle {

/// What a network model says of the links.
struct Network {
  Discipline discipline = Discipline::ideal;
  Downlink downlink = Downlink::none;
  double latency = 0;   ///< seconds
  double overhead = 0;  ///< seconds a message
  /// Bytes a second, one entry a node, the master first. Empty on ideal links.
  std::vector<double> egress = {}, ingress = {};
};

/// What a network model may know of the configuration around it.
struct NetworkContext {
  std::size_t workers = 1;
  std::vector<WorkerClass> classes = {};  ///< their bandwidths may differ
  bool classes_known = true;              ///< else a mistake has kept the compute model from saying them
  bool gradient_size_known = false;       ///< else transfers have no bytes
  bool transfer_measured = false;         ///< the compute model knows how long messages take
};

/// A plug-in: `read` takes the model's own fields from the object "network" (not "model" and "downlink").
struct NetworkPlugin {
  std::string summary;        ///< what it is, in a sentence: for the schema, the pages and `straggle list`
  std::vector<Field> fields;  ///< its own fields
  Network (*read)(ConfigReader& config, const NetworkContext& context);
  Json rules = Json::object();  ///< what a list of fields cannot say, as JSON Schema
  int place = 1000;             ///< among its like, where they are described
};
using NetworkRegistration = Registration<NetworkPlugin>;

/// Reads the whole object "network"; its model defaults to "ideal". Nothing after a mistake.
std::optional<Network> read_network(ConfigReader& config, const NetworkContext& context);

/// The object "network", but for its model's own fields.
const Form& network_form();
/// The fields "latency" (default 0 seconds), "bandwidth", "egress", "ingress", "master" and "classes".
const Field& latency_field();
std::vector<Field> bandwidth_fields();

/// Reads "bandwidth", or "egress" and "ingress", of all nodes, and what "master" and "classes" (an object by
/// class) say otherwise. Where `required` is false, a missing bandwidth is unlimited.
void read_bandwidths(ConfigReader& config, const NetworkContext& context, bool required, Network& network);

}  // namespace straggle
