// The files of a run as somebody else may have changed them: results.csv, a zero byte, and samples.csv; and
// the page that is made of them.
#include <algorithm>
#include <span>
#include <string>

#include "sim/table/results_reader.h"
#include "sim/view/page.h"
#include "tests/fuzz/target.h"

namespace {

using namespace straggle;

const Experiment& experiment() {
  static const Experiment tiny = read_experiment(parse_json(R"({
    "title": "Two schemes at two speeds", "seed": 1, "trials": 3, "workers": 4, "verify": {"trials": 1},
    "compute": {"model": "shifted-exponential", "shift": 0.01, "rate": 10}, "gradient": {"bytes": 1000},
    "network": {"model": "serial", "overhead": 0.001},
    "sweep": [{"path": "/compute/rate", "values": [10, 20]}],
    "schemes": [{"scheme": "uncoded", "label": "all"}, {"scheme": "gc", "load": 2, "label": "coded"}]})",
                                                            "config.json"),
                                                 "config.json");
  return tiny;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::uint8_t* const end = data + size;
  const std::uint8_t* const cut = std::find(data, end, std::uint8_t{0});
  const MemoryFile results_file(std::span(data, cut));
  const MemoryFile samples_file(std::span(cut == end ? end : cut + 1, end));
  try {
    const ResultsTable results = read_results(results_file.path());
    check_results(results, experiment(), "results.csv");
    SampleTimes samples;
    try {
      samples = read_samples(samples_file.path(), experiment(), results.run, {0, 1});
    } catch (const ConfigError&) {  // without them the trials are run
    }
    std::vector<ShownPoint> shown;
    for (const Point& point : experiment().points) shown.push_back(look_at(point, samples, 1));
    report_page(experiment(), results, shown, page_assets());
  } catch (const ConfigError&) {
  }
  return 0;
}
