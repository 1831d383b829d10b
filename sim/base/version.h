// Which program this is: what was built, by what, and how.
#pragma once

#include <string>

namespace straggle {

/// `0.1.0, commit 0123456789ab, GCC 12.2.0, -O3 -DNDEBUG -ffp-contract=off`: the release, the commit of the
/// sources (with `and changes` where they differed from it; nothing where there was no repository), the
/// compiler and its flags.
std::string version();

}  // namespace straggle
