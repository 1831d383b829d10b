// How the points of a sweep are called where people read: axes by short names, with units, and the points by
// what varies.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "sim/run/experiment.h"

namespace straggle {

/// The names of a sweep's axes and points. An axis is one of Experiment::lead_axes and stands for all that
/// move with it.
class Places {
 public:
  explicit Places(const Experiment& experiment);

  /// The axes with more than one value.
  const std::vector<std::size_t>& varied() const { return varied_; }
  /// The axes among them that move nothing but the schemes' own fields, and the others.
  const std::vector<std::size_t>& of_schemes() const { return of_schemes_; }
  const std::vector<std::size_t>& of_conditions() const { return of_conditions_; }

  /// A pointer as short as it can be told from the others: /compute/rate is `rate`. Fields that move together
  /// with equal values, such as the loads of several schemes, are one: `load`.
  const std::string& name(std::size_t axis) const { return names_[axis]; }
  /// The same as a heading, in words and with its unit: `compute rate [1/s]`.
  std::string title(std::size_t axis) const;

  /// A point by some of its axes, with their units: `rate = 5 1/s, workers = 8`.
  std::string place(const Point& point, const std::vector<std::size_t>& axes) const;
  std::string place(const Point& point) const { return place(point, varied_); }
  /// What a sweep moves beside the schemes' own fields: `rate = 5 1/s`; empty where that is nothing. Schemes
  /// are compared where it is equal.
  std::string conditions(const Point& point) const { return place(point, of_conditions_); }
  /// A scheme under its conditions: `GC`, or `GC, load = 2 mini-batches`.
  std::string scheme(const Point& point, const std::string& label) const;

 private:
  const Experiment& experiment_;
  std::vector<std::size_t> varied_, of_schemes_, of_conditions_;
  std::vector<std::string> names_;  // by axis; empty for those that do not lead
};

}  // namespace straggle
