// Reading back what `straggle run` has written: results.csv and samples.csv.
#pragma once

#include <cstddef>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

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
/// writes it is a ConfigError of `file:line: what`.
class ResultsReader {
 public:
  explicit ResultsReader(const std::string& file);

  const ResultsHeader& header() const { return header_; }
  /// The place of a column that has to be there.
  std::size_t column(const std::string& name) const;
  /// Puts the next row's fields, one a column, into `fields`; false when there is none left.
  bool next(std::vector<std::string>& fields);
  /// For mistakes in the row read last.
  [[noreturn]] void fail(const std::string& what) const;

 private:
  bool read_line(std::string& line);

  std::string file_;
  std::ifstream stream_;
  std::size_t line_ = 0;      // the last line read
  std::size_t row_line_ = 0;  // where the last row began
  ResultsHeader header_;
};

/// All of a results file.
struct ResultsTable {
  ResultsHeader header;
  std::vector<std::vector<std::string>> rows;  ///< as written, without quotes
};
ResultsTable read_results(const std::string& file);

}  // namespace straggle
