// Tables of measured seconds as people have them, and what they say round by round: the reader behind
// `empirical`.
#pragma once

#include <compare>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace straggle {

/// How a table is to be read.
struct TableFormat {
  /// Names of columns where they are not the usual ones: "seconds", "machine", "iteration", and for
  /// transfers "transfer" or "messages". `start` and `end` are stamps, given both, in place of seconds.
  std::optional<std::string> seconds = {}, machine = {}, iteration = {}, start = {}, end = {}, transfer = {};
  bool machine_columns = false;  ///< every column but that of iterations is a machine, by its name
  double units = 1;              ///< in a second
  bool with_transfer = false;    ///< also read the seconds of each row's message

  auto operator<=>(const TableFormat&) const = default;
};

/// What becomes of a value that is not there: no row, an empty cell, NaN, infinity.
enum class Missing {
  refuse,
  no_answer,   ///< it is +infinity: the worker does not answer in that round
  skip_round,  ///< the round is left out for all machines
};

/// What a table says. Value (round r, machine m) stands at r·machines + m; +infinity for no answer.
struct Measurements {
  std::size_t machines = 0, rounds = 0;
  std::vector<double> seconds;
  std::vector<double> transfer;  ///< of the same rows; empty unless asked for
  bool names_machines = false;
  bool numbers_rounds = false;  ///< else rounds are the rows of a machine in their order
  std::size_t skipped = 0;      ///< rounds that were left out
  std::size_t unanswered = 0;   ///< values that are +infinity
};

/// A table's values matched by the number of their round; machines are in the order in which the table names
/// them, rounds in that of their numbers. Without numbers the rows of a machine count, and all machines must
/// have equally many. Where `by_round` is false, rounds mean nothing: the values come machine by machine as a
/// single round, and only what stands in the table can be missing. Read once and shared by all that ask for
/// the same. Mistakes, missing values among them, are a ConfigError that shows nothing of the table but names
/// of machines and numbers of rounds.
std::shared_ptr<const Measurements> load_measurements(const std::string& path, const TableFormat& format,
                                                      Missing missing, bool by_round);

}  // namespace straggle
