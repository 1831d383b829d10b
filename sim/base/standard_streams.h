// The three standard descriptors: taken, whatever the caller has left closed, and an output that says why it
// could not be written.
#pragma once

#include <iostream>
#include <streambuf>

#include "sim/base/file.h"

namespace straggle {

/// What main() begins with. While it lives, std::cout is written by it.
class StandardStreams {
 public:
  StandardStreams();
  ~StandardStreams();
  StandardStreams(const StandardStreams&) = delete;
  StandardStreams& operator=(const StandardStreams&) = delete;

  /// Writes what is left of std::cout. A ConfigError with the reason where any of it could not be written.
  void finish() const;

 private:
  DescriptorBuffer buffer_;
  std::streambuf* before_;
};

}  // namespace straggle
