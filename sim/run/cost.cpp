#include "sim/run/cost.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <limits>
#include <numeric>

#include "sim/base/text.h"
#include "sim/run/campaign.h"
#include "sim/run/runner.h"
#include "sim/schemes/problem.h"

namespace straggle {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// The seconds of work(), repeated until they can be told.
template <class Work>
double timed(const Work& work) {
  constexpr double enough = 0.003;
  for (int times = 1;; times *= 4) {
    const auto start = Clock::now();
    for (int i = 0; i < times; ++i) work();
    if (const double seconds = seconds_since(start); seconds > enough || times > 1 << 20)
      return seconds / times;
  }
}

/// Messages an iteration sends; in an exchange every round's.
double messages_of(const Program& program) {
  if (program.kind() != Program::Kind::exchange) return static_cast<double>(program.messages_in_all());
  return static_cast<double>(program.rounds()) * static_cast<double>(program.workers());
}

/// The seconds a message takes in the loop of a kind of program, timed on a small one.
double seconds_of_message(Program::Kind kind) {
  constexpr std::uint32_t workers = 1000;
  Program program = kind == Program::Kind::exchange
                        ? Program::exchange(200, 1.0)
                        : Program(Goal{.need = workers, .full = {workers}, .items = 0});
  for (NodeId w = 1; w <= workers; ++w)
    program.add({{.work = 1, .covers = 1, .to = kind == Program::Kind::exchange ? w % workers + 1 : master}});
  std::vector<double> offset(workers, 0), slope(workers);
  for (std::size_t w = 0; w < workers; ++w) slope[w] = 1 + static_cast<double>(w * 7919 % workers);
  Conditions conditions;
  conditions.workers = workers;
  conditions.offset = offset;
  conditions.slope = slope;
  Workspace workspace;
  const Links links{};
  return timed([&] { run_round(program, links, conditions, workspace); }) / messages_of(program);
}

/// The seconds of one multiplication with addition in a loop over a matrix.
double seconds_of_multiplication() {
  constexpr std::size_t size = 64;
  std::vector<double> a(size * size, 1.0), b(size * size, 0.5);
  const double seconds = timed([&] {
    for (std::size_t i = 0; i < size; ++i)
      for (std::size_t k = 0; k < size; ++k)
        for (std::size_t j = 0; j < size; ++j) b[i * size + j] = 0.5 * b[i * size + j] + a[k * size + j];
  });
  return seconds / (size * size * size);
}

/// Mini-batches of every worker that the model draws for an iteration.
double rows_drawn(const Point& point, double largest_load) {
  return point.compute.scaling == Scaling::additive ? std::ceil(largest_load) : 1;
}

double seconds_of_draw(const Point& point) {
  std::vector<double> times(std::min(static_cast<std::size_t>(point.workers), std::size_t{1000}));
  // A model of classes knows how many workers it has, and draws for the first of them.
  const DrawAddress address{.seed = point.seed, .trial = 0, .iteration = 0, .purpose = Purpose::compute_time};
  return timed([&] { point.compute.model->draw(address, times); }) / static_cast<double>(times.size());
}

/// What an iteration takes by counting.
struct Counted {
  double seconds = 0;
  double largest_load = 0;
  double messages = 0;
};

Counted count(const Point& point) {
  static const double per_message[] = {seconds_of_message(Program::Kind::star),
                                       seconds_of_message(Program::Kind::exchange)};
  Counted result;
  for (const SchemeSetup& setup : point.schemes) {
    const std::unique_ptr<Scheme> scheme = setup.recipe.make();
    const Program& program = scheme->next_round({});
    const double messages = messages_of(program);
    result.messages += static_cast<double>(program.messages_in_all());
    result.largest_load = std::max(result.largest_load, program.largest_load());
    result.seconds += messages * per_message[program.kind() == Program::Kind::exchange ? 1 : 0];
  }
  result.seconds +=
      seconds_of_draw(point) * static_cast<double>(point.workers) * rows_drawn(point, result.largest_load);
  return result;
}

/// The seconds of `trials` trials from number 0 on, of so many iterations each.
double seconds_of_trials(Point point, std::uint64_t trials, std::uint32_t iterations,
                         std::uint64_t verified) {
  point.trials = trials;
  point.iterations = iterations;
  point.verify.trials = verified;
  const auto start = Clock::now();
  run_trials(point, 0, trials, 1);
  return seconds_since(start);
}

struct PointSeconds {
  double trial = 0, verified = 0;  // one trial; what verifying it takes in addition
};

PointSeconds time_point(const Point& point) {
  constexpr double long_iteration = 0.2, enough = 0.02;
  constexpr int many_workers = 150;  // decoding grows with their cube
  PointSeconds result;
  const double iterations = point.iterations;
  const double counted = count(point).seconds;
  result.trial = counted * iterations;
  if (counted < long_iteration) {
    const auto at_once = static_cast<std::uint32_t>(
        std::clamp(enough / std::max(counted, 1e-9), 1.0, iterations));  // of a trial's iterations
    const double scale = iterations / at_once;
    seconds_of_trials(point, 1, at_once, 0);  // the first touches its memory
    for (std::uint64_t trials = 1;; trials *= 4) {
      const double seconds = seconds_of_trials(point, trials, at_once, 0);
      result.trial = seconds / static_cast<double>(trials) * scale;
      if (seconds > enough || 4 * trials > point.trials) break;
    }
  }
  if (point.verify.trials == 0) return result;
  if (point.workers <= many_workers && counted < long_iteration) {
    // The second trial has the codes and the data of the first.
    const double one = seconds_of_trials(point, 1, 1, 1), two = seconds_of_trials(point, 2, 1, 2);
    const double again = two > one ? two - one : two / 2;
    result.verified = std::max(0.0, again * iterations - result.trial);
  } else {
    static const double multiplication = seconds_of_multiplication();
    const double size = point.workers;
    const double fields = (point.verify.real ? 1 : 0) + (point.verify.prime ? 1 : 0);
    result.verified = multiplication * fields * iterations * static_cast<double>(point.schemes.size()) *
                      (size * size * size + size * size * static_cast<double>(point.verify.dimension));
  }
  return result;
}

/// The values of which quantiles are made. Histograms have some thousand bins, however many trials there are.
double bytes_of_trials(const Point& point, Keep keep) {
  if (keep.histogram) return 0;
  const auto tallies = 1 + std::count(keep.quantiles.begin(), keep.quantiles.end(), true);
  return static_cast<double>(point.trials) * static_cast<double>(point.schemes.size()) *
         static_cast<double>(tallies) * sizeof(double);
}

/// Partial sums of what is drawn, under additive scaling, on every thread.
double bytes_of_draws(const Point& point, unsigned threads, double largest_load) {
  if (point.compute.scaling != Scaling::additive) return 0;
  return (std::ceil(largest_load) + 1) * point.workers * sizeof(double) * threads;
}

/// The data that verified trials carry, of every scheme with a codebook on the one thread that there is at
/// least: of a block its rows and labels, its gradient, and that as the code carries it (schemes/problem.h).
double bytes_of_verification(const Point& point) {
  if (point.verify.trials == 0) return 0;
  double schemes = 0;
  for (const SchemeSetup& setup : point.schemes) schemes += setup.recipe.make()->timing_only() ? 0 : 1;
  constexpr double of_entry = (Problem<double>::rows + 2) * sizeof(double);
  const double fields = (point.verify.real ? 1 : 0) + (point.verify.prime ? 1 : 0);
  return schemes * fields * of_entry * point.workers * static_cast<double>(point.verify.dimension);
}

std::string bytes_text(double bytes) {
  constexpr const char* units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  std::size_t unit = 0;
  for (; bytes >= 999.5 && unit + 1 < std::size(units); ++unit) bytes /= 1000;
  return fmt::format("{:.3g} {}", bytes, units[unit]);
}

std::string time_text(double seconds) {
  if (seconds < 1) return "below 1 s";
  if (seconds < 120) return fmt::format("about {:.0f} s", seconds);
  if (seconds < 7200) return fmt::format("about {:.0f} min", seconds / 60);
  if (seconds < 48 * 3600) return fmt::format("about {:.0f} h", seconds / 3600);
  return fmt::format("about {:.3g} days", seconds / 86400);
}

/// The number in a file of the system; infinite where there is none.
double number_in(const std::string& file) {
  std::ifstream stream(file);
  double number = 0;
  return stream >> number ? number : std::numeric_limits<double>::infinity();
}

}  // namespace

Cost cost_of(const Experiment& experiment, unsigned threads) {
  constexpr std::size_t most_looked_at = 8;
  constexpr double most_seconds = 1.5;
  Cost cost{.precision = experiment.asks_for_precision()};
  for (const Point& point : experiment.points) cost.bytes = std::max(cost.bytes, bytes_of_trials(point, {}));
  const std::size_t points = experiment.points.size(), looked_at = std::min(points, most_looked_at);
  const auto start = Clock::now();
  double trials = 0;  // of the points that were looked at
  Cost sum;
  for (std::size_t i = 0; i < looked_at && (i == 0 || seconds_since(start) < most_seconds); ++i) {
    const Point& point = experiment.points[looked_at == 1 ? 0 : i * (points - 1) / (looked_at - 1)];
    const PointSeconds seconds = time_point(point);
    const double verify = seconds.verified * static_cast<double>(std::min(point.verify.trials, point.trials));
    sum.verify_seconds += verify;
    sum.seconds += verify + seconds.trial * static_cast<double>(point.trials);
    cost.trial_seconds = std::max(cost.trial_seconds, seconds.trial);
    trials += static_cast<double>(point.trials);
    const Counted counted = count(point);
    const double engine = (counted.messages * sizeof(Program::Message) +
                           static_cast<double>(point.workers * point.schemes.size()) * sizeof(Arrival)) *
                          2 * threads;
    cost.bytes = std::max(cost.bytes, bytes_of_trials(point, {}) + engine + bytes_of_verification(point) +
                                          bytes_of_draws(point, threads, counted.largest_load));
  }
  const double all = std::accumulate(
      experiment.points.begin(), experiment.points.end(), 0.0,
      [](double so_far, const Point& point) { return so_far + static_cast<double>(point.trials); });
  cost.seconds = sum.seconds * all / trials;
  cost.verify_seconds = sum.verify_seconds * all / trials;
  constexpr double program = 1e7;  // the libraries and the program itself
  cost.bytes += program;
  return cost;
}

std::string cost_in_words(const Cost& cost, unsigned threads) {
  const double seconds = cost.seconds / threads, share = cost.verify_seconds / cost.seconds;
  std::string text =
      fmt::format("a run takes {}{} on {} thread{} and {} of memory", cost.precision ? "at most " : "",
                  time_text(seconds), threads, threads == 1 ? "" : "s", bytes_text(cost.bytes));
  if (share > 0.1) text += fmt::format("; verification is {:.0f} % of the time", 100 * share);
  constexpr double patience = 600, long_trial = 10;
  const std::string trials = cost.precision ? "/precision/most" : "/trials";
  if (seconds > patience)
    text += "; to shorten it lower " + (share > 0.5                       ? "/verify/trials"
                                        : cost.trial_seconds > long_trial ? "/workers, or " + trials
                                                                          : trials);
  return text;
}

void check_memory(const Experiment& experiment, unsigned threads, double memory, Keep keep) {
  const auto refuse = [&](const std::string& pointer, const Point& point, const std::string& what,
                          double bytes, const char* instead = "") {
    throw ConfigError(
        fmt::format("{}#{}: {} takes {} of memory, but there are {}; lower it{}{}",
                    printable(experiment.file), pointer, what, bytes_text(bytes), bytes_text(memory), instead,
                    point.axes.empty() ? "" : fmt::format(" (at {})", printable(point.description(), 300))));
  };
  for (const Point& point : experiment.points) {
    const double trials = bytes_of_trials(point, keep);
    if (trials > memory)
      refuse(point.precision ? "/precision/most" : "/trials", point,
             fmt::format("{} with {} scheme{}", point.trials, point.schemes.size(),
                         point.schemes.size() == 1 ? "" : "s"),
             trials, ", or run it with --histogram");
    const double data = bytes_of_verification(point);
    if (data > memory)
      refuse("/verify/dimension", point,
             fmt::format("{} in {} blocks of every scheme", point.verify.dimension, point.workers), data);
    if (point.compute.scaling != Scaling::additive) continue;
    double largest_load = 0;
    for (const SchemeSetup& setup : point.schemes)
      largest_load = std::max(largest_load, setup.recipe.make()->next_round({}).largest_load());
    const double draws = bytes_of_draws(point, threads, largest_load);
    if (draws > memory)
      refuse("/workers", point,
             fmt::format("{}, of which each draws up to {} mini-batches on {} threads,", point.workers,
                         std::ceil(largest_load), threads),
             draws);
  }
}

double available_memory() {
  double bytes = 0;
  std::ifstream information("/proc/meminfo");
  std::string name, unit;
  for (double kilobytes = 0; information >> name >> kilobytes; std::getline(information, unit))
    if (name == "MemTotal:" || name == "SwapTotal:") bytes += 1024 * kilobytes;
  if (bytes == 0) bytes = std::numeric_limits<double>::infinity();
  for (const char* group : {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"})
    bytes = std::min(bytes, number_in(group));
  for (const auto resource : {RLIMIT_AS, RLIMIT_DATA}) {
    rlimit limit{};
    if (getrlimit(resource, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
      bytes = std::min(bytes, static_cast<double>(limit.rlim_cur));
  }
  return bytes;
}

}  // namespace straggle
