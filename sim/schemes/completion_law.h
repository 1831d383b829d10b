// What decides the moment a star scheme completes, as data: enough to compute its expected time and messages
// without simulating it. Schemes fill it in beside their program; sim/theory works with it.
#pragma once

#include <vector>

namespace straggle {

/// A star scheme with identical, independent clusters of i.i.d. workers. Every worker sends its message j
/// (j = 0, 1, …) when its cumulative work reaches work[j]; the iteration ends when every cluster is decoded.
struct CompletionLaw {
  enum class Kind {
    /// A cluster is decoded by its first `need` messages, whoever sent them.
    count,
    /// Worker i of the cluster sends item i, then i+1, … (modulo workers); a cluster is decoded by `need`
    /// distinct
    /// items out of `workers`.
    distinct,
  };

  Kind kind = Kind::count;
  int clusters = 1;  ///< P, identical and independent
  int workers = 1;   ///< workers a cluster; with kind `distinct` also the number of its items
  std::vector<double>
      work;      ///< strictly increasing, in mini-batches; for `distinct` at most `workers` entries
  int need = 1;  ///< see kind
  bool finisher_decodes =
      false;  ///< count only: a worker that has sent its last message decodes its cluster alone
  bool first_of_all = false;  ///< count only: additionally every worker's first message is needed
  bool pooled = false;        ///< distinct only: `need` counts the distinct items of all clusters together
};

/// A scheme on a regular tree, for the asymptotic expressions of CodedReduce.
struct TreeLaw {
  int arity = 1, depth = 1;  ///< n and L
  int stragglers = 0;        ///< s, of the n children of every parent
};

}  // namespace straggle
