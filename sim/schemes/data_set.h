// The run owns the data set of K mini-batches, and a scheme's blocks refine it: what can be said of a scheme
// before anything runs.
#pragma once

#include <string>

#include "sim/schemes/scheme.h"

namespace straggle {

/// What is wrong with a scheme, as a sentence without a capital; empty when nothing is. Its program has to be
/// for these workers, and its goal within reach of all its messages. With `codebook`, its equal blocks are
/// the whole data set, so that each is mini-batches / blocks of it; then every block has to be in some
/// message (of an approximate scheme the share it recovers), and by the time of a message its worker has to
/// have computed what is in it and in those before it. An exchange passes on what it has received, so only
/// its first messages count. Never throws: what the scheme throws is what is wrong with it.
std::string fault_of(const SchemeRecipe& recipe, int mini_batches, bool codebook);

}  // namespace straggle
