// The command line: the only place that prints errors and ends the process.
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <atomic>
#include <boost/program_options.hpp>
#include <charconv>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <mutex>
#include <thread>

#include "sim/run/experiment.h"
#include "sim/run/page.h"
#include "sim/run/replay.h"
#include "sim/run/report.h"
#include "sim/run/trace.h"
#include "sim/run/trials.h"
#include "sim/schemes/gradient_codes.h"

namespace straggle {
namespace {

namespace po = boost::program_options;
namespace fs = std::filesystem;

enum ExitCode { fine = 0, missed = 1, mendable = 2 };

constexpr const char* version = STRAGGLE_VERSION;

constexpr const char* program_help = R"(straggle: a simulator for straggler-aware gradient aggregation

usage: straggle COMMAND [ARGUMENTS]

  run CONFIG       run a sweep, print its table, write results.csv
  verify PATH...   run configurations and compare with the numbers they expect
  check CONFIG     validate a configuration, list its points and programs
  replay CONFIG    one trial of one scheme as a list of events
  report FOLDER    a page of a run's folder: table, charts, distributions, timelines
  list             the schemes, codes, compute models and networks there are

`straggle COMMAND --help` tells more. Exit code: 0 fine, 1 an expectation or an exactness check failed, 2 something to
mend in the call or the configuration.

example: straggle run configs/first.json --set /compute/shift=0.05 --trials 5000
)";

constexpr const char* run_help = R"(usage: straggle run CONFIG [OPTIONS]

Runs every point of the sweep and every scheme in it. Prints a table, csv or json on standard output and writes
DIR/results.csv (one row a point and scheme) and DIR/config.json (the configuration with every default).

  --set POINTER=VALUE  change the configuration: a JSON pointer and a JSON value; may be repeated
  --trials N           the same as --set /trials=N
  --seed N             the same as --set /seed=N
  --threads N          default: all cores; the results do not depend on it
  --out DIR            default: results/NAME for CONFIG = .../NAME.json
  --format FORMAT      table (default), csv or json
  --samples            also writes DIR/samples.csv, one row a trial: times, messages and the other tallies
  --critical-path      adds columns: the seconds the iterations waited for computing, in a port's queue, on the link,
                       and for workers that start late

example: straggle run experiments/gc-mmc/figure1.json --trials 20000 --out results/quick
)";

constexpr const char* verify_help = R"(usage: straggle verify PATH... [--threads N]

Runs every configuration with an "expect" block: the files named, and those (*.json) in the folders named. Prints what was
expected and found; a number is met within 4 standard errors, or within its own "within", a share of the value. Exit code 1
if one is missed.

example: straggle verify experiments
)";

constexpr const char* check_help =
    R"(usage: straggle check CONFIG [--set POINTER=VALUE]... [--trials N] [--seed N]

Validates a configuration without running it; all mistakes are listed at once. Prints the points of the sweep and, for each
scheme, what the master waits for and what the first worker does.

example: straggle check configs/first.json
)";

constexpr const char* replay_help =
    R"(usage: straggle replay CONFIG --scheme LABEL [--point P] [--trial T] [OPTIONS]

Runs one trial again and prints every message the master received, up to completion, and what the iteration waited for.
Points and trials count from 0.

  --scheme LABEL       as in the table; may be left out if there is only one, and repeated
  --point P            default 0
  --trial T            default 0; or median, p99 or worst: the trial with that completion time among all trials of the
                       first scheme named (nearest rank)
  --trace FILE         writes the trial as Chrome trace events, to open in ui.perfetto.dev or chrome://tracing: the
                       schemes named, or all of them, side by side on the same workers
  --picture FILE       draws what every node did as SVG, of one scheme; of several iterations the first
  --set POINTER=VALUE  as for run; also --seed N, --trials N, --threads N

example: straggle replay experiments/gc-mmc/figure1.json --scheme GC-MMC-1 --trial median --trace trace.json
)";

constexpr const char* report_help =
    R"(usage: straggle report FOLDER [-o FILE] [--point P]... [--threads N]

Writes one HTML file about a run: FOLDER is what `straggle run` wrote, with results.csv and config.json. It needs no server,
no network and no other file. Distributions and timelines come from trials that are run again (a trial is a function of the
configuration and its number alone), distributions from samples.csv where it is there.

  -o FILE      default: FOLDER/report.html
  --point P    distributions and timelines of this point; may be repeated; default: all of up to 4, else 4 of them
  --threads N  default: all cores

example: straggle report results/first -o first.html
)";

constexpr const char* list_help = R"(usage: straggle list [schemes|codes|compute|networks|columns]

One line for each: its name in a configuration, what it is; the fields it takes. `columns` are those of the result files,
with their units; they are listed only when asked for.

example: straggle list schemes
)";

std::uint64_t parse_count(const std::string& option, const std::string& text, std::uint64_t least) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || text.empty() || value < least)
    throw ConfigError(fmt::format("--{} {}: must be a whole number, at least {}", option, text, least));
  return value;
}

/// The parsed arguments of one command.
class Arguments {
 public:
  /// `options` lists the long options, each with one value, and `flags` those without; `most_positional` is
  /// how many other words are allowed.
  Arguments(const std::vector<std::string>& words, const std::vector<std::string>& options,
            std::size_t most_positional, const std::vector<std::string>& flags = {})
      : known_(flags) {
    po::options_description description;
    description.add_options()("help,h", "");
    for (const std::string& flag : flags) description.add_options()(flag.c_str(), "");
    for (const std::string& option : options) {  // `output,o`: with a short form
      description.add_options()(option.c_str(), po::value<std::vector<std::string>>());
      known_.push_back(option.substr(0, option.find(',')));
    }
    description.add_options()("positional", po::value<std::vector<std::string>>());
    po::positional_options_description positional;
    positional.add("positional", -1);
    namespace style = po::command_line_style;
    try {
      po::store(po::command_line_parser(words)
                    .options(description)
                    .positional(positional)
                    .style(style::unix_style & ~style::allow_guessing)
                    .run(),
                map_);
    } catch (const po::unknown_option& error) {
      std::string name = error.get_option_name();
      name.erase(0, name.find_first_not_of('-'));
      std::vector<std::string> names = known_;
      names.push_back("help");
      const auto near = nearest_name(name, names);
      throw ConfigError(fmt::format("--{}: there is no such option{}", name,
                                    near ? fmt::format(" (did you mean --{}?)", *near) : ""));
    } catch (const po::error& error) {
      throw ConfigError(error.what());
    }
    if (this->positional().size() > most_positional)
      throw ConfigError(fmt::format("{}: one argument too many", this->positional()[most_positional]));
  }

  bool help() const { return given("help"); }
  bool given(const std::string& flag) const { return map_.contains(flag); }
  std::vector<std::string> all(const std::string& option) const {
    return map_.contains(option) ? map_[option].as<std::vector<std::string>>() : std::vector<std::string>{};
  }
  std::vector<std::string> positional() const { return all("positional"); }
  std::optional<std::string> last(const std::string& option) const {
    const auto values = all(option);
    return values.empty() ? std::nullopt : std::optional(values.back());
  }
  std::optional<std::uint64_t> count(const std::string& option, std::uint64_t least) const {
    const auto text = last(option);
    return text ? std::optional(parse_count(option, *text, least)) : std::nullopt;
  }

  std::string config(const char* command) const {
    if (positional().empty())
      throw ConfigError(
          fmt::format("{0}: which configuration? (straggle {0} CONFIG; straggle {0} --help)", command));
    return positional().front();
  }
  Overrides overrides() const {
    return {.set = all("set"), .trials = count_if_known("trials", 1), .seed = count_if_known("seed", 0)};
  }
  unsigned threads() const {
    const std::uint64_t wanted =
        count("threads", 1).value_or(std::max(1u, std::thread::hardware_concurrency()));
    if (wanted > 4096) throw ConfigError("--threads: must be at most 4096");
    return static_cast<unsigned>(wanted);
  }

 private:
  std::optional<std::uint64_t> count_if_known(const std::string& option, std::uint64_t least) const {
    return map_.contains(option) ? count(option, least) : std::nullopt;
  }

  std::vector<std::string> known_;
  po::variables_map map_;
};

/// Progress with the time left, on standard error and only where a person is watching.
class Progress {
 public:
  explicit Progress(std::uint64_t total) : total_(total), visible_(isatty(STDERR_FILENO) == 1) {}
  ~Progress() {
    if (visible_ && shown_) std::cerr << "\r\x1b[K" << std::flush;
  }
  void add(std::uint64_t trials) {
    if (!visible_) return;
    const std::lock_guard lock(mutex_);
    done_ += trials;
    const auto now = Clock::now();
    if (now - last_ < std::chrono::milliseconds(200)) return;
    last_ = now;
    shown_ = true;
    const double elapsed = std::chrono::duration<double>(now - start_).count();
    const double share = static_cast<double>(done_) / static_cast<double>(total_);
    std::cerr << fmt::format("\r\x1b[K{:3.0f} %, {:.0f} s left", 100 * share, elapsed / share - elapsed)
              << std::flush;
  }

 private:
  using Clock = std::chrono::steady_clock;
  std::uint64_t total_, done_ = 0;
  bool visible_, shown_ = false;
  Clock::time_point start_ = Clock::now(), last_ = start_;
  std::mutex mutex_;
};

/// Runs all points. As soon as one is done, `sampled` gets what was kept of each scheme's trials, and
/// `finished` its row.
std::vector<Row> run_all(
    const Experiment& experiment, unsigned threads, const std::function<void(const Row&)>& finished,
    Keep keep = {}, const std::function<void(const Point&, std::size_t, const SchemeResult&)>& sampled = {}) {
  std::uint64_t total = 0;
  for (const Point& point : experiment.points) total += point.trials;
  Progress progress(total);
  std::vector<Row> rows;
  for (const Point& point : experiment.points) {
    std::vector<SchemeResult> results = run_trials(
        point, 0, point.trials, threads, [&](std::uint64_t trials) { progress.add(trials); }, keep);
    for (std::size_t s = 0; s < results.size(); ++s) {
      if (sampled) sampled(point, s, results[s]);
      rows.push_back(make_row(point, s, std::move(results[s])));
      finished(rows.back());
    }
  }
  return rows;
}

/// Complains about every scheme whose trials did not decode; the number of complaints.
std::size_t report_inexact(const Experiment& experiment, const std::vector<Row>& rows) {
  std::size_t failures = 0;
  for (const Row& row : rows) {
    if (!row.verification.failed_trial) continue;
    ++failures;
    const std::string& label = experiment.points[row.point].schemes[row.scheme].label;
    std::cerr << fmt::format(
        "{}: scheme \"{}\" calls trial {} of point {} complete, but {}\n  straggle replay {} --point {} "
        "--scheme '{}' "
        "--trial {}\n",
        experiment.file, label, *row.verification.failed_trial, row.point, row.verification.failure,
        experiment.file, row.point, label, *row.verification.failed_trial);
  }
  return failures;
}

std::string shell_word(const std::string& text) {
  const bool plain = !text.empty() && text.find_first_not_of(
                                          "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                          "0123456789_-+=./:,@%") == std::string::npos;
  if (plain) return text;
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? "'\\''" : std::string(1, c);
  return result + "'";
}

/// What the command line changes in the configuration, as options.
std::string options_of(const Overrides& overrides) {
  std::string options;
  for (const std::string& set : overrides.set) options += " --set " + shell_word(set);
  if (overrides.trials) options += fmt::format(" --trials {}", *overrides.trials);
  if (overrides.seed) options += fmt::format(" --seed {}", *overrides.seed);
  return options;
}

/// Of the command line only what decides the numbers.
std::string command_of(const std::string& config, const Overrides& overrides) {
  return "straggle run " + shell_word(config) + options_of(overrides);
}

std::size_t terminal_width() {
  winsize size{};
  if (isatty(STDOUT_FILENO) == 1 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return size.ws_col;
  return static_cast<std::size_t>(-1) / 2;
}

/// A results file that complains when the disk is full.
class OutputFile {
 public:
  explicit OutputFile(const fs::path& path) : path_(path), stream_(path, std::ios::binary) { check(); }
  std::ostream& stream() { return stream_; }
  void flush() {
    stream_.flush();
    check();
  }

 private:
  void check() const {
    if (!stream_) throw ConfigError(fmt::format("{}: cannot be written", path_.string()));
  }
  fs::path path_;
  std::ofstream stream_;
};

/// Refuses to write over what is read.
void keep_inputs(const std::string& output, const std::vector<fs::path>& inputs) {
  std::error_code ignored;
  for (const fs::path& input : inputs)
    if (fs::equivalent(output, input, ignored))
      throw ConfigError(
          fmt::format("{}: is what is read here, and would be replaced; give another name", output));
}

void write_resolved(const Experiment& experiment, const fs::path& path) {
  std::error_code ignored;
  if (fs::equivalent(path, experiment.file, ignored)) {
    if (read_json_file(path.string()) == experiment.resolved) return;
    throw ConfigError(
        fmt::format("{}: is the configuration itself, which the resolved one would replace; give another "
                    "--out",
                    path.string()));
  }
  // Paths of data files start where the configuration is.
  Json resolved = experiment.resolved;
  for_each_data_file(resolved, [&](std::string& data) {
    if (fs::path(data).is_absolute()) return;
    const fs::path from = fs::absolute(fs::path(experiment.file).parent_path() / data);
    data = fs::proximate(from.lexically_normal(), fs::absolute(path).parent_path()).string();
  });
  OutputFile file(path);
  file.stream() << resolved.dump(2) << "\n";
  file.flush();
}

int run(const std::vector<std::string>& words) {
  const Arguments arguments(words, {"set", "trials", "seed", "threads", "out", "format"}, 1,
                            {"samples", "critical-path"});
  if (arguments.help()) {
    std::cout << run_help;
    return fine;
  }
  const std::string format = arguments.last("format").value_or("table");
  if (format != "table" && format != "csv" && format != "json")
    throw ConfigError(fmt::format("--format {}: must be table, csv or json", format));
  const unsigned threads = arguments.threads();
  const std::string config = arguments.config("run");
  const Overrides overrides = arguments.overrides();
  const Experiment experiment = load_experiment(config, overrides);
  const Provenance provenance{.command = command_of(config, overrides), .version = version};

  const Keep keep{.records = arguments.given("samples"), .critical = arguments.given("critical-path")};
  for (const Point& point : experiment.points) check_keep(point, keep);  // before anything is run

  const fs::path folder =
      arguments.last("out").value_or((fs::path("results") / fs::path(config).stem()).string());
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) throw ConfigError(fmt::format("{}: cannot be created: {}", folder.string(), error.message()));
  write_resolved(experiment, folder / "config.json");
  OutputFile results(folder / "results.csv");
  write_csv_header(results.stream(), experiment, provenance, keep);
  std::optional<OutputFile> samples;
  if (keep.records) {
    samples.emplace(folder / "samples.csv");
    write_samples_header(samples->stream(), experiment, provenance, keep);
  }
  // A row reaches the disk as soon as it is known: an interrupted sweep keeps the points it has finished.
  const std::vector<Row> rows = run_all(
      experiment, threads,
      [&](const Row& row) {
        write_csv_row(results.stream(), experiment, row);
        results.flush();
      },
      keep,
      [&](const Point& point, std::size_t s, const SchemeResult& result) {
        if (!samples) return;
        write_samples(samples->stream(), point, s, result);
        samples->flush();
      });
  std::cerr << "results: " << (folder / "results.csv").string() << "\n";
  if (samples) std::cerr << "samples: " << (folder / "samples.csv").string() << "\n";
  const std::size_t failures = report_inexact(experiment, rows);

  if (format == "table") {
    if (!experiment.title.empty()) std::cout << experiment.title << "\n";
    std::cout << to_table(experiment, rows, terminal_width());
  } else if (format == "csv") {
    write_csv_header(std::cout, experiment, provenance, keep);
    for (const Row& row : rows) write_csv_row(std::cout, experiment, row);
  } else {
    std::cout << to_json(experiment, provenance, rows).dump(2) << "\n";
  }
  return failures > 0 ? missed : fine;
}

/// The configurations with expectations: files as named, and those under folders, sorted.
std::vector<Experiment> find_expecting(const std::vector<std::string>& paths) {
  std::vector<Experiment> experiments;
  std::string mistakes;
  const auto load = [&](const std::string& file, bool named) {
    try {
      const Json config = read_json_file(file);
      if (!config.is_object() || !config.contains("expect")) {
        if (named) throw ConfigError(fmt::format("{}: has no \"expect\" block to verify", file));
        return;
      }
      experiments.push_back(read_experiment(config, file));
    } catch (const ConfigError& error) {
      mistakes += (mistakes.empty() ? "" : "\n") + std::string(error.what());
    }
  };
  for (const std::string& path : paths) {
    std::error_code error;
    if (!fs::is_directory(path, error)) {
      load(path, true);
      continue;
    }
    std::vector<std::string> files;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(path))
      if (entry.is_regular_file() && entry.path().extension() == ".json")
        files.push_back(entry.path().string());
    std::sort(files.begin(), files.end());
    for (const std::string& file : files) load(file, false);
  }
  if (!mistakes.empty()) throw ConfigError(mistakes);
  if (experiments.empty())
    throw ConfigError("there is no configuration with an \"expect\" block in what was named");
  return experiments;
}

int verify(const std::vector<std::string>& words) {
  const Arguments arguments(words, {"threads"}, static_cast<std::size_t>(-1));
  if (arguments.help()) {
    std::cout << verify_help;
    return fine;
  }
  if (arguments.positional().empty())
    throw ConfigError("verify: which configurations? (straggle verify PATH...; straggle verify --help)");
  const unsigned threads = arguments.threads();
  std::size_t met = 0, all = 0, inexact = 0;
  for (const Experiment& experiment : find_expecting(arguments.positional())) {
    const std::vector<Row> rows = run_all(experiment, threads, [](const Row&) {});
    inexact += report_inexact(experiment, rows);
    std::vector<std::vector<std::string>> lines = {
        {"scheme", "at", "metric", "expected", "found", "off by", "allowed", "", "source"}};
    for (const ExpectedValue& expected : experiment.expected) {
      const Verdict verdict = judge(expected, experiment, rows);
      ++all;
      if (verdict.pass) ++met;
      const std::string at = expected.slope ? fmt::format("{} points", expected.points.size())
                                            : experiment.place_of(experiment.points[expected.points.front()]);
      const std::string metric =
          expected.slope ? fmt::format("{}slope of {} along {}", expected.slope->log ? "log-log " : "",
                                       expected.metric, expected.slope->x)
                         : expected.metric;
      lines.push_back({expected.label, at.empty() ? "-" : at, metric, fmt::format("{}", expected.value),
                       fmt::format("{:.8g}", verdict.found),
                       expected.within && expected.value == 0 ? fmt::format("{:+.3g}", verdict.found)
                       : expected.within ? fmt::format("{:+.2f} %", 100 * verdict.deviation)
                                         : fmt::format("{:+.1f} s.e.", verdict.z),
                       expected.within ? fmt::format("{:g} %", 100 * *expected.within) : "4 s.e.",
                       verdict.pass ? "pass" : "FAIL", expected.source});
    }
    std::cout << experiment.file << "\n" << align(lines, 9) << "\n" << std::flush;
  }
  std::cout << fmt::format("{} of {} expectations met\n", met, all);
  return met == all && inexact == 0 ? fine : missed;
}

int check(const std::vector<std::string>& words) {
  const Arguments arguments(words, {"set", "trials", "seed"}, 1);
  if (arguments.help()) {
    std::cout << check_help;
    return fine;
  }
  const Experiment experiment = load_experiment(arguments.config("check"), arguments.overrides());
  std::cout << fmt::format("{}: valid; {} point{}, {} expectation{}\n", experiment.file,
                           experiment.points.size(), experiment.points.size() == 1 ? "" : "s",
                           experiment.expected.size(), experiment.expected.size() == 1 ? "" : "s");
  for (const Point& point : experiment.points) {
    std::cout << fmt::format("point {}{}{}: {} trial{} of {} iteration{}, seed {}\n", point.index,
                             point.axes.empty() ? "" : ", ", point.description(), point.trials,
                             point.trials == 1 ? "" : "s", point.iterations, point.iterations == 1 ? "" : "s",
                             point.seed);
    for (const SchemeSetup& setup : point.schemes)
      std::cout << "  " << setup.label << "\n    " << setup.recipe.make()->next_round(nullptr).summary()
                << "\n";
  }
  return fine;
}

std::size_t parse_point(const std::string& text, std::size_t points) {
  const std::uint64_t index = parse_count("point", text, 0);
  if (index >= points)
    throw ConfigError(fmt::format("--point {}: the sweep has points 0 to {}", index, points - 1));
  return index;
}

std::vector<std::string> labels_of(const Point& point) {
  std::vector<std::string> labels;
  for (const SchemeSetup& setup : point.schemes) labels.push_back(setup.label);
  return labels;
}

/// The indices of the schemes named, in the order they were named; all when none was.
std::vector<std::size_t> find_schemes(const Point& point, const std::vector<std::string>& labels) {
  const std::vector<std::string> known = labels_of(point);
  std::vector<std::size_t> found;
  for (const std::string& label : labels) {
    const auto place = std::find(known.begin(), known.end(), label);
    if (place == known.end()) {
      const auto near = nearest_name(label, known);
      throw ConfigError(fmt::format("--scheme {}: must be {}{}", label, quoted_list(known),
                                    near ? fmt::format(" (did you mean \"{}\"?)", *near) : ""));
    }
    const auto index = static_cast<std::size_t>(place - known.begin());
    if (std::find(found.begin(), found.end(), index) == found.end()) found.push_back(index);
  }
  for (std::size_t s = 0; labels.empty() && s < known.size(); ++s) found.push_back(s);
  return found;
}

/// A trial by its number, or by the rank of its completion time among all trials of a scheme.
std::uint64_t find_trial(const Point& point, std::size_t s, const std::string& wanted, unsigned threads) {
  const std::map<std::string, double> ranks = {{"median", 0.5}, {"p99", 0.99}, {"worst", 1}};
  const auto rank = ranks.find(wanted);
  if (rank == ranks.end()) {
    if (wanted.empty() || wanted.find_first_not_of("0123456789") != std::string::npos)
      throw ConfigError(fmt::format("--trial {}: must be a number from 0, or median, p99 or worst", wanted));
    const std::uint64_t trial = parse_count("trial", wanted, 0);
    if (trial >= std::uint64_t{1} << 40)
      throw ConfigError(fmt::format("--trial {}: must be below 2^40", trial));
    return trial;
  }
  Point alone = point;
  alone.schemes = {point.schemes[s]};
  alone.baseline = 0;
  alone.verify.trials = 0;
  const std::vector<SchemeResult> results = run_trials(alone, 0, alone.trials, threads);
  const std::optional<std::uint64_t> trial = trial_of_rank(results[0].sample.times(), rank->second);
  if (!trial)
    throw ConfigError(fmt::format("--trial {}: none of the {} trials of \"{}\" could complete", wanted,
                                  alone.trials, point.schemes[s].label));
  return *trial;
}

int replay_trial(const std::vector<std::string>& words) {
  const Arguments arguments(
      words, {"point", "scheme", "trial", "trace", "picture", "set", "seed", "trials", "threads"}, 1);
  if (arguments.help()) {
    std::cout << replay_help;
    return fine;
  }
  const unsigned threads = arguments.threads();
  const Overrides overrides = arguments.overrides();
  const std::string config = arguments.config("replay");
  const Experiment experiment = load_experiment(config, overrides);
  const std::size_t index = parse_point(arguments.last("point").value_or("0"), experiment.points.size());
  const Point& point = experiment.points[index];
  const std::vector<std::string> labels = arguments.all("scheme");
  const std::vector<std::size_t> schemes = find_schemes(point, labels);
  const auto trace = arguments.last("trace"), picture = arguments.last("picture");
  if (labels.empty() && schemes.size() > 1 && !trace)
    throw ConfigError(fmt::format("replay: which scheme? (--scheme LABEL with {}; or --trace FILE for all)",
                                  quoted_list(labels_of(point))));
  if (picture && schemes.size() > 1)
    throw ConfigError("--picture: draws one scheme; name it with --scheme, and no other");
  for (const auto& output : {trace, picture})
    if (output) keep_inputs(*output, {config});
  const std::string wanted = arguments.last("trial").value_or("0");
  const std::uint64_t trial = find_trial(point, schemes.front(), wanted, threads);
  // Text for what was asked for by name; a trace of all schemes speaks for itself.
  if (!labels.empty() || schemes.size() == 1)
    for (std::size_t i = 0; i < schemes.size(); ++i)
      std::cout << (i > 0 ? "\n" : "") << replay(point, schemes[i], trial).text;
  if (trace) {
    OutputFile file(*trace);
    std::string command =
        fmt::format("straggle replay {} --point {} --trial {}", shell_word(config), index, trial);
    for (const std::string& label : labels) command += " --scheme " + shell_word(label);
    command += options_of(overrides);
    write_trace(file.stream(), point, schemes, trial,
                {{"title", experiment.title},
                 {"command", command},
                 {"version", fmt::format("straggle {}", version)},
                 {"configuration", experiment.hash},
                 {"point", point.description()},
                 {"trial", fmt::format("{}", trial)}});
    file.flush();
    std::cerr << fmt::format("trace of trial {}: {} (open it in ui.perfetto.dev or chrome://tracing)\n",
                             trial, *trace);
  }
  if (picture) {
    const std::vector<Timeline> timelines = timelines_of(point, schemes.front(), trial, 1);
    OutputFile file(*picture);
    file.stream() << timeline_picture(timelines.front(), static_cast<std::size_t>(point.workers),
                                      fmt::format("{}: trial {}{}", point.schemes[schemes.front()].label,
                                                  trial, point.iterations > 1 ? ", iteration 0" : ""));
    file.flush();
    std::cerr << fmt::format("picture of trial {}: {}\n", trial, *picture);
  }
  return fine;
}

/// The points of which the page shows everything: those asked for, or all of up to 4, else 4 evenly.
std::vector<std::size_t> points_to_show(const Arguments& arguments, std::size_t points) {
  std::vector<std::size_t> chosen;
  for (const std::string& text : arguments.all("point")) {
    const std::size_t index = parse_point(text, points);
    if (std::find(chosen.begin(), chosen.end(), index) == chosen.end()) chosen.push_back(index);
  }
  if (!chosen.empty()) return chosen;
  const std::size_t count = std::min<std::size_t>(points, 4);
  for (std::size_t i = 0; i < count; ++i) chosen.push_back(count < 2 ? 0 : i * (points - 1) / (count - 1));
  return chosen;
}

int report(const std::vector<std::string>& words) {
  const Arguments arguments(words, {"output,o", "point", "threads"}, 1);
  if (arguments.help()) {
    std::cout << report_help;
    return fine;
  }
  if (arguments.positional().empty())
    throw ConfigError("report: of which run? (straggle report FOLDER; straggle report --help)");
  const unsigned threads = arguments.threads();
  const fs::path folder = arguments.positional().front();
  const fs::path output = arguments.last("output").value_or((folder / "report.html").string());
  std::error_code error;
  if (!fs::is_directory(folder, error))
    throw ConfigError(
        fmt::format("{}: is no folder; report takes one that `straggle run` has written, with "
                    "results.csv and config.json",
                    folder.string()));
  const std::string results_file = (folder / "results.csv").string(),
                    samples_file = (folder / "samples.csv").string();
  keep_inputs(output.string(), {results_file, samples_file, folder / "config.json"});
  const ResultsTable results = read_results(results_file);
  const Experiment experiment = load_experiment((folder / "config.json").string());
  check_results(results, experiment, results_file);
  const std::vector<std::size_t> points = points_to_show(arguments, experiment.points.size());
  SampleTimes samples;
  if (fs::exists(samples_file, error)) {
    samples = read_samples(samples_file, experiment, points);
    if (samples.empty())
      std::cerr << samples_file << ": is of another run, or not whole; the trials are run again\n";
  }

  std::uint64_t total = 0;
  for (const std::size_t p : points) total += experiment.points[p].trials;
  std::vector<ShownPoint> shown;
  {
    Progress progress(total);
    for (const std::size_t p : points)
      shown.push_back(
          look_at(experiment.points[p], samples, threads, [&](std::uint64_t n) { progress.add(n); }));
  }
  const PageAssets& assets = page_assets();
  if (assets.script.empty())
    std::cerr << "straggle was built without interactive charts (for want of node, npm or a registry): the "
                 "page has "
                 "pictures and tables only\n";
  const std::string page = report_page(experiment, results, shown, assets);
  OutputFile file(output);
  file.stream() << page;
  file.flush();
  std::cerr << fmt::format("report: {} ({:.0f} kB)\n", output.string(),
                           static_cast<double>(page.size()) / 1e3);
  return fine;
}

int list(const std::vector<std::string>& words) {
  const Arguments arguments(words, {}, 1);
  if (arguments.help()) {
    std::cout << list_help;
    return fine;
  }
  const std::vector<std::string> plug_ins = {"schemes", "codes", "compute", "networks"};
  const std::vector<std::string> wanted = arguments.positional().empty() ? plug_ins : arguments.positional();
  using Lines = std::vector<std::vector<std::string>>;
  const auto lines_of = [](const auto& entries) {
    Lines lines;
    for (const auto& [name, plugin] : entries) lines.push_back({"  " + name, plugin.summary});
    return lines;
  };
  for (const std::string& kind : wanted) {
    Lines lines;
    if (kind == "schemes") {
      lines = lines_of(Registry<SchemePlugin>::instance().entries());
    } else if (kind == "codes") {
      for (const NamedCode& code : named_codes()) lines.push_back({"  " + code.name, code.summary});
    } else if (kind == "compute") {
      lines = lines_of(Registry<ComputePlugin>::instance().entries());
    } else if (kind == "networks") {
      lines = lines_of(Registry<NetworkPlugin>::instance().entries());
    } else if (kind == "columns") {
      for (const auto& [file, columns] : {std::pair("results.csv", result_columns({.critical = true})),
                                          std::pair("samples.csv", sample_columns({.critical = true}))}) {
        lines.clear();
        for (const ResultColumn& column : columns)
          lines.push_back({"  " + column.name, column.unit, column.meaning});
        std::cout << file << "\n" << align(lines, 3);
      }
      continue;
    } else {
      std::vector<std::string> kinds = plug_ins;
      kinds.push_back("columns");
      const auto near = nearest_name(kind, kinds);
      throw ConfigError(fmt::format("list {}: must be {}{}", kind, quoted_list(kinds),
                                    near ? fmt::format(" (did you mean \"{}\"?)", *near) : ""));
    }
    std::cout << kind << "\n" << align(lines, 2);
  }
  return fine;
}

int dispatch(const std::vector<std::string>& words) {
  const std::vector<std::pair<std::string, int (*)(const std::vector<std::string>&)>> commands = {
      {"run", run},       {"verify", verify}, {"check", check}, {"replay", replay_trial},
      {"report", report}, {"list", list}};
  if (words.empty()) {
    std::cerr << program_help;
    return mendable;
  }
  if (words[0] == "--help" || words[0] == "-h" || words[0] == "help") {
    std::cout << program_help;
    return fine;
  }
  if (words[0] == "--version") {
    std::cout << "straggle " << version << "\n";
    return fine;
  }
  std::vector<std::string> names;
  for (const auto& [name, command] : commands) {
    if (words[0] == name) return command({words.begin() + 1, words.end()});
    names.push_back(name);
  }
  const auto near = nearest_name(words[0], names);
  throw ConfigError(fmt::format("{}: there is no such command{}; see straggle --help", words[0],
                                near ? fmt::format(" (did you mean {}?)", *near) : ""));
}

}  // namespace
}  // namespace straggle

int main(int count, char** words) {
  try {
    const int code = straggle::dispatch({words + 1, words + count});
    std::cout.flush();
    if (!std::cout) throw straggle::ConfigError("standard output cannot be written");
    return code;
  } catch (const straggle::ConfigError& error) {
    std::cerr << error.what() << "\n";
    return straggle::mendable;
  } catch (const std::length_error& error) {
    std::cerr << "straggle: too large: " << error.what() << "\n";
    return straggle::mendable;
  } catch (const std::bad_alloc&) {
    std::cerr << "straggle: out of memory; fewer trials, workers or messages a worker would fit\n";
    return straggle::mendable;
  } catch (const std::exception& error) {
    std::cerr << "straggle: an error of the program, please report it: " << error.what() << "\n";
    return straggle::missed;
  }
}
