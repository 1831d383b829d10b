// Measured compute times from a file: a table of comma-separated values with a column of seconds, for any
// number of workers. Redrawn independently (Efron's bootstrap), or replayed machine by machine, which keeps
// what makes a machine slow for hours. One measured value is one iteration of a machine, so that replays have
// no meaning under `additive`; resampled values have one under any scaling.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <numeric>
#include <string_view>
#include <tuple>

#include "models/compute_model.h"

namespace straggle {
namespace {

namespace fs = std::filesystem;

/// The seconds of a file, machine by machine in the order of their names' first appearance. Machine m has
/// rows [starts[m], starts[m + 1]); a file without names is one machine.
struct Trace {
  std::vector<double> seconds;
  std::vector<std::size_t> starts;
  bool names_machines = false;

  std::size_t machines() const { return starts.size() - 1; }
  double at(std::size_t machine, std::uint32_t iteration) const {
    const std::size_t rows = starts[machine + 1] - starts[machine];
    return seconds[starts[machine] + iteration % rows];
  }
};

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  text = text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
  const bool quoted = text.size() >= 2 && text.front() == '"' && text.back() == '"';
  return quoted ? text.substr(1, text.size() - 2) : text;
}

std::vector<std::string> fields_of(std::string_view line) {
  std::vector<std::string> fields;
  for (std::size_t from = 0; from <= line.size();) {
    const std::size_t comma = std::min(line.find(',', from), line.size());
    fields.emplace_back(trimmed(line.substr(from, comma - from)));
    from = comma + 1;
  }
  return fields;
}

/// Reads a table line by line. Mistakes are a ConfigError of `file:line: what`.
class TraceReader {
 public:
  explicit TraceReader(std::string file) : file_(std::move(file)) {}

  Trace read(std::istream& stream) {
    for (std::string line; std::getline(stream, line); line.clear()) {
      if (++line_ == 1 && line.starts_with("\xef\xbb\xbf")) line.erase(0, 3);  // a byte order mark
      const std::string_view content = trimmed(line);
      if (content.empty() || content.front() == '#') continue;
      if (columns_ == 0) {
        header(fields_of(line));
      } else {
        row(fields_of(line));
      }
    }
    if (stream.bad()) throw ConfigError(fmt::format("{}: cannot be read", file_));
    if (columns_ == 0)
      throw ConfigError(
          fmt::format("{}: is empty; its first line must name its columns, \"seconds\" among them", file_));
    if (machines_.empty()) throw ConfigError(fmt::format("{}: has no rows below its header", file_));
    return sorted();
  }

 private:
  static constexpr std::size_t none = static_cast<std::size_t>(-1);

  struct Row {
    std::uint64_t iteration;
    double seconds;
    std::size_t line;
  };

  [[noreturn]] void fail(const std::string& what) const {
    throw ConfigError(fmt::format("{}:{}: {}", file_, line_, what));
  }

  void header(const std::vector<std::string>& names) {
    const auto column = [&](const std::string& name) {
      const auto found = std::find(names.begin(), names.end(), name);
      if (found == names.end()) return none;
      if (std::count(names.begin(), names.end(), name) > 1)
        fail(fmt::format("names column \"{}\" twice", name));
      return static_cast<std::size_t>(found - names.begin());
    };
    seconds_ = column("seconds");
    machine_ = column("machine");
    iteration_ = column("iteration");
    if (seconds_ == none)
      fail(fmt::format("has no column \"seconds\", but {}; the first line must name the columns",
                       fmt::join(names, ", ")));
    columns_ = names.size();
  }

  void row(const std::vector<std::string>& fields) {
    if (fields.size() != columns_)
      fail(fmt::format("has {} values, but there are {} columns", fields.size(), columns_));
    const double seconds = number<double>("seconds", fields[seconds_], "a number above 0");
    if (!(seconds > 0 && seconds <= std::numeric_limits<double>::max()))
      fail(fmt::format("seconds is {}, but must be a number above 0", fields[seconds_]));
    std::uint64_t iteration = line_;  // the order of the lines
    if (iteration_ != none)
      iteration = number<std::uint64_t>("iteration", fields[iteration_], "a whole number from 0 on");
    const std::string name = machine_ == none ? "" : fields[machine_];
    if (machine_ != none && name.empty()) fail("machine is empty");
    const auto [place, is_new] = numbers_.emplace(name, machines_.size());
    if (is_new) machines_.emplace_back();
    machines_[place->second].push_back({iteration, seconds, line_});
  }

  template <class Number>
  Number number(const char* column, const std::string& text, const char* expected) const {
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size())
      fail(fmt::format("{} is \"{}\", but must be {}", column, text, expected));
    return value;
  }

  Trace sorted() {
    Trace trace;
    trace.names_machines = machine_ != none;
    for (std::vector<Row>& rows : machines_) {
      std::stable_sort(rows.begin(), rows.end(),
                       [](const Row& a, const Row& b) { return a.iteration < b.iteration; });
      trace.starts.push_back(trace.seconds.size());
      for (std::size_t i = 0; i < rows.size(); ++i) {
        if (trace.names_machines && i > 0 && rows[i].iteration == rows[i - 1].iteration) {
          line_ = rows[i].line;
          fail(fmt::format("gives iteration {} of its machine again, after line {}", rows[i].iteration,
                           rows[i - 1].line));
        }
        trace.seconds.push_back(rows[i].seconds);
      }
    }
    trace.starts.push_back(trace.seconds.size());
    return trace;
  }

  std::string file_;
  std::size_t line_ = 0, columns_ = 0;
  std::size_t seconds_ = none, machine_ = none, iteration_ = none;
  std::map<std::string, std::size_t> numbers_;  // of the machines, by name
  std::vector<std::vector<Row>> machines_;
};

/// The trace of a file, read once and shared by all models that use it. Mistakes are a ConfigError.
std::shared_ptr<const Trace> load(const fs::path& path) {
  using Version = std::tuple<std::string, fs::file_time_type, std::uintmax_t>;
  static std::mutex mutex;
  static std::map<Version, std::weak_ptr<const Trace>> loaded;
  std::error_code error;
  if (fs::is_directory(path, error))
    throw ConfigError(fmt::format("{}: is a folder, not a table of seconds", path.string()));
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw ConfigError(fmt::format("{}: cannot be opened for reading", path.string()));
  const Version version(fs::weakly_canonical(path, error).string(), fs::last_write_time(path, error),
                        fs::file_size(path, error));
  const std::lock_guard lock(mutex);
  std::erase_if(loaded, [](const auto& entry) { return entry.second.expired(); });
  std::weak_ptr<const Trace>& place = loaded[version];
  auto trace = place.lock();
  if (!trace) place = trace = std::make_shared<const Trace>(TraceReader(path.string()).read(stream));
  return trace;
}

enum class Replay {
  resample,  ///< every draw is any of the rows, all as likely
  replay,    ///< the workers are the machines in order, again from the first where there are too few
  machines,  ///< a trial deals the machines to the workers at random, all of them before any again
};

class Empirical final : public ComputeModel {
 public:
  Empirical(std::shared_ptr<const Trace> trace, Replay mode, std::size_t first)
      : trace_(std::move(trace)), mode_(mode), first_(first) {}

  void draw(const DrawAddress& address, std::span<double> out) const override {
    const std::size_t machines = trace_->machines();
    thread_local std::vector<std::uint64_t> bits;
    bits.resize(out.size());
    if (mode_ == Replay::resample) {
      random_bits(address, bits);
      for (std::size_t w = 0; w < out.size(); ++w)
        out[w] = trace_->seconds[uniform_index(bits[w], trace_->seconds.size())];
      return;
    }
    // In a class, its first worker has the first machine; the workers before it are not used.
    for (std::size_t w = 0; w < out.size(); ++w)
      out[w] = trace_->at((w + machines - first_ % machines) % machines, address.iteration);
    if (mode_ == Replay::replay) return;
    DrawAddress trial = address;
    trial.iteration = 0;
    random_bits(trial, bits);
    thread_local std::vector<std::size_t> order;
    order.resize(machines);
    for (std::size_t start = first_; start < out.size(); start += machines) {
      std::iota(order.begin(), order.end(), std::size_t{0});
      // A shuffle as far as there are workers, each step by the bits of the worker it serves.
      for (std::size_t i = 0; i < std::min(machines, out.size() - start); ++i) {
        std::swap(order[i], order[i + uniform_index(bits[start + i], machines - i)]);
        out[start + i] = trace_->at(order[i], address.iteration);
      }
    }
  }

  std::optional<TimeLaw> law() const override { return std::nullopt; }  // no density

 private:
  std::shared_ptr<const Trace> trace_;
  Replay mode_;
  std::size_t first_;
};

std::shared_ptr<const ComputeModel> read(ConfigReader& config, const ComputeContext& context) {
  const auto mode = config.choice_or<Replay>(
      "draw", {{"resample", Replay::resample}, {"replay", Replay::replay}, {"machines", Replay::machines}},
      "resample");
  if (mode != Replay::resample && context.scaling == Scaling::additive)
    config.mistake("draw",
                   "must be \"resample\" under \"scaling\": \"additive\": a replay has one value an "
                   "iteration, not one a mini-batch");
  const std::string file = config.text("file");
  if (file.empty()) {
    if (const Json* given = config.raw("file"); given && given->is_string())
      config.mistake("file", "must name a table of comma-separated values");
    return nullptr;
  }
  try {
    auto trace = load(fs::path(context.folder) / file);
    if (mode != Replay::resample && !trace->names_machines)
      config.mistake("draw", "must be \"resample\": the file has no column \"machine\"");
    return std::make_shared<Empirical>(std::move(trace), mode, context.first);
  } catch (const ConfigError& error) {
    config.mistake("file", error.what());
    return nullptr;
  }
}

const ComputeRegistration registration(
    "empirical", {"measured seconds from a table; file, draw (resample, replay or machines)", read});

}  // namespace
}  // namespace straggle
