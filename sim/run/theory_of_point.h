// What theory says of a scheme at a point: the point and the scheme's program turned into the plain laws that
// sim/theory works with.
#pragma once

#include <cstddef>
#include <optional>

#include "sim/run/point.h"
#include "sim/theory/blocking.h"
#include "sim/theory/prediction.h"

namespace straggle {

/// Nothing where no theory is known: workers that differ, fail or are delayed, work left over from earlier
/// iterations, additive scaling, several messages a worker, or messages of other sizes than a
/// gradient's, on links that cost time, links that differ.
/// - Ideal links: the expectation of the scheme's completion law (predict_star()).
/// - An exchange of equal loads: exact on all uniform links (predict_exchange()).
/// - Workers' single messages on a serial port: bounds (predict_serial_star()).
/// - A regular tree on serial ports: CodedReduce's band (predict_tree()).
std::optional<Prediction> predict(const Point& point, std::size_t s);

/// The skewness of a trial's completion time, the mean over its iterations: of stars on ideal links whose
/// workers are alike and send one message (skewness()). Nothing elsewhere.
std::optional<double> predicted_skewness(const Point& point, std::size_t s);

/// Of the completion time of scheme `s`, over the trials that complete. Every worker's x has a tail index
/// (ComputeModel::tail_index); for T to be large all workers of a set whose silence prevents completion must
/// be slow, each independently of the others, so that the index of T is the least sum over such a set: a·m
/// for workers that are alike, m the size of the smallest set. What is added in bounded amounts (links,
/// delays, increments) changes nothing, nor do sums (additive scaling, the mean over iterations).
///
/// A worker that may fail is silent for nothing. Nothing for a program whose sets this does not know, or that
/// cannot complete.
std::optional<TailBehaviour> completion_tail(const Point& point, std::size_t s);

}  // namespace straggle
