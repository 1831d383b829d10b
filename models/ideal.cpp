// The ideal network of the analytic papers: communication takes no time.
#include "models/network_model.h"

namespace straggle {
namespace {

Network read(ConfigReader&, const NetworkContext&) {
  return {.discipline = Discipline::ideal};
}

const NetworkRegistration registration("ideal", {"a message is received at the instant it is sent", read});

}  // namespace
}  // namespace straggle
