// The report page: one HTML file with the configuration, the table, charts, distributions and timelines of a
// run. It needs no server, no network and no script to be read; with scripts its charts can be explored.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sim/run/experiment.h"
#include "sim/table/results_reader.h"
#include "sim/view/picture.h"

namespace straggle {

/// What plots/report contributes. An empty script: this program was built without interactive charts.
struct PageAssets {
  std::string_view style, script;
};
const PageAssets& page_assets();

/// A trial of a scheme, one of whose iterations is drawn.
struct ShownTrial {
  std::string which;  ///< `median` or `worst`
  std::uint64_t trial = 0;
  double time = 0;              ///< of the trial, seconds
  std::uint32_t iteration = 0;  ///< the one nearest to the trial's mean; of the worst trial its longest
  Timeline timeline;            ///< its path, end and completeness alone: the rest is in the drawing
  TimelineDrawing drawing;
};

struct ShownScheme {
  Distribution distribution;       ///< of the complete trials
  std::uint64_t incomplete = 0;    ///< trials that could not complete
  std::vector<ShownTrial> trials;  ///< median and worst by this scheme's own completion time
};

/// A point with all that results.csv does not tell.
struct ShownPoint {
  std::size_t point = 0;
  bool from_samples = false;  ///< the completion times were read, not run again
  std::vector<ShownScheme> schemes;
};

/// Completion times trial by trial, infinite where a trial could not complete, by point and scheme.
using SampleTimes = std::map<std::pair<std::size_t, std::size_t>, std::vector<double>>;

/// Those of `points` in a samples.csv. A ConfigError when it is of another run than `run`, or cut.
SampleTimes read_samples(const std::string& file, const Experiment& experiment, const std::string& run,
                         const std::vector<std::size_t>& points);

/// Works out distributions and timelines of a point; completion times that are not in `samples` are run
/// again. `progress` as for run_trials.
ShownPoint look_at(const Point& point, const SampleTimes& samples, unsigned threads,
                   const std::function<void(std::uint64_t)>& progress = {});

/// Throws a ConfigError where the rows are not those of the experiment; `file` is for messages.
void check_results(const ResultsTable& results, const Experiment& experiment, const std::string& file);

/// The page, below 2 MB: of large sweeps it shows the first rows and timelines, and says so.
std::string report_page(const Experiment& experiment, const ResultsTable& results,
                        const std::vector<ShownPoint>& shown, const PageAssets& assets);

}  // namespace straggle
