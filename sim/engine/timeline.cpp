#include "sim/engine/timeline.h"

#include <algorithm>
#include <array>
#include <limits>
#include <stdexcept>

#include "sim/engine/intake.h"

namespace straggle {
namespace {

constexpr double never = Tournament::never;

}  // namespace

}  // namespace straggle
