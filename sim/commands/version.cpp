// straggle version: which program this is.
#include "sim/base/version.h"

#include <iostream>

#include "sim/commands/arguments.h"
#include "sim/commands/command.h"

namespace straggle {
namespace {

int version_command(const Arguments&) {
  std::cout << "straggle " << version() << "\n";
  return fine;
}

const CommandRegistration registration(
    {.name = "version",
     .summary = "the release, the commit, the compiler and its flags",
     .description = "Prints one line: the release, the commit it was built from, the compiler and its flags. "
                    "Results files name them too. `straggle --version` is the same.",
     .example = "straggle version",
     .run = version_command});

}  // namespace
}  // namespace straggle
