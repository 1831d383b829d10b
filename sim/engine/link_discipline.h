// The two choices a network model makes for the engine: how messages meet at a port, and how the model goes
// down. By themselves, so that models name them without knowing the engine.
#pragma once

namespace straggle {

/// How messages that meet at a port share it.
enum class Discipline {
  ideal,   ///< a message is received at the instant it is sent
  serial,  ///< a port receives one message after another, first come first served (ties: smaller sender)
  shared,  ///< fluid max-min fair sharing of every port's bandwidth among the messages in flight
};

/// How the model reaches the workers before they compute.
enum class Downlink {
  none,       ///< every node holds the model when the iteration starts
  multicast,  ///< a sender's receivers get the model at the same time; relays forward it at once
  unicast,    ///< a sender's port serves its receivers one after another, in the order of their numbers
};

}  // namespace straggle
