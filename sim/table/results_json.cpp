#include "sim/table/results_json.h"

#include <cmath>

#include "sim/run/columns.h"

namespace straggle {

Json to_json(const Experiment& experiment, const Provenance& provenance, const std::vector<Row>& rows) {
  const auto estimate_json = [](const Estimate& e) {
    return Json{{"mean", e.mean}, {"std_error", e.std_error}};
  };
  Json result = {{"title", experiment.title},      {"version", provenance.version},
                 {"command", provenance.command},  {"seed", experiment.resolved["seed"]},
                 {"config_hash", experiment.hash}, {"rows", Json::array()}};
  for (const Row& row : rows) {
    const Point& point = experiment.points[row.point];
    const SchemeSetup& scheme = point.schemes[row.scheme];
    Json axes = Json::object();
    for (const auto& [path, value] : point.axes) axes[path] = value;
    Json time = estimate_json(row[Tally::time]);
    time.update({{"min", row.min},
                 {"max", row.max},
                 {"moments", row.tail ? Json(moments_of(row)) : Json()},
                 {"trials_needed", row.trials_needed}});
    for (const RowQuantile& quantile : row_quantiles()) {
      const Interval& interval = (row.*quantile.around).confidence;
      time[quantile.name] = row.*quantile.value;
      time[std::string(quantile.name) + "_interval"] = {interval.low, interval.high};
    }
    Json json = {{"point", row.point},
                 {"axes", axes},
                 {"scheme", scheme.scheme},
                 {"label", scheme.label},
                 {"trials", row.trials},
                 {"incomplete", row.incomplete.trials},
                 {"recovered", scheme.recipe.recovered},
                 {"time", time}};
    for (const Metric& metric : metrics())
      if (metric.tally != Tally::time) json[metric.name] = estimate_json(row[metric]);
    if (row.precise) json["precision"] = *row.precise ? "reached" : "not reached";
    json["theory"] = nullptr;
    if (row.theory)
      json["theory"] = {{"kind", std::isnan(row.theory->time_low) ? Json() : Json(name_of(row.theory->kind))},
                        {"time", {row.theory->time_low, row.theory->time_high}},
                        {"z", row.theory_time_z},
                        {"messages", row.theory->messages ? Json(*row.theory->messages) : Json()},
                        {"messages_z", row.theory->messages ? Json(row.theory_messages_z) : Json()}};
    const Verification& v = row.verification;
    json["verify"] = {{"trials", v.trials},
                      {"real_max_error", v.real_error() ? Json(*v.real_error()) : Json()},
                      {"real_unjudged", v.real ? Json(v.unjudged) : Json()},
                      {"prime_exact", v.prime ? Json(v.prime_exact) : Json()},
                      {"decode_seconds", v.decodes > 0 ? Json(v.decode_seconds) : Json()}};
    for (std::size_t cause = 0; cause < row.critical.size(); ++cause)
      json[critical_columns()[cause].name] = estimate_json(row.critical[cause]);
    for (const auto& [which, quantiles] : row.other_quantiles)
      for (std::size_t q = 0; q < quantiles.size(); ++q) {
        const Interval& interval = quantiles[q].around.confidence;
        const std::string name = row_quantiles()[q].name;
        Json& of = json[metric_of(which).name];
        of[name] = quantiles[q].value;
        of[name + "_interval"] = {interval.low, interval.high};
      }
    result["rows"].push_back(std::move(json));
  }
  return result;
}

}  // namespace straggle
