// The links between nodes: what one message costs, and how messages that meet at a port share it.
#pragma once

#include <algorithm>
#include <vector>

#include "sim/engine/link_discipline.h"
#include "sim/engine/program.h"

namespace straggle {

/// Every node sends and receives through ports of its own; sending, receiving and computing overlap.
struct Links {
  Discipline discipline = Discipline::ideal;
  double latency = 0;   ///< seconds before a message reaches the receiver's port; none: ignored
  double overhead = 0;  ///< seconds a message occupies the port beside its transfer; serial
  double bytes = 0;     ///< of a gradient
  std::vector<double> egress,
      ingress;  ///< bytes a second, one entry a node from the master on; none: ignored

  /// Seconds a message of `size` gradients occupies the receiver's port by itself; none on ideal links, which
  /// have no ports to ask.
  double seconds(NodeId from, NodeId to, double size) const {
    if (discipline == Discipline::ideal) return 0;
    return overhead + (bytes > 0 ? size * bytes / std::min(egress[from], ingress[to]) : 0);
  }
};

/// When each worker holds the model, seconds into the iteration: the model goes down the way on which
/// messages come up, and is as large as a gradient. `out` is left empty where nothing is sent: no downlink,
/// or an exchange, whose second half is one.
void send_model(const Program& program, const Links& links, Downlink downlink, std::vector<double>& out);

}  // namespace straggle
