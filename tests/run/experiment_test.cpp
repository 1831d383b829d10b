#include "sim/run/experiment.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "sim/base/text.h"
#include "tests/temporary_folder.h"

using namespace straggle;

namespace {

Json base() {
  return parse_json(R"({"workers": 12, "trials": 100,
    "compute": {"model": "shifted-exponential", "shift": 0.01, "rate": 10},
    "schemes": [{"scheme": "gc", "load": 3}, {"scheme": "uncoded"}]})",
                    "base");
}

Json with(const std::string& pointer, const std::string& value) {
  Json config = base();
  config[Json::json_pointer(pointer)] = parse_json(value, "value");
  return config;
}

/// What reading says is wrong; empty when nothing is.
std::string mistakes_of(const Json& config) {
  try {
    read_experiment(config, "f");
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

std::string mistakes_of_scheme(const std::string& scheme) {
  return mistakes_of(with("/schemes", "[" + scheme + "]"));
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("sweep axes multiply, the last moves fastest") {
  const Experiment e = read_experiment(
      with(
          "/sweep",
          R"([{"path": "/compute/rate", "values": [5, 10]}, {"path": "/schemes/0/load", "from": 2, "to": 6, "step": 2}])"),
      "f");
  REQUIRE(e.points.size() == 6);
  CHECK(e.points[0].description() == "/compute/rate = 5, /schemes/0/load = 2");
  CHECK(e.points[1].description() == "/compute/rate = 5, /schemes/0/load = 4");
  CHECK(e.points[5].description() == "/compute/rate = 10, /schemes/0/load = 6");
  for (const Point& point : e.points)
    CHECK(point.schemes[0].label == "gc");  // the swept load is no part of the label
}

TEST_CASE("ranges hit the numbers that were meant, upwards and downwards") {
  const auto values = [](const std::string& axis) {
    std::string result;
    for (const Point& point : read_experiment(with("/sweep", "[" + axis + "]"), "f").points)
      result += point.axes[0].second.dump() + " ";
    return result;
  };
  CHECK(values(R"({"path": "/compute/shift", "from": 0.1, "to": 0.5, "step": 0.1})") ==
        "0.1 0.2 0.3 0.4 0.5 ");
  CHECK(values(R"({"path": "/compute/rate", "from": 10, "to": 4, "step": -3})") == "10 7 4 ");
  CHECK(values(R"({"path": "/compute/rate", "from": 1, "to": 2.9, "step": 1})") == "1 2 ");
  CHECK(
      contains(mistakes_of(with("/sweep", R"([{"path": "/compute/rate", "from": 1, "to": 2, "step": -1}])")),
               "f#/sweep/0/step: must lead from 1 to 2"));
  CHECK(contains(
      mistakes_of(with("/sweep", R"([{"path": "/compute/rate", "from": 0, "to": 1, "step": 1e-9}])")),
      "at most 100000"));
}

TEST_CASE("paths with rows of values move together") {
  const Experiment e = read_experiment(
      with("/sweep", R"([{"paths": ["/workers", "/schemes/0/load"], "values": [[10, 2], [20, 4]]}])"), "f");
  REQUIRE(e.points.size() == 2);
  CHECK(e.points[1].workers == 20);
  CHECK(e.place_of(e.points[1]) == "/workers = 20");
  CHECK(contains(mistakes_of(with("/sweep", R"([{"paths": ["/workers", "/seed"], "values": [[10]]}])")),
                 "rows of 2 values"));
}

TEST_CASE("a sweep that goes down to zero ends at zero") {
  Json config = base();
  config["compute"]["shift"] = 0.3;
  config["sweep"] =
      parse_json(R"([{"path": "/compute/shift", "from": 0.3, "to": 0, "step": -0.1}])", "sweep");
  const Experiment experiment = read_experiment(config, "f");
  REQUIRE(experiment.points.size() == 4);
  CHECK(experiment.points[3].axes[0].second == 0);
  CHECK(experiment.points[2].axes[0].second == 0.1);
}

TEST_CASE("a sweep that leads nowhere, twice to the same place or to an invalid point is refused") {
  CHECK(contains(mistakes_of(with("/sweep", R"([{"path": "/comptue/rate", "values": [1]}])")),
                 "leads nowhere"));
  CHECK(contains(mistakes_of(with("/sweep", R"([{"path": "/schemes/2/load", "values": [1]}])")),
                 "leads nowhere"));
  for (const auto& [path, why] : {std::pair("/schemes/2", "/schemes has the places 0 to 1"),
                                  {"/schemes/-", "/schemes has the places 0 to 1"},
                                  {"/schemes/", "/schemes has the places 0 to 1"},
                                  {"/schemes//load", "the configuration has no /schemes/"},
                                  {"/schemes/99999999999999999999", "/schemes has the places 0 to 1"},
                                  {"/schemes/0/orders//", "the configuration has no /schemes/0/orders"},
                                  {"/schemes/0/scheme/x", "/schemes/0/scheme is \"gc\", which has no fields"},
                                  {"/a/b", "the configuration has no /a"}})
    CHECK(
        contains(mistakes_of(with("/sweep", R"([{"path": ")" + std::string(path) + R"(", "values": [1]}])")),
                 std::string("leads nowhere: ") + why));
  Json many = Json::array();
  for (int i = 0; i < 101; ++i) many.push_back("/compute/rate");
  Json config = base();
  config["sweep"] = {{{"paths", many}, {"values", {many}}}};
  CHECK(contains(mistakes_of(config), "f#/sweep/0/paths: makes 101 fields that are swept; there can be 100"));
  CHECK(contains(
      mistakes_of(with("/sweep", R"([{"path": "/seed", "values": [1]}, {"path": "/seed", "values": [2]}])")),
      "is swept twice"));
  CHECK(mistakes_of(with("/sweep", R"([{"path": "/compute/rate", "values": [1, 0]}])")) ==
        "f#/compute/rate: must be a number above 0 (mini-batches a second, of the random part), but is 0 (at "
        "/compute/rate = 0)");
}

TEST_CASE("labels are made of the scheme and its fields and are always unique") {
  const Experiment e = read_experiment(
      with("/schemes",
           R"([{"scheme": "gc", "load": 3, "code": "cyclic"}, {"scheme": "gc", "load": 3, "code": "cyclic"},
                           {"scheme": "gc-mmc", "design": "uncorrelated", "load": 12, "orders": [3, 12], "hybrid": true},
                           {"scheme": "gc", "load": 2, "label": "gc load=4"}, {"scheme": "gc", "load": 4}])"),
      "f");
  const auto& schemes = e.points[0].schemes;
  CHECK(schemes[0].label == "gc load=3 cyclic");
  CHECK(schemes[1].label == "gc load=3 cyclic (2)");
  CHECK(schemes[2].label == "gc-mmc uncorrelated load=12 orders=[3,12] hybrid");
  CHECK(schemes[4].label == "gc load=4 (2)");
  CHECK(contains(
      mistakes_of(
          with("/schemes", R"([{"scheme": "uncoded", "label": "a"}, {"scheme": "uncoded", "label": "a"}])")),
      "f#/schemes/1/label: \"a\" is the label of another scheme too"));
}

TEST_CASE("many equal schemes are numbered in order, past the labels that are given") {
  std::string schemes = R"x({"scheme": "uncoded", "label": "uncoded (3)"})x";
  for (int i = 0; i < 20000; ++i) schemes += R"(,{"scheme": "uncoded"})";
  const Experiment experiment = read_experiment(with("/schemes", "[" + schemes + "]"), "f");
  const auto& read = experiment.points[0].schemes;
  REQUIRE(read.size() == 20001);
  CHECK(read[1].label == "uncoded");
  CHECK(read[2].label == "uncoded (2)");
  CHECK(read[3].label == "uncoded (4)");
  CHECK(read[20000].label == "uncoded (20001)");
}

TEST_CASE("a mistake in what others depend on is not held against them") {
  for (const char* workers : {"0", "\"20\"", "20.5", "1000001"}) {
    const std::string mistakes = mistakes_of(with("/workers", workers));
    CHECK(contains(mistakes, "f#/workers: must be a whole number from 1 to 1000000"));
    CHECK_FALSE(contains(mistakes, "\n"));
  }
  const std::string mistakes = mistakes_of(parse_json(R"({"workers": 8,
    "compute": {"model": "classes", "classes": [
      {"name": "a100", "workers": 4, "model": "constant", "time": 1},
      {"name": "v100", "workers": 2, "model": "constant", "time": 1}]}, "gradient": {"bytes": 1},
    "network": {"model": "serial", "bandwidth": 1e9, "classes": {"v100": {"bandwidth": 1e8}}},
    "schemes": [{"scheme": "uncoded"}]})",
                                                      "base"));
  CHECK(contains(mistakes, "f#/compute/classes: must have 8 workers together, but have 6"));
  CHECK_FALSE(contains(mistakes, "/network"));
}

TEST_CASE("a label is a short text on one line that no spreadsheet takes for a formula") {
  const auto mistake = [](const std::string& label) {
    Json config = base();
    config["schemes"][1]["label"] = label;
    return mistakes_of(config);
  };
  for (const char* label : {"x", "µ ± 梯度", "a=b", "$x$", "</script>", "'\"", "a, b", "#"})
    CHECK(mistake(label) == "");
  for (const char* label : {"=cmd|' /C calc'!A0", "+1", "-1", "@SUM(1)", "  =1+1"})
    CHECK(contains(mistake(label), "f#/schemes/1/label: must not begin with =, +, - or @"));
  for (const std::string label : {"a\nb", "\x1b[31m", "\x7f", "\u202ex", "\u0085", "x\ufeff", "a\tb"}) {
    CHECK(contains(mistake(label), "f#/schemes/1/label: must not contain control characters"));
    CHECK_FALSE(has_unprintable(mistake(label)));
  }
  CHECK(contains(mistake("   "), "must not be of blanks alone"));
  CHECK(contains(mistake(std::string("nul\0", 4)), "must not contain control characters"));
  CHECK(contains(mistake(""), "must be a text on one line"));
  CHECK(contains(mistake(std::string(201, 'x')), "is a text of 201 bytes; it may have 200"));
  // The same of what a sweep writes into a column of its own.
  const auto swept = [](const std::string& value) {
    return mistakes_of(with("/sweep", R"([{"path": "/schemes/0/label", "values": )" + value + "}]"));
  };
  CHECK(swept(R"(["one", "two"])") == "");
  CHECK(contains(swept(R"(["one", "=two"])"), "f#/sweep/0/values: holds \"=two\", which must not begin"));
  CHECK(contains(swept(R"(["one", "\u001b"])"), "which must not contain control characters"));
  CHECK(contains(swept("[" + Json(std::vector<int>(6000, 1)).dump() + "]"),
                 "bytes of JSON; it may have 10000"));
}

TEST_CASE("a sweep with too many rows is refused before anything is read at its points") {
  Json config = base();
  config["sweep"] = {{{"path", "/compute/rate"}, {"from", 1}, {"to", 100000}, {"step", 1}}};
  for (int i = 0; i < 100; ++i) config["schemes"].push_back({{"scheme", "uncoded"}});
  CHECK(contains(mistakes_of(config),
                 "f#/sweep: makes 1.02e+07 rows (points times schemes); there can be 1000000"));
}

TEST_CASE("the baseline is the first scheme unless named") {
  CHECK(read_experiment(base(), "f").points[0].baseline == 0);
  CHECK(read_experiment(with("/baseline", R"("uncoded")"), "f").points[0].baseline == 1);
  CHECK(contains(mistakes_of(with("/baseline", R"("uncoed")")), "did you mean \"uncoded\"?"));
}

TEST_CASE("an expectation selects exactly one point and a scheme that is there") {
  Json config = with("/sweep", R"([{"path": "/compute/rate", "values": [5, 10]}])");
  const auto expecting = [&](const std::string& entry) {
    config["expect"] = {parse_json(entry, "e")};
    return mistakes_of(config);
  };
  CHECK(
      expecting(
          R"({"scheme": "uncoded", "at": {"/compute/rate": 10.0}, "metric": "time", "value": 1, "source": "s"})")
          .empty());
  CHECK(contains(expecting(R"({"scheme": "uncoded", "metric": "time", "value": 1, "source": "s"})"),
                 "must select exactly one point of the sweep, but selects 2 of 2"));
  CHECK(contains(
      expecting(
          R"({"scheme": "uncoded", "at": {"/workers": 12}, "metric": "time", "value": 1, "source": "s"})"),
      "which is not swept"));
  CHECK(contains(
      expecting(
          R"({"scheme": "none", "at": {"/compute/rate": 5}, "metric": "tiem", "value": 1, "source": "s"})"),
      "did you mean \"time\"?"));
}

TEST_CASE("the resolved configuration reads back to itself, and the hash is of what decides the numbers") {
  const Experiment first =
      read_experiment(with("/sweep", R"([{"path": "/schemes/0/load", "values": [2, 3]}])"), "f");
  const Experiment second = read_experiment(first.resolved, "f");
  CHECK(second.resolved == first.resolved);
  CHECK(second.hash == first.hash);
  const std::string hash = read_experiment(base(), "f").hash;
  CHECK(read_experiment(with("/title", R"("other words")"), "f").hash == hash);
  CHECK(read_experiment(with("/seed", "1"), "f").hash == hash);  // the default
  CHECK(read_experiment(with("/seed", "2"), "f").hash != hash);
  Json turned = Json::object();
  for (const char* key : {"schemes", "compute", "trials", "workers"}) turned[key] = base()[key];
  CHECK(read_experiment(turned, "f").hash == hash);
}

TEST_CASE("parameters out of range get the message that says what would be valid") {
  struct Case {
    const char *scheme, *message;
  };
  for (const Case& c : std::vector<Case>{
           {R"({"scheme": "gc", "load": 13})", "f#/schemes/0/load: must be a whole number from 1 to 12"},
           {R"({"scheme": "gc", "load": 4, "clusters": 4})",
            "f#/schemes/0/load: must be a whole number from 1 to 3"},
           {R"({"scheme": "gc", "load": 2, "clusters": 5})", "(valid: 1, 2, 3, 4, 6, 12)"},
           {R"({"scheme": "gc", "load": 5, "code": "fractional-repetition"})", "(valid: 1, 2, 3, 4, 6, 12)"},
           {R"({"scheme": "gc-mmc", "design": "correlated", "load": 4, "order": 5})",
            "f#/schemes/0/order: must be a whole number from 1 to 4 (an order is at most the load)"},
           {R"({"scheme": "gc-mmc", "design": "uncorrelated", "load": 4, "orders": [3, 2, 4]})",
            "f#/schemes/0/orders: must rise, but 3 is followed by 2"},
           {R"({"scheme": "gc-mmc", "design": "uncorrelated", "load": 4, "orders": [2, 3]})",
            "f#/schemes/0/orders: must end at the load, 4, but ends at 3"},
           {R"({"scheme": "gc-mmc", "design": "uncorrelated", "load": 4, "orders": [2, 4], "hybrid": true})",
            "f#/schemes/0/hybrid: needs every worker to hold its cluster's whole data: load 12"},
           {R"({"scheme": "gc-mmc", "design": "correlated", "load": 4, "order": 2, "orders": [2]})",
            "f#/schemes/0/orders: is not a known field"},
           {R"({"scheme": "uc-mmc", "load": 3, "tolerance": 1})", "at least 0 and below 1"},
           {R"({"scheme": "lcc", "load": 1})",
            "must be at least 2: with load 1 the master needs 2 ceil(12/1) - 1 = 23 of 12"},
           {R"({"scheme": "lcc", "load": 1, "messages": "multi"})", "must be at least 2"},
           {R"({"scheme": "gc-partial", "stragglers": 12, "slowdown": 2})", "from 0 to 11"},
           {R"({"scheme": "gc-partial", "stragglers": 1, "slowdown": 1})", "above 1"},
           {R"({"scheme": "gc-partial", "stragglers": 1, "slowdown": 2.7})",
            "(valid: 1 + 2/p, p = 1, 2, ...: 3, 2, "},
           {R"({"scheme": "gc-partial", "stragglers": 4, "slowdown": 6, "code": "fractional-repetition"})",
            "must divide the 12 workers"}}) {
    INFO(c.scheme);
    const std::string found = mistakes_of_scheme(c.scheme);
    INFO(found);
    CHECK(contains(found, c.message));
  }
  CHECK(contains(mistakes_of(with("/compute/increment", "0.1")),
                 "belongs to \"scaling\": \"data-dependent\" only"));
  CHECK(contains(mistakes_of(with("/compute/scaling", R"("data-dependent")")),
                 "f#/compute/increment: is missing"));
  CHECK(contains(mistakes_of(with("/verify", R"({"fields": ["complex"]})")),
                 "[\"real\"], [\"prime\"] or both"));
}

TEST_CASE("a code without digits in doubles is refused with its range, and accepted in the prime field") {
  Json config = with("/workers", "101");
  config["schemes"] = {parse_json(R"({"scheme": "gc", "load": 21, "code": "cyclic-mds"})", "s")};
  const std::string found = mistakes_of(config);
  CHECK(contains(
      found,
      "f#/schemes/0/code: \"cyclic-mds\" loses its digits in doubles when 20 messages of 101 are missing"));
  CHECK(contains(found, "it is good for up to "));
  config["verify"]["fields"] = {"prime"};
  CHECK(mistakes_of(config).empty());
}

TEST_CASE("every mistake of a file is listed at once") {
  const std::string found = mistakes_of(parse_json(
      R"({"workers": 0, "trails": 5, "compute": {"model": "constant"}, "schemes": [{"scheme": "gcc"}, {"scheme": "gc"}]})",
      "f"));
  for (const char* part :
       {"f#/workers", "f#/trails", "f#/compute/time", "f#/schemes/0/scheme", "f#/schemes/1/load"}) {
    INFO(part);
    CHECK(contains(found, part));
  }
}

TEST_CASE("experiment: the size of a gradient is given once, in bytes or in numbers") {
  const auto bytes = [](const std::string& gradient) {
    return read_experiment(
               parse_json(R"({"workers": 2, "compute": {"model": "constant", "time": 1}, "gradient": )" +
                              gradient + R"(, "schemes": [{"scheme": "uncoded"}]})",
                          "test"),
               "test")
        .points[0]
        .gradient_bytes;
  };
  CHECK(bytes(R"({"bytes": 100.5})") == 100.5);
  CHECK(bytes(R"({"dimension": 5000})") == 40000);
  for (const char* wrong : {"{}", R"({"bytes": 1, "dimension": 1})"})
    CHECK_THROWS_WITH(bytes(wrong), Catch::Contains("#/gradient") && Catch::Contains("either"));
  CHECK_THROWS_WITH(bytes(R"({"bytes": 0})"), Catch::Contains("#/gradient/bytes"));
  CHECK_THROWS_WITH(bytes(R"({"dimensions": 3})"), Catch::Contains("did you mean \"dimension\"?"));
}

TEST_CASE("experiment: round_start says where it has a meaning") {
  const auto point = [](const std::string& more, const std::string& scheme = R"({"scheme": "uncoded"})") {
    return read_experiment(
               parse_json(
                   R"({"workers": 6, "compute": {"model": "constant", "time": 1}, "gradient": {"bytes": 1}, )" +
                       more + R"(, "schemes": [)" + scheme + "]}",
                   "test"),
               "test")
        .points[0];
  };
  const std::string backlog = R"("iterations": 2, "round_start": "backlog")";
  CHECK(point(backlog).round_start == RoundStart::backlog);
  CHECK(point(backlog, R"({"scheme": "rar"})").round_start == RoundStart::backlog);
  CHECK_THROWS_WITH(point(R"("round_start": "abandon")"),
                    Catch::Contains("#/round_start") && Catch::Contains("raise \"iterations\""));
  CHECK_THROWS_WITH(
      point(backlog, R"({"scheme": "coded-reduce", "tree": {"arity": 2, "depth": 2}, "stragglers": 0})"),
      Catch::Contains("relays"));
  CHECK_THROWS_WITH(point(backlog + R"(, "network": {"model": "shared", "bandwidth": 1})"),
                    Catch::Contains("shared links"));
}

TEST_CASE("experiment: a label made of an object's fields leaves out what is swept") {
  const Experiment experiment =
      read_experiment(parse_json(R"({"workers": 6, "compute": {"model": "constant", "time": 1},
                     "schemes": [{"scheme": "coded-reduce", "tree": {"arity": 2, "depth": 2}, "stragglers": 0}],
                     "sweep": [{"paths": ["/workers", "/schemes/0/tree/depth"], "values": [[6, 2], [14, 3]]}]})",
                                 "test"),
                      "test");
  CHECK(experiment.points[1].schemes[0].label == "coded-reduce arity=2 stragglers=0");
}

TEST_CASE("experiment: the hash knows what is in a file of measured times, not where it lies") {
  namespace fs = std::filesystem;
  const TemporaryFolder temporary;
  const fs::path& folder = temporary.path;
  fs::create_directories(folder / "deeper");
  const auto write = [](const fs::path& path, const std::string& text) { std::ofstream(path) << text; };
  const auto hash = [&](const std::string& file) {
    return read_experiment(parse_json(R"({"workers": 2, "compute": {"model": "empirical", "file": ")" + file +
                                          R"("}, "schemes": [{"scheme": "uncoded"}]})",
                                      "test"),
                           (folder / "config.json").string())
        .hash;
  };
  write(folder / "a.csv", "seconds\n1\n2\n");
  write(folder / "deeper" / "b.csv", "seconds\n1\n2\n");
  write(folder / "c.csv", "seconds\n1\n3\n");
  CHECK(hash("a.csv") == hash("deeper/b.csv"));
  CHECK(hash("a.csv") != hash("c.csv"));
}

namespace {

/// A configuration on serial links, every quantity of which is given.
Json in_units(const std::string& shift, const std::string& rate, const std::string& bytes,
              const std::string& latency, const std::string& bandwidth, const std::string& axes,
              const std::string& at) {
  return parse_json(R"({"workers": 4, "trials": 50, "gradient": {"bytes": )" + bytes + R"(},
    "compute": {"model": "shifted-exponential", "shift": )" +
                        shift + R"(, "rate": )" + rate + R"(},
    "network": {"model": "serial", "latency": )" +
                        latency + R"(, "bandwidth": )" + bandwidth + R"(},
    "schemes": [{"scheme": "gc", "load": 2, "label": "gc"}], "sweep": )" +
                        axes + R"(,
    "expect": [{"scheme": "gc", "metric": "time", "value": 1, "within": 9, "source": "none", "at": )" +
                        at + "}]}",
                    "in units");
}

}  // namespace

TEST_CASE("a configuration with units is the one with numbers, in everything that leaves it") {
  const Experiment numbers = read_experiment(
      in_units("0.01", "3", "100000000", "0.001", "1250000000",
               R"([{"path": "/network/latency", "from": 0.001, "to": 0.003, "step": 0.001},
                   {"path": "/network/bandwidth", "values": [1250000000, 125000]},
                   {"paths": ["/compute/rate", "/schemes/0/load"], "values": [[3, 2], [4.5, 3]]}])",
               R"({"/network/latency": 0.002, "/network/bandwidth": 125000, "/compute/rate": 3})"),
      "f");
  const Experiment units = read_experiment(
      in_units(R"("10 ms")", R"("3 1/s")", R"("100 MB")", R"("1 ms")", R"("10 Gbit/s")",
               R"([{"path": "/network/latency", "from": "1 ms", "to": "3 ms", "step": "1 ms"},
                   {"path": "/network/bandwidth", "values": ["10 Gbit/s", "1 Mbit/s"]},
                   {"paths": ["/compute/rate", "/schemes/0/load"], "values": [["3 1/s", 2], ["4.5 Hz", 3]]}])",
               R"({"/network/latency": "2 ms", "/network/bandwidth": "125 kB/s", "/compute/rate": "3 /s"})"),
      "f");
  CHECK(units.resolved.dump() == numbers.resolved.dump());
  CHECK(units.hash == numbers.hash);
  CHECK(units.identity == numbers.identity);
  REQUIRE(units.points.size() == 12);
  for (std::size_t i = 0; i < units.points.size(); ++i) {
    CHECK(units.points[i].description() == numbers.points[i].description());
    CHECK(units.points[i].links.latency == numbers.points[i].links.latency);
    CHECK(units.points[i].links.egress == numbers.points[i].links.egress);
  }
  CHECK(units.expected[0].points == numbers.expected[0].points);
  CHECK(units.resolved["sweep"][0]["from"].dump() == "0.001");
  CHECK(units.resolved["sweep"][1]["values"].dump() == "[1250000000,125000]");
  CHECK(units.resolved["expect"][0]["at"]["/network/bandwidth"] == 125000);
  CHECK(units.resolved["network"]["latency"] == 0.001);  // which no point reads
  CHECK(read_experiment(units.resolved, "f").hash == units.hash);
}

TEST_CASE("a range in units has the values that the same range in numbers has") {
  for (const auto& [units, numbers] :
       {std::pair{R"({"path": "/compute/shift", "from": "500 ms", "to": "2 s", "step": "0.5 s"})",
                  R"({"path": "/compute/shift", "from": 0.5, "to": 2, "step": 0.5})"},
        std::pair{R"({"path": "/compute/shift", "from": "3 s", "to": "1 s", "step": "-1 s"})",
                  R"({"path": "/compute/shift", "from": 3, "to": 1, "step": -1})"},
        std::pair{R"({"path": "/compute/shift", "from": 0, "to": "1 ms", "step": "100 us"})",
                  R"({"path": "/compute/shift", "from": 0, "to": 0.001, "step": 0.0001})"}}) {
    const Experiment with_units = read_experiment(with("/sweep", "[" + std::string(units) + "]"), "f");
    const Experiment without = read_experiment(with("/sweep", "[" + std::string(numbers) + "]"), "f");
    REQUIRE(with_units.points.size() == without.points.size());
    for (std::size_t i = 0; i < without.points.size(); ++i)
      CHECK(with_units.points[i].description() == without.points[i].description());
    CHECK(with_units.hash == without.hash);
  }
}

TEST_CASE("units that are not the field's are refused wherever a value of it can stand") {
  CHECK(contains(mistakes_of(with("/compute/rate", R"("10 ms")")),
                 R"(/compute/rate: is "10 ms", but its unit may be)"));
  CHECK(contains(mistakes_of(with("/workers", R"("12 s")")), "/workers: must be a whole number from 1"));
  CHECK(contains(mistakes_of(with("/sweep", R"([{"path": "/compute/rate", "values": [5, "10 ms"]}])")),
                 R"(/compute/rate: is "10 ms", but its unit may be "1/s", "/s", "Hz", "kHz" or "MHz" (at )"));
  CHECK(contains(
      mistakes_of(
          with("/sweep", R"([{"path": "/compute/rate", "from": "1 1/s", "to": "5 ms", "step": "1 1/s"}])")),
      R"(/sweep/0/to: is "5 ms", but its unit may be)"));
  CHECK(contains(
      mistakes_of(with("/sweep", R"([{"path": "/workers", "from": "1 s", "to": "5 s", "step": "1 s"}])")),
      R"(/sweep/0/from: is "1 s", but what is swept takes no texts with units)"));
  Json swept = with("/sweep", R"([{"path": "/compute/rate", "values": [5, 10]}])");
  swept["expect"] = parse_json(R"([{"scheme": "uncoded", "metric": "time", "value": 1, "source": "none",
                                    "at": {"/compute/rate": "5 ms"}}])",
                               "f");
  CHECK(contains(mistakes_of(swept), R"(/expect/0/at: at "/compute/rate" is "5 ms", but its unit may be)"));
}

TEST_CASE("a swept object may have units inside, and an expectation that selects it too") {
  Json config = with("/sweep", R"([{"path": "/compute", "values": [{"model": "constant", "time": "20 ms"},
                                                                    {"model": "exponential", "rate": "2 /s"}]}])");
  config["expect"] = parse_json(R"([{"scheme": "uncoded", "metric": "time", "value": 1, "source": "none",
                                     "at": {"/compute": {"model": "constant", "time": "0.02 s"}}}])",
                                "f");
  const Experiment e = read_experiment(config, "f");
  CHECK(e.expected[0].points == std::vector<std::size_t>{0});
  CHECK(e.points[1].axes[0].second == parse_json(R"({"model": "exponential", "rate": 2})", "f"));
  CHECK(e.resolved["sweep"][0]["values"][0]["time"] == 0.02);
}
