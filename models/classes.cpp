// Named groups of consecutive workers, each with a model of its own: a mixed fleet. A worker's draws are
// those of its class's model at its own address, as if all workers were of that class. Any scaling the models
// allow.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>

#include "models/compute_model.h"
#include "sim/base/text.h"

namespace straggle {
namespace {

struct Member {
  WorkerClass workers;
  std::shared_ptr<const ComputeModel> model;
};

class Classes final : public ComputeModel {
 public:
  Classes(std::vector<Member> members, std::vector<std::string> notes)
      : members_(std::move(members)), notes_(std::move(notes)) {}

  void draw(const DrawAddress& address, std::span<double> out) const override {
    for (const Member& member : members_) {
      const auto drawn = scratch(member, out.size());
      member.model->draw(address, drawn);
      copy(member, drawn, out);
    }
  }

  bool delay(const DrawAddress& address, std::span<double> out) const override {
    return fill(&ComputeModel::delay, 0, address, out);
  }

  bool transfer(const DrawAddress& address, std::span<double> out) const override {
    return fill(&ComputeModel::transfer, std::numeric_limits<double>::quiet_NaN(), address, out);
  }

  std::optional<TimeLaw> law() const override { return std::nullopt; }  // workers differ

  double tail_index(std::size_t worker) const override {
    for (const Member& member : members_)
      if (worker < member.workers.first + member.workers.count) return member.model->tail_index(worker);
    return std::numeric_limits<double>::infinity();
  }

  std::vector<WorkerClass> classes() const override {
    std::vector<WorkerClass> result;
    for (const Member& member : members_) result.push_back(member.workers);
    return result;
  }

  bool varies() const override {
    return std::any_of(members_.begin(), members_.end(),
                       [](const Member& member) { return member.model->varies(); });
  }

  std::size_t replicate() const override {  // the same for all that have one
    for (const Member& member : members_)
      if (const std::size_t iterations = member.model->replicate(); iterations > 0) return iterations;
    return 0;
  }

  bool finite() const override {
    return std::all_of(members_.begin(), members_.end(),
                       [](const Member& member) { return member.model->finite(); });
  }

  std::vector<std::string> notes(std::size_t draws) const override {
    std::vector<std::string> result = notes_;
    for (const Member& member : members_)
      for (const std::string& note : member.model->notes(draws))
        result.push_back(fmt::format("class {}: {}", printable(member.workers.name, 60), note));
    return result;
  }

 private:
  /// What the members say by `method`, and `otherwise` for those that say nothing; false if all do.
  bool fill(bool (ComputeModel::*method)(const DrawAddress&, std::span<double>) const, double otherwise,
            const DrawAddress& address, std::span<double> out) const {
    bool anyone = false;
    for (const Member& member : members_) {
      const auto said = scratch(member, out.size());
      if (!((*member.model).*method)(address, said)) continue;
      if (!anyone) std::fill(out.begin(), out.end(), otherwise);
      anyone = true;
      copy(member, said, out);
    }
    return anyone;
  }

  /// Room for the workers up to the last of the class; draws do not depend on how many there are.
  static std::span<double> scratch(const Member& member, std::size_t workers) {
    thread_local std::vector<double> room;
    room.resize(std::min(member.workers.first + member.workers.count, workers));
    return room;
  }

  static void copy(const Member& member, std::span<const double> from, std::span<double> out) {
    for (std::size_t w = member.workers.first; w < from.size(); ++w) out[w] = from[w];
  }

  std::vector<Member> members_;
  std::vector<std::string> notes_;  // on the classes together
};

const Field class_name = Field::text("name", "The name of the class; unique.").with({{"minLength", 1}});
const Field number_of_workers =
    Field::integer("workers", at_least(1, "the workers of the class; or \"rest\""), "");
const Field class_workers =
    Field::either("workers", {number_of_workers, Field::word("workers", {{"rest"}}, "")},
                  "How many workers it has, or \"rest\" for all that no other class has.");
const Field class_model =
    Field::any("model", "Any compute model but classes; its own fields stand beside it.")
        .optional()
        .with({{"not", {{"const", "classes"}}}});
const Field classes_field = Field::objects(
    "classes",
    {.definition = "worker-class",
     .description =
         "A group of consecutive workers: its name, its size, its model and that model's own fields.",
     .fields = {class_model, class_name, class_workers},
     .plug_ins = "compute-model"},
    "The groups, from the first worker on; together they have all workers.");

/// How many workers each class has; all of them together are the model's.
std::vector<std::size_t> read_counts(ConfigReader& config, std::vector<ConfigReader>& readers,
                                     std::size_t workers) {
  std::vector<std::size_t> counts;
  std::optional<std::size_t> rest;
  std::size_t sum = 0;
  bool sound = !readers.empty();
  for (std::size_t c = 0; c < readers.size(); ++c) {
    const Json* given = readers[c].raw(class_workers);
    if (given && *given == "rest") {
      if (rest) readers[c].mistake(class_workers, "is \"rest\" a second time");
      rest = c;
      counts.push_back(1);
      continue;
    }
    counts.push_back(static_cast<std::size_t>(
        readers[c].integer(number_of_workers, at_most(static_cast<double>(workers)))));
    sound = sound && given && *given == counts.back();
    sum += counts.back();
  }
  if (rest && sum < workers) {
    counts[*rest] = workers - sum;
  } else if (rest && sound) {
    readers[*rest].mistake(class_workers, fmt::format("leaves none of the {} workers for the rest", workers));
  } else if (sum != workers && sound) {
    config.mistake(classes_field, fmt::format("must have {} workers together, but have {}", workers, sum));
  }
  return counts;
}

std::shared_ptr<const ComputeModel> read(ConfigReader& config, const ComputeContext& context) {
  constexpr std::size_t most_classes = 1000;  // each draws for all workers up to its own
  std::vector<ConfigReader> readers = config.objects(classes_field);
  if (readers.size() > most_classes) {
    config.mistake(classes_field, fmt::format("are {}; there can be {}", readers.size(), most_classes));
    return nullptr;
  }
  const std::vector<std::size_t> counts = read_counts(config, readers, context.workers);
  std::vector<Member> members;
  std::vector<std::string> notes;
  std::map<std::string, std::string> replayed;  // the table, and the class that replays it
  ComputeContext inner = context;
  std::size_t replicate = 0;
  for (std::size_t c = 0; c < readers.size(); ++c) {
    ConfigReader& reader = readers[c];
    Member member;
    inner.workers = counts[c];
    member.workers = {.name = reader.text(class_name), .first = inner.first, .count = counts[c]};
    inner.first += counts[c];
    if (reader.has(class_name) && member.workers.name.empty())
      reader.mistake(class_name, "must be a text that is not empty");
    for (const Member& other : members)
      if (!member.workers.name.empty() && other.workers.name == member.workers.name)
        reader.mistake(class_name,
                       fmt::format("\"{}\" is the name of another class too", member.workers.name));
    const Json* model = reader.raw(class_model);
    if (model && *model == "classes") {
      reader.mistake(class_model, "must not be \"classes\" again");
    } else {
      ComputeContext of_class = inner;
      of_class.first = member.workers.first;
      member.model = read_compute_model(reader, of_class);
      // Without its plug-in, nobody can say which of the other fields are known.
      const bool sound = member.model && reader.complete();
      const Json* const draw = reader.raw("draw");
      const Json* const file = reader.raw("file");
      if (sound && draw && *draw != "resample" && file && file->is_string()) {
        const std::string name = printable(member.workers.name, 60);
        const auto [first, is_new] = replayed.emplace(file->get<std::string>(), name);
        if (!is_new)
          notes.push_back(
              fmt::format("classes {} and {} have the same table, and each begins at its first machine",
                          first->second, name));
      }
      if (sound && !member.model->classes().empty()) reader.mistake("", "must not have classes of its own");
      const std::size_t iterations = sound ? member.model->replicate() : 0;
      if (replicate > 0 && iterations > 0 && iterations != replicate)
        reader.mistake(
            "", fmt::format("bootstraps {} measured rounds, but another class {}: a trial can have one "
                            "number of iterations only",
                            iterations, replicate));
      if (iterations > 0) replicate = iterations;
    }
    members.push_back(std::move(member));
  }
  return std::make_shared<Classes>(std::move(members), std::move(notes));
}

const ComputeRegistration registration(
    "classes", {.summary = "Groups of consecutive workers, each with a model of its own",
                .fields = {classes_field},
                .read = read,
                .place = 11});

}  // namespace
}  // namespace straggle
