#include "sim/run/experiment.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/uuid/name_generator_sha1.hpp>
#include <boost/uuid/uuid_io.hpp>
#include <limits>
#include <set>

#include "sim/base/file.h"
#include "sim/base/json_text.h"
#include "sim/base/quantity.h"
#include "sim/base/text.h"
#include "sim/run/configuration.h"
#include "sim/run/sweep.h"
#include "sim/run/units.h"

namespace straggle {
namespace {

/// Writes the defaults of a point into the configuration, and the numbers that its texts with units are,
/// except inside what a sweep replaces or gives another kind: there no more than numbers.
void fill_defaults(Json& config, const Json& resolved, const std::string& pointer,
                   const std::set<std::string>& swept) {
  if (swept.contains(pointer) || swept.contains(pointer + "/scheme") || swept.contains(pointer + "/model")) {
    use_base_units(config, pointer);
    return;
  }
  if (!config.is_structured()) adopt_quantities(config, resolved);
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

/// A configuration without what only describes it.
Json without_words(Json resolved) {
  for (const char* description : {"$schema", "title", "expect"}) resolved.erase(description);
  return resolved;
}

std::string content_of(const std::string& folder, const std::string& path) {
  return read_file((std::filesystem::path(folder) / path).string(), "a table of seconds",
                   std::numeric_limits<std::size_t>::max() - 1);
}

/// The identity of the numbers a configuration gives: its canonical text (keys sorted) without what only
/// describes it.
std::string hash_of(const Json& resolved, const std::string& folder) {
  Json described = without_words(resolved);
  std::string measured;
  for_each_data_file(described, [&](std::string& path) {  // what is in it decides, not where it is
    measured += content_of(folder, path) += '\0';
    path.clear();
  });
  const nlohmann::json canonical = nlohmann::json::parse(described.dump());
  return short_digest(canonical.dump() + measured);
}

Json identity_of(const Json& resolved, const std::string& folder) {
  Json described = without_words(resolved);
  described.erase("trials");
  described.erase("precision");
  for_each_data_file(described, [&](std::string& path) { path = short_digest(content_of(folder, path)); });
  return described;
}

}  // namespace

bool Experiment::asks_for_precision() const {
  return std::any_of(points.begin(), points.end(),
                     [](const Point& point) { return point.precision.has_value(); });
}

std::string Experiment::place_of(const Point& point) const {
  Point leading;
  for (const std::size_t axis : lead_axes) leading.axes.push_back(point.axes[axis]);
  return leading.description();
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

std::vector<std::filesystem::path> inputs_of(const Experiment& experiment) {
  std::vector<std::filesystem::path> inputs = {experiment.file};
  Json config = experiment.resolved;
  for_each_data_file(config, [&](std::string& path) {
    inputs.push_back(std::filesystem::path(experiment.file).parent_path() / path);
  });
  return inputs;
}

Json resolved_in(const Experiment& experiment, const std::filesystem::path& folder) {
  namespace fs = std::filesystem;
  Json resolved = experiment.resolved;
  for_each_data_file(resolved, [&](std::string& data) {
    if (fs::path(data).is_absolute()) return;
    const fs::path from = fs::absolute(fs::path(experiment.file).parent_path() / data);
    data = fs::proximate(from.lexically_normal(), fs::absolute(folder)).string();
    if (!is_utf8(data))
      throw ConfigError(fmt::format("{}: the path to {} cannot be written into JSON: it is not UTF-8",
                                    printable(folder.string()), printable(data)));
  });
  return resolved;
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
  std::vector<SweepAxis> axes = read_sweep(root, base);
  std::set<std::string> swept;
  std::size_t count = 1;
  for (const SweepAxis& axis : axes) {
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
    std::vector<Json*> in_rows;
    for (SweepAxis& axis : axes) {  // the last axis moves fastest
      stride /= axis.rows.size();
      std::vector<Json>& row = axis.rows[index / stride % axis.rows.size()];
      for (std::size_t i = 0; i < row.size(); ++i) {
        values.emplace_back(axis.paths[i], row[i]);
        in_rows.push_back(&row[i]);
        if (const auto wrong = set_value(config_here, axis.paths[i], row[i])) mistakes.add("/sweep", *wrong);
      }
    }
    Point described;
    described.axes = values;
    mistakes.set_circumstance(axes.empty() ? "" : fmt::format("(at {})", described.description()));
    Point point = read_point(config_here, swept, folder, mistakes);
    point.index = index;
    for (std::size_t i = 0; i < values.size(); ++i) {  // what the reader has made of texts with units
      const Json::json_pointer path(values[i].first);
      if (!leads_into(config_here, path)) continue;
      adopt_quantities(values[i].second, config_here.at(path));
      *in_rows[i] = values[i].second;
    }
    point.axes = std::move(values);
    if (index == 0) first_resolved = config_here;
    experiment.points.push_back(std::move(point));
    if (mistakes.count() > 100 || mistakes.reports() > 1000) break;  // enough to mend
  }
  mistakes.set_circumstance("");
  experiment.expected = read_expected(root, experiment.axes, experiment.points);
  mistakes.throw_if_any();

  experiment.resolved = written;
  fill_defaults(experiment.resolved, first_resolved, "", swept);
  for (std::size_t i = 0; i < axes.size(); ++i) {
    adopt_quantities(experiment.resolved["sweep"][i], config["sweep"][i]);  // the ends of a range
    write_rows(axes[i], experiment.resolved["sweep"][i]);
  }
  if (experiment.resolved.contains("expect"))
    for (std::size_t i = 0; i < experiment.resolved["expect"].size(); ++i)
      adopt_quantities(experiment.resolved["expect"][i], config["expect"][i]);
  experiment.title = experiment.resolved.value("title", std::string());
  experiment.hash = hash_of(experiment.resolved, folder);
  experiment.identity = identity_of(experiment.resolved, folder);
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
