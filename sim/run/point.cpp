#include "sim/run/point.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>
#include <unordered_set>

#include "sim/base/memo.h"
#include "sim/base/text.h"
#include "sim/schemes/data_set.h"

namespace straggle {
namespace {

constexpr std::size_t most_label_bytes = 200;

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

/// Reads "trials", or "precision" instead of it.
void read_trials(ConfigReader& root, Point& point) {
  if (!root.raw("precision")) {
    point.trials = static_cast<std::uint64_t>(root.integer_or("trials", between(1, 1e12), 10000));
    return;
  }
  if (root.raw("trials"))
    root.mistake("trials",
                 "is for \"precision\" to decide, whose \"most\" is the limit; give one of the two");
  ConfigReader reader = root.object("precision");
  Precision precision;
  precision.metric = reader.choice_or<Precision::Metric>(
      "metric", {{"time", Precision::Metric::time}, {"speedup", Precision::Metric::speedup}}, "time");
  for (const char* key : {"relative", "absolute"}) reader.raw(key);
  if (reader.has("relative") == reader.has("absolute")) {
    reader.mistake(
        "", "needs either \"relative\", a share of the mean, or \"absolute\": half of a 95 % interval");
  } else if (reader.has("relative")) {
    precision.relative = reader.number("relative", above(0, "a share of the mean"));
  } else {
    precision.absolute = reader.number("absolute", above(0, "half of a 95 % interval"));
  }
  point.trials = static_cast<std::uint64_t>(reader.integer_or("most", between(1024, 1e12), 10000000));
  reader.complete();
  point.precision = precision;
}

/// The links as the engine knows them.
Links links_of(const Network& network, const std::optional<double>& gradient_bytes) {
  return {.discipline = network.discipline,
          .latency = network.latency,
          .overhead = network.overhead,
          .bytes = gradient_bytes.value_or(0),
          .egress = network.egress,
          .ingress = network.ingress};
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
    const Program::Kind kind = scheme->next_round({}).kind();
    if (kind == Program::Kind::tree)
      root.mistake("round_start",
                   fmt::format("must be \"fresh\" for \"{}\": what relays keep from an earlier "
                               "iteration is not modelled",
                               setup.label));
    if (kind == Program::Kind::star && point.links.discipline == Discipline::shared)
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
  if (point.links.discipline != Discipline::serial)
    compute.mistake(field,
                    "needs \"network\": {\"model\": \"serial\"}: the seconds measured are those in which a "
                    "message occupies the master's port");
  for (const SchemeSetup& setup : point.schemes) {
    if (!setup.recipe.make) continue;
    const auto scheme = setup.recipe.make();
    const Program& program = scheme->next_round({});
    bool fits = program.kind() == Program::Kind::star;
    for (NodeId node = 1; fits && node <= program.workers(); ++node)
      fits = program.messages(node).size() <= 1;
    if (!fits)
      compute.mistake(field, fmt::format("was measured for one message a worker to the master, which \"{}\" "
                                         "does not send",
                                         setup.label));
  }
}

}  // namespace

std::string Point::description() const {
  std::string result;
  for (const auto& [path, value] : axes)
    result += fmt::format("{}{} = {}", result.empty() ? "" : ", ", path, printable(value.dump()));
  return result;
}

Point read_point(Json& config, const std::set<std::string>& swept, const std::string& folder,
                 Mistakes& mistakes) {
  Point point;
  const Json written = config;
  ConfigReader root(config, "", mistakes);
  for (const char* read_elsewhere : {"$schema", "sweep", "expect"}) root.raw(read_elsewhere);
  root.text_or("title", "");
  point.seed = root.seed_or("seed", 1);
  read_trials(root, point);
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
    point.downlink = links->downlink;
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

}  // namespace straggle
