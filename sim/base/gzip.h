// What gzip has packed, unpacked on the way (RFC 1952, by zlib).
#pragma once

#include <string>

#include "sim/base/csv.h"

namespace straggle {

/// The bytes that were packed into `packed`, all members of it one after another. What is damaged or ends too
/// early is a ConfigError `name: what`.
ByteSource gunzip(std::string name, ByteSource packed);

}  // namespace straggle
