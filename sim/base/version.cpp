// The only source that is compiled again when the commit changes.
#include "sim/base/version.h"

#include <fmt/format.h>
#include <straggle_commit.h>  // written by commit.cmake

namespace straggle {

std::string version() {
  std::string result = STRAGGLE_VERSION;
  const std::string commit = STRAGGLE_COMMIT;
  if (!commit.empty()) result += ", commit " + commit;
#if defined(__clang__)
  result += fmt::format(", Clang {}.{}.{}", __clang_major__, __clang_minor__, __clang_patchlevel__);
#elif defined(__GNUC__)
  result += fmt::format(", GCC {}.{}.{}", __GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__);
#else
  result += ", another compiler";
#endif
  const std::string flags = STRAGGLE_FLAGS;
  return flags.empty() ? result : result + ", " + flags;
}

}  // namespace straggle
