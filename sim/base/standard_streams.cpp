#include "sim/base/standard_streams.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "sim/base/error.h"

namespace straggle {
namespace {

/// The three standard descriptors are taken, or the first files opened would get their numbers, and what is
/// printed. Where one was closed it now fails as a closed one does: nothing can be written to it.
void reserve_descriptors() {
  for (int descriptor = 0; descriptor <= 2; ++descriptor)
    if (fcntl(descriptor, F_GETFD) < 0 && open("/", O_PATH | O_DIRECTORY) != descriptor) std::_Exit(2);
}

}  // namespace

StandardStreams::StandardStreams() : buffer_(STDOUT_FILENO), before_(std::cout.rdbuf(&buffer_)) {
  reserve_descriptors();
}

StandardStreams::~StandardStreams() {
  std::cout.flush();
  std::cout.rdbuf(before_);
}

void StandardStreams::finish() const {
  std::cout.flush();
  if (!std::cout)
    throw ConfigError("standard output cannot be written: " +
                      (buffer_.error() == EBADF ? "it is closed" : reason_of_errno(buffer_.error())));
}

}  // namespace straggle
