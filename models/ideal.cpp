// The ideal network of the analytic papers: communication takes no time.
#include "models/network_model.h"

namespace straggle {
namespace {

Network read(ConfigReader&, const NetworkContext&) {
  return {.discipline = Discipline::ideal};
}

const NetworkRegistration registration(
    "ideal",
    {.summary = "A message is received at the instant it is sent.", .fields = {}, .read = read, .place = 1});

}  // namespace
}  // namespace straggle
