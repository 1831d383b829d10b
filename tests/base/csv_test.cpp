// The tokenizer of tables: RFC 4180, what tables have beyond it, and what it refuses.
#include "sim/base/csv.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "sim/base/config.h"

using namespace straggle;

namespace {

using Records = std::vector<std::vector<std::string>>;

ByteSource bytes_of(std::string text) {
  return [text, at = std::size_t{0}](std::span<char> out) mutable {
    const std::size_t count = std::min(out.size(), text.size() - at);
    std::copy_n(text.data() + at, count, out.data());
    at += count;
    return count;
  };
}

Records read(const std::string& text, const CsvDialect& dialect = {}) {
  CsvReader reader("t", bytes_of(text), dialect);
  Records records;
  for (std::vector<std::string> fields; reader.next(fields);) records.push_back(fields);
  return records;
}

std::string mistake(const std::string& text, const CsvDialect& dialect = {}) {
  try {
    read(text, dialect);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "none";
}

const CsvDialect loose = {.separator = 0, .trim = true, .comments = true};

}  // namespace

TEST_CASE("csv: fields, quotes and the ends of lines as RFC 4180 has them") {
  CHECK(read("") == Records{});
  CHECK(read("a") == Records{{"a"}});
  CHECK(read("a,b\r\n,\n\n\"\",c\r\"d\"\"e\",\"f,\ng\"") ==
        Records{{"a", "b"}, {"", ""}, {"", "c"}, {"d\"e", "f,\ng"}});
  CHECK(read(" a ,b\"c\n#x,y\n") == Records{{" a ", "b\"c"}, {"#x", "y"}});  // blanks and # are text
  CHECK(read("\xef\xbb\xbf"
             "a\n") == Records{{"a"}});
}

TEST_CASE("csv: the first record tells the separator, and blanks and comments can mean nothing") {
  CHECK(read("# x;y\n a ; \"b;,,\" ;c\t\n1,5;2 ; \n", loose) ==
        Records{{"a", "b;,,", "c"}, {"1,5", "2", ""}});
  CHECK(read("a\tb,c\td\n\t1\t\n", loose) == Records{{"a", "b,c", "d"}, {"", "1", ""}});
  CHECK(read("\ta\n", loose) == Records{{"", "a"}});
  CHECK(read("alone\n1,2\n", loose) == Records{{"alone"}, {"1", "2"}});
}

TEST_CASE("csv: records as long as several reads come whole, up to the limit") {
  const std::string cell(200'000, 'x');
  const std::string quoted = "\"" + cell + "\n,\"";
  CHECK(read(cell + "," + quoted + "\n" + cell + ",1") == Records{{cell, cell + "\n,"}, {cell, "1"}});
  CHECK(mistake("a,b\n" + cell, {.longest = 100'000}) ==
        "t:2: is longer than the 100000 bytes that a row may have");
  CHECK(mistake("a\n\"" + cell, {.longest = 100'000}) ==
        "t:2: is longer than the 100000 bytes that a row may have");
}

TEST_CASE("csv: a mistake is told by the line on which its record begins, and shows nothing of it") {
  CHECK(mistake("a\n\n\"b\nc\n") == "t:3: has a quotation mark that is never closed");
  CHECK(mistake("a\n\"b\nc\"\n\"d\"e\n") == "t:4: has text behind a closing quotation mark");
  CHECK(mistake(std::string("a\nb\0c\n", 6)) == "t:2: contains a zero byte, which no text does");
  CsvReader reader("t", bytes_of("one\r\n\r\n#two\n"), {});
  std::string line;
  CHECK(reader.next_line(line));
  CHECK(line == "one");
  CHECK(reader.next_begins_with('#'));
  CHECK(reader.line() == 3);
  CHECK(reader.next_line(line));
  CHECK(line == "#two");
  CHECK_FALSE(reader.next_line(line));
}
