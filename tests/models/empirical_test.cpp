// Measured times: how they are resampled, replayed and dealt, and every way a table can be wrong.
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <set>

#include "sim/run/campaign.h"
#include "sim/run/row.h"
#include "sim/run/runner.h"
#include "tests/models/support.h"
#include "tests/temporary_folder.h"

using namespace straggle;
using namespace straggle::testing;

namespace {

namespace fs = std::filesystem;

/// A folder of its own for a test, with a table in it.
class Folder {
 public:
  std::string path() const { return folder_.path.string(); }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_.path / name, std::ios::binary) << text;
  }
  /// The model of a table in the folder.
  std::shared_ptr<const ComputeModel> model(const std::string& table, const std::string& mode,
                                            std::size_t workers = 3, const std::string& fields = "") const {
    write("t.csv", table);
    return model_of(R"({"model": "empirical", "file": "t.csv", "draw": ")" + mode + "\"" + fields + "}",
                    workers, path());
  }
  /// What is wrong with it, without the folder's name.
  std::string mistake(const std::string& table, const std::string& fields = "",
                      std::size_t workers = 2) const {
    write("t.csv", table);
    std::string text =
        ComputeText(R"({"model": "empirical", "file": "t.csv")" + fields + "}", workers, path()).message();
    for (std::size_t at; (at = text.find(path() + "/")) != std::string::npos;)
      text.erase(at, path().size() + 1);
    return text;
  }

 private:
  TemporaryFolder folder_;
};

/// Machines a, b, c with the iterations 0, 1, 2; seconds are 10·machine + iteration.
const std::string three = R"(# measured on a Tuesday
machine,note,iteration,seconds
a,x,0,10

b,x,1,21
b,x,0,20
a,x,1,11
b,x,2,22
a,x,2,12
# c was slow
c,x,2,32
c,x,1,31
c,x,0,30
)";

}  // namespace

TEST_CASE("empirical: resampled, every row is as likely in every draw") {
  const Folder folder;
  const auto model = folder.model("seconds\n1\n2\n3\n4\n5\n", "resample");
  std::map<double, int> counts;
  constexpr int rounds = 1000, workers = 40;
  for (std::uint64_t trial = 0; trial < rounds; ++trial)
    for (const double x : draw(*model, {.seed = 1, .trial = trial}, workers)) ++counts[x];
  CHECK(counts.size() == 5);
  double chi_square = 0, biased = 0;
  for (const auto& [x, count] : counts) {
    const double expected = rounds * workers / 5.0;
    chi_square += std::pow(count - expected, 2) / expected;
    // Were the first row four percent likelier than it is.
    const double wrong = expected * (x == 1 ? 1.04 : 0.99);
    biased += std::pow(count - wrong, 2) / wrong;
  }
  CHECK(chi_square < 18.5);  // 4 degrees of freedom: exceeded by one seed in a thousand
  CHECK(biased > 18.5);
  check_independence(*model, [](double x) { return x; });
  check_draws(*model);
  CHECK_FALSE(model->law());
}

TEST_CASE("empirical: replayed, the workers are the machines in order, every trial alike") {
  const Folder folder;
  const auto model = folder.model(three, "replay");
  CHECK_FALSE(model->varies());
  for (const std::uint64_t trial : {0u, 7u}) {
    const auto at = [&](std::uint32_t iteration) {
      return draw(*model, {.seed = 1, .trial = trial, .iteration = iteration}, 3);
    };
    CHECK(at(0) == std::vector<double>{10, 20, 30});
    CHECK(at(1) == std::vector<double>{11, 21, 31});
    CHECK(at(2) == std::vector<double>{12, 22, 32});
    CHECK(at(3) == std::vector<double>{10, 20, 30});  // after the last round the first
  }
  check_draws(*model);
  // Without a column of iterations the lines are in order.
  const auto lines = folder.model("seconds,machine\n3,a\n1,a\n2,a\n", "replay", 1);
  for (std::uint32_t i = 0; i < 3; ++i)
    CHECK(draw(*lines, {.iteration = i}, 1)[0] == std::vector<double>{3, 1, 2}[i]);
}

TEST_CASE("empirical: a trial starts at a round drawn for it, the same for all machines, each as likely") {
  const Folder folder;
  const auto model = folder.model(three, "replay", 3, R"(, "start": "random")");
  CHECK(model->varies());
  std::map<double, int> counts;
  for (std::uint64_t trial = 0; trial < 3000; ++trial) {
    const auto first = draw(*model, {.seed = 1, .trial = trial}, 3);
    CHECK(first[1] == first[0] + 10);
    CHECK(first[2] == first[0] + 20);
    const auto next = draw(*model, {.seed = 1, .trial = trial, .iteration = 1}, 3);
    CHECK(next[0] == (first[0] == 12 ? 10 : first[0] + 1));
    ++counts[first[0]];
  }
  for (const double start : {10, 11, 12})  // four standard errors
    CHECK(std::abs(counts[start] - 1000) < 4 * std::sqrt(3000 * 2.0 / 9));
  CHECK_FALSE(folder.model(three, "machines", 3, R"(, "start": "first")")->notes(3).empty());
}

TEST_CASE("empirical: dealt, a trial gives the machines out in any order, all of them before any again") {
  const Folder folder;
  const auto model = folder.model(three, "machines", 8, R"(, "start": "first", "reuse": true)");
  std::map<std::vector<double>, int> orders;
  constexpr int trials = 6000;
  double meets = 0;
  for (std::uint64_t trial = 0; trial < trials; ++trial) {
    const auto first = draw(*model, {.seed = 1, .trial = trial}, 8);
    const auto second = draw(*model, {.seed = 1, .trial = trial, .iteration = 1}, 8);
    const auto machine = [](double seconds) { return static_cast<int>(seconds) / 10; };
    for (std::size_t w = 0; w < 8; ++w) {
      CHECK(machine(second[w]) == machine(first[w]));                     // it is kept
      CHECK(static_cast<int>(first[w]) % 10 == static_cast<int>(w) / 3);  // a copy is a round later
    }
    const auto round = [&](std::size_t from, std::size_t to) {
      return std::set<double>(first.begin() + static_cast<std::ptrdiff_t>(from),
                              first.begin() + static_cast<std::ptrdiff_t>(to));
    };
    CHECK(round(0, 3).size() == 3);
    CHECK(round(3, 6).size() == 3);
    CHECK(round(6, 8).size() == 2);
    ++orders[{first.begin(), first.begin() + 3}];
    if (machine(first[0]) == machine(first[3])) ++meets;
  }
  CHECK(orders.size() == 6);
  double chi_square = 0;
  for (const auto& [order, count] : orders) chi_square += std::pow(count - trials / 6.0, 2) / (trials / 6.0);
  CHECK(chi_square < 20.5);  // 5 degrees of freedom: exceeded by one seed in a thousand
  // The second round is dealt anew: four standard errors.
  CHECK(std::abs(meets / trials - 1.0 / 3) < 4 * std::sqrt(2.0 / 9 / trials));
  check_draws(*model);
}

TEST_CASE("empirical: rounds are matched by number, and a missing value is refused, infinite or left out") {
  const Folder folder;
  const std::string table = "machine,iteration,seconds\na,0,1\na,1,9\na,2,1\na,3,9\nb,0,1\nb,2,1\nb,3,9\n";
  const std::string replay = R"(, "draw": "replay")";
  CHECK_THAT(
      folder.mistake(table, replay),
      Catch::StartsWith("test#/compute/file: t.csv: a value is missing: machine b in iteration 1 (no row);"));
  constexpr double never = std::numeric_limits<double>::infinity();
  const auto silent = folder.model(table, "replay", 2, R"(, "missing": "no-answer")");
  CHECK(draw(*silent, {.iteration = 1}, 2) == std::vector<double>{9, never});
  CHECK(draw(*silent, {.iteration = 2}, 2) == std::vector<double>{1, 1});
  CHECK(draw(*silent, {.iteration = 3}, 2) == std::vector<double>{9, 9});
  const auto skipped = folder.model(table, "replay", 2, R"(, "missing": "skip-round")");
  CHECK(draw(*skipped, {.iteration = 1}, 2) == std::vector<double>{1, 1});
  CHECK(draw(*skipped, {.iteration = 2}, 2) == std::vector<double>{9, 9});
  CHECK(skipped->notes(3).front() == "t.csv: 1 of 4 measured rounds are left out, where a value is missing");
  // Machines that number other rounds have none in common.
  const std::string other = "machine,iteration,seconds\na,0,1\na,1,2\nb,7,1\nb,8,2\n";
  CHECK_THAT(folder.mistake(other, replay),
             Catch::Contains("4 values are missing: machine b in iteration 0"));
  CHECK_THAT(folder.mistake(other, replay + R"(, "missing": "skip-round")"),
             Catch::EndsWith("has no iteration in which every machine has a value"));
  for (const char* cell : {"", "NaN", "nan", "inf", "NA"}) {
    const std::string with_cell = std::string("machine,iteration,seconds\na,0,1\nb,0,") + cell + "\n";
    CHECK_THAT(folder.mistake(with_cell, replay), Catch::Contains("machine b in iteration 0 (line 3)"));
    CHECK_THAT(folder.mistake(with_cell), Catch::Contains("a value is missing: line 3;"));
  }
  CHECK_THAT(folder.mistake("machine,seconds\na,1\na,2\nb,1\n", replay),
             Catch::Contains("has 1 row of machine b, but 2 of machine a"));
  std::string many = "machine,iteration,seconds\na,0,1\nb,0,1\n";
  for (int i = 1; i <= 30; ++i) many += fmt::format("a,{},1\n", i);
  CHECK_THAT(folder.mistake(many, replay), Catch::Contains("iteration 20 (no row) and 10 more;"));
}

TEST_CASE("empirical: rounds are not taken by their order because of how their column is spelled") {
  const Folder folder;
  const std::string replay = R"(, "draw": "replay")", wide = replay + R"(, "machines": "columns")";
  for (const char* name : {"Iteration", "ITERATION", "iterations"}) {
    const std::string named = std::string("\"columns\": {\"iteration\": \"") + name + "\"}";
    const std::string table = std::string("machine,") + name + ",seconds\na,1,1\na,0,3\nb,0,2\nb,1,10\n";
    CHECK_THAT(folder.mistake(table, replay),
               Catch::Contains(std::string("t.csv:1: column 2 is called \"") + name + "\"") &&
                   Catch::Contains(named));
    CHECK(folder.mistake(table, replay + ", " + named) == "");
  }
  for (const char* name : {"Iteration", "step", "Round", "epochs", "iter"}) {
    const std::string table = std::string(name) + ",a,b\n500,1.5,2.25\n501,4.5,3.75\n";
    CHECK_THAT(folder.mistake(table, wide),
               Catch::Contains(std::string("t.csv:1: column 1 is called \"") + name + "\""));
  }
  // Another column may be anything: rounds are then in the order of the rows, and the notes say so.
  const auto model = folder.model("machine,step,seconds\na,1,1\na,0,3\nb,0,2\nb,1,10\n", "replay", 2);
  CHECK_THAT(model->notes(2).front(), Catch::Contains("matched by the order of their rows"));
}

TEST_CASE("empirical: the notes say which machines and rounds are used") {
  const Folder folder;
  const auto notes = [&](std::size_t workers, std::size_t draws, const std::string& fields = "") {
    std::string text;
    for (const std::string& note : folder.model(three, "replay", workers, fields)->notes(draws))
      text += note + "\n";
    return text;
  };
  CHECK(notes(3, 3) ==
        "t.csv: every trial replays the same 3 rounds; for the error of having measured only so many, see "
        "\"bootstrap\"\n");
  CHECK(notes(3, 2) ==
        "t.csv: every trial replays the first 2 of 3 rounds; \"start\": \"random\" begins at any of them\n");
  CHECK_THAT(notes(3, 1), Catch::Contains("the first one of 3 rounds"));
  CHECK_THAT(notes(2, 3), Catch::StartsWith("t.csv: of 3 machines only the first 2 are used"));
  CHECK_THAT(notes(3, 2, R"(, "start": "random")"),
             Catch::Contains("± is the error of simulating this table"));
  CHECK_THAT(folder.model(three, "machines", 2)->notes(1).front(),
             Catch::EndsWith("every trial deals 2 of 3 machines to the workers"));
  // Under "redraw": "trial" a trial draws once, however many iterations it has.
  Compute compute;
  compute.model = folder.model(three, "replay", 3);
  compute.redraw_each_iteration = false;
  CHECK_THAT(compute.notes(3).front(), Catch::Contains("the first one of 3 rounds"));
}

TEST_CASE("empirical: one column cannot be two things") {
  const Folder folder;
  const std::string table = "machine,iteration,seconds,begin\na,0,1,0\nb,0,2,0\n";
  for (const auto& [columns, what] :
       {std::pair(R"("start": "begin", "end": "begin")", "column 4 is taken as \"start\" and as \"end\""),
        {R"("seconds": "iteration")", "column 2 is taken as \"iteration\" and as \"seconds\""},
        {R"("machine": "seconds")", "column 3 is taken as \"machine\" and as \"seconds\""}})
    CHECK_THAT(folder.mistake(table, R"(, "draw": "replay", "columns": {)" + std::string(columns) + "}"),
               Catch::Contains(std::string("t.csv:1: ") + what));
  CHECK_THAT(folder.mistake(
                 table, R"(, "draw": "replay", "transfer": "column", "columns": {"transfer": "seconds"})"),
             Catch::Contains("t.csv:1: column 3 is taken as \"seconds\" and as \"transfer\""));
}

TEST_CASE("empirical: times that cannot be calculated with are refused where they stand") {
  const Folder folder;
  for (const char* cell :
       {"1e308", "1e76", "1e-76", "1e400", "1e-400", "-1", "-inf", "1,5", "0x1p3", "1 s"}) {
    CAPTURE(cell);
    CHECK_THAT(folder.mistake("machine\tseconds\na\t1\nb\t" + std::string(cell) + "\n"),
               Catch::Contains("t.csv:3: column 2 must be 0 or a number that comes to 1e-75 to 1e+75 s"));
  }
  CHECK_THAT(folder.mistake("seconds\n1,5\n"), Catch::Contains("t.csv:2: has 2 values for 1 column"));
  CHECK_THAT(folder.mistake("x\tseconds\na\t1,5\n"), Catch::EndsWith("only where semicolons separate"));
  CHECK_THAT(folder.mistake("b,e\n-1.7e308,1.7e308\n", R"(, "columns": {"start": "b", "end": "e"})"),
             Catch::Contains("t.csv:2: column 2 must be 0 or a number"));
  CHECK_THAT(folder.mistake("machine,seconds,transfer\na,1,1e300\nb,1,1\n",
                            R"(, "draw": "replay", "transfer": "column")"),
             Catch::Contains("t.csv:2: column 3 must be 0 or a number"));
  for (const char* round : {"9007199254740993.0", "1e18", "100000000000000000000", "-1", "1.5", "x"}) {
    CAPTURE(round);
    CHECK_THAT(folder.mistake("machine,iteration,seconds\na," + std::string(round) + ",1\n"),
               Catch::Contains("t.csv:2: column 2 must be the number of an iteration, a whole number"));
  }
  CHECK(folder.mistake("machine,iteration,seconds\na,18446744073709551615,1\nb,1e3,1\n") == "");
}

TEST_CASE("empirical: trials that are made of the same rounds have no standard error, in whatever order") {
  const Folder folder;
  folder.write("t.csv", three);
  const auto row_of = [&](const std::string& draw, int workers, int iterations) {
    const std::string text = fmt::format(
        R"({{"trials": 50, "iterations": {}, "workers": {}, "verify": {{"trials": 0}},
            "compute": {{"model": "empirical", "file": "t.csv", {}}}, "schemes": [{{"scheme": "uncoded"}}]}})",
        iterations, workers, draw);
    const Experiment experiment = read_experiment(parse_json(text, "test"), folder.path() + "/test.json");
    const Point& point = experiment.points[0];
    return make_row(point, 0, std::move(run_trials(point, 0, point.trials, 1)[0]));
  };
  for (const Row& row : {row_of(R"("draw": "replay", "start": "random")", 3, 6),
                         row_of(R"("draw": "machines")", 3, 3), row_of(R"("draw": "replay")", 3, 2)}) {
    CHECK_FALSE(row.varies);
    CHECK(std::isnan(row[Tally::time].std_error));
    CHECK(std::isnan(row[Tally::messages].std_error));
    CHECK(std::isfinite(row[Tally::time].mean));
  }
  const Row row = row_of(R"("draw": "replay", "start": "random")", 3, 2);
  CHECK(row.varies);
  CHECK(row[Tally::time].std_error > 0);
}

TEST_CASE("empirical: fewer machines than workers are refused, or used at different rounds") {
  const Folder folder;
  const std::string table = "machine,iteration,seconds\na,0,1\nb,0,5\n";
  for (const char* mode : {"replay", "machines"}) {
    const std::string fields = std::string(R"(, "draw": ")") + mode + "\"";
    CHECK_THAT(folder.mistake(table, fields, 8), Catch::Contains("2 machines for 8 workers"));
    CHECK_THAT(folder.mistake(table, fields + R"(, "reuse": true)", 8),
               Catch::Contains("/compute/reuse: cannot be"));
  }
  CHECK(folder.mistake(table, "", 8) == "");  // resampled
  const auto model = folder.model(three, "replay", 7, R"(, "reuse": true)");
  CHECK(draw(*model, {}, 7) == std::vector<double>{10, 20, 30, 11, 21, 31, 12});
  CHECK_THAT(model->notes(3).front(),
             Catch::StartsWith("t.csv: 3 machines for 7 workers: each is used up to 3 times"));
}

TEST_CASE("empirical: tables as people have them are read as they are meant") {
  const Folder folder;
  const auto rounds = [&](const std::string& table, const std::string& fields) {
    const auto model = folder.model(table, "replay", 2, fields);
    std::vector<double> result = draw(*model, {}, 2);
    for (const double x : draw(*model, {.iteration = 1}, 2)) result.push_back(x);
    return result;
  };
  const std::vector<double> expected = {1.5, 2, 0, 4};
  CHECK(
      rounds(
          "step\tworker\tduration\n0\ta\t1500\n0\tb\t2000\n1\ta\t0\n1\tb\t4e3\n",
          R"(, "unit": "ms", "columns": {"seconds": "duration", "machine": "worker", "iteration": "step"})") ==
      expected);
  CHECK(rounds("machine;seconds\n\"a;\n1\";1,5\nb;2\n\"a;\n1\";0\nb;4,0\n", "") == expected);
  CHECK(rounds("iteration,m1,m2\n1.0,0,4\n0.0,1.5,2\n", R"(, "machines": "columns")") == expected);
  CHECK(rounds(",m1,m2\n0,1.5,2\n1,0,4\n", R"(, "machines": "columns", "columns": {"iteration": ""})") ==
        expected);
  CHECK(rounds("machine,iteration,begin,finish\na,0,1700000000000000001,1700000001500000001\n"
               "b,0,1700000000000000000,1700000002000000000\na,1,7,7\nb,1,0,4e9\n",
               R"(, "unit": "ns", "columns": {"start": "begin", "end": "finish"})") == expected);
  const std::string stamps = R"(, "columns": {"start": "b", "end": "e"})";
  // Dates: over midnight, into a leap day, between zones, with as many decimals as anybody writes.
  CHECK(rounds("machine,iteration,b,e\na,0,2024-02-28 23:59:59,2024-02-29 00:00:00.5\n"
               "b,0,2024-12-31T23:59:58.000000000,2025-01-01T00:00:00.000000000000000000000\n"
               "a,1,2025-01-01T00:00:00,2025-01-01T00:00:00\nb,1,1969-12-31T23:59:58,1970-01-01T00:00:02\n",
               stamps) == expected);
  CHECK(rounds("machine,iteration,b,e\na,0,2024-06-01T12:00:00.25+02:00,2024-06-01T10:00:01.75Z\n"
               "b,0,2024-06-01T05:29:59-0430,2024-06-01T10:00:01Z\na,1,2024-06-01T12:00:00+02,"
               "2024-06-01T10:00:00z\nb,1,2024-06-01T00:00:00Z,2024-06-01T00:00:04Z\n",
               stamps) == expected);
  for (const char* wrong :
       {"2023-02-29T00:00:00", "2024-01-01", "2024-01-01T24:00:00", "2024-01-01T00:00:00.",
        "2024-01-01T00:00:00+", "2024-1-1T00:00:00", "2024-01-01T00:00:00 CET"}) {
    CAPTURE(wrong);
    CHECK_THAT(
        folder.mistake(std::string("b,e\n") + wrong + ",1\n", stamps),
        Catch::Contains("t.csv:2: column 1 must be a time: a number counted from some instant, or a date"));
  }
  CHECK_THAT(
      folder.mistake("b,e\n2024-01-01T00:00:00,2024-01-01T00:00:01Z\n", stamps),
      Catch::EndsWith("t.csv:2: column 2 is a date and time of day in a time zone, but line 2 has a date and "
                      "time of day without a time zone"));
  CHECK_THAT(folder.mistake("seconds;machine\n1,5;a\n1.5;a\n"),
             Catch::EndsWith("t.csv:3: has decimals with a point, but line 2 has them with a comma"));
  CHECK_THAT(folder.mistake("b,e\n2,1\n", R"(, "columns": {"start": "b", "end": "e"})"),
             Catch::EndsWith("t.csv:2: column 2 must not be before the start, in column 1"));
  CHECK_THAT(folder.mistake("seconds\n1\n", R"(, "columns": {"start": "b"})"),
             Catch::Contains("/compute/columns/end: is missing"));
  // Files that are no tables, by what they are.
  using namespace std::string_literals;
  for (const auto& [head, what] : {std::pair("\xff\xfes\0"s, "UTF-16"),
                                   {"s\0e\0c\0o\0n\0d\0"s, "UTF-16"},
                                   {"PAR1\x15"s, "Parquet"},
                                   {"\x80\x04\x95"s, "pickle"},
                                   {"version https://git-lfs.github.com/spec/v1\n"s, "Git LFS"},
                                   {"<!DOCTYPE html>"s, "HTML"},
                                   {"\x01\x02\x03"s, "binary"}})
    CHECK_THAT(folder.mistake(head), Catch::Contains(what));
  CHECK_THAT(folder.mistake("machine|seconds\na|1\n"),
             Catch::Contains("with commas, semicolons or tabs between them, but there is one only"));
  // What is wrong with the configuration is not held against the table.
  CHECK_THAT(folder.mistake("seconds\n1\n", R"(, "columns": {"seconds": 3})"), !Catch::Contains("t.csv"));
}

TEST_CASE("empirical: a table that gzip has packed is read, and a damaged one is refused") {
  const Folder folder;
  folder.write("t.csv", "machine,seconds\na,1\nb,2\n");
  REQUIRE(std::system(("gzip -kf " + folder.path() + "/t.csv").c_str()) == 0);
  const auto read = [&] {
    return ComputeText(R"({"model": "empirical", "file": "t.csv.gz", "draw": "replay"})", 2, folder.path());
  };
  const ComputeText whole = read();
  REQUIRE(whole.message() == "");
  CHECK(draw(*whole.compute.model, {}, 2) == std::vector<double>{1, 2});
  const auto packed = fs::path(folder.path()) / "t.csv.gz";
  const auto append = [&](const std::string& bytes) { std::ofstream(packed, std::ios::app) << bytes; };
  append(std::string(512, '\0'));
  CHECK(read().message() == "");
  append("\n");
  CHECK_THAT(read().message(),
             Catch::EndsWith("has more behind what gzip has packed, and that is not packed"));
  fs::resize_file(packed, fs::file_size(packed) - 513);
  fs::resize_file(packed, fs::file_size(packed) - 6);
  CHECK_THAT(read().message(),
             Catch::EndsWith("ends in the middle: it was packed by gzip and has been cut off"));
}

TEST_CASE("empirical: measured transfers are those of the row that gives the worker's time") {
  const Folder folder;
  const std::string table =
      "machine,iteration,seconds,messages\na,0,1,0.5\nb,0,2,0.25\na,1,3,0.125\nb,1,4,1\n";
  for (const char* mode : {"resample", "replay", "machines"}) {
    const auto model = folder.model(table, mode, 2, R"(, "transfer": "column")");
    const std::map<double, double> of_row = {{1, 0.5}, {2, 0.25}, {3, 0.125}, {4, 1}};
    for (std::uint64_t trial = 0; trial < 20; ++trial) {
      const DrawAddress address{.seed = 1, .trial = trial, .iteration = 1};
      std::vector<double> seconds(2);
      REQUIRE(model->transfer(address, seconds));
      const auto x = draw(*model, address, 2);
      for (std::size_t w = 0; w < 2; ++w) CHECK(seconds[w] == of_row.at(x[w]));
    }
  }
  std::vector<double> none(2);
  CHECK_FALSE(folder.model(table, "replay", 2)->transfer({}, none));
}

TEST_CASE(
    "empirical: measured transfers hold the master's port, on serial links and for one message a worker") {
  const Folder folder;
  folder.write("t.csv", "machine,seconds,transfer\na,1,0.5\nb,1.2,2\n");
  const auto read = [&](const std::string& rest) {
    return read_experiment(
        parse_json(R"({"workers": 2, "trials": 1, "compute": {"model": "empirical", "file": "t.csv",
                                          "draw": "replay", "transfer": "column"}, )" +
                       rest + "}",
                   "test"),
        folder.path() + "/c.json");
  };
  const std::string serial = R"("network": {"model": "serial", "latency": 0.1}, )";
  const Experiment experiment = read(serial + R"("schemes": [{"scheme": "uncoded"}])");
  TrialRunner runner(experiment.points[0]);
  runner.draw(0, 0);
  // b's message reaches the port at 1.3, while a's is served from 1.1 to 1.6.
  CHECK(runner.run(0)[Tally::time] == Approx(3.6).epsilon(1e-15));
  CHECK_THROWS_WITH(read(R"("schemes": [{"scheme": "uncoded"}])"),
                    Catch::Contains("#/compute/transfer: needs \"network\": {\"model\": \"serial\"}"));
  CHECK_THROWS_WITH(
      read(serial + R"("schemes": [{"scheme": "uc-mmc", "load": 2, "label": "two"}])"),
      Catch::Contains("#/compute/transfer: was measured for one message a worker to the master, which "
                      "\"two\" does not send"));
}

TEST_CASE("empirical: the spread of block bootstraps is that of their closed form") {
  const Folder folder;
  // An autoregressive series, so that rounds remember the one before.
  constexpr std::size_t rounds = 24;
  std::vector<double> x;
  std::string table = "machine,iteration,seconds\n";
  double state = 0;
  for (std::size_t r = 0; r < rounds; ++r) {
    state = 0.8 * state + std::sin(12.9898 * static_cast<double>(r + 1));
    x.push_back(10 + state);
    table += fmt::format("a,{},{}\n", r, x.back());
  }
  double mean = 0;
  for (const double value : x) mean += value / rounds;
  for (const std::size_t block : {1u, 6u}) {
    const auto model = folder.model(table, "replay", 1, fmt::format(", \"bootstrap\": {}", block));
    CHECK(model->replicate() == rounds);
    // rounds/block blocks, each from any round with the same chance: the variance of their mean.
    double variance = 0;
    for (std::size_t start = 0; start < rounds; ++start) {
      double sum = 0;
      for (std::size_t i = 0; i < block; ++i) sum += x[(start + i) % rounds] / static_cast<double>(block);
      variance += std::pow(sum - mean, 2) / rounds;
    }
    variance /= static_cast<double>(rounds / block);
    constexpr int trials = 4000;
    double found = 0, centre = 0;
    for (std::uint64_t trial = 0; trial < trials; ++trial) {
      double of_trial = 0;
      for (std::uint32_t i = 0; i < rounds; ++i)
        of_trial += draw(*model, {.seed = 1, .trial = trial, .iteration = i}, 1)[0] / rounds;
      centre += of_trial / trials;
      found += std::pow(of_trial - mean, 2) / trials;
    }
    CHECK(std::abs(centre - mean) < 4 * std::sqrt(variance / trials));
    // The relative standard error of a variance is √(2/trials) for normal numbers; four of them.
    CHECK(found == Approx(variance).epsilon(4 * std::sqrt(2.0 / trials)));
  }
  CHECK_THAT(folder.mistake(three, R"(, "draw": "replay", "bootstrap": 2)"),
             Catch::Contains("/compute/bootstrap: must be at most 1, half of the 3 rounds measured"));
  CHECK_THAT(folder.mistake("machine,seconds\na,1\nb,2\n", R"(, "draw": "replay", "bootstrap": 1)"),
             Catch::Contains("/compute/bootstrap: needs at least two measured rounds"));
  CHECK_THAT(folder.model(table, "replay", 1, R"(, "bootstrap": 3)")->notes(rounds).back(),
             Catch::Contains("24 rounds have fewer than 10 blocks of 3"));
  CHECK_THAT(folder.mistake(three, R"(, "draw": "replay", "bootstrap": 1, "start": "first")"),
             Catch::Contains("/compute/start: belongs to"));
  CHECK_THAT(folder.mistake(three, R"(, "reuse": true)"), Catch::Contains("/compute/reuse: belongs to"));
}

TEST_CASE("empirical: a class has its own first machine and deals among its own workers") {
  const Folder folder;
  folder.write("t.csv", three);
  const auto fleet = [&](const std::string& mode) {
    return model_of(R"({"model": "classes", "classes": [
      {"name": "a", "workers": 4, "model": "constant", "time": 1},
      {"name": "b", "workers": "rest", "model": "empirical", "file": "t.csv", "draw": ")" +
                        mode + "\"}]}",
                    7, folder.path());
  };
  CHECK(draw(*fleet("replay"), {}, 7) == std::vector<double>{1, 1, 1, 1, 10, 20, 30});
  for (std::uint64_t trial = 0; trial < 50; ++trial) {
    const auto x = draw(*fleet("machines"), {.seed = 1, .trial = trial}, 7);
    const double round = x[4] - 10 * std::floor(x[4] / 10);
    CHECK(std::set<double>(x.begin() + 4, x.end()) == std::set<double>{10 + round, 20 + round, 30 + round});
  }
}

TEST_CASE("empirical: the table may have spaces, quotes, other columns, DOS lines and no last newline") {
  const Folder folder;
  const auto model = folder.model(
      "\xef\xbb\xbf# a mark before the comment\r\n \"machine\" , \"seconds\" ,other\r\n"
      "\r\n\"m 1\", 1.5e-3 ,anything\r\n m 2 ,\t2,\r\nm 1,3,\r\nm 2,4,",
      "replay", 2);
  CHECK(draw(*model, {}, 2) == std::vector<double>{1.5e-3, 2});
  CHECK(draw(*model, {.iteration = 1}, 2) == std::vector<double>{3, 4});
}

TEST_CASE("empirical: a file is named from the configuration's folder or from the root") {
  const Folder folder;
  folder.write("t.csv", "seconds\n1\n");
  const auto read = [&](const std::string& file, const std::string& from) {
    return ComputeText(R"({"model": "empirical", "file": ")" + file + "\"}", 4, from);
  };
  CHECK(read("t.csv", folder.path()).message() == "");
  CHECK(read(folder.path() + "/t.csv", "/").message() == "");
  CHECK(read("t.csv", folder.path()).config["compute"]["draw"] == "resample");
  CHECK(read("u.csv", folder.path()).message() ==
        "test#/compute/file: " + folder.path() +
            "/u.csv: cannot be opened for reading: no such file or directory");
  CHECK_THAT(read(".", folder.path()).message(), Catch::EndsWith("is a folder, not a table of seconds"));
  CHECK(read("", folder.path()).message() == "test#/compute/file: must name a table of measured seconds");
  CHECK_THAT(ComputeText(R"({"model": "empirical"})").message(),
             Catch::StartsWith("test#/compute/file: is missing"));
  CHECK_THAT(ComputeText(R"({"model": "empirical", "file": 3})").message(),
             Catch::Equals("test#/compute/file: must be a text in quotes, but is 3"));
}

TEST_CASE("empirical: a changed file is read again") {
  const Folder folder;
  const auto before = folder.model("seconds\n1\n", "resample");
  const auto after = folder.model("seconds\n25\n", "resample");
  CHECK(draw(*before, {}, 1)[0] == 1);
  CHECK(draw(*after, {}, 1)[0] == 25);
}

TEST_CASE("empirical: every mistake in a table is told with its line") {
  const Folder folder;
  const std::string at = "test#/compute/file: t.csv";
  for (const char* nothing : {"", "# nothing\n\n"})
    CHECK(folder.mistake(nothing) == at + ": is empty; its first row must name its columns");
  CHECK(folder.mistake("seconds\n# nothing\n") == at + ": has no rows below its header");
  CHECK_THAT(
      folder.mistake("# c\n0.5\n0.6\n"),
      Catch::StartsWith(
          at +
          ":2: must name the columns, with commas, semicolons or tabs between them, but there is one only"));
  CHECK_THAT(folder.mistake("machine;second\na;1\n"),
             Catch::Contains("among the 2 (with semicolons between them)"));
  CHECK(folder.mistake("seconds,seconds\n1,2\n") == at + ":1: names column \"seconds\" twice");
  CHECK(folder.mistake("seconds,machine\n1,a\n2\n") ==
        at + ":3: has 1 value for 2 columns (commas between them)");
  CHECK(folder.mistake("seconds\n1\n\n1,5\n") == at + ":4: has 2 values for 1 column (commas between them)");
  // What a table says is never shown.
  for (const char* wrong : {"fast", "1s", "0x1", "1e999", "-1", "-inf"})
    CHECK(folder.mistake(std::string("seconds\n1\n") + wrong + "\n") ==
          at + ":3: column 1 must be 0 or a number that comes to 1e-75 to 1e+75 s");
  for (const char* wrong : {"-1", "1.5", "x", ""})
    CHECK(folder.mistake(std::string("seconds,iteration\n1,") + wrong + "\n") ==
          at + ":2: column 2 must be the number of an iteration, a whole number from 0 to "
               "18446744073709551615, or "
               "below 2^53 with a point or an exponent");
  CHECK(folder.mistake("seconds,machine\n1,\n") == at + ":2: column 2 must name the machine, but is empty");
  CHECK(folder.mistake("seconds,machine,iteration\n1,a,4\n1,b,4\n1,a,4\n") ==
        at + ":4: gives iteration 4 of machine a again, after line 2");
  CHECK(folder.mistake("seconds\n\"1\n") == at + ":2: has a quotation mark that is never closed");
  CHECK_THAT(folder.mistake("seconds\n" + std::string(20'000'000, '1')),
             Catch::Contains("is longer than the"));
}

TEST_CASE("empirical: a replay needs machines, and one value an iteration") {
  const Folder folder;
  for (const char* mode : {"replay", "machines"}) {
    CHECK(folder.mistake("seconds\n1\n", std::string(R"(, "draw": ")") + mode + "\"") ==
          "test#/compute/draw: must be \"resample\": the file has no column of machines");
    CHECK_THAT(folder.mistake(three, std::string(R"(, "scaling": "additive", "draw": ")") + mode + "\""),
               Catch::StartsWith("test#/compute/draw: must be \"resample\" under \"scaling\": \"additive\""));
  }
  CHECK(folder.mistake(three, R"(, "scaling": "additive")") == "");
  CHECK_THAT(folder.mistake(three, R"(, "draw": "shuffle")"),
             Catch::StartsWith("test#/compute/draw: is \"shuffle\", but must be"));
}
