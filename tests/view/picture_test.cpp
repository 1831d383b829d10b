// Pictures: well-formed SVG with everything that was to be drawn, at the place it belongs.
#include "sim/view/picture.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "sim/run/experiment.h"
#include "sim/view/replay.h"
#include "tests/view/markup.h"

using namespace straggle;

namespace {

const std::string evil = "<img src=x onerror=alert(1)>\"'&</text>";
const std::string evil_escaped = "&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;&lt;/text&gt;";

Mark mark(double x, double y, double half = 0) {
  return {.x = x, .y = y, .low = y - half, .high = y + half};
}

/// The same, and well formed, with its title and its description.
const std::string& checked(const std::string& svg) {
  CHECK(mistake_in_markup(svg) == "");
  CHECK(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""));
  CHECK(count_of(svg, "<title>") == 1);
  CHECK(count_of(svg, "<desc>") == 1);
  CHECK(count_of(svg, "nan") == 0);
  CHECK(count_of(svg, "inf\"") == 0);
  CHECK(count_of(svg, "url(") == 0);
  return svg;
}

/// The `d` of the path of a class; empty without one.
std::string path_of(const std::string& svg, const std::string& name) {
  const auto element = svg.find("<path class=\"" + name + "\"");
  if (element == std::string::npos) return "";
  const auto d = svg.find(" d=\"", element) + 4;
  return svg.substr(d, svg.find('"', d) - d);
}

Timeline replayed(const char* schemes, std::uint64_t trial, const char* network = R"({"model": "ideal"})",
                  int workers = 8) {
  const Json config = {{"workers", workers},
                       {"compute", {{"model", "shifted-exponential"}, {"shift", 0.01}, {"rate", 10}}},
                       {"gradient", {{"dimension", 1000}}},
                       {"network", Json::parse(network)},
                       {"schemes", Json::parse(schemes)}};
  const Experiment experiment = read_experiment(config, "test.json");
  return timelines_of(experiment.points[0], 0, trial).front();
}

}  // namespace

TEST_CASE("markup: the check of these tests finds what it is for") {
  CHECK(mistake_in_markup("<a b=\"x>y\"><c/>text</a>") == "");
  CHECK(mistake_in_markup("<p>a<br>b</p>", {"br"}) == "");
  CHECK(mistake_in_markup("<script>if (a < b) {}</script>") == "");
  for (const char* wrong : {"<a><b></a></b>", "<a>", "</a>", "<a>1 < 2</a>", "<a b=\"</a>", "<a><b></a>"})
    CHECK(mistake_in_markup(wrong) != "");
}

TEST_CASE("picture: text from outside stays text") {
  CHECK(escaped(evil) == evil_escaped);
  CHECK(escaped("a\x01z\n\u202e\xff") == "a\\x01z\n\\u{202e}\\xff");
  const std::vector<Series> series = {{evil, {mark(1, 2, 0.5)}}, {"b", {mark(2, 3)}}};
  for (const std::string& svg :
       {bars_picture({evil, evil}, series, evil), curves_picture({evil, evil}, series, {evil}, {evil})}) {
    checked(svg);
    CHECK(count_of(svg, "<img") == 0);
    CHECK(count_of(svg, evil_escaped) >= 4);
  }
  checked(distribution_picture({evil, evil}, {{evil, 2, 2, {{1, 0.5}, {2, 1}}}}));
  checked(shares_picture({evil, evil}, {{evil, {1, 0, 2, 0}}}));
  checked(timeline_picture(replayed(R"([{"scheme": "uncoded"}])", 0), 8, evil));
}

TEST_CASE("picture: bars are as long as their numbers, with theory where it is") {
  const std::vector<Series> series = {
      {"one", {{.x = 0, .y = 1, .low = 0.9, .high = 1.1, .theory_low = 0.5, .theory_high = 0.5}}},
      {"two", {{.x = 0, .y = 2, .low = 2, .high = 2, .theory_low = 1, .theory_high = 1.5}}},
      {"none", {mark(0, std::nan(""))}}};
  const std::string svg = checked(bars_picture({"t", "d"}, series, "time [s]"));
  double lengths[2];
  std::size_t at = 0;
  for (double& length : lengths) {
    at = svg.find("stroke-width=\"11\" d=\"M8 ", at) + 20;
    const std::size_t h = svg.find('H', at);
    length = std::stod(svg.substr(h + 1)) - 8;
  }
  CHECK(lengths[1] == Approx(2 * lengths[0]).margin(0.2));  // coordinates have one digit
  CHECK(count_of(svg, ">1</text>") >= 1);
  CHECK(count_of(svg, "no trial was complete") == 1);
  CHECK(count_of(svg, ">theory</text>") == 1);
  CHECK(count_of(svg, ">bounds or band of theory</text>") == 1);
  // The mark of theory is half way along the first bar.
  CHECK(count_of(svg, "M" + std::to_string(static_cast<int>(8 + lengths[0] / 2)) + "") >= 1);
}

TEST_CASE("picture: curves join the marks of a series, and logarithmic axes have decades") {
  const std::vector<Series> series = {{"a", {mark(10, 1), mark(100, 2), mark(1000, 3)}},
                                      {"b", {mark(10, 2)}}};
  const std::string linear = checked(curves_picture({"t", "d"}, series, {"x"}, {"y"}));
  const std::string log = checked(curves_picture({"t", "d"}, series, {"x", true}, {"y"}));
  CHECK(linear != log);
  // On the logarithmic axis the three marks are evenly spaced.
  const std::string open = "stroke-width=\"1.8\" fill=\"none\" d=\"M";
  const std::size_t d = log.find(open) + open.size();
  const double first = std::stod(log.substr(d));
  const std::size_t l1 = log.find('L', d), l2 = log.find('L', l1 + 1);
  const double second = std::stod(log.substr(l1 + 1)), third = std::stod(log.substr(l2 + 1));
  CHECK(third - second == Approx(second - first).margin(0.21));
  for (const char* tick : {">10</text>", ">100</text>", ">1000</text>"}) CHECK(count_of(log, tick) == 1);
  checked(curves_picture({"t", "d"}, {}, {"x"}, {"y"}));
  checked(curves_picture({"t", "d"}, {{"a", {mark(0, 0)}}}, {"x", true}, {"y", true}));
}

TEST_CASE("picture: a distribution ends at one, and its tail at the rarest trial") {
  Distribution sample{.name = "a", .count = 1000, .complete = 1000, .steps = {}};
  for (std::uint64_t rank = 1; rank <= 1000; rank += 37)
    sample.steps.push_back({rank, 0.1 + 1e-3 * static_cast<double>(rank)});
  sample.steps.push_back({1000, 2});
  const std::string svg = checked(distribution_picture({"t", "d"}, {sample, {"empty", 0, 0, {}}}));
  CHECK(count_of(svg, ">0.001</text>") == 1);  // one of a thousand
  CHECK(count_of(svg, ">empty</text>") == 1);
}

TEST_CASE("picture: a distribution ends at the share of trials that complete") {
  const auto end_of = [](std::uint64_t complete) {
    Distribution sample{.name = "a", .count = 100, .complete = complete, .steps = {}};
    for (std::uint64_t rank = 1; rank <= complete; ++rank)
      sample.steps.push_back({rank, static_cast<double>(rank)});
    const std::string svg = checked(distribution_picture({"t", "d"}, {sample}));
    const std::string open = "stroke-width=\"1.8\" fill=\"none\" d=\"M";
    const std::size_t at = svg.find(open) + open.size();
    const std::string d = svg.substr(at, svg.find('"', at) - at);
    // Above where it begins, which is none.
    return std::stod(d.substr(d.find(' '))) - std::stod(d.substr(d.rfind('V') + 1));
  };
  // The upper half shows the bulk, up to 99 %.
  REQUIRE(end_of(99) > 150);
  CHECK(end_of(25) == Approx(25.0 / 99 * end_of(99)).margin(0.1));  // a digit of the picture
}

TEST_CASE("picture: a distribution without spread is a step, and so is that of one trial") {
  for (const std::uint64_t count : {1U, 3U, 1000U}) {
    Distribution sample{.name = "a", .count = count, .complete = count, .steps = {}};
    for (std::uint64_t rank = 1; rank <= count; rank += std::max<std::uint64_t>(1, count / 20))
      sample.steps.push_back({rank, 2});
    if (sample.steps.back().rank < count) sample.steps.push_back({count, 2});
    const std::string svg = checked(distribution_picture({"t", "d"}, {sample}));
    const std::string open = "stroke-width=\"1.8\" fill=\"none\" d=\"M";
    std::size_t at = svg.find(open);
    for (const double bottom : {250.0, 560.0}) {  // the body rises from its axis, the tail falls to it
      REQUIRE(at < svg.size());
      const std::string d = svg.substr(at + open.size(), svg.find('"', at + open.size()) - at - open.size());
      CAPTURE(count, d);
      double x = 0, y = 0, low = 1e9, high = -1e9, from = 1e9, to = -1e9;
      for (std::size_t i = 0; i < d.size(); ++i) {
        if (i == 0 || d[i] == 'L') {
          std::size_t used = 0;
          x = std::stod(d.substr(i + (i > 0)), &used);
          y = std::stod(d.substr(i + (i > 0) + used));
        } else if (d[i] == 'H') {
          x = std::stod(d.substr(i + 1));
        } else if (d[i] == 'V') {
          y = std::stod(d.substr(i + 1));
        } else {
          continue;
        }
        low = std::min(low, y), high = std::max(high, y), from = std::min(from, x), to = std::max(to, x);
      }
      CHECK(high == Approx(bottom).margin(4));
      CHECK(high - low > 150);  // all the way
      CHECK(to - from > 600);   // from end to end
      at = svg.find(open, at + 1);
    }
  }
}

TEST_CASE("picture: labels of an axis over many decades are powers of ten that do not touch") {
  std::vector<Series> series = {{"a", {}}};
  for (double x = 1e-12; x < 1e20; x *= 10) series[0].marks.push_back(mark(x, x));
  const std::string svg = checked(curves_picture({"t", "d"}, series, {"x", true}, {"y", true}));
  CHECK(count_of(svg, ">10¹²</text>") + count_of(svg, ">10¹⁰</text>") + count_of(svg, ">10⁸</text>") >= 1);
  CHECK(count_of(svg, "0000000</text>") == 0);
  CHECK(count_of(svg, "e+") == 0);
}

TEST_CASE("picture: shares fill their bar") {
  const std::string svg = checked(shares_picture({"t", "d"}, {{"a", {1, 2, 0, 1}}}));
  CHECK(count_of(svg, "a: 4 s; compute 25 %, port queue 50 %, waiting 25 %") == 1);
  CHECK(path_of(svg, "t-compute").ends_with("h176"));  // of 704
  CHECK(path_of(svg, "t-queue").ends_with("h352"));
}

TEST_CASE("drawing: a small timeline has every slice, message and link of the path") {
  const Timeline timeline = replayed(R"([{"scheme": "gc", "load": 3}])", 5,
                                     R"({"model": "serial", "bandwidth": 1e6, "overhead": 0.01})");
  const TimelineDrawing drawing = draw(timeline, 8);
  CHECK(drawing.rows == std::vector<NodeId>{0, 1, 2, 3, 4, 5, 6, 7, 8});
  CHECK(drawing.nodes == 9);
  double work = 0, slices = 0;
  std::size_t useful = 0, received = 0;
  for (const auto& bar : drawing.bars) {
    CHECK(bar.begin <= bar.end);
    CHECK(bar.end <= timeline.end);
    if (bar.kind == TimelineDrawing::Kind::compute || bar.kind == TimelineDrawing::Kind::wasted)
      work += bar.to - bar.from;
    useful += bar.kind == TimelineDrawing::Kind::useful;
    received += bar.kind == TimelineDrawing::Kind::useful && bar.row == 0;
  }
  for (const Slice& slice : timeline.slices)
    if (slice.activity == Activity::compute || slice.activity == Activity::wasted)
      slices += slice.to - slice.from;
  CHECK(work == Approx(slices));
  CHECK(useful == 6);  // of 8 - 3 + 1
  CHECK(received == 6);
  double path = 0;
  for (const auto& link : drawing.path) path += link.end - link.begin;
  CHECK(path == Approx(timeline.end));
}

TEST_CASE("drawing: a large system keeps the master, the critical path and at most sixty rows") {
  const Timeline timeline =
      replayed(R"([{"scheme": "coded-reduce", "tree": {"arity": 4, "depth": 4}, "stragglers": 1}])", 3,
               R"({"model": "serial", "bandwidth": 1e6, "overhead": 0.01})", 340);
  const TimelineDrawing drawing = draw(timeline, 340);
  CHECK(drawing.rows.size() <= 60);
  CHECK(drawing.rows.size() > 50);
  CHECK(drawing.rows.front() == master);
  REQUIRE_FALSE(drawing.path.empty());
  for (const auto& link : drawing.path) CHECK(link.row != TimelineDrawing::hidden);
  const std::string svg = checked(timeline_picture(timeline, drawing, "t"));
  CHECK(count_of(svg, std::to_string(drawing.rows.size()) + " of 341 nodes") == 1);
}

TEST_CASE("drawing: a ring of many messages stays small, and says how many run together") {
  const Timeline timeline = replayed(R"([{"scheme": "rar"}])", 0,
                                     R"({"model": "serial", "bandwidth": 1e6, "overhead": 0.001})", 300);
  REQUIRE(timeline.transfers.size() > 100000);
  const TimelineDrawing drawing = draw(timeline, 300);
  CHECK(drawing.bars.size() <= 5000);
  std::size_t together = 0;
  for (const auto& bar : drawing.bars)
    if (bar.kind == TimelineDrawing::Kind::useful) together += bar.count;
  CHECK(together == drawing.rows.size() * 2 * 299);  // each of the rows hears 2(K - 1) messages
  CHECK(timeline_picture(timeline, drawing, "t").size() < 100000);
}

TEST_CASE(
    "picture: a timeline has a row a node, the completion, the path, and what was in vain struck through") {
  const Timeline timeline = replayed(R"([{"scheme": "gc", "load": 3}])", 5);
  const std::string svg = checked(timeline_picture(timeline, 8, "GC"));
  for (int worker = 1; worker <= 8; ++worker)
    CHECK(count_of(svg, ">worker " + std::to_string(worker) + "</text>") == 1);
  CHECK(count_of(svg, ">master</text>") == 1);
  CHECK(count_of(svg, ">complete at ") == 1);
  CHECK(count_of(svg, "critical path: compute 100 %") == 1);
  CHECK_FALSE(path_of(svg, "t-path").empty());
  CHECK(path_of(svg, "t-strike") == path_of(svg, "t-wasted"));
  CHECK_FALSE(path_of(svg, "t-wasted").empty());
  CHECK(svg.size() < 12000);
}

TEST_CASE("picture: an iteration that cannot complete says so") {
  const Json config = {{"workers", 4},
                       {"compute", {{"model", "constant"}, {"time", 1}, {"failure", {{"workers", {2}}}}}},
                       {"schemes", {{{"scheme", "uncoded"}}}}};
  const Experiment experiment = read_experiment(config, "test.json");
  const Timeline timeline = timelines_of(experiment.points[0], 0, 0).front();
  const std::string svg = checked(timeline_picture(timeline, 4, "t"));
  CHECK(count_of(svg, ">never complete</text>") == 1);
  CHECK(count_of(svg, ">never answers</text>") == 1);
  CHECK(path_of(svg, "t-path").empty());
}
