#include "sim/run/experiment.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/uuid/name_generator_sha1.hpp>
#include <boost/uuid/uuid_io.hpp>
#include <cmath>
#include <filesystem>
#include <limits>
#include <set>
#include <tuple>
#include <unordered_set>

#include "sim/base/file.h"
#include "sim/base/json_text.h"
#include "sim/base/memo.h"
#include "sim/base/text.h"
#include "sim/run/configuration.h"
#include "sim/run/expectation.h"
#include "sim/schemes/data_set.h"

namespace straggle {
namespace {

constexpr std::size_t most_points = 100000;
constexpr std::size_t most_rows = 1000000;  // a row is a scheme at a point
constexpr std::size_t most_swept = 100;     // pointers
constexpr std::size_t most_label_bytes = 200;
constexpr std::size_t most_cell_bytes = 10000;  // of a swept value; see ResultsReader
constexpr double most_expected_points = 1e7;    // expectations times points

/// One dimension of the sweep: the pointers that move together, and the rows of values they take.
struct Axis {
  std::vector<std::string> paths;
  std::vector<std::vector<Json>> rows;
};

bool is_pointer(const std::string& text) {
  try {
    return text.starts_with("/") && !Json::json_pointer(text).empty();
  } catch (const Json::exception&) {
    return false;
  }
}

/// Sets the value at a pointer whose parent must exist. Returns what is wrong, or nothing.
std::optional<std::string> set_value(Json& config, const std::string& path, const Json& value) {
  const std::string named = printable(path, 200);
  if (!is_pointer(path)) return fmt::format("\"{}\" is not a JSON pointer such as /compute/rate", named);
  const Json::json_pointer pointer(path), parent = pointer.parent_pointer();
  const std::string parent_name = printable(parent.to_string(), 200);
  if (!config.contains(parent))
    return fmt::format("\"{}\" leads nowhere: the configuration has no {}", named,
                       parent.empty() ? named : parent_name);
  Json& holder = config.at(parent);
  if (holder.is_object()) {
    holder[pointer.back()] = value;
    return std::nullopt;
  }
  if (!holder.is_array())
    return fmt::format("\"{}\" leads nowhere: {} is {}, which has no fields", named, parent_name,
                       shown(holder));
  const Json::json_pointer place("/" + pointer.back());
  if (!holder.contains(place))
    return fmt::format("\"{}\" leads nowhere: {} has the places {}", named, parent_name,
                       holder.empty() ? std::string("none") : fmt::format("0 to {}", holder.size() - 1));
  holder.at(place) = value;
  return std::nullopt;
}

/// What keeps a text from standing in a cell of a table, or nothing: spreadsheets take some first characters
/// for a formula, and what cannot be seen could pass for something else.
std::optional<std::string> wrong_in_cell(const std::string& text) {
  if (has_unprintable(text)) return "must not contain control characters";
  const std::size_t first = text.find_first_not_of(' ');
  if (first == std::string::npos && !text.empty()) return "must not be of blanks alone";
  if (first != std::string::npos && std::string_view("=+-@").find(text[first]) != std::string_view::npos)
    return "must not begin with =, +, - or @: spreadsheets would take it for a formula";
  return std::nullopt;
}

/// The same of a swept value, which has a column of its own.
std::optional<std::string> wrong_swept(const Json& value) {
  const std::string cell = plain(value);
  if (cell.size() > most_cell_bytes)
    return fmt::format("holds a value of {} bytes of JSON; it may have {}", cell.size(), most_cell_bytes);
  if (!value.is_string()) return std::nullopt;
  if (const auto wrong = wrong_in_cell(cell)) return fmt::format("holds {}, which {}", shown(value), *wrong);
  return std::nullopt;
}

/// "from", "to", "step" as values; whole numbers stay whole.
std::vector<Json> range_values(ConfigReader& axis) {
  const double from = axis.number("from", {}), to = axis.number("to", {}), step = axis.number("step", {});
  if (!axis.complete()) return {};
  if (step == 0 || (to - from) / step < 0) {
    axis.mistake("step", fmt::format("must lead from {} to {}, but is {}", from, to, step));
    return {};
  }
  const double steps = std::floor((to - from) / step + 1e-9);
  if (steps >= static_cast<double>(most_points)) {
    axis.mistake("step",
                 fmt::format("makes {:.3g} values; at most {} points can be swept", steps + 1, most_points));
    return {};
  }
  const bool whole = axis.raw("from")->is_number_integer() && axis.raw("step")->is_number_integer();
  std::vector<Json> values;
  for (double i = 0; i <= steps; ++i) {
    const double value = from + i * step;
    // Twelve digits turn 0.1 + 2 · 0.1 back into the 0.3 that was meant.
    values.push_back(whole ? Json(static_cast<std::int64_t>(value))
                           : Json(std::stod(fmt::format("{:.12g}", value))));
  }
  return values;
}

std::optional<Axis> read_axis(ConfigReader& entry) {
  Axis axis;
  if (entry.has("paths")) {
    const Json* paths = entry.raw("paths");
    const Json* rows = entry.raw("values");
    if (!paths->is_array() || paths->empty() ||
        !std::all_of(paths->begin(), paths->end(), [](const Json& path) { return path.is_string(); })) {
      entry.mistake("paths", "must be an array of JSON pointers that move together");
      return std::nullopt;
    }
    for (const Json& path : *paths) axis.paths.push_back(path.get<std::string>());
    if (!rows || !rows->is_array() || rows->empty() ||
        !std::all_of(rows->begin(), rows->end(),
                     [&](const Json& row) { return row.is_array() && row.size() == axis.paths.size(); })) {
      entry.mistake("values", fmt::format("must be rows of {} values, one for each path: [[...], ...]",
                                          axis.paths.size()));
      return std::nullopt;
    }
    for (const Json& row : *rows) axis.rows.emplace_back(row.begin(), row.end());
  } else {
    axis.paths.push_back(entry.text("path"));
    if (entry.has("values")) {
      const Json* values = entry.raw("values");
      if (!values->is_array() || values->empty()) {
        entry.mistake("values", "must be a non-empty array");
        return std::nullopt;
      }
      for (const Json& value : *values) axis.rows.push_back({value});
    } else if (entry.has("from") || entry.has("to") || entry.has("step")) {
      for (const Json& value : range_values(entry)) axis.rows.push_back({value});
    } else {
      entry.mistake("", "needs \"values\", or \"from\", \"to\" and \"step\"");
    }
  }
  for (const std::vector<Json>& row : axis.rows)
    for (const Json& value : row)
      if (const auto wrong = wrong_swept(value)) entry.mistake("values", *wrong);
  if (!entry.complete()) return std::nullopt;
  return axis;
}

/// `config` is without its sweep and its expectations.
std::vector<Axis> read_sweep(ConfigReader& root, const Json& config) {
  std::vector<Axis> axes;
  std::set<std::string> swept;
  double points = 1;
  Json probe = config;
  for (ConfigReader& entry : root.objects_or_none("sweep")) {
    std::optional<Axis> axis = read_axis(entry);
    if (!axis) continue;
    if (swept.size() + axis->paths.size() > most_swept) {
      entry.mistake(axis->paths.size() > 1 ? "paths" : "path",
                    fmt::format("makes {} fields that are swept; there can be {}",
                                swept.size() + axis->paths.size(), most_swept));
      continue;
    }
    bool valid = true;
    for (const std::string& path : axis->paths) {
      std::optional<std::string> wrong;
      for (const char* fixed : {"/sweep", "/expect", "/title", "/$schema"})
        if (path == fixed || path.starts_with(std::string(fixed) + "/"))
          wrong = fmt::format("{} cannot be swept", fixed);
      if (!wrong) wrong = set_value(probe, path, nullptr);
      probe = config;
      if (!wrong && !swept.insert(path).second)
        wrong = fmt::format("\"{}\" is swept twice", printable(path, 200));
      if (!wrong) continue;
      entry.mistake(axis->paths.size() > 1 ? "paths" : "path", *wrong);
      valid = false;
    }
    points *= static_cast<double>(axis->rows.size());
    if (valid) axes.push_back(*std::move(axis));
  }
  const auto too_many = [&](double count, const char* of, std::size_t most) {
    if (count > static_cast<double>(most))
      root.mistake("sweep", fmt::format("makes {:.6g} {}; there can be {}", count, of, most));
    return count > static_cast<double>(most);
  };
  const double schemes = config.contains("schemes") && config["schemes"].is_array()
                             ? static_cast<double>(config["schemes"].size())
                             : 1;
  if (too_many(points, "points", most_points) ||
      too_many(points * schemes, "rows (points times schemes)", most_rows))
    return {};
  return axes;
}

/// `gc-mmc correlated clusters=4 load=10 order=6`: the scheme and its fields as written, without what is
/// swept, so that a scheme keeps its name along the sweep.
std::string default_label(const Json& scheme, const std::string& pointer,
                          const std::set<std::string>& swept) {
  if (!scheme.is_object() || !scheme.contains("scheme") || !scheme["scheme"].is_string()) return "?";
  std::string label = scheme["scheme"].get<std::string>();
  for (const auto& [key, value] : scheme.items()) {
    if (key == "scheme" || key == "label" || swept.contains(pointer + "/" + key)) continue;
    if (value.is_string()) {
      label.append(" ").append(value.get<std::string>());
    } else if (value.is_boolean()) {
      if (value.get<bool>()) label += " " + key;
    } else if (value.is_object()) {  // such as a tree
      for (const auto& [inner, number] : value.items())
        if (!swept.contains(pointer + "/" + key + "/" + inner))
          label += fmt::format(" {}={}", inner, number.dump());
    } else {
      label += fmt::format(" {}={}", key, value.dump());
    }
  }
  return label;
}

/// Refuses a scheme that is wrong in itself, before anything runs.
void refuse_faulty(SchemeRecipe& recipe, ConfigReader& entry, const Json& written,
                   const SchemeContext& context) {
  if (!recipe.make) return;
  // A sweep asks for the same scheme at many points.
  static Memo<std::tuple<std::string, int, std::uint64_t, bool>, std::string> faults;
  Json fields = written;
  fields.erase("label");
  const std::string fault = faults({fields.dump(), context.workers, context.seed, context.verify},
                                   [&] { return fault_of(recipe, context.workers, context.verify); });
  if (fault.empty()) return;
  recipe = {};
  entry.mistake("", "is a scheme that is wrong in itself: " + fault);
}

/// What is wrong with a label, or nothing.
std::optional<std::string> wrong_label(const std::string& label) {
  if (label.empty()) return "must be a text on one line, but is empty";
  if (label.size() > most_label_bytes)
    return fmt::format("is a text of {} bytes; it may have {}", label.size(), most_label_bytes);
  return wrong_in_cell(label);
}

std::vector<SchemeSetup> read_schemes(ConfigReader& root, const Json& config, const SchemeContext& context,
                                      const std::set<std::string>& swept) {
  const auto& registry = Registry<SchemePlugin>::instance();
  std::vector<SchemeSetup> schemes;
  std::unordered_set<std::string> taken;  // by the user; those may not repeat, ours are numbered
  std::vector<std::string> proposed;      // where the user has given none
  for (ConfigReader& entry : root.objects("schemes")) {
    SchemeSetup setup;
    // The defaults are not part of the label, so it is made before they are filled in.
    const Json& written = config.at(Json::json_pointer(entry.pointer()));
    // Shorter than a given one may be: it becomes one in the resolved configuration, with its number.
    proposed.push_back(printable(default_label(written, entry.pointer(), swept), most_label_bytes - 20));
    setup.scheme = entry.word("scheme", registry.names());
    if (entry.has("label")) {
      setup.label = entry.text("label");
      if (!setup.label.empty() && !taken.insert(setup.label).second)
        entry.mistake("label",
                      fmt::format("\"{}\" is the label of another scheme too", printable(setup.label, 200)));
      if (const auto wrong = wrong_label(setup.label)) entry.mistake("label", *wrong);
      proposed.back().clear();
    } else {
      entry.raw("label");
    }
    if (const SchemePlugin* plugin = registry.find(setup.scheme)) {
      setup.recipe = plugin->read(entry, context);
      refuse_faulty(setup.recipe, entry, written, context);
    }
    schemes.push_back(std::move(setup));
  }
  std::map<std::string, int> numbers;  // the last one tried
  for (std::size_t s = 0; s < schemes.size(); ++s) {
    if (proposed[s].empty()) continue;
    std::string label = proposed[s];
    int& number = numbers.try_emplace(label, 1).first->second;
    while (!taken.insert(label).second) label = fmt::format("{} ({})", proposed[s], ++number);
    schemes[s].label = label;
    root.set_default("/schemes/" + std::to_string(s) + "/label", label);
  }
  return schemes;
}

VerifySettings read_verify(ConfigReader& root, int workers) {
  ConfigReader reader = root.object_or_empty("verify");
  VerifySettings verify;
  // Above a thousand workers decoding takes longer than simulating, by far.
  verify.trials =
      static_cast<std::uint64_t>(reader.integer_or("trials", between(0, 1e12), workers > 1000 ? 0 : 100));
  verify.dimension = static_cast<std::size_t>(reader.integer_or("dimension", between(1, 100000), 16));
  if (!reader.has("fields")) reader.set_default(reader.pointer() + "/fields", Json::array({"real", "prime"}));
  const Json fields = *reader.raw("fields");
  verify.real = verify.prime = false;
  const bool valid = fields.is_array() && !fields.empty() &&
                     std::all_of(fields.begin(), fields.end(),
                                 [](const Json& field) { return field == "real" || field == "prime"; });
  if (!valid)
    reader.mistake("fields",
                   fmt::format("must be [\"real\"], [\"prime\"] or both, but is {}", shown(fields)));
  for (const Json& field : fields) (field == "real" ? verify.real : verify.prime) = true;
  reader.complete();
  return verify;
}

/// Reads "gradient": the size of a message.
std::optional<double> read_gradient(ConfigReader& root) {
  if (!root.raw("gradient")) return std::nullopt;
  ConfigReader gradient = root.object("gradient");
  for (const char* key : {"bytes", "dimension"}) gradient.raw(key);
  std::optional<double> bytes;
  if (gradient.has("bytes") == gradient.has("dimension")) {
    gradient.mistake("", "needs either \"bytes\", or \"dimension\" (numbers of 8 bytes)");
  } else if (gradient.has("bytes")) {
    bytes = gradient.number("bytes", above(0, "bytes a message"));
  } else {
    bytes = 8 * static_cast<double>(gradient.integer("dimension", between(1, 1e15)));
  }
  gradient.complete();
  return bytes;
}

/// The links as the engine knows them.
Links links_of(const Network& network, const std::optional<double>& gradient_bytes) {
  Links links{.latency = network.latency,
              .overhead = network.overhead,
              .bytes = gradient_bytes.value_or(0),
              .egress = network.egress,
              .ingress = network.ingress};
  switch (network.discipline) {
    case Discipline::ideal:
      links.sharing = Links::Sharing::none;
      break;
    case Discipline::serial:
      links.sharing = Links::Sharing::serial;
      break;
    case Discipline::shared:
      links.sharing = Links::Sharing::shared;
      break;
  }
  return links;
}

Links::Downlink downlink_of(const Network& network) {
  switch (network.downlink) {
    case Downlink::none:
      break;
    case Downlink::multicast:
      return Links::Downlink::multicast;
    case Downlink::unicast:
      return Links::Downlink::unicast;
  }
  return Links::Downlink::none;
}

/// A transfer may take no longer than a time that is written could be.
void check_message_time(ConfigReader& root, const Point& point) {
  double slowest = std::numeric_limits<double>::infinity();
  for (const std::vector<double>* ports : {&point.links.egress, &point.links.ingress})
    for (const double bandwidth : *ports) slowest = std::min(slowest, bandwidth);
  const double seconds = point.gradient_bytes.value_or(0) / slowest;
  if (seconds > largest_number)
    root.mistake("network",
                 fmt::format("makes a gradient of {:g} bytes take {:g} s at {:g} bytes a second; at "
                             "most {:g} s can be calculated with",
                             *point.gradient_bytes, seconds, slowest, largest_number));
}

/// What a worker does with old work has been modelled for some programs and networks only.
void check_round_start(ConfigReader& root, const Point& point) {
  if (point.round_start == RoundStart::fresh) return;
  if (point.iterations < 2) {
    root.mistake("round_start",
                 "other than \"fresh\" changes nothing in trials of one iteration; raise \"iterations\"");
    return;
  }
  for (const SchemeSetup& setup : point.schemes) {
    if (!setup.recipe.make) continue;
    const auto scheme = setup.recipe.make();
    const Program::Kind kind = scheme->next_round(nullptr).kind();
    if (kind == Program::Kind::tree)
      root.mistake("round_start",
                   fmt::format("must be \"fresh\" for \"{}\": what relays keep from an earlier "
                               "iteration is not modelled",
                               setup.label));
    if (kind == Program::Kind::star && point.links.sharing == Links::Sharing::shared)
      root.mistake("round_start",
                   "must be \"fresh\" on shared links; ideal and serial ones know the others too");
  }
}

/// Whether the compute model says how long messages take.
bool measures_transfer(const Point& point) {
  std::vector<double> seconds(static_cast<std::size_t>(point.workers));
  return point.compute.model && point.compute.model->transfer({}, seconds);
}

/// What measured rounds and transfers ask of the rest of the configuration.
void check_measured(ConfigReader& root, ConfigReader& compute, const Point& point) {
  const ComputeModel& model = *point.compute.model;
  if (const std::size_t iterations = model.replicate(); iterations > 0) {
    if (point.iterations != iterations)
      root.mistake("iterations",
                   fmt::format("must be {}, as many as rounds were measured: with \"bootstrap\" every trial "
                               "stands for the whole of them",
                               iterations));
    if (!point.compute.redraw_each_iteration)
      compute.mistake("redraw", "must be \"iteration\" with \"bootstrap\", which draws rounds");
  }
  if (!measures_transfer(point)) return;
  const char* const field = compute.has("transfer") ? "transfer" : "";
  if (point.links.sharing != Links::Sharing::serial)
    compute.mistake(field,
                    "needs \"network\": {\"model\": \"serial\"}: the seconds measured are those in which a "
                    "message occupies the master's port");
  for (const SchemeSetup& setup : point.schemes) {
    if (!setup.recipe.make) continue;
    const auto scheme = setup.recipe.make();
    const Program& program = scheme->next_round(nullptr);
    bool fits = program.kind() == Program::Kind::star;
    for (NodeId node = 1; fits && node <= program.workers(); ++node)
      fits = program.messages(node).size() <= 1;
    if (!fits)
      compute.mistake(field, fmt::format("was measured for one message a worker to the master, which \"{}\" "
                                         "does not send",
                                         setup.label));
  }
}

/// Reads one point's configuration, filling its defaults in.
Point read_point(Json& config, const std::set<std::string>& swept, const std::string& folder,
                 Mistakes& mistakes) {
  Point point;
  const Json written = config;
  ConfigReader root(config, "", mistakes);
  for (const char* read_elsewhere : {"$schema", "sweep", "expect"}) root.raw(read_elsewhere);
  root.text_or("title", "");
  point.seed = root.seed_or("seed", 1);
  point.trials = static_cast<std::uint64_t>(root.integer_or("trials", between(1, 1e12), 10000));
  point.iterations = static_cast<std::uint32_t>(root.integer_or("iterations", between(1, 16777215), 1));
  const std::size_t before_workers = root.reports();
  point.workers = static_cast<int>(root.integer("workers", between(1, 1e6)));
  // Many ranges end at the number of workers: without it they would blame what is right.
  const bool workers_known = root.reports() == before_workers;
  mistakes.keep_independent(!workers_known);
  point.round_start = root.choice_or<RoundStart>(
      "round_start",
      {{"fresh", RoundStart::fresh}, {"abandon", RoundStart::abandon}, {"backlog", RoundStart::backlog}},
      "fresh");
  point.silence = root.boolean_or("silence", false);
  point.gradient_bytes = read_gradient(root);
  ConfigReader compute = root.object("compute");
  point.compute = read_compute(compute, static_cast<std::size_t>(point.workers), folder);
  ConfigReader network = root.object_or_empty("network");
  const std::optional<Network> links = read_network(
      network, {.workers = static_cast<std::size_t>(point.workers),
                .classes = point.compute.model ? point.compute.model->classes() : std::vector<WorkerClass>{},
                .classes_known = point.compute.model != nullptr,
                .gradient_size_known = root.has("gradient"),
                .transfer_measured = measures_transfer(point)});
  if (links) {
    point.links = links_of(*links, point.gradient_bytes);
    point.downlink = downlink_of(*links);
    check_message_time(root, point);
  }
  point.verify = read_verify(root, point.workers);
  const SchemeContext context{.workers = point.workers,
                              .seed = point.seed,
                              .verify = point.verify.trials > 0,
                              .verify_real = point.verify.trials > 0 && point.verify.real};
  point.schemes = read_schemes(root, written, context, swept);
  if (!point.schemes.empty()) {
    std::vector<std::string> labels;
    for (const SchemeSetup& setup : point.schemes) labels.push_back(setup.label);
    const std::string baseline = root.word_or("baseline", labels, labels.front());
    const auto found = std::find(labels.begin(), labels.end(), baseline);
    point.baseline = found == labels.end() ? 0 : static_cast<std::size_t>(found - labels.begin());
  }
  check_round_start(root, point);
  if (point.compute.model) check_measured(root, compute, point);
  root.complete();
  mistakes.keep_independent(false);
  return point;
}

/// Equal, or numbers that differ by rounding only.
bool same_value(const Json& a, const Json& b) {
  if (!a.is_number() || !b.is_number()) return a == b;
  const double x = a.get<double>(), y = b.get<double>();
  return std::abs(x - y) <= 1e-9 * std::max(std::abs(x), std::abs(y));
}

/// Reads "slope", if there is one.
std::optional<Slope> read_slope(ConfigReader& entry, const Experiment& experiment) {
  if (!entry.has("slope")) return std::nullopt;
  ConfigReader reader = entry.object("slope");
  Slope slope;
  slope.x = reader.text("x");
  if (std::find(experiment.axes.begin(), experiment.axes.end(), slope.x) == experiment.axes.end())
    reader.mistake("x", fmt::format("must be a swept pointer, but is \"{}\" ({})", printable(slope.x, 200),
                                    experiment.axes.empty() ? "nothing is swept"
                                                            : "swept: " + quoted_list(experiment.axes)));
  slope.log = reader.boolean_or("log", false);
  reader.complete();
  if (!entry.has("within"))
    entry.mistake("within",
                  "is missing: points share their random numbers, so a slope has no standard error");
  return slope;
}

}  // namespace

std::optional<std::vector<std::size_t>> read_at(ConfigReader& entry, const Experiment& experiment) {
  const Json at = entry.has("at") ? *entry.raw("at") : Json::object();
  entry.raw("at");
  if (!at.is_object()) {
    entry.mistake("at", "must be an object of swept pointers and their values");
    return std::nullopt;
  }
  bool known = true;
  for (const auto& [path, value] : at.items())
    if (std::find(experiment.axes.begin(), experiment.axes.end(), path) == experiment.axes.end()) {
      entry.mistake("at", fmt::format("names \"{}\", which is not swept ({})", printable(path, 200),
                                      experiment.axes.empty() ? "nothing is"
                                                              : "swept: " + quoted_list(experiment.axes)));
      known = false;
    }
  if (!known) return std::nullopt;
  std::vector<std::size_t> matching;
  for (const Point& point : experiment.points)
    if (std::all_of(point.axes.begin(), point.axes.end(), [&](const auto& axis) {
          return !at.contains(axis.first) || same_value(at.at(axis.first), axis.second);
        }))
      matching.push_back(point.index);
  return matching;
}

namespace {

std::vector<ExpectedValue> read_expected(ConfigReader& root, const Experiment& experiment) {
  std::vector<ExpectedValue> result;
  std::vector<std::string> labels;
  std::unordered_set<std::string> known;
  for (const Point& point : experiment.points)
    for (const SchemeSetup& setup : point.schemes)
      if (known.insert(setup.label).second) labels.push_back(setup.label);
  std::vector<ConfigReader> entries = root.objects_or_none("expect");
  if (static_cast<double>(entries.size()) * static_cast<double>(experiment.points.size() + labels.size()) >
      most_expected_points) {
    root.mistake("expect", fmt::format("has {} entries, too many for a sweep of {} points", entries.size(),
                                       experiment.points.size()));
    return result;
  }
  for (ConfigReader& entry : entries) {
    ExpectedValue expected;
    expected.label = entry.word("scheme", labels);
    expected.metric = entry.word("metric", expected_names());
    expected.value = entry.number("value", {});
    if (const Json* value = entry.raw("value"); value && value->is_number())
      expected.half_unit = half_unit_of(*value);
    expected.source = entry.text("source");
    if (entry.has("within"))
      expected.within = entry.number("within", above(0, "a share of the value"));
    else
      entry.raw("within");
    expected.slope = read_slope(entry, experiment);
    if (const auto points = read_at(entry, experiment)) {
      if (expected.slope && points->size() < 2) {
        entry.mistake("at", fmt::format("leaves {} of the {} points to fit a slope to; it takes two",
                                        points->size(), experiment.points.size()));
      } else if (!expected.slope && points->size() != 1) {
        entry.mistake("at", fmt::format("must select exactly one point of the sweep, but selects {} of {}",
                                        points->size(), experiment.points.size()));
      } else {
        expected.points = *points;
      }
      for (const std::size_t point : expected.points) {
        const auto& schemes = experiment.points[point].schemes;
        if (expected.label.empty() ||
            std::any_of(schemes.begin(), schemes.end(),
                        [&](const SchemeSetup& setup) { return setup.label == expected.label; }))
          continue;
        entry.mistake("scheme", fmt::format("\"{}\" is not at that point", expected.label));
        break;
      }
      if (expected.slope)
        for (const std::size_t point : expected.points)
          for (const auto& [path, value] : experiment.points[point].axes)
            if (path == expected.slope->x &&
                (!value.is_number() || (expected.slope->log && value.get<double>() <= 0))) {
              entry.mistake("slope",
                            fmt::format("needs {} values at {}, but one is {}",
                                        expected.slope->log ? "positive" : "numeric", path, shown(value)));
              break;
            }
    }
    entry.complete();
    result.push_back(std::move(expected));
  }
  return result;
}

/// Writes the defaults of a point into the configuration, except inside what a sweep replaces or gives
/// another kind.
void fill_defaults(Json& config, const Json& resolved, const std::string& pointer,
                   const std::set<std::string>& swept) {
  if (swept.contains(pointer) || swept.contains(pointer + "/scheme") || swept.contains(pointer + "/model"))
    return;
  if (config.is_object() && resolved.is_object()) {
    for (const auto& [key, value] : resolved.items()) {
      const std::string path = pointer + "/" + key;
      if (config.contains(key)) {
        fill_defaults(config[key], value, path, swept);
      } else if (!swept.contains(path)) {
        config[key] = value;
      }
    }
  } else if (config.is_array() && resolved.is_array() && config.size() == resolved.size()) {
    for (std::size_t i = 0; i < config.size(); ++i)
      fill_defaults(config[i], resolved[i], pointer + "/" + std::to_string(i), swept);
  }
}

/// The identity of the numbers a configuration gives: its canonical text (keys sorted) without what only
/// describes it.
std::string hash_of(const Json& resolved, const std::string& folder) {
  Json described = resolved;
  for (const char* description : {"$schema", "title", "expect"}) described.erase(description);
  std::string measured;
  for_each_data_file(described, [&](std::string& path) {  // what is in it decides, not where it is
    measured += read_file((std::filesystem::path(folder) / path).string(), "a table of seconds",
                          std::numeric_limits<std::size_t>::max() - 1) += '\0';
    path.clear();
  });
  const nlohmann::json canonical = nlohmann::json::parse(described.dump());
  return short_digest(canonical.dump() + measured);
}

}  // namespace

std::string Point::description() const {
  std::string result;
  for (const auto& [path, value] : axes)
    result += fmt::format("{}{} = {}", result.empty() ? "" : ", ", path, printable(value.dump()));
  return result;
}

std::string plain(const Json& value) {
  return value.is_string() ? value.get<std::string>() : printable(value.dump());
}

std::string Experiment::place_of(const Point& point) const {
  Point leading;
  for (const std::size_t axis : lead_axes) leading.axes.push_back(point.axes[axis]);
  return leading.description();
}

const std::vector<ResultColumn>& metrics() {
  static const std::vector<ResultColumn> columns = {
      {"time", "s", "Completion time."},
      {"messages", "-",
       "Messages the master received at or before completion, also duplicates and those of clusters already "
       "decoded and of earlier iterations; in a ring, which has no master, all."},
      {"useful_messages", "-", "Of these, the ones the decode may use."},
      {"messages_in_all", "-",
       "Messages anybody received at or before completion, those of the model included."},
      {"bytes_in_all", "bytes", "Their bytes; empty where gradients have no size."},
      {"bytes_into_busiest", "bytes", "Of these, the bytes into the node that receives most."},
      {"port_utilisation", "-", "Share of the time that the busiest receiving port is busy."},
      {"work", "mini-batches", "Mini-batches computed by all workers."},
      {"wasted", "mini-batches", "Of these, the ones in no useful message."},
      {"speedup", "-", "Mean time of the baseline / mean time, over the trials that both completed."}};
  return columns;
}

const std::vector<std::string>& metric_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> result;
    for (const ResultColumn& metric : metrics()) result.push_back(metric.name);
    return result;
  }();
  return names;
}

std::vector<std::string> expected_names() {
  std::vector<std::string> names = metric_names();
  names.insert(names.end(), {"p50", "p95", "p99"});
  return names;
}

void for_each_data_file(Json& config, const std::function<void(std::string&)>& visit) {
  const auto visit_value = [&](Json& value) {
    if (value.is_string()) visit(value.get_ref<std::string&>());
  };
  // Models are nested in models, and a model may be swept.
  const std::function<void(Json&)> search = [&](Json& node) {
    if (node.is_object() && node.contains("model") && node.contains("file")) visit_value(node["file"]);
    if (node.is_structured())
      for (Json& child : node) search(child);
  };
  if (!config.is_object()) return;
  if (config.contains("compute")) search(config["compute"]);
  if (config.contains("expect") && config["expect"].is_array())
    for (Json& expected : config["expect"])
      if (expected.is_object() && expected.contains("at") && expected["at"].is_object())
        for (const auto& [path, value] : expected["at"].items())
          if (path.ends_with("/file")) visit_value(value);
  if (!config.contains("sweep") || !config["sweep"].is_array()) return;
  for (Json& axis : config["sweep"]) {
    search(axis);
    if (!axis.is_object() || !axis.contains("values")) continue;
    if (axis.contains("path") && axis["path"].get<std::string>().ends_with("/file")) {
      for (Json& value : axis["values"]) visit_value(value);
    } else if (axis.contains("paths")) {
      for (std::size_t i = 0; i < axis["paths"].size(); ++i)
        if (axis["paths"][i].get<std::string>().ends_with("/file"))
          for (Json& row : axis["values"]) visit_value(row[i]);
    }
  }
}

double half_unit_of(const Json& number) {
  const std::string text = number.dump();
  const std::size_t exponent_at = text.find_first_of("eE"), dot = text.find('.');
  int exponent = exponent_at == std::string::npos ? 0 : std::stoi(text.substr(exponent_at + 1));
  const std::size_t end = std::min(exponent_at, text.size());
  if (dot != std::string::npos) exponent -= static_cast<int>(end - dot - 1);
  const double value = std::abs(number.get<double>());
  if (value > 0) exponent = std::max(exponent, static_cast<int>(std::floor(std::log10(value))) - 7);
  return 0.5 * std::pow(10.0, exponent);
}

std::vector<std::filesystem::path> inputs_of(const Experiment& experiment) {
  std::vector<std::filesystem::path> inputs = {experiment.file};
  Json config = experiment.resolved;
  for_each_data_file(config, [&](std::string& path) {
    inputs.push_back(std::filesystem::path(experiment.file).parent_path() / path);
  });
  return inputs;
}

std::string short_digest(const std::string& text) {
  const boost::uuids::name_generator_sha1 generate(boost::uuids::ns::oid());
  const std::string digits = boost::uuids::to_string(generate(text));
  return digits.substr(0, 8) + digits.substr(9, 4) + digits.substr(14, 4);
}

Experiment read_experiment(Json config, const std::string& file) {
  Experiment experiment;
  experiment.file = file;
  Mistakes mistakes(file);
  ConfigReader root(config, "", mistakes);
  mistakes.throw_if_any();
  const Json written = config;
  Json base = written;  // of every point
  base.erase("sweep");
  base.erase("expect");
  const std::vector<Axis> axes = read_sweep(root, base);
  std::set<std::string> swept;
  std::size_t count = 1;
  for (const Axis& axis : axes) {
    swept.insert(axis.paths.begin(), axis.paths.end());
    experiment.lead_axes.push_back(experiment.axes.size());
    experiment.axes.insert(experiment.axes.end(), axis.paths.begin(), axis.paths.end());
    count *= axis.rows.size();
  }
  Json first_resolved;
  const std::string folder = std::filesystem::path(file).parent_path().string();
  for (std::size_t index = 0; index < count; ++index) {
    Json config_here = base;
    std::vector<std::pair<std::string, Json>> values;
    std::size_t stride = count;
    for (const Axis& axis : axes) {  // the last axis moves fastest
      stride /= axis.rows.size();
      const std::vector<Json>& row = axis.rows[index / stride % axis.rows.size()];
      for (std::size_t i = 0; i < row.size(); ++i) {
        values.emplace_back(axis.paths[i], row[i]);
        if (const auto wrong = set_value(config_here, axis.paths[i], row[i])) mistakes.add("/sweep", *wrong);
      }
    }
    Point described;
    described.axes = values;
    mistakes.set_circumstance(axes.empty() ? "" : fmt::format("(at {})", described.description()));
    Point point = read_point(config_here, swept, folder, mistakes);
    point.index = index;
    point.axes = std::move(values);
    if (index == 0) first_resolved = config_here;
    experiment.points.push_back(std::move(point));
    if (mistakes.count() > 100 || mistakes.reports() > 1000) break;  // enough to mend
  }
  mistakes.set_circumstance("");
  experiment.expected = read_expected(root, experiment);
  mistakes.throw_if_any();

  experiment.resolved = written;
  fill_defaults(experiment.resolved, first_resolved, "", swept);
  experiment.title = experiment.resolved.value("title", std::string());
  experiment.hash = hash_of(experiment.resolved, folder);
  return experiment;
}

Experiment load_experiment(const std::string& file, const Overrides& overrides) {
  auto [config, name] = read_configuration(file);
  for (const std::string& assignment : overrides.set) {
    const auto equals = assignment.find('=');
    if (equals == std::string::npos || !is_utf8(assignment.substr(0, equals)))
      throw ConfigError(fmt::format("--set {}: must be /json/pointer=VALUE, such as /compute/rate=5",
                                    printable(assignment, 200)));
    const std::string path = assignment.substr(0, equals);
    const Json value = parse_value(assignment.substr(equals + 1), "--set " + path);
    if (const auto wrong = set_value(config, path, value))
      throw ConfigError(fmt::format("--set {}: {}", printable(assignment, 200), *wrong));
  }
  if (config.is_object()) {
    if (overrides.trials) config["trials"] = *overrides.trials;
    if (overrides.seed) config["seed"] = *overrides.seed;
  }
  Experiment experiment = read_experiment(std::move(config), name);
  // What the sweep sets at every point cannot be set once for all.
  const auto refuse_swept = [&](const std::string& path, const std::string& option) {
    if (std::find(experiment.axes.begin(), experiment.axes.end(), path) != experiment.axes.end())
      throw ConfigError(fmt::format("{}: {} is swept in {}; change its values under /sweep",
                                    printable(option, 200), path, printable(experiment.file)));
  };
  for (const std::string& assignment : overrides.set)
    refuse_swept(assignment.substr(0, assignment.find('=')), "--set " + assignment);
  if (overrides.trials) refuse_swept("/trials", "--trials");
  if (overrides.seed) refuse_swept("/seed", "--seed");
  return experiment;
}

}  // namespace straggle
