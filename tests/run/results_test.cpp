// Reading results.csv back: what is written is what is read, and what is wrong is said with its line.
#include "sim/run/results.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "sim/base/config.h"
#include "tests/temporary_folder.h"

using namespace straggle;

namespace {

/// A file of its own for a test.
class TextFile {
 public:
  explicit TextFile(const std::string& text) { std::ofstream(path(), std::ios::binary) << text; }
  std::string path() const { return (folder_.path / "results.csv").string(); }

 private:
  TemporaryFolder folder_;
};

const std::string header =
    "# \"a \\\"title\\\"\"\n# command: straggle run x.json\n# version: straggle 1\n# seed: 7\n"
    "# configuration: 0123456789abcdef\n";

std::string end_of(int rows) {
  return "# end: " + std::to_string(rows) + " rows of run 00ff\n";
}

std::string mistake(const std::string& text) {
  const TextFile file(text);
  try {
    read_results(file.path());
  } catch (const ConfigError& error) {
    const std::string what = error.what();
    REQUIRE(what.starts_with(file.path()));
    return what.substr(file.path().size());
  }
  return "none";
}

}  // namespace

TEST_CASE("results: the comment lines, the columns and the fields are read as they were written") {
  const TextFile file(header + "point,label,\"a, b\"\n0,\"GC, \"\"three\"\"\",1.5\r\n1,\"two\nlines\",\n" +
                      end_of(2));
  const ResultsTable table = read_results(file.path());
  CHECK(table.header.title == "a \"title\"");
  CHECK(table.header.command == "straggle run x.json");
  CHECK(table.header.version == "straggle 1");
  CHECK(table.header.seed == "7");
  CHECK(table.header.hash == "0123456789abcdef");
  CHECK(table.header.columns == std::vector<std::string>{"point", "label", "a, b"});
  CHECK(table.header.find("a, b") == 2);
  CHECK_FALSE(table.header.find("c"));
  REQUIRE(table.rows.size() == 2);
  CHECK(table.rows[0] == std::vector<std::string>{"0", "GC, \"three\"", "1.5"});
  CHECK(table.run == "00ff");
  CHECK(table.rows[1] == std::vector<std::string>{"1", "two\nlines", ""});
}

TEST_CASE("results: a mistake is said with its file and line") {
  CHECK(mistake("point,label\n").starts_with(":1: must begin with \"# \""));
  CHECK(mistake("# no JSON\n").starts_with(":1: must be \"# \" and the title"));
  CHECK(mistake("# \"x\"\n# seed: 1\n").starts_with(":2: must begin with \"# command: \""));
  CHECK(mistake(header).starts_with(":6: is cut"));
  CHECK(mistake(header + end_of(0)).ends_with("must name the columns"));
  CHECK(mistake(header + "a,b,a\n") == ":6: gives columns 1 and 3 the same name");
  CHECK(mistake(header + "a,b\n1,2\n1\n") == ":8: has 1 fields, but there are 2 columns");
  CHECK(mistake(header + "a,b\n1,2,3\n") == ":7: has 3 fields, but there are 2 columns");
  CHECK(mistake(header + "a,b\n1,\"2\n") == ":7: has a quotation mark that is never closed");
  CHECK(mistake(header + "a,b\n1,\"2\"x\n") == ":7: has text behind a closing quotation mark");
  CHECK(mistake("") ==
        ":1: must begin with \"# \"; the first lines of what `straggle run` writes begin with \"# \"");
  CHECK_THROWS_WITH(read_results("/nowhere/results.csv"),
                    "/nowhere/results.csv: cannot be opened for reading: no such file or directory");
  CHECK_THROWS_WITH(read_results("/"), "/: is a folder, not a results file");
}

TEST_CASE("results: a file that is cut anywhere is told from a finished one") {
  const std::string whole = header + "a,b\n1,2\n\"3\n\",4\n" + end_of(2);
  CHECK(mistake(whole) == "none");
  for (std::size_t bytes = 0; bytes + 1 < whole.size(); ++bytes) {
    // Of the last line nothing is missed but digits of the identity, which is nobody's then.
    if (bytes > whole.rfind(' ') + 1) break;
    INFO(whole.substr(0, bytes));
    CHECK(mistake(whole.substr(0, bytes)) != "none");
  }
  CHECK(mistake(header + "a,b\n1,2\n") ==
        ":8: is cut: the last line has to be \"# end: \" and the number of its rows; run it again");
  CHECK(mistake(header + "a,b\n1,2\n" + end_of(2)) == ":8: says that there are 2 rows, but there are 1");
  CHECK(mistake(header + "a,b\n1,2\n" + end_of(1) + "3,4\n") == ":9: comes after the end");
  CHECK(mistake(header + "a,b\n1,2\n# interrupted: 1 of 2 points are finished\n") ==
        ":8: is of a run that was interrupted: 1 of 2 points are finished; run it again");
  CHECK(mistake(header + "a,b\n1,2\n# end: all\n") == ":8: must be a row, or \"# end: N rows of run ID\"");
}

TEST_CASE("results: files of a run are known by their first lines, and their run by the last") {
  const TextFile whole(header + "a\n1\n" + end_of(1)), cut(header + "a\n1\n"), other("a\n1\n"), none("");
  CHECK(written_by_run(whole.path()));
  CHECK(written_by_run(cut.path()));
  CHECK_FALSE(written_by_run(other.path()));
  CHECK_FALSE(written_by_run(none.path()));
  CHECK(run_of(whole.path()) == "00ff");
  CHECK_FALSE(run_of(cut.path()));
  CHECK_FALSE(run_of(none.path()));
  const TextFile long_one(header + "a\n" + std::string(10000, '1') + "\n" + end_of(1));
  CHECK(run_of(long_one.path()) == "00ff");
  CHECK(read_results(long_one.path()).rows.at(0).at(0).size() == 10000);
}

TEST_CASE("results: a column that has to be there is named") {
  const TextFile file(header + "a,b\n");
  const ResultsReader reader(file.path());
  CHECK(reader.column("b") == 1);
  CHECK_THROWS_WITH(reader.column("c"), file.path() + ": has no column \"c\"");
}
