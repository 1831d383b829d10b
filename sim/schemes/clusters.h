// Clusters: P equal groups of consecutive workers with disjoint data, each running the same scheme by itself
// (Ozfatura, Gündüz and Ulukus, "Gradient coding with clustering and multi-message communication", section
// III-C).
#pragma once

#include <cstddef>

#include "sim/schemes/scheme.h"

namespace straggle {

struct Clusters {
  int count = 1;    ///< P
  int workers = 1;  ///< K/P, also the mini-batches of a cluster

  std::size_t of(std::size_t worker) const { return worker / static_cast<std::size_t>(workers); }
  std::size_t position(std::size_t worker) const { return worker % static_cast<std::size_t>(workers); }
};

/// The fields "clusters" (default 1) and "load".
const Field& clusters_field();
const Field& load_field();

/// Reads the field "clusters".
Clusters read_clusters(ConfigReader& config, const SchemeContext& context);
/// Reads the field "load": mini-batches a worker computes, at most those of its cluster.
int read_load(ConfigReader& config, const Clusters& clusters);

}  // namespace straggle
