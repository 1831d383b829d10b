// Where a result comes from.
#pragma once

#include <string>

namespace straggle {

/// What is written beside results so that they can be made again.
struct Provenance {
  std::string command;  ///< only what decides the numbers
  std::string version;
};

}  // namespace straggle
