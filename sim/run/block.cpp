#include "sim/run/block.h"

namespace straggle {

void Block::append(const Block& next) {
  const auto add = [](auto& all, const auto& more) { all.insert(all.end(), more.begin(), more.end()); };
  for (const Tally which : all_tallies) add(tally[which], next.tally[which]);
  add(critical, next.critical);
  verification.merge(next.verification);
  incomplete.merge(next.incomplete);
}

}  // namespace straggle
