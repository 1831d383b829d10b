// The ideal network of the analytic papers: communication takes no time.
#include "models/network_model.h"

namespace straggle {
namespace {

class Ideal final : public NetworkModel {
 public:
  Discipline discipline() const override { return Discipline::ideal; }
};

std::shared_ptr<const NetworkModel> read(ConfigReader&) {
  return std::make_shared<Ideal>();
}

const NetworkRegistration registration("ideal", {"a message is received at the instant it is sent", read});

}  // namespace
}  // namespace straggle
