#include "sim/engine/links.h"

namespace straggle {

void send_model(const Program& program, const Links& links, Downlink downlink, std::vector<double>& out) {
  out.clear();
  if (downlink == Downlink::none || program.kind() == Program::Kind::exchange) return;
  const bool ideal = links.discipline == Discipline::ideal;
  // At the back, for as long as it takes: per node, how long its port has been sending.
  out.resize(2 * program.workers() + 1, 0);
  double* const sent = out.data() + program.workers();
  for (NodeId node = 1; node <= program.workers(); ++node) {
    const NodeId from = program.parent(node);
    const double seconds = links.seconds(from, node, 1);
    if (downlink == Downlink::unicast) sent[from] += seconds;
    // Receivers are added before senders, so the model has got to `from` already.
    out[node - 1] = (from == master ? 0 : out[from - 1]) + (ideal ? 0 : links.latency) +
                    (downlink == Downlink::unicast ? sent[from] : seconds);
  }
  out.resize(program.workers());
}

}  // namespace straggle
