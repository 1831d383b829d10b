// Adaptive Gauss–Kronrod quadrature of a completion process: its expected time and messages, and how far off
// they may be (QUADPACK's way: Piessens, de Doncker-Kapenga, Überhuber and Kahaner, 1983).
#pragma once

#include <array>

#include "sim/theory/completion_process.h"
#include "sim/theory/horizon.h"

namespace straggle::theory {

/// Two integrals at once: of P(T > t), in units of time, and of the rate of messages that count, a worker's.
using Pair = std::array<double, 2>;

/// Integrals, and how far off they may be.
struct Measured {
  Pair value{}, error{};
};

/// The integrals over the horizon, to `relative_error` of themselves and the parts already `known` if that
/// can be had in most_steps; a time without a mean is not waited for.
Measured integrate(CompletionProcess& process, const Horizon& horizon, const Pair& known,
                   double relative_error);

}  // namespace straggle::theory
