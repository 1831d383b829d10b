// What a sweep has found, row by row, as results.csv and samples.csv.
#pragma once

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "sim/run/columns.h"
#include "sim/run/experiment.h"
#include "sim/run/provenance.h"
#include "sim/run/row.h"

namespace straggle {

/// The comment header and the column names of results.csv.
void write_csv_header(std::ostream& out, const Experiment& experiment, const Provenance& provenance,
                      Keep keep = {});
void write_csv_row(std::ostream& out, const Experiment& experiment, const Row& row);

/// What identifies a run: its numbers, and the version and configuration they are of, as a SHA-1 of the rows
/// of results.csv. So the same run has the same identity again, and files whose numbers do not belong
/// together have different ones.
std::string run_id(const Experiment& experiment, const Provenance& provenance, const std::vector<Row>& rows,
                   Keep keep);
/// The same from what is in a file: `hash` is the configuration's, `lines` are the columns and the rows.
std::string run_id(const std::string& version, const std::string& hash, const std::string& lines);

/// The last line of results.csv, without which it is taken for cut: `run` is run_id(), by which readers find
/// out whether the rows are still those that were written.
void write_end(std::ostream& out, std::size_t rows, const std::string& run);
/// The last line of samples.csv: the run whose trials they are, and the CRC-32 of all lines above, by which
/// readers find out the same.
void write_samples_end(std::ostream& out, std::size_t rows, const std::string& run, std::uint32_t checksum);
/// "1 of 2 points is finished".
std::string points_finished(std::size_t points, std::size_t of_points);
/// In place of the last line where a run was stopped; readers refuse the file.
void write_interrupted(std::ostream& out, std::size_t points, std::size_t of_points);

/// The same of samples.csv: one row a trial, for each scheme of each point.
void write_samples_header(std::ostream& out, const Experiment& experiment, const Provenance& provenance,
                          Keep keep);
/// The rows of trials of one scheme of a point, from number `first` on, with the critical times that they
/// have. Returns how many rows.
std::size_t write_samples(std::ostream& out, const Point& point, std::uint64_t first, const Block& trials);

}  // namespace straggle
