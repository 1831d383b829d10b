// Reading results.csv back: what is written is what is read, and what is wrong is said with its line.
#include "sim/table/results_reader.h"

#include <boost/crc.hpp>
#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "sim/base/config.h"
#include "sim/table/results_csv.h"
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

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

/// The last line of a results file, such as a run writes it behind `lines`, the columns and the rows.
std::string end_of(std::size_t rows, const std::string& lines, const std::string& version = "1") {
  std::ostringstream end;
  write_end(end, rows, run_id(version, "0123456789abcdef", lines));
  return end.str();
}

/// A results file whose last line is as it has to be.
std::string whole(std::size_t rows, const std::string& lines) {
  return header + lines + end_of(rows, lines);
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
  const std::string lines = "point,label,\"a, b\"\n0,\"GC, \"\"three\"\"\",1.5\n1,\"two\nlines\",\n";
  const TextFile file(whole(2, lines));
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
  CHECK(table.run == run_id("1", "0123456789abcdef", lines));
  CHECK(table.rows[1] == std::vector<std::string>{"1", "two\nlines", ""});
}

TEST_CASE("results: a mistake is said with its file and line") {
  CHECK(mistake("point,label\n").starts_with(":1: must begin with \"# \""));
  CHECK(mistake("# no JSON\n").starts_with(":1: must be \"# \" and the title"));
  CHECK(mistake("# \"x\"\n# seed: 1\n").starts_with(":2: must begin with \"# command: \""));
  CHECK(mistake(header).starts_with(":6: is cut"));
  CHECK(mistake(whole(0, "")).ends_with("must name the columns"));
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
  const std::string text = whole(2, "a,b\n1,2\n\"3\n\",4\n");
  CHECK(mistake(text) == "none");
  for (std::size_t bytes = 0; bytes + 1 < text.size(); ++bytes) {
    INFO(text.substr(0, bytes));
    CHECK(mistake(text.substr(0, bytes)) != "none");
  }
  CHECK(mistake(header + "a,b\n1,2\n") ==
        ":8: is cut: the last line has to be \"# end: \" and the number of its rows; run it again");
  CHECK(mistake(whole(2, "a,b\n1,2\n")) == ":8: says that there are 2 rows, but there are 1");
  CHECK(mistake(whole(1, "a,b\n1,2\n") + "3,4\n") == ":9: comes after the end");
  CHECK(mistake(header + "a,b\n1,2\n# interrupted: 1 of 2 points is finished\n") ==
        ":8: is of a run that was interrupted: 1 of 2 points is finished; run it again");
  CHECK(mistake(header + "a,b\n1,2\n# end: all\n") == ":8: must be a row, or \"# end: N rows of run ID\"");
}

TEST_CASE("results: a file whose lines are not those that were written is refused, whatever was changed") {
  const std::string lines = "point,label,time_mean\n0,a,1.25\n1,\"b\n\",\n", text = whole(2, lines);
  CHECK(mistake(text) == "none");
  const std::string changed = "the file has been changed since it was written";
  // Any byte of the columns and rows, any digit of the identity, and the version.
  std::size_t refused = 0;
  for (std::size_t at = text.find("1\n# seed"); at < text.size() - 1; ++at) {
    if (at == text.find("\n# seed")) at = header.size();
    std::string other = text;
    other[at] = other[at] == '7' ? '8' : '7';
    INFO(other);
    const std::string what = mistake(other);
    CHECK(what != "none");
    if (contains(what, changed)) ++refused;
  }
  CHECK(refused > 30);  // the others are no table any more
  for (const std::string& other :
       {header + "point,label,time_mean\n1,\"b\n\",\n0,a,1.25\n" + end_of(2, lines),  // another order
        header + "point,label,time_mean\n0,a,-1.25\n1,\"b\n\",\n" + end_of(2, lines),
        header + "point,label,time_mean\n0,a,inf\n1,\"b\n\",\n" + end_of(2, lines),
        header + "point,label,time_mean\n00,a,1.25\n1,\"b\n\",\n" + end_of(2, lines),
        header + lines + end_of(2, lines, "2")})  // another version's
    CHECK_THAT(mistake(other), Catch::Contains(":10: " + changed));
  // Line ends as editors and mail make them change no number; inside quotes they are a label's.
  std::string crlf;
  for (const char c : whole(1, "a,b\n1,2\n")) crlf += c == '\n' ? "\r\n" : std::string(1, c);
  CHECK(mistake(crlf) == "none");
  std::string quoted = text;
  quoted.insert(quoted.find("\n\","), "\r");
  CHECK(contains(mistake(quoted), changed));
}

TEST_CASE("results: the trials of samples.csv are known by a checksum of all lines above its end") {
  const std::string lines = header + "point,label,trial,time\n0,a,0,1.5\n0,a,1,\n";
  const auto end = [](const std::string& text) {
    boost::crc_32_type checksum;
    checksum.process_bytes(text.data(), text.size());
    std::ostringstream out;
    write_samples_end(out, 2, "00ff", checksum.checksum());
    return out.str();
  };
  CHECK(mistake(lines + end(lines)) == "none");
  const std::string changed = "the file has been changed since it was written";
  for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{{"1.5", "-99"},
                                                                                 {"title", "other"},
                                                                                 {"x.json", "y.json"},
                                                                                 {"seed: 7", "seed: 8"},
                                                                                 {"a,1,", "a,1,2"}}) {
    std::string other = lines;
    other.replace(other.find(from), from.size(), to);
    CHECK_THAT(mistake(other + end(lines)), Catch::Contains(":9: " + changed));
  }
  // As of results.csv, or of a version that wrote no checksum.
  CHECK_THAT(mistake(lines + "# end: 2 rows of run 00ff\n"),
             Catch::Contains(":9: must be \"# end: N rows of run ID, crc32"));
  CHECK(contains(mistake(lines + "# end: 2 rows of run 00ff, crc32 \n"), ":9: must be a row, or"));
  const std::string results = "a\n1\n";
  CHECK(contains(mistake(header + results + "# end: 1 rows of run 00ff, crc32 0123abcd\n"), changed));
}

TEST_CASE("results: a zero byte is in no line, comments included") {
  const std::string lines = "a,b\n1,2\n", text = whole(1, lines);
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::string other = text;
    other.insert(at, 1, '\0');
    CAPTURE(at);
    CHECK(mistake(other) != "none");
  }
}

TEST_CASE("results: files of a run are known by their first lines, and their run by the last") {
  const TextFile done(whole(1, "a\n1\n")), cut(header + "a\n1\n"), other("a\n1\n"), none("");
  CHECK(written_by_run(done.path()));
  CHECK(written_by_run(cut.path()));
  CHECK_FALSE(written_by_run(other.path()));
  CHECK_FALSE(written_by_run(none.path()));
  CHECK(run_of(done.path()) == run_id("1", "0123456789abcdef", "a\n1\n"));
  CHECK_FALSE(run_of(cut.path()));
  CHECK_FALSE(run_of(none.path()));
  const std::string lines = "a\n" + std::string(10000, '1') + "\n";
  const TextFile long_one(whole(1, lines));
  CHECK(run_of(long_one.path()) == run_id("1", "0123456789abcdef", lines));
  CHECK(read_results(long_one.path()).rows.at(0).at(0).size() == 10000);
}

TEST_CASE("results: a column that has to be there is named") {
  const TextFile file(header + "a,b\n");
  const ResultsReader reader(file.path());
  CHECK(reader.column("b") == 1);
  CHECK_THROWS_WITH(reader.column("c"), file.path() + ": has no column \"c\"");
}
