// A configuration, from its bytes to the rows of a tiny run: whatever it says is run or refused by a
// ConfigError.
#include <algorithm>
#include <limits>
#include <random>
#include <span>
#include <sstream>
#include <string>
#include <vector>

#include "sim/run/campaign.h"
#include "sim/run/experiment.h"
#include "sim/run/runner.h"
#include "sim/run/verdict.h"
#include "sim/table/results_csv.h"
#include "sim/table/results_json.h"
#include "sim/table/table.h"
#include "tests/fuzz/target.h"

namespace {

using namespace straggle;

/// Small enough to be run within an input's milliseconds.
bool is_tiny(const Point& point) {
  if (point.workers > 12 || point.iterations > 3 || point.schemes.size() > 8 || point.verify.dimension > 64)
    return false;
  return std::all_of(point.schemes.begin(), point.schemes.end(), [](const SchemeSetup& setup) {
    const auto scheme = setup.recipe.make();
    return scheme->next_round({}).largest_load() <= 24;
  });
}

void run_some(Experiment experiment) {
  std::vector<Row> rows;
  std::ostringstream csv;
  Keep keep{.samples = true, .critical = true, .histogram = experiment.title.size() % 2 == 1};
  keep.quantiles[Tally::work] = true;
  const Provenance provenance{.command = "straggle run input.json", .version = "0"};
  write_csv_header(csv, experiment, provenance, keep);
  write_samples_header(csv, experiment, provenance, keep);
  for (Point& point : experiment.points) {
    if (point.index > 1 || !is_tiny(point)) return;
    point.trials = std::min<std::uint64_t>(point.trials, 3);
    point.verify.trials = std::min<std::uint64_t>(point.verify.trials, 1);
    check_keep(point, keep);
    const std::vector<Block> trials = run_blocks(point, 0, point.trials, 1, {}, keep);
    for (std::size_t s = 0; s < trials.size(); ++s) {
      write_samples(csv, point, 0, trials[s]);
      rows.push_back(make_row(point, s, summary_of(trials[s], trials[point.baseline], keep)));
      write_csv_row(csv, experiment, rows.back());
    }
  }
  to_table(experiment, rows, 100);
  to_json(experiment, provenance, rows).dump();
  for (const ExpectedValue& expected : experiment.expected) judge(expected, experiment, rows);
}

}  // namespace

/// Whether there is a number anywhere that could make a code of hundreds of rows.
bool has_large_numbers(const Json& value) {
  if (value.is_number()) return value.get<double>() > 200;
  return value.is_structured() && std::any_of(value.begin(), value.end(), has_large_numbers);
}

/// Trying out whether a code of thousands of workers keeps its digits takes seconds, and instrumented many
/// minutes: it is asked for of small ones.
void verify_small_codes_only(Json& config) {
  if (!config.is_object()) return;
  for (const char* key : {"workers", "sweep"})
    if (config.contains(key) && has_large_numbers(config[key]) &&
        (!config.contains("verify") || config["verify"].is_object()))
      config["verify"]["trials"] = 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const std::string text(reinterpret_cast<const char*>(data), size);
    Json config = parse_json(text, "input.json");
    verify_small_codes_only(config);
    // Where it stands, there is a table of measured times: empirical.csv.
    run_some(read_experiment(std::move(config), STRAGGLE_SOURCE_DIR "/configs/models/input.json"));
  } catch (const ConfigError&) {
  } catch (const std::length_error&) {  // too large, in words
  }
  return 0;
}

// Bytes changed at random are hardly ever JSON. So inputs are changed as values: by the words of the schema,
// by numbers at which something may end, and by parts of other inputs.
namespace {

using Random = std::minstd_rand;

std::size_t below(Random& random, std::size_t count) {
  return std::uniform_int_distribution<std::size_t>(0, count - 1)(random);
}

struct Words {
  std::vector<std::string> keys;
  std::vector<Json> values;
};

void collect(const Json& schema, Words& words) {
  if (!schema.is_structured()) return;
  for (const auto& [key, value] : schema.items()) {
    if (key == "properties")
      for (const auto& [name, field] : value.items()) words.keys.push_back(name);
    if (key == "const" || key == "default") words.values.push_back(value);
    if (key == "enum" || key == "examples")
      words.values.insert(words.values.end(), value.begin(), value.end());
    collect(value, words);
  }
}

/// All names and words that configs/schema.json knows, and awkward numbers and texts.
const Words& words() {
  static const Words all = [] {
    Words result;
    collect(read_json_file(STRAGGLE_SOURCE_DIR "/configs/schema.json"), result);
    for (const double number : {0.0, -0.0, 0.05, 0.5, 1.0, 1.5, 2.0, 1e-300, 5e-324, 1e15, 1e300, 1e308,
                                std::numeric_limits<double>::max()})
      for (const double sign : {1.0, -1.0}) result.values.push_back(sign * number);
    for (std::int64_t number = -1; number <= 12; ++number) result.values.push_back(number);
    for (const std::int64_t number :
         {24LL, 1LL << 20, 1LL << 31, 1LL << 53, std::numeric_limits<long long>::max()})
      result.values.push_back(number);
    for (const char* text :
         {"", "empirical.csv", "/", "/workers", "/compute/rate", "a\nb", "\u001b[31m", "=1+1", "2 ms",
          "3 1/s", "1e3 us", "10 Gbit/s", "64 MiB", "-1 s", "1e400 s", "10 gbit/s"})
      result.values.push_back(text);
    for (const Json& value : {Json(), Json(true), Json(false), Json::array(), Json::object()})
      result.values.push_back(value);
    return result;
  }();
  return all;
}

/// A value somewhere in a document, all as likely.
Json& any_value(Json& document, Random& random) {
  std::vector<Json*> found = {&document};
  for (std::size_t i = 0; i < found.size(); ++i)
    if (found[i]->is_structured())
      for (Json& inner : *found[i]) found.push_back(&inner);
  return *found[below(random, found.size())];
}

void change(Json& document, Random& random) {
  Json& value = any_value(document, random);
  const std::size_t way = below(random, 4);
  if (way == 0 && value.is_structured() && !value.empty()) {
    auto place = value.begin();
    std::advance(place, static_cast<std::ptrdiff_t>(below(random, value.size())));
    value.erase(place);
  } else if (way == 1 && value.is_object()) {
    const Words& known = words();
    value[known.keys[below(random, known.keys.size())]] = known.values[below(random, known.values.size())];
  } else if (way == 1 && value.is_array() && value.size() < 8) {
    value.push_back(value.empty() ? Json(1) : value[below(random, value.size())]);
  } else if (way == 2 && value.is_number_integer()) {
    value = value.get<std::int64_t>() / 2 + static_cast<std::int64_t>(below(random, 8));
  } else {
    value = words().values[below(random, words().values.size())];
  }
}

/// Writes a document as the new input; 0 where it is no document or has no room.
std::size_t written(const Json& document, std::uint8_t* out, std::size_t room) {
  const std::string text = document.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() > room) return 0;
  std::copy(text.begin(), text.end(), out);
  return text.size();
}

Json parsed(const std::uint8_t* data, std::size_t size) {
  return Json::parse(data, data + size, nullptr, false);
}

}  // namespace

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t room)
    __attribute__((weak));

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t room,
                                               unsigned seed) {
  Random random(seed);
  Json document = parsed(data, size);
  if (document.is_discarded() || below(random, 16) == 0) return LLVMFuzzerMutate(data, size, room);
  for (std::size_t changes = 1 + below(random, 3); changes > 0; --changes) change(document, random);
  const std::size_t length = written(document, data, room);
  return length > 0 ? length : size;
}

extern "C" std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* a, std::size_t a_size,
                                                 const std::uint8_t* b, std::size_t b_size, std::uint8_t* out,
                                                 std::size_t room, unsigned seed) {
  Random random(seed);
  Json document = parsed(a, a_size), other = parsed(b, b_size);
  if (document.is_discarded() || other.is_discarded()) return 0;
  if (document.is_object() && other.is_object() && !other.empty() &&
      below(random, 2) == 0) {  // a field of the other
    auto field = other.begin();
    std::advance(field, static_cast<std::ptrdiff_t>(below(random, other.size())));
    document[field.key()] = field.value();
  } else {
    any_value(document, random) = any_value(other, random);
  }
  return written(document, out, room);
}
