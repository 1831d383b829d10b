// Tables of separated values, read record by record: RFC 4180, with the separators and the spaces that tables
// have elsewhere. The one tokenizer for measured times and for the program's own results.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace straggle {

/// Fills its argument with the next bytes of a text and returns how many there were: fewer only at the end.
/// Throws a ConfigError.
using ByteSource = std::function<std::size_t(std::span<char>)>;

/// How a table is written.
struct CsvDialect {
  /// Between fields. 0: the one of comma, semicolon and tab that the first record has most often outside
  /// quotes, or a comma where it has none.
  char separator = ',';
  bool trim = false;                           ///< blanks around a field, and around its quotes, mean nothing
  bool comments = false;                       ///< a record that begins with # is none
  std::size_t longest = std::size_t{1} << 24;  ///< bytes of a record
};

/// Reads a text from its start to its end, in memory for one record. A record ends with a line, LF, CR LF or
/// CR, or with the text; empty lines are none. A field in quotation marks may have separators, line ends and,
/// doubled, quotation marks. A mark of the byte order before the text (UTF-8) is passed over. Whatever is not
/// so is a ConfigError of `name:line: what`, and never shows what is in the table.
class CsvReader {
 public:
  CsvReader(std::string name, ByteSource source, CsvDialect dialect);

  /// Puts the next record's fields into `fields`, whose strings are used again; false when there is none.
  bool next(std::vector<std::string>& fields);
  /// Whether the next line that is not empty begins with this byte.
  bool next_begins_with(char byte);
  /// Puts the next line into `line`, whatever is in it, without its end; false when there is none.
  bool next_line(std::string& line);

  /// The bytes of the record or line read last, its end included; valid until more is read.
  std::string_view raw() const { return {buffer_.data() + at_ - taken_, taken_}; }

  const std::string& name() const { return name_; }
  char separator() const { return dialect_.separator; }
  /// Where the record or line read last begins, from 1.
  std::size_t line() const { return begin_; }
  /// For mistakes in the record read last.
  [[noreturn]] void fail(const std::string& what) const;

 private:
  static constexpr int end = -1;

  /// The byte so many places ahead, or `end`.
  int ahead(std::size_t places = 0) {
    return at_ + places < filled_ || fill(places) ? static_cast<unsigned char>(buffer_[at_ + places]) : end;
  }
  bool fill(std::size_t places);
  const char* known_end() const { return buffer_.data() + filled_; }
  void begin();
  void take(std::size_t bytes);
  void skip_blanks();
  bool skip_line_end();
  void skip_comment();
  void find_separator();
  void read_quoted(std::string& field);
  void read_plain(std::string& field);

  std::string name_;
  ByteSource source_;
  CsvDialect dialect_;
  std::string buffer_;
  std::size_t at_ = 0, filled_ = 0;  // the next byte, and where what is known ends
  bool exhausted_ = false;
  std::size_t line_ = 1, begin_ = 0;
  std::size_t taken_ = 0;  // bytes of this record, which stay before at_
};

}  // namespace straggle
