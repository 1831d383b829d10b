// run_round, which hands a program to the loop that knows it.
#include "sim/engine/disciplines.h"

#include <cassert>
#include <stdexcept>

namespace straggle {

RoundResult run_round(const Program& program, const Links& links, const Conditions& conditions,
                      Workspace& workspace) {
  assert(conditions.offset.size() == program.workers() && conditions.workers == program.workers());
  assert(!conditions.prefix.empty() || conditions.slope.size() == program.workers());
  assert(links.discipline == Discipline::ideal ||
         (links.egress.size() == program.workers() + 1 && links.ingress.size() == program.workers() + 1));
  const bool shared = links.discipline == Discipline::shared;
  const bool star = program.kind() == Program::Kind::star;
  if (conditions.leftover && (program.kind() == Program::Kind::tree || (shared && star)))
    throw std::logic_error("a leftover reaches only a star on ideal or serial links");
  if (shared) return run_shared(program, links, conditions, workspace);
  if (star) return run_star(program, links, conditions, workspace);
  return program.kind() == Program::Kind::tree ? run_tree(program, links, conditions, workspace)
                                               : run_exchange(program, links, conditions, workspace);
}

}  // namespace straggle
