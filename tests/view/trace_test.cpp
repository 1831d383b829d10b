// Traces of trials: what viewers need of the format, for every scheme and network there is, and that the
// numbers are those of the replay. Critical paths as columns of a sweep.
#include "sim/view/trace.h"

#include <filesystem>
#include <map>
#include <sstream>

#include "sim/table/results_csv.h"
#include "sim/view/replay.h"
#include "tests/schemes/support.h"

using namespace straggle;
using namespace straggle::testing;

namespace {

namespace fs = std::filesystem;

std::vector<std::size_t> all_schemes(const Point& point) {
  std::vector<std::size_t> schemes(point.schemes.size());
  for (std::size_t s = 0; s < schemes.size(); ++s) schemes[s] = s;
  return schemes;
}

Json trace_of(const Point& point, std::uint64_t trial) {
  std::ostringstream text;
  write_trace(text, point, all_schemes(point), trial, {{"title", "a \"title\""}});
  return Json::parse(text.str());
}

/// Microseconds as nanoseconds.
std::int64_t nanoseconds(const Json& microseconds) {
  return std::llround(microseconds.get<double>() * 1000);
}

struct Slices {
  std::map<std::pair<int, int>, std::vector<std::pair<std::int64_t, std::int64_t>>> by_row;
  bool open(int pid, int tid, std::int64_t time) const {
    const auto row = by_row.find({pid, tid});
    if (row == by_row.end()) return false;
    return std::any_of(row->second.begin(), row->second.end(),
                       [&](const auto& slice) { return slice.first <= time && time < slice.second; });
  }
};

/// What Perfetto and chrome://tracing ask of a file: named rows; slices of a row that contain each other or
/// are apart, the outer one first; arrows that begin and end in open slices, forwards in time.
void check_format(const Json& trace) {
  std::map<std::pair<int, int>, std::string> names;
  std::map<int, std::string> processes;
  Slices slices;
  std::map<std::uint64_t, const Json*> arrows;
  for (const Json& event : trace["traceEvents"]) {
    const int pid = event["pid"], tid = event["tid"];
    const std::string phase = event["ph"];
    if (phase == "M" && event["name"] == "thread_name") names[{pid, tid}] = event["args"]["name"];
    if (phase == "M" && event["name"] == "process_name") processes[pid] = event["args"]["name"];
    if (phase == "X") {
      const std::int64_t begin = nanoseconds(event["ts"]), end = begin + nanoseconds(event["dur"]);
      REQUIRE(begin >= 0);
      REQUIRE(end > begin);
      for (const auto& [other_begin, other_end] : slices.by_row[{pid, tid}]) {
        const bool apart = end <= other_begin || other_end <= begin;
        const bool inside = other_begin <= begin && end <= other_end;
        if (!apart && !inside) {
          CAPTURE(names[{pid, tid}], event.dump(), other_begin, other_end);
          REQUIRE((apart || inside));
        }
      }
      slices.by_row[{pid, tid}].emplace_back(begin, end);
    }
    if (phase == "s") arrows[event["id"]] = &event;
    if (phase == "f") {
      REQUIRE(arrows.contains(event["id"]));
      const Json& from = *arrows[event["id"]];
      REQUIRE(from["pid"] == event["pid"]);
      REQUIRE(from["cat"] == event["cat"]);
      REQUIRE(from["name"] == event["name"]);
      REQUIRE(nanoseconds(from["ts"]) <= nanoseconds(event["ts"]));
      REQUIRE(slices.open(from["pid"], from["tid"], nanoseconds(from["ts"])));
      REQUIRE(slices.open(pid, tid, nanoseconds(event["ts"])));
    }
  }
  for (const auto& [row, unused] : slices.by_row) {
    REQUIRE(names.contains(row));
    REQUIRE(processes.contains(row.first));
  }
  for (const auto& [row, name] : names) {
    std::size_t same = 0;
    for (const auto& [other, other_name] : names)
      same += other.first == row.first && other_name == name ? 1 : 0;
    REQUIRE(same == 1);
  }
}

const std::string six_schemes =
    R"([{"scheme": "uncoded"}, {"scheme": "gc", "load": 3, "clusters": 2, "label": "GC"},
        {"scheme": "uc-mmc", "load": 3}, {"scheme": "gc-mmc", "design": "correlated", "load": 3, "order": 1},
        {"scheme": "coded-reduce", "tree": {"arity": 3, "depth": 2}, "stragglers": 1},
        {"scheme": "rar"}])";

Point point_with(const std::string& more) {
  const std::string text = fmt::format(
      R"({{"workers": 12, "compute": {{"model": "shifted-exponential", "shift": 0.01, "rate": 10}},
          "verify": {{"trials": 0}}, "trials": 40, {} "schemes": {}}})",
      more, six_schemes);
  return read_experiment(parse_json(text, "test"), "test").points.front();
}

const std::vector<std::string> networks = {
    R"("network": {"model": "ideal"},)",
    R"("network": {"model": "serial", "bandwidth": 1e6, "overhead": 0.01, "latency": 0.002, "downlink": "unicast"},
       "gradient": {"bytes": 5000},)",
    R"("network": {"model": "serial", "bandwidth": 1e6, "downlink": "multicast"}, "gradient": {"bytes": 50000},
       "silence": true,)",
    R"("network": {"model": "shared", "bandwidth": 1e6, "latency": 0.002}, "gradient": {"bytes": 50000},)"};

}  // namespace

TEST_CASE("a trace is what viewers can open, for the smallest run of every scheme") {
  std::size_t files = 0;
  for (const fs::directory_entry& entry :
       fs::directory_iterator(fs::path(STRAGGLE_SOURCE_DIR) / "configs" / "smoke")) {
    const Experiment experiment = load_experiment(entry.path().string());
    INFO(entry.path());
    check_format(trace_of(experiment.points.front(), 3));
    ++files;
  }
  CHECK(files >= 9);
}

TEST_CASE("a trace is what viewers can open, on every network") {
  for (const std::string& network : networks) {
    INFO(network);
    check_format(trace_of(point_with(network), 1));
  }
}

TEST_CASE("a trace of several iterations with old work in the port follows them in one file") {
  const Point point = read_experiment(parse_json(R"({
    "workers": 6, "iterations": 4, "round_start": "backlog", "verify": {"trials": 0},
    "compute": {"model": "shifted-exponential", "shift": 0.01, "rate": 10},
    "network": {"model": "serial", "overhead": 0.02},
    "schemes": [{"scheme": "uc-mmc", "load": 3}]})",
                                                 "test"),
                                      "test")
                          .points.front();
  const Json trace = trace_of(point, 0);
  check_format(trace);
  std::size_t begins = 0, completes = 0, stale = 0;
  double last = 0;
  for (const Json& event : trace["traceEvents"]) {
    const std::string name = event["name"];
    begins += name.starts_with("iteration ") ? 1 : 0;
    stale += name == "receives: of an earlier iteration" ? 1 : 0;
    if (!name.starts_with("complete")) continue;
    ++completes;
    last = event["args"]["time_s"];
  }
  CHECK(begins == 4);
  CHECK(completes == 4);
  CHECK(stale > 0);
  CHECK(last / 4 == Approx(replay(point, 0, 0).record[Tally::time]).epsilon(1e-12));
}

TEST_CASE("a trace counts what the replay counts: messages, work in vain, the completion") {
  for (const std::string& network : networks) {
    const Point point = point_with(network);
    const Json trace = trace_of(point, 5);
    for (std::size_t s = 0; s < point.schemes.size(); ++s) {
      CAPTURE(point.schemes[s].label, network);
      const TrialRecord record = replay(point, s, 5).record;
      double work = 0, wasted = 0, time = 0, on_path = 0;
      std::uint64_t received = 0;
      for (const Json& event : trace["traceEvents"]) {
        if (event["pid"] != static_cast<int>(s) + 1) continue;
        const std::string name = event["name"], phase = event["ph"];
        if (name.starts_with("complete")) time = event["args"]["time_s"];
        if (phase != "X") continue;
        const Json& arguments = event["args"];
        if (event["cat"] == "critical path") on_path += arguments["share"].get<double>();
        if (event["cat"] == "receiving") ++received;
        if (event["cat"] != "computing" || !arguments.contains("mini_batches_to")) continue;
        const double amount =
            arguments["mini_batches_to"].get<double>() - arguments["mini_batches_from"].get<double>();
        work += amount;
        if (name == "wasted work") wasted += amount;
      }
      CHECK(time == record[Tally::time]);
      CHECK(on_path == Approx(1).epsilon(1e-9));
      // On ideal links the rounds of a ring are one instant: its first and last are drawn.
      const bool rounds_at_once =
          point.schemes[s].scheme == "rar" && point.links.discipline == Discipline::ideal;
      CHECK(static_cast<double>(received) == (rounds_at_once ? 2 * 12 : record[Tally::messages_in_all]));
      CHECK(work == Approx(record[Tally::work]).epsilon(1e-12));
      CHECK(wasted == Approx(record[Tally::wasted]).epsilon(1e-12).margin(1e-12));
    }
  }
}

TEST_CASE("names in a trace are JSON, whatever a scheme is called") {
  Point point = point_with("");
  point.schemes[0].label = "\"quoted\" \\ </script> \xc3\xa9\n";
  const Json trace = trace_of(point, 0);
  CHECK(trace["otherData"]["title"] == "a \"title\"");
  bool found = false;
  for (const Json& event : trace["traceEvents"])
    if (event["name"] == "process_name")
      found =
          found || event["args"]["name"].get<std::string>().starts_with(point.schemes[0].label + ": trial 0");
  CHECK(found);
}

TEST_CASE(
    "the causes of every trial add up to its time, are those of its replay, and do not depend on threads") {
  for (const std::string& network : networks) {
    for (const std::string more : {"", R"("iterations": 3,)"}) {
      CAPTURE(network, more);
      const Point point = point_with(network + more);
      const Keep keep{.critical = true};
      const auto found = run_blocks(point, 0, point.trials, 1, {}, keep);
      const auto threaded = run_blocks(point, 0, point.trials, 3, {}, keep);
      const auto plain = run_blocks(point, 0, point.trials, 1);
      const auto kept = run_trials(point, 0, point.trials, 1, {}, keep);
      for (std::size_t s = 0; s < point.schemes.size(); ++s) {
        CAPTURE(point.schemes[s].label);
        REQUIRE(found[s].trials() == point.trials);
        REQUIRE(found[s].critical.size() == point.trials);
        CHECK(found[s].critical == threaded[s].critical);
        CHECK(found[s][Tally::time] == plain[s][Tally::time]);  // looking does not change anything
        CHECK(plain[s].critical.empty());
        for (std::uint64_t trial = 0; trial < point.trials; ++trial) {
          double sum = 0;
          for (const double seconds : found[s].critical[trial]) sum += seconds;
          REQUIRE(sum == Approx(found[s][Tally::time][trial]).epsilon(1e-12));
        }
        double compute = 0;
        for (const Timeline& timeline : timelines_of(point, s, 7))
          compute += timeline.path.seconds(Cause::compute);
        CHECK(found[s].critical[7][0] == Approx(compute / point.iterations).epsilon(1e-12));
        const Row row = make_row(point, s, kept[s]);
        REQUIRE(row.critical.size() == causes);
        double sum = 0;
        for (const Estimate& seconds : row.critical) sum += seconds.mean;
        CHECK(sum == Approx(row[Tally::time].mean).epsilon(1e-12));
      }
    }
  }
}

TEST_CASE("a trial of a rank is the first with that completion time, among those that completed") {
  const double never_came = std::numeric_limits<double>::infinity();
  const std::vector<double> times = {3, never_came, 1, 2, 5, 2, 4};
  CHECK(trial_of_rank(times, 0.5) == 3u);  // 1 2 2 3 4 5: the third is a 2
  CHECK(trial_of_rank(times, 0.99) == 4u);
  CHECK(trial_of_rank(times, 1) == 4u);
  CHECK_FALSE(trial_of_rank(std::vector<double>{never_came}, 0.5));
}
