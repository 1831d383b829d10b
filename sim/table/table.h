// What a sweep has found as a table for people: plain, for LaTeX, for Markdown.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "sim/run/row.h"
#include "sim/table/ranking.h"
#include "sim/table/results_csv.h"

namespace straggle {

/// The decimal places to which a mean is known: those of the first two digits of half its confidence
/// interval. Nothing where there is no spread, or what rounding leaves of none.
std::optional<int> places_of(double mean, double error);

/// `17.5 (16.9 .. 18.1)`: a quantile and its interval, where it has one.
std::string interval_text(double value, double low, double high);

/// What the compute models say of themselves, each sentence once, and no more of them than are read.
std::vector<std::string> compute_notes(const Experiment& experiment);

/// A row as it takes part in a comparison of completion times.
Contender contender_of(const Experiment& experiment, const Row& row);

/// A table for people, at most `width` columns wide, without columns that are empty, and a sentence on which
/// scheme is the fastest. What does not fit is left out, and the table says so; labels and sentences are cut
/// or broken. Where a time has no mean or no variance, medians stand before the means.
std::string to_table(const Experiment& experiment, const std::vector<Row>& rows, std::size_t width);

/// Its heading and rows alone.
std::string table_rows(const Experiment& experiment, const std::vector<Row>& rows, std::size_t width);

/// The first characters of a text that is too long for `room` columns, and "..." in place of the others.
std::string shortened(const std::string& text, std::size_t room);

/// The same cells, of any width, as a tabular for LaTeX with booktabs, and as a table in Markdown (GitHub's).
/// Sentences below it, and where it comes from, are comments or paragraphs.
std::string to_latex(const Experiment& experiment, const std::vector<Row>& rows,
                     const Provenance& provenance);
std::string to_markdown(const Experiment& experiment, const std::vector<Row>& rows,
                        const Provenance& provenance);

/// Lines of cells as aligned columns: the first `left` of them flush left, the others flush right.
std::string align(const std::vector<std::vector<std::string>>& lines, std::size_t left);

}  // namespace straggle
