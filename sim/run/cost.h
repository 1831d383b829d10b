// What a run takes, told before it is run: memory by counting, time by a few trials that are timed.
#pragma once

#include <string>

#include "sim/run/columns.h"
#include "sim/run/experiment.h"

namespace straggle {

/// Seconds are of one thread, and an order of magnitude rather than a measurement.
struct Cost {
  double seconds = 0;         ///< of all trials, verification included
  double verify_seconds = 0;  ///< of these, for verification
  double trial_seconds = 0;   ///< of the slowest trial, all schemes
  double bytes = 0;           ///< of memory, at the point that takes most
  bool precision = false;     ///< a precision decides: these are the most that can be
};

/// Looks at up to eight points of the sweep, for a second or two at most: a trial that would take longer is
/// not run, but computed from the messages that it has.
Cost cost_of(const Experiment& experiment, unsigned threads);

/// `about 12 s on 2 threads, 35 MB; verification is 77 % of it`, with the field to lower where it takes long.
std::string cost_in_words(const Cost& cost, unsigned threads);

/// Throws a ConfigError that names the field to lower if a point cannot fit into `memory` bytes; counted is
/// what there must be at least.
void check_memory(const Experiment& experiment, unsigned threads, double memory, Keep keep = {});

/// The bytes of memory that this process can have: what the machine, its control group and its limits allow.
double available_memory();

}  // namespace straggle
