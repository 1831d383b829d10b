// The report page without a browser: that it says what results.csv says, holds what it promises, and lets no
// text of a configuration become markup.
#include "sim/view/page.h"

#include <fmt/format.h>

#include <boost/crc.hpp>
#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>
#include <sstream>

#include "sim/run/campaign.h"
#include "sim/table/results_csv.h"
#include "sim/view/replay.h"
#include "tests/temporary_folder.h"
#include "tests/view/markup.h"

using namespace straggle;

namespace {

const std::set<std::string> empty_elements = {"meta", "link", "input"};
const std::string evil = "<img src=x onerror=alert(1)>\"'&</script><!--";

Json small_config() {
  return Json::parse(R"({
    "title": "small", "trials": 300, "workers": 8,
    "compute": {"model": "shifted-exponential", "shift": 0.01, "rate": 10},
    "schemes": [{"scheme": "uncoded", "label": "all"}, {"scheme": "gc", "load": 3, "label": "GC, three"},
                {"scheme": "uc-mmc", "load": 4}]
  })");
}

/// A run in a folder of its own: the experiment, and its results as written and read back.
struct Run {
  explicit Run(const Json& config) : experiment(read_experiment(config, "small.json")) {
    std::ofstream file(folder.path / "results.csv", std::ios::binary);
    write_csv_header(file, experiment, {.command = "straggle run small.json", .version = "0"});
    std::vector<Row> rows;
    for (const Point& point : experiment.points) {
      auto trials = run_trials(point, 0, point.trials, 1);
      for (std::size_t s = 0; s < trials.size(); ++s) {
        rows.push_back(make_row(point, s, std::move(trials[s])));
        write_csv_row(file, experiment, rows.back());
      }
    }
    write_end(file, rows.size(), run_id(experiment, {.command = "", .version = "0"}, rows, {}));
    file.close();
    results = read_results((folder.path / "results.csv").string());
  }

  std::string page(const std::vector<std::size_t>& points = {0},
                   const PageAssets& assets = {"", "run()"}) const {
    std::vector<ShownPoint> shown;
    for (const std::size_t p : points) shown.push_back(look_at(experiment.points[p], {}, 1));
    return report_page(experiment, results, shown, assets);
  }

  Experiment experiment;
  TemporaryFolder folder;
  ResultsTable results;
};

Json data_of(const std::string& page) {
  const std::string begin = "<script type=\"application/json\" id=\"data\">";
  const std::size_t from = page.find(begin) + begin.size();
  return Json::parse(page.substr(from, page.find("</script>", from) - from));
}

/// The rows of the table of all results: what each cell has of results.csv, by column.
std::vector<std::map<std::string, std::string>> table_of(const std::string& page) {
  const auto unescaped = [](std::string text) {
    for (const auto& [entity, character] : std::vector<std::pair<std::string, std::string>>{
             {"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&#39;", "'"}, {"&amp;", "&"}})
      for (std::size_t at = text.find(entity); at != std::string::npos; at = text.find(entity, at + 1))
        text.replace(at, entity.size(), character);
    return text;
  };
  const std::size_t begin = page.find("<table id=\"results\""), end = page.find("</table>", begin);
  std::vector<std::string> columns;  // in the order of the cells
  std::vector<std::map<std::string, std::string>> rows;
  for (std::size_t at = begin; (at = page.find('<', at)) < end; ++at) {
    if (page.compare(at, 4, "<tr>") == 0 && !columns.empty()) rows.emplace_back();
    if (page.compare(at, 3, "<td") != 0 && page.compare(at, 4, "<th ") != 0) continue;
    const std::size_t close = page.find('>', at), next = page.find('<', close);
    const std::string tag = page.substr(at, close - at), text = page.substr(close + 1, next - close - 1);
    const auto attribute = [&](const std::string& name) {
      const std::size_t from = tag.find(name + "=\"");
      if (from == std::string::npos) return std::string();
      const std::size_t value = from + name.size() + 2;
      return tag.substr(value, tag.find('"', value) - value);
    };
    if (tag.find("data-column") != std::string::npos) {
      columns.push_back(unescaped(attribute("data-column")));
    } else {
      const std::string exact = attribute("title");
      rows.back()[columns.at(rows.back().size())] = unescaped(exact.empty() ? text : exact);
    }
  }
  return rows;
}

void check_table(const Run& run, const std::string& page, std::size_t rows) {
  const auto table = table_of(page);
  REQUIRE(table.size() == rows);
  for (std::size_t r = 0; r < rows; ++r) {
    REQUIRE(table[r].size() == run.results.header.columns.size());
    for (std::size_t c = 0; c < run.results.header.columns.size(); ++c)
      CHECK(table[r].at(run.results.header.columns[c]) == run.results.rows[r][c]);
  }
}

}  // namespace

TEST_CASE("page: every cell of the table, and the data for charts, are results.csv to the character") {
  Json config = small_config();
  config["sweep"] = {{{"path", "/compute/rate"}, {"values", {5, 10}}}};
  const Run run(config);
  const std::string page = run.page({0, 1});
  CHECK(mistake_in_markup(page, empty_elements) == "");
  check_table(run, page, 6);
  const Json data = data_of(page);
  CHECK(data["columns"].get<std::vector<std::string>>() == run.results.header.columns);
  CHECK(data["rows"].get<std::vector<std::vector<std::string>>>() == run.results.rows);
}

TEST_CASE("page: it asks for nothing, and lets no script run but its own") {
  const Run run(small_config());
  const std::string page = run.page();
  for (const char* request :
       {"src=", "href=\"http", "url(", "@import", "<iframe", "<img", "onclick", "onload"})
    CHECK(count_of(page, request) == 0);
  CHECK(count_of(page, "default-src 'none'") == 1);
  const auto nonce_of = [](const std::string& html) {
    const std::string before = "script-src 'nonce-";
    const std::size_t begin = html.find(before) + before.size();
    return html.substr(begin, html.find('\'', begin) - begin);
  };
  const std::string nonce = nonce_of(page);
  CHECK(nonce.size() == 32);
  CHECK(nonce.find_first_not_of("0123456789abcdef") == std::string::npos);
  CHECK(count_of(page, nonce) == 2);
  CHECK(count_of(page, "<script nonce=\"" + nonce + "\">run()</script>") == 1);
  // Nobody can know it beforehand, and nothing else differs.
  std::string again = run.page();
  const std::string other = nonce_of(again);
  CHECK(other != nonce);
  for (std::size_t at = 0; (at = again.find(other, at)) != std::string::npos;) again.replace(at, 32, nonce);
  CHECK(again == page);
  CHECK(count_of(page, "<script") == 2);  // it, and the data
}

TEST_CASE("page: the words of a reader without scripts are all there") {
  const Run run(small_config());
  const std::string page = run.page();
  CHECK(count_of(page, "<html lang=\"en\">") == 1);
  for (const char* section :
       {"overview", "table", "distributions", "timelines", "theory", "exactness", "configuration"}) {
    CHECK(count_of(page, std::string("<section id=\"") + section + "\"") == 1);
    CHECK(count_of(page, std::string("href=\"#") + section + "\"") == 1);
  }
  for (const char* figure : {"time", "messages", "trade-off", "distribution-0"})
    CHECK(count_of(page, std::string("<figure id=\"") + figure + "\"") == 1);
  CHECK(count_of(page, "<details") == 2 * 3 + 1);  // two trials of each scheme, and the configuration
  CHECK(count_of(page, "straggle run small.json") == 1);
  CHECK(count_of(page, run.experiment.hash) >= 1);
  CHECK(count_of(page, "&quot;shift&quot;: 0.01") == 1);
  CHECK(count_of(page, "expected completion times are met within 2 standard errors") == 1);
  CHECK(count_of(page, "In 300 trials, of 3 of the 3 rows") == 1);  // 100 verified trials a scheme
}

TEST_CASE("page: without a script it says so and has everything else") {
  const Run run(small_config());
  const std::string page = run.page({0}, {"", ""});
  CHECK(count_of(page, "built without interactive charts") == 1);
  CHECK(count_of(page, "nonce=\"") == 0);
  CHECK(mistake_in_markup(page, empty_elements) == "");
  check_table(run, page, 3);
  CHECK(count_of(page, "<svg ") == 4 + 6);
  CHECK(count_of(run.page(), "built without interactive charts") == 0);
}

TEST_CASE("page: a label that would like to be HTML stays text, in elements, attributes and data") {
  Json config = small_config();
  config["title"] = evil;
  config["schemes"][0]["label"] = evil;
  config["baseline"] = evil;
  config["sweep"] = {{{"path", "/network"}, {"values", {Json::parse(R"({"model": "ideal"})")}}}};
  const Run run(config);
  const std::string page = run.page();
  CHECK(mistake_in_markup(page, empty_elements) == "");
  CHECK(count_of(page, "<img") == 0);
  CHECK(count_of(page, "<!--") == 0);
  CHECK(count_of(page, "</script>") == 2);
  CHECK(count_of(page, escaped(evil)) > 10);
  CHECK(data_of(page)["names"][0] == evil);
  check_table(run, page, 3);
}

TEST_CASE("page: median and worst trial are those of the scheme's own completion times") {
  const Run run(small_config());
  const ShownPoint shown = look_at(run.experiment.points[0], {}, 2);
  CHECK_FALSE(shown.from_samples);
  const auto column = [&](const char* name) { return *run.results.header.find(name); };
  for (std::size_t s = 0; s < 3; ++s) {
    const ShownScheme& scheme = shown.schemes[s];
    REQUIRE(scheme.trials.size() == 2);
    CHECK(fmt::format("{}", scheme.trials[0].time) == run.results.rows[s][column("time_p50")]);
    CHECK(fmt::format("{}", scheme.trials[1].time) == run.results.rows[s][column("time_max")]);
    for (const ShownTrial& trial : scheme.trials)
      CHECK(trial.timeline.end == trial.time);  // of one iteration
    CHECK(scheme.distribution.count == 300);
    CHECK(scheme.distribution.steps.back().rank == 300);
    CHECK(scheme.distribution.steps.back().time == scheme.trials[1].time);
    CHECK(std::is_sorted(scheme.distribution.steps.begin(), scheme.distribution.steps.end(),
                         [](const auto& a, const auto& b) { return a.rank < b.rank && a.time <= b.time; }));
  }
}

TEST_CASE(
    "page: of several iterations the worst trial shows its longest, the median trial the one nearest to its "
    "mean") {
  Json config = small_config();
  config["iterations"] = 5;
  const Run run(config);
  const ShownScheme scheme = look_at(run.experiment.points[0], {}, 1).schemes[1];
  REQUIRE(scheme.trials.size() == 2);
  for (const ShownTrial& trial : scheme.trials) {
    double nearest = 1e9, longest = 0;
    for (const Timeline& timeline : timelines_of(run.experiment.points[0], 1, trial.trial)) {
      nearest = std::min(nearest, std::abs(timeline.end - trial.time));
      longest = std::max(longest, timeline.end);
    }
    if (trial.which == "worst") CHECK(trial.timeline.end == longest);
    if (trial.which == "median") CHECK(std::abs(trial.timeline.end - trial.time) == nearest);
  }
}

TEST_CASE("page: trials that never complete are counted, and a scheme without any other is still shown") {
  Json config = small_config();
  config["compute"]["failure"] = {{"workers", {3}}};
  const Run run(config);
  const ShownPoint shown = look_at(run.experiment.points[0], {}, 1);
  CHECK(shown.schemes[0].incomplete == 300);
  CHECK(shown.schemes[0].trials.empty());
  CHECK(shown.schemes[1].incomplete == 0);
  const std::string page = run.page();
  CHECK(mistake_in_markup(page, empty_elements) == "");
  CHECK(count_of(page, "no trial was complete") == 2);
  CHECK(count_of(page, "never answers") > 0);
}

TEST_CASE("page: an approximate scheme is not called the fastest, and what is not in the means is said") {
  Json config = small_config();
  config["schemes"].push_back({{"scheme", "ignore-stragglers"}, {"stragglers", 6}, {"label", "hasty"}});
  config["compute"]["failure"] = {{"probability", 0.05}};
  const Run run(config);
  const std::string page = run.page();
  const std::string overview = page.substr(page.find("id=\"overview\""), 2000);
  CHECK_FALSE(overview.find("astest is hasty") < overview.size());
  CHECK(overview.find("Approximate, and not compared with these: hasty (25 % of the data).") <
        overview.size());
  CHECK(overview.find("Trials that could not complete, and are in no mean: all ") < overview.size());
  CHECK(page.find("that of an approximate scheme with the sum of what was received") < page.size());

  Json dead = small_config();
  dead["trials"] = 20;
  dead["compute"]["failure"] = {{"workers", {1, 2, 3, 4, 5, 6, 7, 8}}};
  CHECK(Run(dead).page().find("No trial could complete.") != std::string::npos);
}

TEST_CASE("page: a time without a mean or a variance, and charts, front and sentence are by the median") {
  Json config = small_config();
  for (const double shape : {0.3, 1.5}) {  // no mean, no variance
    config["compute"] = {{"model", "pareto"}, {"shape", shape}, {"scale", 0.1}};
    const Run run(config);
    const std::string page = run.page();
    const Json data = data_of(page);
    CHECK(data["median"] == true);
    CHECK(data["time_axis"] == "median time [s]");
    const std::string overview = page.substr(page.find("id=\"overview\""), 1500);
    CHECK(overview.find("astest by the median is ") < overview.size());
    CHECK(count_of(page, "Mean over the trials with its 95 % interval") == 0);
    CHECK(count_of(page, "Median over the trials with its 95 % interval") == 1);
    const std::size_t begin = page.find("<figure id=\"time\"");
    const std::string figure = page.substr(begin, page.find("</figure>", begin) - begin);
    const std::size_t median = *run.results.header.find("time_p50"),
                      label = *run.results.header.find("label");
    for (const auto& row : run.results.rows) {
      CHECK(count_of(figure, fmt::format("{} {:.4g} s", row[label], std::stod(row[median]))) >= 1);
      CHECK(count_of(figure, fmt::format(">{:.4g}</text>", std::stod(row[median]))) >= 1);  // at its bar
    }
    // All schemes of the legend are in the trade-off.
    const std::size_t trade = page.find("<figure id=\"trade-off\"");
    const std::string plane = page.substr(trade, page.find("</figure>", trade) - trade);
    for (std::size_t s = 0; s < run.results.rows.size(); ++s)
      CHECK(count_of(plane, fmt::format("<g class=\"s{}\"", s)) == 2);
    // The table begins with it, and says what a time lacks.
    const std::string heading = page.substr(page.find("<table id=\"results\""), 900);
    CHECK(heading.find("data-column=\"time_p50\"") < heading.find("data-column=\"time_moments\""));
    CHECK(heading.find("data-column=\"time_moments\"") < heading.find("data-column=\"time_mean\""));
    check_table(run, page, 3);
  }
  const Run tame(small_config());
  CHECK(data_of(tame.page())["median"] == false);
}

TEST_CASE("page: of one trial the distance from theory is unknown, and nothing is called asymptotic for it") {
  Json config = small_config();
  config["trials"] = 1;
  const std::string page = Run(config).page();
  CHECK(page.find("the distance is unknown: it takes two trials") != std::string::npos);
  CHECK(page.find("asymptotic only") == std::string::npos);
}

TEST_CASE("page: a table with a word for a number, or a row twice, is refused with its place") {
  const Run run(small_config());
  const std::size_t mean = *run.results.header.find("time_mean");
  ResultsTable changed = run.results;
  changed.rows[1][mean] = "rubbish";
  CHECK_THROWS_WITH(check_results(changed, run.experiment, "results.csv"),
                    "results.csv: row 2: time_mean is \"rubbish\", but must be a number or empty");
  changed = run.results;
  changed.rows.push_back(changed.rows[0]);
  CHECK_THROWS_WITH(check_results(changed, run.experiment, "results.csv"),
                    "results.csv: row 4 is of point 0 and \"all\" again");
}

TEST_CASE("page: a count that is no number of trials is refused with its place") {
  const Run run(small_config());
  for (const char* column : {"trials", "incomplete", "verified_trials"})
    for (const char* text : {"1e94", "-1", "2.5", "", "many"}) {
      CAPTURE(column, text);
      ResultsTable results = run.results;
      results.rows[1][*results.header.find(column)] = text;
      CHECK_THROWS_WITH(
          check_results(results, run.experiment, "results.csv"),
          Catch::StartsWith(std::string("results.csv: row 2: ") + column + " is \"" + text + "\""));
    }
}

TEST_CASE("page: completion times come from samples.csv where it is of the same run and whole") {
  const Run run(small_config());
  const std::string file = (run.folder.path / "samples.csv").string();
  const auto write = [&](const std::string& hash, int trials, const std::string& last = "") {
    std::ostringstream out;
    out << "# \"small\"\n# command: c\n# version: v\n# seed: 1\n# configuration: " << hash
        << "\npoint,scheme,label,trial,time,messages\n";
    for (const char* label : {"all", "\"GC, three\"", "uc-mmc load=4"})
      for (int trial = 0; trial < trials; ++trial)
        out << "0,x," << label << "," << trial << "," << (trial == 7 ? "" : fmt::format("{}", trial + 1))
            << ",1\n";
    out << last;
    boost::crc_32_type checksum;
    checksum.process_bytes(out.str().data(), out.str().size());
    write_samples_end(out, 3 * static_cast<std::size_t>(trials) + (last.empty() ? 0 : 1), "0123",
                      checksum.checksum());
    std::ofstream(file) << out.str();
  };
  write(run.experiment.hash, 300);
  const SampleTimes samples = read_samples(file, run.experiment, "0123", {0});
  REQUIRE(samples.size() == 3);
  CHECK(samples.at({0, 1})[0] == 1);
  CHECK(std::isinf(samples.at({0, 1})[7]));
  const ShownPoint shown = look_at(run.experiment.points[0], samples, 1);
  CHECK(shown.from_samples);
  CHECK(shown.schemes[1].incomplete == 1);
  CHECK(shown.schemes[1].trials[1].time == 300);
  CHECK(shown.schemes[1].trials[1].trial == 299);

  CHECK(read_samples(file, run.experiment, "0123", {}).empty());
  CHECK_THROWS_WITH(read_samples(file, run.experiment, "4567", {0}),
                    Catch::Contains(file + ": is of run 0123, but the results are of 4567"));
  write(run.experiment.hash, 200);
  CHECK_THROWS_WITH(read_samples(file, run.experiment, "0123", {0}),
                    Catch::Contains("has 200 trials of \"all\""));
  write("another", 300);
  CHECK_THROWS_WITH(read_samples(file, run.experiment, "0123", {0}),
                    Catch::Contains("is of configuration another, but the results are of"));
  for (const auto& [row, what] : std::vector<std::pair<std::string, std::string>>{
           {"1,x,all,0,1,1\n", "point is \"1\""},
           {"0,x,other,0,1,1\n", "label is \"other\""},
           {"0,x,all,7,1,1\n", "trial is \"7\", but 300 comes next"},
           {"0,x,all,300,fast,1\n", "time is \"fast\""}}) {
    write(run.experiment.hash, 300, row);
    CHECK_THROWS_WITH(read_samples(file, run.experiment, "0123", {0}),
                      Catch::Contains(file + ":907: " + what));
  }
}

TEST_CASE("page: results of another configuration, or of none, are refused") {
  const Run run(small_config());
  ResultsTable table = run.results;
  check_results(table, run.experiment, "r.csv");
  table.header.hash = "another";
  CHECK_THROWS_WITH(check_results(table, run.experiment, "r.csv"),
                    Catch::Contains("r.csv: is of configuration another"));
  table = run.results;
  table.rows[1][*table.header.find("point")] = "3";
  CHECK_THROWS_WITH(check_results(table, run.experiment, "r.csv"),
                    Catch::Contains("row 2 is of point \"3\""));
  table = run.results;
  table.rows[0][*table.header.find("label")] = "other";
  CHECK_THROWS_WITH(check_results(table, run.experiment, "r.csv"), Catch::Contains("row 1 is of \"other\""));
  table = run.results;
  table.header.columns[*table.header.find("time_mean")] = "x";
  CHECK_THROWS_WITH(check_results(table, run.experiment, "r.csv"),
                    Catch::Contains("no column \"time_mean\""));
  table.rows.clear();
  table.header = run.results.header;
  CHECK_THROWS_WITH(check_results(table, run.experiment, "r.csv"), Catch::Contains("has no rows"));
}

TEST_CASE("page: a sweep too large for 2 MB shows the first rows and says so") {
  Json config = small_config();
  config["trials"] = 3;
  config["verify"] = {{"trials", 0}};
  Json values = Json::array();
  for (int i = 1; i <= 1500; ++i) values.push_back(0.01 * i);
  config["sweep"] = {{{"path", "/compute/shift"}, {"values", values}}};
  const Run run(config);
  REQUIRE(run.results.rows.size() == 4500);
  const std::string page = run.page({0, 500, 1000, 1499}, page_assets());
  CHECK(page.size() < 2'000'000);
  CHECK(mistake_in_markup(page, empty_elements) == "");
  CHECK(count_of(page, "of 4500 rows; results.csv has all") >= 2);
  const std::size_t shown = data_of(page)["rows"].size();
  CHECK(shown > 200);
  check_table(run, page, shown);
}

TEST_CASE("page: many large timelines leave room for none but the first, and it says how many are missing") {
  Json config = small_config();
  config["trials"] = 2;
  config["workers"] = 60;
  config["verify"] = {{"trials", 0}};
  config["schemes"] = Json::array();
  for (int load = 30; load < 60; ++load) config["schemes"].push_back({{"scheme", "uc-mmc"}, {"load", load}});
  const Run run(config);
  const std::string page = run.page({0}, page_assets());
  CHECK(page.size() < 2'000'000);
  CHECK(page.size() > 1'500'000);
  CHECK(count_of(page, "of 60 timelines have no room in this page") == 1);
  CHECK(mistake_in_markup(page, empty_elements) == "");
}

TEST_CASE(
    "page: curves go over the first swept number, and logarithmically over more than a decade and a half") {
  Json config = small_config();
  config["trials"] = 20;
  config["verify"] = {{"fields", {"real"}}};
  config["sweep"] = {
      {{"path", "/verify/fields"}, {"values", {Json::array({"real"}), Json::array({"prime"})}}},
      {{"path", "/compute/rate"}, {"values", {100, 1, 10}}},
      {{"path", "/compute/shift"}, {"values", {0.01, 0.02}}}};
  const Run run(config);
  const Json data = data_of(run.page());
  CHECK(data["x"] == "/compute/rate");
  CHECK(data["log_x"] == true);
  CHECK(data["series"].size() == 3 * 2 * 2);
  CHECK(data["series"][0]["name"] == "all, fields = [\"real\"], shift = 0.01 s");
  CHECK(data["series"][0]["x"] == Json({1, 10, 100}));
  for (const auto& series : data["series"])
    for (std::size_t i = 0; i < 3; ++i)
      CHECK(run.results.rows[series["rows"][i]][*run.results.header.find("/compute/rate")] ==
            fmt::format("{}", series["x"][i].get<double>()));

  config["sweep"] = {{{"path", "/compute/rate"}, {"values", {1, 10}}}};
  CHECK(data_of(Run(config).page())["log_x"] == false);
  config["sweep"] = {{{"path", "/compute/scaling"}, {"values", {"server-dependent", "additive"}}}};
  const Run words(config);
  CHECK(data_of(words.page())["x"] == "");  // bars
  CHECK(data_of(words.page())["names"][3] == "all, scaling = additive");
}

TEST_CASE("page: the style and the script that were built in cannot end early") {
  CHECK(page_assets().style.find("prefers-color-scheme: dark") != std::string_view::npos);
  CHECK(page_assets().style.find("</style") == std::string_view::npos);
  CHECK(page_assets().script.find("</script") == std::string_view::npos);
  CHECK(page_assets().script.find("<!--") == std::string_view::npos);
  if (page_assets().script.empty())
    WARN("built without interactive charts: their licences cannot be looked for");
  if (!page_assets().script.empty()) {
    CHECK(page_assets().script.find("The Apache Software Foundation") != std::string_view::npos);
    CHECK(page_assets().script.find("Redistributions in binary form") != std::string_view::npos);
  }
}
