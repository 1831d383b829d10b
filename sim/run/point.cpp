#include "sim/run/point.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>
#include <unordered_set>

#include "sim/base/memo.h"
#include "sim/base/quantity.h"
#include "sim/base/text.h"
#include "sim/schemes/data_set.h"

namespace straggle {
namespace {

constexpr std::size_t most_label_bytes = 200;

const Field title = Field::text("title", "Printed above the table and in results.csv.").or_else("");
const Field seed =
    Field::integer(
        "seed", at_least(0),
        "Decides every random number. Trial t meets the same workers at every point and under every "
        "scheme.")
        .or_else(1)
        .with({{"maximum", std::numeric_limits<std::uint64_t>::max()}});
const Field trials =
    Field::integer(
        "trials", between(1, 1e12),
        "Trials of each point and scheme. A trial is one iteration of gradient descent, or as many as "
        "\"iterations\" says.")
        .or_else(10000);

const Choice<Precision::Metric> precise_metric =
    Choice<Precision::Metric>("metric",
                              {{"time", Precision::Metric::time, "The mean completion time."},
                               {"speedup", Precision::Metric::speedup, "The speedup over the baseline."}},
                              "Whose 95 % intervals are to be narrow.")
        .or_else("time");
const Field relative = Field::number("relative", above(0, "a share of the mean"),
                                     "Half of the interval, as a share of the mean.")
                           .optional();
const Field absolute = Field::number("absolute", above(0, "half of a 95 % interval"),
                                     "Half of the interval, in seconds; of speedup as it is.")
                           .optional();
const Field most_trials =
    Field::integer(
        "most", between(1024, 1e12),
        "Trials of a point at the most; where they are not enough the row is marked \"not reached\".")
        .or_else(10000000);
const Field precision_field =
    Field::object(
        "precision",
        {.fields = {precise_metric, relative, absolute, most_trials},
         .rules = Json::parse(R"({"oneOf": [{"required": ["relative"]}, {"required": ["absolute"]}]})")},
        "Instead of \"trials\": each point goes on until the intervals of all its schemes are narrow enough. "
        "It is looked at after 1,024, 2,048, 4,096, ... trials, and stops only where the trials can be "
        "trusted to know their own spread; see [long runs](campaigns.md#as-precise-as-asked-for).")
        .optional();

const Field iterations =
    Field::integer(
        "iterations", between(1, 16777215),
        "Iterations of gradient descent in a trial, with a barrier between them; what a trial counts is "
        "the mean over its iterations.")
        .or_else(1);
const Choice<RoundStart> round_start =
    Choice<RoundStart>(
        "round_start",
        {{"fresh", RoundStart::fresh, "Nothing is left over: all workers are idle and all ports empty."},
         {"abandon", RoundStart::abandon,
          "A worker drops old work when it ends the mini-batch it is computing."},
         {"backlog", RoundStart::backlog,
          "A worker finishes old work first; its messages are ignored but occupy the master's port."}},
        "What the next iteration finds when workers were not done. Stars on ideal or serial links; nothing "
        "is left of an exchange.")
        .or_else("fresh");
const Field silence =
    Field::boolean(
        "silence",
        "From the instant a cluster is decoded, its messages not yet in service are dropped: the master "
        "tells its workers.")
        .or_else(false);

const Field bytes =
    Field::number("bytes", above(0, "bytes a message"), "Size of a gradient, and of the model.")
        .in(Unit::bytes)
        .optional();
const Field dimension =
    Field::integer("dimension", between(1, 1e15), "Entries of a gradient, of 8 bytes each.").optional();
const Field gradient_field =
    Field::object(
        "gradient", {.fields = {bytes, dimension}, .rules = {{"minProperties", 1}, {"maxProperties", 1}}},
        "The size of a message: one of its two fields. Needed where links have bandwidths; without it "
        "bytes are not counted.")
        .optional();

const Field workers_field = Field::integer(
    "workers", between(1, 1e6), "The number of workers, K; the data set is as many equal mini-batches.");
const Field baseline =
    Field::text(
        "baseline",
        "Label of the scheme that speedups are relative to: mean time of the baseline / mean time. Default: "
        "the first scheme.")
        .optional();
const Field& compute_field() {
  static const Field field = Field::object("compute", compute_form());
  return field;
}
const Field& network_field() {
  static const Field field = Field::object("network", network_form()).optional();
  return field;
}

const Field scheme_word = Field::word("scheme", {}, "The scheme.");
const Field label_field =
    Field::text(
        "label",
        "The scheme's name in tables, in \"baseline\" and in \"expect\"; on one line, unique. Default: the "
        "scheme and its fields.")
        .optional()
        .with({{"minLength", 1}, {"not", {{"pattern", R"(^[=+@-]|[\u0000-\u001f\u007f-\u009f])"}}}});
const Field schemes_field =
    Field::objects("schemes", {.definition = "scheme", .fields = {scheme_word, label_field}},
                   "The schemes to compare, all on the same workers.");

const Field verified_trials =
    Field::integer(
        "trials", between(0, 1e12),
        "The first so many trials are verified; 0 switches it off. Default: 100, or 0 above 1000 workers.")
        .optional();
const Field verified_dimension =
    Field::integer("dimension", between(1, 100000), "Entries of a gradient.").or_else(16);
const Field number_fields = Field::word_list("fields",
                                             {{"real", "Doubles: relative error within a tolerance."},
                                              {"prime", "GF(2^61 - 1): equality."}},
                                             "The numbers the data are made of.")
                                .or_else(Json::array({"real", "prime"}));

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
  for (ConfigReader& entry : root.objects(schemes_field)) {
    SchemeSetup setup;
    Json written = config.at(Json::json_pointer(entry.pointer()));
    bool labelled = false;
    setup.scheme = entry.word(scheme_word, registry.names());
    if (entry.has(label_field)) {
      setup.label = entry.text(label_field);
      if (!setup.label.empty() && !taken.insert(setup.label).second)
        entry.mistake(label_field,
                      fmt::format("\"{}\" is the label of another scheme too", printable(setup.label, 200)));
      if (const auto wrong = wrong_label(setup.label)) entry.mistake(label_field, *wrong);
      labelled = true;
    } else {
      entry.raw(label_field);
    }
    if (const SchemePlugin* plugin = registry.find(setup.scheme)) {
      setup.recipe = plugin->read(entry, context);
      refuse_faulty(setup.recipe, entry, written, context);
    }
    // The defaults are not part of the label, but numbers are, whatever the texts that say them. Shorter than
    // a given one may be: it becomes one in the resolved configuration, with its number.
    adopt_quantities(written, root.raw(schemes_field)->at(schemes.size()));
    proposed.push_back(
        labelled ? "" : printable(default_label(written, entry.pointer(), swept), most_label_bytes - 20));
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
  ConfigReader reader = root.object(verify_field());
  VerifySettings verify;
  // Above a thousand workers decoding takes longer than simulating, by far.
  verify.trials = static_cast<std::uint64_t>(reader.integer_or(verified_trials, workers > 1000 ? 0 : 100));
  verify.dimension = static_cast<std::size_t>(reader.integer(verified_dimension));
  if (!reader.has(number_fields))
    reader.set_default(reader.pointer_to(number_fields.name), *number_fields.fallback);
  const Json fields = *reader.raw(number_fields);
  verify.real = verify.prime = false;
  const bool valid = fields.is_array() && !fields.empty() &&
                     std::all_of(fields.begin(), fields.end(),
                                 [](const Json& field) { return field == "real" || field == "prime"; });
  if (!valid)
    reader.mistake(number_fields,
                   fmt::format("must be [\"real\"], [\"prime\"] or both, but is {}", shown(fields)));
  for (const Json& field : fields) (field == "real" ? verify.real : verify.prime) = true;
  reader.complete();
  return verify;
}

/// Reads "gradient": the size of a message.
std::optional<double> read_gradient(ConfigReader& root) {
  if (!root.raw(gradient_field)) return std::nullopt;
  ConfigReader gradient = root.object(gradient_field);
  for (const Field& field : {bytes, dimension}) gradient.raw(field);
  std::optional<double> size;
  if (gradient.has(bytes) == gradient.has(dimension)) {
    gradient.mistake("", "needs either \"bytes\", or \"dimension\" (numbers of 8 bytes)");
  } else if (gradient.has(bytes)) {
    size = gradient.number(bytes);
  } else {
    size = 8 * static_cast<double>(gradient.integer(dimension));
  }
  gradient.complete();
  return size;
}

/// Reads "trials", or "precision" instead of it.
void read_trials(ConfigReader& root, Point& point) {
  if (!root.raw(precision_field)) {
    point.trials = static_cast<std::uint64_t>(root.integer(trials));
    return;
  }
  if (root.raw(trials))
    root.mistake(trials, "is for \"precision\" to decide, whose \"most\" is the limit; give one of the two");
  ConfigReader reader = root.object(precision_field);
  Precision precision;
  precision.metric = reader.choice(precise_metric);
  for (const Field& field : {relative, absolute}) reader.raw(field);
  if (reader.has(relative) == reader.has(absolute)) {
    reader.mistake(
        "", "needs either \"relative\", a share of the mean, or \"absolute\": half of a 95 % interval");
  } else if (reader.has(relative)) {
    precision.relative = reader.number(relative);
  } else {
    precision.absolute = reader.number(absolute);
  }
  point.trials = static_cast<std::uint64_t>(reader.integer(most_trials));
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
  if (const std::size_t replicate = model.replicate(); replicate > 0) {
    if (point.iterations != replicate)
      root.mistake(iterations,
                   fmt::format("must be {}, as many as rounds were measured: with \"bootstrap\" every trial "
                               "stands for the whole of them",
                               replicate));
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

const std::vector<Field>& point_fields() {
  static const std::vector<Field> fields = {
      title,          seed,          trials,   precision_field, iterations,      round_start,  silence,
      gradient_field, workers_field, baseline, compute_field(), network_field(), schemes_field};
  return fields;
}

const Field& verify_field() {
  static const Field field =
      Field::object(
          "verify",
          {.definition = "verify",
           .description = "Trials that carry real data through the code, to prove that what the master "
                          "took is enough.",
           .fields = {verified_trials, verified_dimension, number_fields}})
          .optional();
  return field;
}

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
  root.text(title);
  point.seed = root.seed(seed);
  read_trials(root, point);
  point.iterations = static_cast<std::uint32_t>(root.integer(iterations));
  const std::size_t before_workers = root.reports();
  point.workers = static_cast<int>(root.integer(workers_field));
  // Many ranges end at the number of workers: without it they would blame what is right.
  const bool workers_known = root.reports() == before_workers;
  mistakes.keep_independent(!workers_known);
  point.round_start = root.choice(round_start);
  point.silence = root.boolean(silence);
  point.gradient_bytes = read_gradient(root);
  ConfigReader compute = root.object(compute_field());
  point.compute = read_compute(compute, static_cast<std::size_t>(point.workers), folder);
  ConfigReader network = root.object(network_field());
  const std::optional<Network> links = read_network(
      network, {.workers = static_cast<std::size_t>(point.workers),
                .classes = point.compute.model ? point.compute.model->classes() : std::vector<WorkerClass>{},
                .classes_known = point.compute.model != nullptr,
                .gradient_size_known = root.has(gradient_field),
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
    const std::string its_baseline = root.word_or(baseline, labels, labels.front());
    const auto found = std::find(labels.begin(), labels.end(), its_baseline);
    point.baseline = found == labels.end() ? 0 : static_cast<std::size_t>(found - labels.begin());
  }
  check_round_start(root, point);
  if (point.compute.model) check_measured(root, compute, point);
  root.complete();
  mistakes.keep_independent(false);
  return point;
}

}  // namespace straggle
