// The links between workers and master. A model says which discipline the engine runs and with what
// parameters.
#pragma once

#include <memory>
#include <string>

#include "sim/base/config.h"
#include "sim/base/registry.h"

namespace straggle {

/// How messages share the receiver's port. The engine owns the disciplines.
enum class Discipline {
  ideal,  ///< a message is received at the instant it is sent
};

class NetworkModel {
 public:
  virtual ~NetworkModel() = default;
  virtual Discipline discipline() const = 0;
};

/// A plug-in: `read` takes the model's own fields from the object "network" (not "model").
struct NetworkPlugin {
  std::string summary;  ///< one line for `straggle list`
  std::shared_ptr<const NetworkModel> (*read)(ConfigReader& config);
};
using NetworkRegistration = Registration<NetworkPlugin>;

/// Reads the whole object "network"; its model defaults to "ideal". Null after a mistake.
std::shared_ptr<const NetworkModel> read_network(ConfigReader& config);

}  // namespace straggle
