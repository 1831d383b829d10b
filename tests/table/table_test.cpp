// Rows as a table, as CSV and as JSON: what a reader is told, and what not; expectations on slopes.
#include "sim/table/results_csv.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <sstream>
#include <tuple>

#include "sim/run/units.h"
#include "sim/run/verdict.h"
#include "sim/table/places.h"
#include "sim/table/ranking.h"
#include "sim/table/table.h"
#include "tests/schemes/support.h"

using namespace straggle;
using namespace straggle::testing;

namespace {

Experiment experiment_of(const std::string& text) {
  return read_experiment(parse_json(text, "test"), "test");
}

std::vector<Row> rows_of(const Experiment& experiment) {
  std::vector<Row> rows;
  for (const Point& point : experiment.points) {
    auto results = run_trials(point, 0, point.trials, 1);
    for (std::size_t s = 0; s < results.size(); ++s)
      rows.push_back(make_row(point, s, std::move(results[s])));
  }
  return rows;
}

/// The cells of a line without quotes.
std::vector<std::string> cells(const std::string& line) {
  std::vector<std::string> result(1);
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') quoted = !quoted;
    if (c == ',' && !quoted) {
      result.emplace_back();
    } else if (c != '"') {
      result.back() += c;
    }
  }
  return result;
}

/// The columns of a row as results.csv has them.
std::vector<std::pair<std::string, std::string>> csv(const Experiment& experiment, const Row& row) {
  std::ostringstream header, line;
  write_csv_header(header, experiment, {.command = "test", .version = "0"});
  write_csv_row(line, experiment, row);
  const std::string text = header.str().substr(0, header.str().size() - 1);
  const auto names = cells(text.substr(text.rfind('\n') + 1));
  const auto values = cells(line.str().substr(0, line.str().size() - 1));
  REQUIRE(names.size() == values.size());
  std::vector<std::pair<std::string, std::string>> result;
  for (std::size_t i = 0; i < names.size(); ++i) result.emplace_back(names[i], values[i]);
  return result;
}

std::string column(const std::vector<std::pair<std::string, std::string>>& row, const std::string& name) {
  for (const auto& [key, value] : row)
    if (key == name) return value;
  FAIL("there is no column " << name);
  return "";
}

const std::string compute = R"("compute": {"model": "shifted-exponential", "shift": 0.01, "rate": 10})";

}  // namespace

TEST_CASE("report: an expectation, bounds and an asymptotic band read differently") {
  const Experiment experiment =
      experiment_of(R"({"workers": 6, "trials": 50, "gradient": {"bytes": 10}, )" + compute + R"(,
    "network": {"model": "serial", "bandwidth": 1000}, "verify": {"trials": 0}, "schemes": [{"scheme": "rar"}, {"scheme": "uncoded"},
    {"scheme": "coded-reduce", "tree": {"arity": 2, "depth": 2}, "stragglers": 1}, {"scheme": "uc-mmc", "load": 2}]})");
  const std::vector<Row> rows = rows_of(experiment);
  CHECK(column(csv(experiment, rows[0]), "theory") == "exact");
  CHECK(column(csv(experiment, rows[0]), "theory_time_low") ==
        column(csv(experiment, rows[0]), "theory_time_high"));
  CHECK_FALSE(column(csv(experiment, rows[0]), "theory_time_z").empty());
  CHECK(column(csv(experiment, rows[1]), "theory") == "bounds");
  CHECK(column(csv(experiment, rows[1]), "theory_time_z") == "0");
  CHECK(column(csv(experiment, rows[2]), "theory") == "asymptotic");
  CHECK(column(csv(experiment, rows[2]), "theory_time_z").empty());
  for (const char* name :
       {"theory", "theory_time_low", "theory_time_high", "theory_time_z", "theory_messages"})
    CHECK(column(csv(experiment, rows[3]), name).empty());
  const std::string table = to_table(experiment, rows, 1000);
  CHECK(table.find("~ 0.") != std::string::npos);
  CHECK(table.find(" .. ") != std::string::npos);
}

TEST_CASE("report: bytes are counted where the size of a gradient is known, messages always") {
  const std::string head = R"({"workers": 6, "trials": 5, )" + compute + R"(, "verify": {"trials": 0}, )";
  const Experiment with =
      experiment_of(head + R"("gradient": {"dimension": 2}, "schemes": [{"scheme": "rar"}]})");
  const auto row = csv(with, rows_of(with)[0]);
  CHECK(column(row, "messages_in_all_mean") == "60");
  CHECK(std::stod(column(row, "bytes_in_all_mean")) == Approx(60 * 16 / 6.0));
  CHECK(std::stod(column(row, "bytes_into_busiest_mean")) == Approx(10 * 16 / 6.0));
  CHECK(to_table(with, rows_of(with), 1000).find("26.67 B") != std::string::npos);
  const Experiment without = experiment_of(head + R"("schemes": [{"scheme": "rar"}]})");
  CHECK(column(csv(without, rows_of(without)[0]), "bytes_in_all_mean").empty());
  CHECK(to_table(without, rows_of(without), 1000).find("bytes") == std::string::npos);
  CHECK(column(csv(without, rows_of(without)[0]), "messages_in_all_mean") == "60");
}

TEST_CASE(
    "report: incomplete trials have a column and a sentence, and leave no number behind where all are") {
  const Experiment experiment = experiment_of(
      R"({"workers": 4, "trials": 20, "verify": {"trials": 0}, "compute": {"model": "constant", "time": 1, "failure": {"workers": [2]}},
          "schemes": [{"scheme": "ignore-stragglers", "stragglers": 1}, {"scheme": "uncoded"}]})");
  const std::vector<Row> rows = rows_of(experiment);
  CHECK(column(csv(experiment, rows[0]), "incomplete") == "0");
  CHECK(column(csv(experiment, rows[0]), "recovered") == "0.75");
  CHECK(column(csv(experiment, rows[0]), "time_mean") == "1");
  CHECK(column(csv(experiment, rows[1]), "incomplete") == "20");
  for (const char* name : {"time_mean", "time_p99", "time_max", "messages_mean", "speedup_mean"})
    CHECK(column(csv(experiment, rows[1]), name).empty());
  const std::string table = to_table(experiment, rows, 1000);
  CHECK(table.find("20 of 20") != std::string::npos);
  CHECK(table.find("approximate: 75 %") != std::string::npos);
  CHECK(table.find("trial 0: 1 of the 4 useful messages never came (1 worker never answered)") !=
        std::string::npos);
  // All are answered: no column, no sentence.
  const Experiment fine =
      experiment_of(R"({"workers": 4, "trials": 2, )" + compute + R"(, "schemes": [{"scheme": "uncoded"}]})");
  CHECK(to_table(fine, rows_of(fine), 1000).find("incomplete") == std::string::npos);
}

TEST_CASE("report: one trial has a mean and no spread, and no distance from theory") {
  const Experiment experiment =
      experiment_of(R"({"workers": 4, "trials": 1, )" + compute + R"(, "schemes": [{"scheme": "uncoded"}]})");
  const auto row = csv(experiment, rows_of(experiment)[0]);
  CHECK_FALSE(column(row, "time_mean").empty());
  CHECK(column(row, "time_std_error").empty());
  CHECK(column(row, "speedup_std_error").empty());
  CHECK(column(row, "theory_time_z").empty());
  CHECK(to_table(experiment, rows_of(experiment), 1000).find("inf") == std::string::npos);
}

TEST_CASE("report: the table's ± is half of a 95 % interval, and says so") {
  const Experiment experiment = experiment_of(R"({"workers": 4, "trials": 8, "verify": {"trials": 0}, )" +
                                              compute + R"(, "schemes": [{"scheme": "uncoded"}]})");
  const std::vector<Row> rows = rows_of(experiment);
  const std::string table = to_table(experiment, rows, 1000);
  const double half = 2.3646 * rows[0][Tally::time].std_error;  // t_0.975 of 7 degrees of freedom
  const std::size_t at = table.find(" ± ");
  REQUIRE(at != std::string::npos);
  CHECK(std::stod(table.substr(at + 4)) == Approx(half).epsilon(0.06));  // two digits
  CHECK(table.find("± is half of the 95 % confidence interval") != std::string::npos);
}

TEST_CASE("report: where every trial counts the same there is no z, unless theory rules it out") {
  const Experiment experiment = experiment_of(R"({"workers": 4, "trials": 300, "verify": {"trials": 0}, )" +
                                              compute + R"(, "schemes": [{"scheme": "uncoded"}]})");
  std::vector<Row> rows = rows_of(experiment);
  CHECK(column(csv(experiment, rows[0]), "messages_mean") == "4");
  CHECK(column(csv(experiment, rows[0]), "messages_std_error") == "0");
  CHECK(std::stod(column(csv(experiment, rows[0]), "theory_messages")) == Approx(4));
  CHECK(column(csv(experiment, rows[0]), "theory_messages_z").empty());
  CHECK(to_table(experiment, rows, 1000).find("inf") == std::string::npos);
}

TEST_CASE("report: one trial meets no expectation of something that varies, however near theory") {
  const auto verdict = [](const std::string& rest) {
    const Experiment experiment = experiment_of(
        R"({"workers": 2, "trials": 1, "verify": {"trials": 0}, )" + compute +
        R"(, "schemes": [{"scheme": "uncoded"}], "expect": [{"scheme": "uncoded", "metric": "time", )" +
        rest + R"(, "source": "test"}]})");
    return judge(experiment.expected[0], experiment, rows_of(experiment));
  };
  for (const char* value : {"0.16", "0.2", "1.5"}) {
    const Verdict alone = verdict(std::string("\"value\": ") + value);
    CHECK_FALSE(alone.pass);
    CHECK_THAT(alone.trouble, Catch::Contains("one trial"));
  }
  CHECK(verdict("\"value\": 0.2, \"within\": 1000").pass);
}

TEST_CASE("report: what has not happened in any trial is no distance of the time from theory") {
  // Both workers slow at once, one trial in ten thousand: none of these.
  const Experiment experiment = experiment_of(
      R"({"workers": 2, "trials": 100, "verify": {"trials": 0},
          "compute": {"model": "bimodal", "share": 0.01, "slowdown": 10,
                      "base": {"model": "shifted-exponential", "shift": 1e13, "rate": 1e12}},
          "schemes": [{"scheme": "gc", "load": 2}]})");
  const std::vector<Row> rows = rows_of(experiment);
  REQUIRE(rows[0].min == rows[0].max);
  CHECK(std::isnan(rows[0].theory_time_z));
}

TEST_CASE("half a unit of the last digit of a number as it is written") {
  const auto half = [](const char* text) { return half_unit_of(Json::parse(text)); };
  CHECK(half("40") == Approx(0.5));
  CHECK(half("-40") == Approx(0.5));
  CHECK(half("0") == Approx(0.5));
  CHECK(half("40.0") == Approx(0.05));
  CHECK(half("1.25") == Approx(0.005));
  CHECK(half("1.5e-7") == Approx(0.5e-8));
  CHECK(half("1e-30") == Approx(0.5e-30));
  CHECK(half("2.5e30") == Approx(0.5e29));
  CHECK(half("123456789") == Approx(5));      // the eighth digit is that of tens
  CHECK(half("40.0000001") == Approx(5e-7));  // and here the sixth decimal
}

TEST_CASE("report: an expectation of trials without spread is met within half a unit of its last digit") {
  const auto pass = [](const std::string& metric, const std::string& value, const std::string& model) {
    const Experiment experiment = experiment_of(
        R"({"workers": 40, "trials": 20, "verify": {"trials": 0}, "compute": )" + model +
        R"(, "schemes": [{"scheme": "uncoded"}], "expect": [{"scheme": "uncoded", "metric": ")" + metric +
        R"(", "value": )" + value + R"(, "source": "test"}]})");
    return judge(experiment.expected[0], experiment, rows_of(experiment)).pass;
  };
  const std::string random = "{" + compute.substr(compute.find('{') + 1);
  const std::string constant = R"({"model": "constant", "time": 1.23})";
  for (const char* met : {"40", "40.0", "40.0000001", "40.04", "39.96"})
    CHECK(pass("messages", met, random) == (std::abs(std::stod(met) - 40) < 0.01));
  CHECK_FALSE(pass("messages", "41", random));
  CHECK_FALSE(pass("messages", "39", random));
  CHECK_FALSE(pass("messages", "39.9", random));
  for (const char* met : {"1", "1.2", "1.23", "1.230000001"}) CHECK(pass("time", met, constant));
  for (const char* missed : {"2", "1.3", "1.24", "1.2301", "1.22999"})
    CHECK_FALSE(pass("time", missed, constant));
}

namespace {

std::string heading_of(const std::string& table) {
  return table.substr(0, table.find('\n'));
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE(
    "report: a column without anything in it is left out, and theory of time told from that of messages") {
  const Experiment with = experiment_of(R"({"workers": 6, "trials": 50, )" + compute + R"(,
      "schemes": [{"scheme": "uncoded"}, {"scheme": "uc-mmc", "load": 2}]})");
  for (const char* title :
       {"theory of time", "z of time", "theory of messages", "z of messages", "speedup", "exact"})
    CHECK(has(heading_of(to_table(with, rows_of(with), 1000)), title));
  const Experiment without =
      experiment_of(R"({"workers": 6, "trials": 50, )" + compute +
                    R"(, "network": {"model": "serial", "overhead": 0.1}, "verify": {"trials": 0},
                       "schemes": [{"scheme": "gc-mmc", "design": "correlated", "load": 3, "order": 2, "clusters": 1}]})");
  const std::string heading = heading_of(to_table(without, rows_of(without), 1000));
  for (const char* title : {"theory", " z", "speedup", "exact", "bytes", "waited for", "incomplete"}) {
    CAPTURE(title, heading);
    CHECK_FALSE(has(heading, title));
  }
}

TEST_CASE("report: theory is printed to the place to which the mean beside it is known") {
  Experiment experiment =
      experiment_of(R"({"workers": 6, "trials": 5, )" + compute + R"(, "schemes": [{"scheme": "uncoded"}]})");
  std::vector<Row> rows = rows_of(experiment);
  const auto printed = [&](const Estimate& time, double theory, double high) {
    rows[0][Tally::time] = rows[0][Tally::messages] = time;
    rows[0].theory = Prediction{.kind = theory == high ? Prediction::Kind::exact : Prediction::Kind::bounds,
                                .time_low = theory,
                                .time_high = high,
                                .messages = theory};
    return " " + to_table(experiment, rows, 1000) + " ";
  };
  const auto both = [&](const Estimate& time, double theory, const std::string& text) {
    CAPTURE(theory, text);
    const std::string table = printed(time, theory, theory);
    const std::size_t first = table.find(" " + text + " ");
    REQUIRE(first != std::string::npos);
    CHECK(table.find(" " + text + " ", first + 1) != std::string::npos);
  };
  both({1000000.000935, 3.7e-5, 1000}, 1000000.00093412, "1000000.000934");
  both({1000000.000935, 3.7e-5, 1000}, 1000000.0009, "1000000.0009");
  both({1000000.000935, 3.7e-5, 1000}, 1000000, "1000000");
  both({0.15, 0.1, 1000}, 0.123456789, "0.1234568");  // never fewer than seven digits
  both({123.456789, 1e-9, 1000}, 123.4567891234, "123.4567891234");
  both({12.5, 0, 1000}, 12.5, "12.5");
  CHECK(has(printed({1000000.5, 0.05, 1000}, 1000000.25, 1000001.75), "1000000.25 .. 1000001.75"));
}

TEST_CASE("report: the fastest scheme is named, with those that are not told apart from it") {
  const auto closing = [](const std::string& more) {
    const Experiment experiment = experiment_of(R"({"workers": 8, "verify": {"trials": 0}, )" + more + "}");
    return to_table(experiment, rows_of(experiment), 1000);
  };
  const std::string law = R"("trials": 2000, )" + compute + ", ";
  // By order statistics K = 8: uncoded waits for all, two loads of ignoring two stragglers.
  CHECK(has(
      closing(law + R"("schemes": [{"scheme": "uncoded"}, {"scheme": "uc-mmc", "load": 4, "label": "UC"}])"),
      "Fastest: UC, 0.1"));
  // The same scheme twice is the same to the bit.
  CHECK(has(
      closing(
          law +
          R"("schemes": [{"scheme": "gc", "load": 2, "label": "a"}, {"scheme": "gc", "load": 2, "label": "b"}])"),
      "; not told apart from it at 95 %: b."));
  // What an approximate scheme gains, or one that does not always complete, is no gain over the others.
  const std::string apart = closing(
      R"("trials": 50, "compute": {"model": "constant", "time": 1, "failure": {"probability": 0.05}},
         "schemes": [{"scheme": "uncoded"}, {"scheme": "gc", "load": 8, "label": "all of it"},
                     {"scheme": "ignore-stragglers", "stragglers": 7, "label": "one"}])");
  CHECK(has(apart, "Fastest: all of it, 8 s. Not compared: uncoded (incomplete trials); one (approximate)."));
  CHECK(has(closing(R"("trials": 5, "compute": {"model": "constant", "time": 1, "failure": {"workers": [1]}},
                      "schemes": [{"scheme": "uncoded", "label": "a"}, {"scheme": "gc", "load": 1, "label": "b"}])"),
            "Means are over completed trials."));
  // Over a sweep by points; over the schemes' own fields alone by name.
  const std::string slow =
      closing(law + R"("schemes": [{"scheme": "uncoded"}, {"scheme": "gc", "load": 2, "label": "GC"}],
      "network": {"model": "serial", "overhead": 1e-9}, "sweep": [{"path": "/network/overhead", "values": [1e-9, 1e-8, 5]}])");
  CHECK(has(slow,
            "Fastest: uncoded at 2 of 3 points (overhead = 1e-09 s; overhead = 1e-08 s); GC at 1 (overhead = "
            "5 s)."));
  CHECK(has(closing(law + R"("schemes": [{"scheme": "gc", "load": 1, "label": "GC"}, {"scheme": "uncoded"}],
      "sweep": [{"path": "/schemes/0/load", "values": [2, 3]}])"),
            "Fastest: uncoded, "));
  CHECK_FALSE(has(closing(law + R"("schemes": [{"scheme": "uncoded"}])"), "Fastest"));
}

TEST_CASE("ranking: who is compared, who is fastest, and who is not told apart") {
  const double nan = std::nan("");
  const auto mean = [](double time, double half, double recovered = 1, std::uint64_t incomplete = 0) {
    return Contender{.mean = {time, half, half},
                     .median = {-time, 0, 0},  // the other way round
                     .recovered = recovered,
                     .incomplete = incomplete};
  };
  const auto first = [](const std::vector<Contender>& contenders) { return fastest(contenders); };
  CHECK(first({mean(2, 0.1), mean(1, 0.1), mean(3, 0.1)}) == std::vector<std::size_t>{1});
  // hypot(0.3, 0.4) = 0.5: on either side of it.
  CHECK(first({mean(1.49, 0.4), mean(1, 0.3)}) == std::vector<std::size_t>{1, 0});
  CHECK(first({mean(1.51, 0.4), mean(1, 0.3)}) == std::vector<std::size_t>{1});
  CHECK(first({mean(1, 0), mean(1, 0), mean(1.0001, 0)}) == std::vector<std::size_t>{0, 1});
  CHECK(first({mean(5, nan), mean(1, 0.1)}) == std::vector<std::size_t>{1, 0});     // one trial
  CHECK(first({mean(1, 0, 0.5), mean(2, 0)}) == std::vector<std::size_t>{1});       // approximate
  CHECK(first({mean(1, 0, 0.5), mean(2, 0, 0.7)}) == std::vector<std::size_t>{0});  // nothing else there
  CHECK(first({mean(1, 0, 1, 3), mean(2, 0)}) == std::vector<std::size_t>{1});      // incomplete
  CHECK(first({mean(1, 0, 1, 3), mean(2, 0, 1, 1)}).empty());
  CHECK(first({mean(1, 0, 0.5), mean(2, 0, 1, 3)}).empty());  // the only complete one is approximate
  CHECK(first({mean(nan, nan), mean(INFINITY, 0)}).empty());
  CHECK(first({}).empty());
  CHECK(why_nobody({mean(1, 0, 0.5), mean(2, 0, 1, 3)}) == "no exact scheme completed all its trials");
  CHECK(why_nobody({mean(1, 0, 0.5, 1)}) == "no scheme completed all its trials");
  CHECK(why_nobody({mean(INFINITY, 0)}) == "no completion time is a finite number");
}

TEST_CASE("ranking: one time without a mean or a variance, and all are compared by their medians") {
  // The interval of the difference is recovered from both: below the slower and above the faster.
  const auto median = [](double time, double below, double above, bool moments) {
    return Contender{.mean = {100 - time, 0, 0}, .median = {time, below, above}, .moments = moments};
  };
  const auto first = [](const std::vector<Contender>& contenders) { return fastest(contenders); };
  CHECK(measure_of({median(1, 0, 0, true), median(2, 0, 0, true)}) == Measure::mean);
  CHECK(measure_of({median(1, 0, 0, true), median(2, 0, 0, false)}) == Measure::median);
  CHECK(first({median(1, 0, 0, true), median(2, 0, 0, true)}) == std::vector<std::size_t>{1});
  CHECK(first({median(1, 0, 0, true), median(2, 0, 0, false)}) == std::vector<std::size_t>{0});
  CHECK(first({median(1.49, 0.4, 9, false), median(1, 9, 0.3, true)}) == std::vector<std::size_t>{1, 0});
  CHECK(first({median(1.51, 0.4, 9, false), median(1, 9, 0.3, true)}) == std::vector<std::size_t>{1});
  CHECK(first({median(5, NAN, NAN, false), median(1, 0.1, 0.1, true)}) == std::vector<std::size_t>{1, 0});
  for (const char* known : {"all", ""}) CHECK(has_moments(known));
  for (const char* known : {"no mean", "no variance"}) CHECK_FALSE(has_moments(known));
}

TEST_CASE("report: LaTeX and Markdown have the table's cells, with what would be markup escaped") {
  const std::string nasty = R"(a|b_c$d&e%f#g{h}i~j^k\\l*m[n]o<p>q`r--s ± t)";
  const Experiment experiment = experiment_of(R"({"title": "50 % & more", "workers": 6, "trials": 50, )" +
                                              compute + R"(, "schemes": [{"scheme": "uncoded", "label": ")" +
                                              nasty + R"("}, {"scheme": "uc-mmc", "load": 2}]})");
  const std::vector<Row> rows = rows_of(experiment);
  const Provenance provenance{.command = "straggle run x", .version = "0"};
  const std::string latex = to_latex(experiment, rows, provenance),
                    markdown = to_markdown(experiment, rows, provenance);
  CHECK(has(latex, "% 50 % & more\n% straggle 0; straggle run x; seed 1; configuration "));
  CHECK(has(
      latex,
      "\n"
      R"(a\textbar{}b\_c\$d\&e\%f\#g\{h\}i\textasciitilde{}j\textasciicircum{}k\textbackslash{}l{*}m{[}n{]}o)"
      R"(\textless{}p\textgreater{}q\textasciigrave{}r-{}-s $\pm$ t & )"));
  CHECK(has(markdown,
            "\n| "
            R"(a\|b\_c\$d&amp;e%f\#g{h}i\~j^k\\l\*m\[n\]o&lt;p&gt;q\`r--s ± t | )"));
  CHECK(has(markdown, "**50 % &amp; more**\n"));
  // Every line of both has as many cells as the heading of the plain table, and the same numbers.
  const std::string table = to_table(experiment, rows, 100000);
  for (const char* number : {"0.2", " of 50"}) CHECK(has(table, number));
  std::istringstream lines(latex);
  std::size_t separators = 0, rules = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("\\toprule") || line.starts_with("\\midrule") || line.starts_with("\\bottomrule"))
      ++rules;
    if (line.starts_with("%") || !line.ends_with(" \\\\")) continue;
    const auto count =
        static_cast<std::size_t>(std::count(line.begin(), line.end(), '&')) - (has(line, "\\&") ? 1 : 0);
    if (separators == 0) separators = count;
    CHECK(count == separators);
  }
  CHECK(rules == 3);
  CHECK(separators == 8);  // scheme, time, its theory and z, messages, theirs, speedup, exact
  CHECK(has(latex, "\\begin{tabular}{lrrrrrrrr}\n"));
}

TEST_CASE("places: fields that move together with equal values are one name, others are told apart") {
  const auto places = [](const std::string& sweep) {
    const Experiment experiment = experiment_of(R"({"workers": 8, "trials": 1, )" + compute + R"(,
        "schemes": [{"scheme": "gc", "load": 1}, {"scheme": "uc-mmc", "load": 1}], "sweep": [)" +
                                                sweep + "]}");
    const Places names(experiment);
    std::string text;
    for (const std::size_t axis : experiment.lead_axes)
      text += names.name(axis) + " = " + names.title(axis) + "; ";
    return text + names.place(experiment.points.back()) + "; " + names.conditions(experiment.points.back());
  };
  CHECK(places(R"({"paths": ["/schemes/0/load", "/schemes/1/load"], "values": [[1, 1], [2, 2]]})") ==
        "load = load [mini-batches]; load = 2 mini-batches; ");
  CHECK(places(R"({"paths": ["/schemes/1/load", "/schemes/0/load"], "values": [[1, 1], [2, 3]]})") ==
        "1/load = 1 load [mini-batches]; 1/load = 2 mini-batches; ");
  CHECK(
      places(
          R"({"path": "/schemes/0/load", "values": [1, 2]}, {"path": "/schemes/1/load", "values": [1, 2]})") ==
      "0/load = 0 load [mini-batches]; 1/load = 1 load [mini-batches]; 0/load = 2 mini-batches, 1/load = 2 "
      "mini-batches; ");
  CHECK(places(R"({"path": "/compute/rate", "values": [5, 10]}, {"path": "/workers", "values": [8]})") ==
        "rate = compute rate [1/s]; workers = workers; rate = 10 1/s; rate = 10 1/s");
  // What moves something beside the schemes is a condition.
  CHECK(places(R"({"paths": ["/schemes/0/load", "/workers"], "values": [[1, 8], [2, 9]]})") ==
        "load = load [mini-batches]; load = 2 mini-batches; load = 2 mini-batches");
}

TEST_CASE("places: units are those of the schema") {
  CHECK(field_unit("/compute/rate") == "1/s");
  CHECK(field_unit("/compute/base/shift") == "s");
  CHECK(field_unit("/network/bandwidth") == "bytes/s");
  CHECK(field_unit("/gradient/bytes") == "bytes");
  CHECK(field_unit("/schemes/3/load") == "mini-batches");
  CHECK(field_unit("/workers").empty());
  CHECK(field_unit("/nowhere").empty());
}

TEST_CASE("report: a narrow table leaves columns out and says so") {
  const Experiment experiment =
      experiment_of(R"({"workers": 4, "trials": 5, )" + compute + R"(, "schemes": [{"scheme": "uncoded"}]})");
  const std::string table = to_table(experiment, rows_of(experiment), 40);
  CHECK(table.find("(of 40 characters there is no room for:\n") != std::string::npos);
  CHECK(table.find("time [s]") != std::string::npos);
}

TEST_CASE("report: in a narrow table labels are cut, sentences broken, and no line is wider") {
  const Experiment experiment = experiment_of(
      R"({"workers": 4, "trials": 20, "compute": {"model": "pareto", "shape": 0.8, "scale": 1},
          "schemes": [{"scheme": "uncoded", "label": "a läbel of a scheme that goes on and on until nobody reads it"},
                      {"scheme": "gc", "load": 2, "label": "short"}]})");
  for (const std::size_t width : {50U, 72U}) {
    const std::string table = to_table(experiment, rows_of(experiment), width);
    std::istringstream lines(table);
    std::size_t widest = 0;
    for (std::string line; std::getline(lines, line);)
      widest = std::max(widest, static_cast<std::size_t>(std::count_if(
                                    line.begin(), line.end(), [](char c) { return (c & 0xc0) != 0x80; })));
    CAPTURE(table);
    CHECK(widest <= width);
    CHECK(widest > width - 15);
    CHECK(has(table, "... "));
    CHECK(has(table, "\nshort "));
  }
}

TEST_CASE("report: a slope is fitted over the points that are selected, of the logarithms if so asked") {
  // Equal workers: uncoded takes 1/K + K/100 on the port, K messages.
  const auto judged = [](const std::string& slope, const std::string& metric, double value,
                         const std::string& at) {
    const Experiment experiment = experiment_of(
        R"({"workers": 10, "trials": 1, "verify": {"trials": 0}, "compute": {"model": "constant", "time": 1, "per": "data-set"},
            "network": {"model": "serial", "overhead": 0.01}, "schemes": [{"scheme": "uncoded", "label": "u"}],
            "sweep": [{"path": "/workers", "values": [10, 20, 40]}], "expect": [{"scheme": "u", "slope": )" +
        slope + R"(, "metric": ")" + metric + R"(", "value": )" + fmt::format("{}", value) +
        R"(, "within": 1e-9, "source": "s")" + at + "}]}");
    return judge(experiment.expected[0], experiment, rows_of(experiment));
  };
  CHECK(judged(R"({"x": "/workers", "log": true})", "messages", 1, "").pass);
  CHECK_FALSE(judged(R"({"x": "/workers", "log": true})", "messages", 1.0001, "").pass);
  CHECK(judged(R"({"x": "/workers"})", "messages", 1, "").pass);
  // Times 0.2, 0.25, 0.425 at 10, 20, 40: mean x 70/3, mean t 0.875/3.
  double cross = 0, square = 0;
  for (const auto& [x, t] : std::vector<std::pair<double, double>>{{10, 0.2}, {20, 0.25}, {40, 0.425}}) {
    cross += (x - 70.0 / 3) * (t - 0.875 / 3);
    square += (x - 70.0 / 3) * (x - 70.0 / 3);
  }
  CHECK(judged(R"({"x": "/workers"})", "time", cross / square, "").pass);
}

TEST_CASE("report: what a slope cannot be fitted to is refused") {
  const auto message = [](const std::string& more) {
    try {
      experiment_of(R"({"workers": 10, )" + compute + R"(, "schemes": [{"scheme": "uncoded", "label": "u"}],
          "sweep": [{"path": "/workers", "values": [10, 20]}, {"path": "/compute/scaling", "values": ["server-dependent", "additive"]}],
          "expect": [{"scheme": "u", "metric": "time", "value": 1, "source": "s", )" +
                    more + "}]}");
    } catch (const ConfigError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  CHECK(message(R"("slope": {"x": "/workers"}, "within": 0.1)").empty());
  CHECK_THAT(message(R"("slope": {"x": "/workers"})"), Catch::Contains("#/expect/0/within"));
  CHECK_THAT(message(R"("slope": {"x": "/trials"}, "within": 0.1)"),
             Catch::Contains("#/expect/0/slope/x") && Catch::Contains("must be a swept pointer"));
  CHECK_THAT(message(R"("slope": {"x": "/compute/scaling"}, "within": 0.1)"),
             Catch::Contains("numeric values"));
  CHECK_THAT(
      message(
          R"("slope": {"x": "/workers"}, "within": 0.1, "at": {"/workers": 10, "/compute/scaling": "additive"})"),
      Catch::Contains("takes two"));
  CHECK_THAT(message(R"("slope": {"x": "/workers", "logarithmic": true}, "within": 0.1)"),
             Catch::Contains("#/expect/0/slope/logarithmic"));
}

TEST_CASE("report: quantiles have intervals where the trials suffice, and expectations of them") {
  const auto experiment = [&](int trials, const std::string& metric, double value) {
    return experiment_of(fmt::format(
        R"({{"workers": 1, "trials": {}, "verify": {{"trials": 0}}, "compute": {{"model": "exponential",
        "rate": 1}}, "schemes": [{{"scheme": "uncoded"}}], "expect": [{{"scheme": "uncoded", "metric": "{}", "value": {}, "source": "s"}}]}})",
        trials, metric, value));
  };
  const auto row = [&](int trials) {
    const Experiment one = experiment(trials, "p50", 1);
    return csv(one, rows_of(one)[0]);
  };
  CHECK(column(row(5), "time_p50_low").empty());
  CHECK_FALSE(column(row(6), "time_p50_low").empty());
  CHECK(column(row(367), "time_p99_high").empty());
  CHECK_FALSE(column(row(368), "time_p99_high").empty());
  const auto many = row(4000);
  for (const auto& [name, quantile] : std::vector<std::pair<std::string, double>>{
           {"time_p50", std::log(2.0)}, {"time_p95", std::log(20.0)}, {"time_p99", std::log(100.0)}}) {
    const double low = std::stod(column(many, name + "_low")), high = std::stod(column(many, name + "_high"));
    CHECK(low < std::stod(column(many, name)));
    CHECK(std::stod(column(many, name)) < high);
    CHECK(low < quantile);
    CHECK(quantile < high);
    const std::string metric = name.substr(5);
    const auto verdict = [&](double value, int trials) {
      const Experiment one = experiment(trials, metric, value);
      return judge(one.expected[0], one, rows_of(one));
    };
    CHECK(verdict(quantile, 4000).pass);
    CHECK_FALSE(verdict(quantile * 1.3, 4000).pass);
    CHECK_FALSE(verdict(quantile / 1.3, 4000).pass);
    CHECK_FALSE(verdict(quantile, 14).pass);  // too few for any of the three
    CHECK_THAT(verdict(quantile, 14).trouble, Catch::Contains(metric + " takes"));
  }
}

TEST_CASE("report: what does not exist of a heavy tail is not told, and an expectation of it not met") {
  const auto run = [](double shape, const std::string& metric, const std::string& more) {
    const Experiment experiment = experiment_of(fmt::format(
        R"({{"workers": 10, "trials": 3000, "verify": {{"trials": 0}}, "compute": {{"model": "pareto", "shape": {},
        "scale": 1}}, "schemes": [{{"scheme": "uncoded"}}, {{"scheme": "gc", "load": 5, "label": "gc"}}],
        "expect": [{{"scheme": "gc", "metric": "{}", "value": 8, "source": "s"{}}}]}})",
        shape, metric, more));
    const std::vector<Row> rows = rows_of(experiment);
    return std::tuple(csv(experiment, rows[0]), csv(experiment, rows[1]), to_table(experiment, rows, 1000),
                      judge(experiment.expected[0], experiment, rows));
  };
  // 0.8: uncoded waits for all, any 6 of 10 leave gc: indices 0.8 and 4.
  const auto [uncoded, gc, table, speedup] = run(0.8, "speedup", "");
  CHECK(column(uncoded, "time_moments") == "no mean");
  CHECK(column(gc, "time_moments") == "all");
  for (const char* name :
       {"time_mean", "time_std_error", "theory_time_z", "time_trials_needed", "speedup_mean"})
    CHECK(column(uncoded, name).empty());
  CHECK_FALSE(column(uncoded, "time_p50_low").empty());
  CHECK_FALSE(column(uncoded, "messages_mean").empty());
  CHECK_FALSE(column(gc, "time_std_error").empty());
  CHECK(column(gc, "speedup_mean").empty());  // the baseline has no mean
  CHECK_THAT(table, Catch::StartsWith("scheme  ") && Catch::Contains(" median [s]      time [s]") &&
                        Catch::Contains("Fastest by the median: gc, ") &&
                        Catch::Contains("\"uncoded\": the time has no mean (tail index 0.8)"));
  CHECK_THAT(table, !Catch::Contains("Not compared"));
  CHECK_FALSE(speedup.pass);
  CHECK_THAT(speedup.trouble, Catch::Contains("no mean"));
  // 1.5: uncoded has a mean and no variance.
  const auto [slow, fast, lines, ratio] = run(1.5, "speedup", "");
  CHECK(column(slow, "time_moments") == "no variance");
  CHECK_FALSE(column(slow, "time_mean").empty());
  for (const char* name : {"time_std_error", "theory_time_z", "time_trials_needed"})
    CHECK(column(slow, name).empty());
  CHECK_FALSE(column(fast, "speedup_mean").empty());
  CHECK(column(fast, "speedup_std_error").empty());
  CHECK_FALSE(column(fast, "theory_time_z").empty());
  CHECK_THAT(lines, Catch::Contains("infinite variance (tail index 1.5)") &&
                        Catch::Contains("Fastest by the median: uncoded, "));
  // Three digits of a mean without a variance, and no ±: in its column behind the median's interval.
  const std::size_t from = lines.find("\nuncoded"), behind = lines.find(')', from);
  CHECK_THAT(lines.substr(behind + 1, lines.find('\n', behind) - behind - 1),
             Catch::Contains(fmt::format(" {:.3g} ", std::stod(column(slow, "time_mean")))));
  CHECK_FALSE(ratio.pass);
  CHECK_THAT(ratio.trouble, Catch::Contains("within"));
  CHECK(std::get<3>(run(1.5, "speedup", R"(, "within": 10)")).pass);
}

TEST_CASE("report: where some points of a sweep are told by the median, the sentence says at how many") {
  const auto closing = [](const std::string& shapes) {
    const Experiment experiment = experiment_of(
        R"({"workers": 6, "trials": 400, "verify": {"trials": 0}, "compute": {"model": "pareto", "shape": 3, "scale": 1},
            "schemes": [{"scheme": "uncoded"}, {"scheme": "gc", "load": 3, "label": "gc"},
                        {"scheme": "ignore-stragglers", "stragglers": 1, "label": "hasty"}],
            "sweep": [{"path": "/compute/shape", "values": )" +
        shapes + "}]}");
    return to_table(experiment, rows_of(experiment), 10000);
  };
  CHECK_THAT(closing("[0.5, 0.6, 0.7]"),
             Catch::Contains("Fastest by the median: gc at 3 of 3 points. Not compared: "
                             "hasty (approximate, at 3 of 3 points)."));
  CHECK_THAT(closing("[0.5, 1.5, 30]"),
             Catch::Contains(
                 "Fastest: uncoded at 2 of 3 points (shape = 1.5; shape = 30); gc at 1 (shape = 0.5); at 2 "
                 "of them by the "
                 "median, at the others by the mean. Not compared: hasty (approximate, at 3 of 3 points)."));
  CHECK_THAT(closing("[20, 30]"), !Catch::Contains("median"));
}

TEST_CASE("report: a number of trials is told in two digits, rounded up, as people write it") {
  CHECK(trials_words(71) == "71");
  CHECK(trials_words(312) == "320");
  CHECK(trials_words(1000) == "1000");
  CHECK(trials_words(28765) == "29000");
  CHECK(trials_words(5.93e6) == "6000000");
  CHECK(trials_words(1.1e11) == "1.1e+11");
}

TEST_CASE("report: an expectation of the trials that complete says how many do not") {
  const Experiment experiment = experiment_of(R"({"workers": 4, "trials": 200, "verify": {"trials": 0},
      "compute": {"model": "exponential", "rate": 10, "failure": {"probability": 0.2}},
      "schemes": [{"scheme": "uncoded"}], "expect": [
        {"scheme": "uncoded", "metric": "time", "value": 0.208, "within": 1, "source": "H4/10"}]})");
  const std::vector<Row> rows = rows_of(experiment);
  REQUIRE(rows[0].incomplete.trials > 0);
  CHECK_THAT(judge(experiment.expected[0], experiment, rows).trouble,
             Catch::EndsWith(fmt::format("{} of 200 trials never complete and are not in it",
                                         rows[0].incomplete.trials)));
}

TEST_CASE("report: a skewness for which the trials are too few is said, with how many would do") {
  const auto row = [](const std::string& model, int trials) {
    const Experiment experiment = experiment_of(fmt::format(
        R"({{"workers": 1, "trials": {}, "verify": {{"trials": 0}}, "compute": {}, "schemes": [{{"scheme": "uncoded"}}]}})",
        trials, model));
    std::vector<Row> rows = rows_of(experiment);
    const bool said = to_table(experiment, rows, 1000).find("z are too narrow") != std::string::npos;
    CHECK(said == rows[0].needs_more_trials());
    return rows[0];
  };
  // The skewness of exp(sigma·N) is (e + 2)·√(e − 1), e = exp(sigma²); of an exponential 2.
  const auto log_normal = [](double sigma) {
    const double e = std::exp(sigma * sigma);
    return 50 * (e + 2) * (e + 2) * (e - 1);
  };
  for (const double sigma : {0.5, 1.0, 2.5}) {
    const Row found = row(fmt::format(R"({{"model": "log-normal", "median": 1, "sigma": {}}})", sigma), 2000);
    CAPTURE(sigma);
    CHECK(found.trials_needed == Approx(std::ceil(log_normal(sigma))).epsilon(1e-3));
    CHECK(found.needs_more_trials() == (log_normal(sigma) > 2000));
  }
  const Row exponential = row(R"({"model": "exponential", "rate": 3})", 1000);
  CHECK(exponential.trials_needed == Approx(200).epsilon(0.01));
  CHECK_FALSE(exponential.needs_more_trials());
  CHECK_FALSE(row(R"({"model": "shifted-exponential", "shift": 1, "rate": 3})", 1000).needs_more_trials());
  CHECK(row(R"({"model": "exponential", "rate": 3})", 50).needs_more_trials());
  // A law with index 2.5 has a variance and no third moment.
  CHECK(std::isinf(row(R"({"model": "pareto", "shape": 2.5, "scale": 1})", 1000).trials_needed));
  // Without a law the sample speaks: one in a thousand is 1000 times slower.
  CHECK(
      row(R"({"model": "gilbert-elliott", "to_slow": 0.001, "to_fast": 0.999, "slowdown": 1000, "base": {"model": "constant", "time": 1}})",
          5000)
          .needs_more_trials());
  CHECK(std::isnan(row(R"({"model": "constant", "time": 1})", 100).trials_needed));
}
