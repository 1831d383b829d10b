// The loops behind run_round, one for each way in which messages can meet.
#pragma once

#include "sim/engine/round.h"

namespace straggle {

/// A star on ideal or serial links.
RoundResult run_star(const Program&, const Links&, const Conditions&, Workspace&);
/// A tree on ideal or serial links.
RoundResult run_tree(const Program&, const Links&, const Conditions&, Workspace&);
/// An exchange on ideal or serial links.
RoundResult run_exchange(const Program&, const Links&, const Conditions&, Workspace&);
/// Any program on shared links.
RoundResult run_shared(const Program&, const Links&, const Conditions&, Workspace&);

}  // namespace straggle
