// Rows as a table, as CSV and as JSON: what a reader is told, and what not; expectations on slopes.
#include "sim/run/report.h"

#include <catch2/catch.hpp>
#include <sstream>

#include "sim/run/table.h"
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
  CHECK(column(row, "theory_time_z").empty());
  CHECK(to_table(experiment, rows_of(experiment), 1000).find("inf") == std::string::npos);
}

TEST_CASE("report: a narrow table leaves columns out and says so") {
  const Experiment experiment =
      experiment_of(R"({"workers": 4, "trials": 5, )" + compute + R"(, "schemes": [{"scheme": "uncoded"}]})");
  const std::string table = to_table(experiment, rows_of(experiment), 40);
  CHECK(table.find("columns do not fit into 40 characters") != std::string::npos);
  CHECK(table.find("time [s]") != std::string::npos);
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
