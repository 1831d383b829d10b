// A configuration as a command line names it: a file, or standard input.
#pragma once

#include <string>

#include "sim/base/config.h"

namespace straggle {

struct Configuration {
  Json json;
  std::string name;  ///< the file, or "standard input"
};

/// Reads the file, or standard input where `file` is "-"; data files that it names are then looked for in the
/// current folder. Throws a ConfigError.
Configuration read_configuration(const std::string& file);

}  // namespace straggle
