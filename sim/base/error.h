// The one kind of error that is for the user to mend.
#pragma once

#include <stdexcept>

namespace straggle {

/// What the user can mend; the program ends with exit code 2. what() holds one mistake a line.
class ConfigError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace straggle
