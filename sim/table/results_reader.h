// Reading back what `straggle run` has written: results.csv and samples.csv.
#pragma once

#include <boost/crc.hpp>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/csv.h"

namespace straggle {

/// What the comment lines at the top of a results file say, and its columns.
struct ResultsHeader {
  std::string title, command, version, seed;
  std::string hash;  ///< of the configuration
  std::vector<std::string> columns;

  /// The place of a column, if there is one of that name.
  std::optional<std::size_t> find(const std::string& column) const;
};

/// A results file row by row: comma-separated values as RFC 4180 has them. Whatever is not as `straggle run`
/// writes it is a ConfigError of `file:line: what`. When its end is reached, a file is refused that lacks its
/// last line, for it is cut, and one whose rows are not those of which that line has the digest.
class ResultsReader {
 public:
  explicit ResultsReader(const std::string& file);

  const ResultsHeader& header() const { return header_; }
  /// The place of a column that has to be there.
  std::size_t column(const std::string& name) const;
  /// Puts the next row's fields, one a column, into `fields`; false when there is none left.
  bool next(std::vector<std::string>& fields);
  /// The run that wrote the file; known when there is no row left.
  const std::string& run() const { return run_; }
  /// For mistakes in the row read last.
  [[noreturn]] void fail(const std::string& what) const { reader_.fail(what); }

 private:
  /// Reads the last line, which begins with a #.
  void read_end();
  /// Takes what was read last into the digests.
  void digest();

  CsvReader reader_;
  std::size_t rows_ = 0;
  bool of_trials_ = false;       // samples.csv
  std::string lines_;            // the columns and the rows of results.csv
  boost::crc_32_type checksum_;  // of the lines so far
  ResultsHeader header_;
  std::string run_;
};

/// All of a results file.
struct ResultsTable {
  ResultsHeader header;
  std::vector<std::vector<std::string>> rows;  ///< as written, without quotes
  std::string run;
};
ResultsTable read_results(const std::string& file);

/// Whether a file is one of those that `straggle run` writes, finished or not, by its first lines.
bool written_by_run(const std::string& file);

/// The run that wrote a results file, by its last line; nothing where that is missing.
std::optional<std::string> run_of(const std::string& file);

}  // namespace straggle
