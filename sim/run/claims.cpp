#include "sim/run/claims.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <set>
#include <stdexcept>
#include <tuple>

#include "sim/run/campaign.h"
#include "sim/run/expectation.h"

namespace straggle {
namespace {

// Within this share, found and stated numbers that differ by 5 % can never agree: 0.05 > 0.02 + 1.05 * 0.02.
constexpr double widest = 0.02;
constexpr double widths = 4;  // standard errors to either side, as for expectations

const Choice<Finding> verdict_field("verdict",
                                    {{"reproduced", Finding::reproduced},
                                     {"refuted", Finding::refuted},
                                     {"undetermined", Finding::undetermined}},
                                    "What the number says of the claim.");
const Choice<Statistic> statistic_field =
    Choice<Statistic>(
        "statistic",
        {{"mean", Statistic::mean}, {"minimum", Statistic::minimum}, {"maximum", Statistic::maximum}},
        "Of the trials, what the number is.")
        .or_else("mean");
const Field paper_field = Field::text("paper", "Which paper: one of \"papers\".");
const Field where_field = Field::text("where", "Where in the paper.");
const Field claim_field = Field::text("claim", "What it says, in a sentence.");
const Field why_field = Field::text("why", "What there is to say of the verdict.").or_else("");
const Field source_field = Field::text("source", "Where the value comes from.");
const Field test_field = Field::text("test", "The test that proves it, for docs/claims.md.").or_else("");
const Field value_field = Field::number("value", {}, "What was found.");
const Field within_field = Field::number("within", between(0, widest, "so that 5 % more or less always fail"),
                                         "Share of the value that what is found may be off by.")
                               .or_else(0.01);
const Field about_field = Field::number("about", {}, "What the number has to be about.");
const Field about_within_field =
    Field::number("within", between(0, 1, "a share of the value"), "And how close.");
const Field at_least_field = Field::number("at_least", {}, "What the number has to reach.").optional();
const Field at_most_field = Field::number("at_most", {}, "What the number must not exceed.").optional();
const Field says_field =
    Field::object("says", {.fields = {about_field, about_within_field, at_least_field, at_most_field}},
                  "What the number has to be if the sentence is right.")
        .optional();
const Field configuration_field = Field::text("configuration", "The configuration it comes from.");
const Field set_field = Field::any("set", "JSON pointers and the values they take there.").optional();
const Field scheme_field = Field::text("scheme", "The label of the scheme it is of.");
const Field over_field = Field::object("over", {}, "What it is divided by.").optional();
const Field claims_field = Field::objects("claims", {}, "The claims.");

const Field& metric_field() {
  static const Field field = [] {
    std::vector<Word> words;
    for (const Metric& metric : metrics())
      if (metric.tally) words.push_back({metric.name, metric.meaning});
    return Field::word("metric", words, "What is measured.");
  }();
  return field;
}

/// Reads "scheme", "at" and "metric". Where the entry is the second of a ratio, `first` stands for what it
/// leaves out.
std::optional<Measured> read_measured(ConfigReader& entry, const Experiment& experiment,
                                      const std::optional<Measured>& first) {
  Measured measured;
  std::vector<std::string> labels;
  for (const Point& point : experiment.points)
    for (const SchemeSetup& setup : point.schemes)
      if (std::find(labels.begin(), labels.end(), setup.label) == labels.end()) labels.push_back(setup.label);
  std::string label;
  if (entry.has(scheme_field) || !first) {
    label = entry.word(scheme_field, labels);
  } else {
    entry.raw(scheme_field);
    label = experiment.points[first->point].schemes[first->scheme].label;
  }
  measured.metric = first ? first->metric : 0;
  if (entry.has(metric_field()) || !first) {
    const std::vector<std::string> words = names_of(metric_field().words);
    const auto found = std::find(words.begin(), words.end(), entry.word(metric_field()));
    if (found != words.end()) measured.metric = static_cast<std::size_t>(found - words.begin());
  } else {
    entry.raw(metric_field());
  }
  if (entry.has(at_field()) || !first) {
    const auto points = read_at(entry, experiment.axes, experiment.points);
    if (!points) return std::nullopt;
    if (points->size() != 1) {
      entry.mistake(at_field(),
                    fmt::format("must select exactly one point of the sweep, but selects {} of {}",
                                points->size(), experiment.points.size()));
      return std::nullopt;
    }
    measured.point = points->front();
  } else {
    entry.raw(at_field());
    measured.point = first->point;
  }
  const auto& schemes = experiment.points[measured.point].schemes;
  const auto found = std::find_if(schemes.begin(), schemes.end(),
                                  [&](const SchemeSetup& setup) { return setup.label == label; });
  if (found == schemes.end()) {
    if (std::find(labels.begin(), labels.end(), label) != labels.end())
      entry.mistake(scheme_field, fmt::format("\"{}\" is not at that point", label));
    return std::nullopt;
  }
  measured.scheme = static_cast<std::size_t>(found - schemes.begin());
  if (metrics()[measured.metric].bytes() && !experiment.points[measured.point].gradient_bytes)
    entry.mistake(metric_field(),
                  "needs the size of a message, \"gradient\", in the configuration; it does not say one");
  return measured;
}

/// Reads "says", the numbers with which the sentence is right; without it those that agree with "value".
Range read_says(ConfigReader& entry, const Claim& claim) {
  const auto about = [](double value, double share) {
    return between(value - share * std::abs(value), value + share * std::abs(value));
  };
  if (!entry.has(says_field)) {
    entry.raw(says_field);
    return about(claim.value, claim.within);
  }
  ConfigReader says = entry.object(says_field);
  Range range;
  if (says.has(about_field)) {
    const double value = says.number(about_field);
    range = about(value, says.number(about_within_field));
  } else {
    if (!says.has(at_least_field) && !says.has(at_most_field))
      says.mistake("", R"(needs "at_least", "at_most" or both, or "about" and "within")");
    if (says.has(at_least_field)) range.low = says.number(at_least_field);
    if (says.has(at_most_field)) range.high = says.number(at_most_field, at_least(range.low));
  }
  says.complete();
  return range;
}

/// Reads the configurations that claims name, each with its changes once.
class Configurations {
 public:
  explicit Configurations(std::string folder, std::vector<Experiment>& experiments)
      : folder_(std::move(folder)), experiments_(experiments) {}

  /// Reads "configuration" and "set"; nothing after a mistake in them, or in what they name.
  std::optional<std::size_t> read(ConfigReader& entry) {
    const std::string name = entry.text(configuration_field);
    Overrides overrides;
    std::string key = name;
    if (const Json* set = entry.raw(set_field)) {
      if (!set->is_object()) {
        entry.mistake(set_field, "must be an object of JSON pointers and the values they take");
        return std::nullopt;
      }
      for (const auto& [path, value] : set->items()) {
        overrides.set.push_back(path + "=" + value.dump());
        key += "\n" + overrides.set.back();
      }
    }
    if (name.empty()) return std::nullopt;
    const auto [known, is_new] = read_.try_emplace(key);
    if (is_new) {
      try {
        const std::string path = (std::filesystem::path(folder_) / name).lexically_normal().string();
        experiments_.push_back(load_experiment(path, overrides));
        known->second = experiments_.size() - 1;
      } catch (const ConfigError& error) {
        entry.mistake(configuration_field, fmt::format("cannot be read:\n{}", error.what()));
      }
    }
    return known->second;
  }

 private:
  std::string folder_;
  std::vector<Experiment>& experiments_;
  std::map<std::string, std::optional<std::size_t>> read_;
};

std::optional<Claim> read_claim(ConfigReader& entry, ClaimLedger& ledger, Configurations& configurations,
                                std::set<std::string>& sentences) {
  Claim claim;
  std::vector<std::string> papers;
  for (const auto& [name, title] : ledger.papers) papers.push_back(name);
  claim.paper = entry.word(paper_field, papers);
  claim.where = entry.text(where_field);
  claim.sentence = entry.text(claim_field);
  if (!claim.sentence.empty() && !sentences.insert(claim.sentence).second)
    entry.mistake(claim_field, "is there a second time");
  claim.why = entry.text(why_field);
  claim.source = entry.text(source_field);
  entry.text(test_field);
  claim.verdict = entry.choice(verdict_field);
  claim.statistic = entry.choice(statistic_field);
  claim.value = entry.number(value_field);
  if (claim.value == 0) entry.mistake(value_field, "must not be 0: its tolerance is a share of it");
  claim.within = entry.number(within_field);
  claim.says = read_says(entry, claim);
  if (claim.verdict == Finding::undetermined && claim.why.empty())
    entry.mistake(why_field, "is missing: it has to be said why the claim is undetermined");
  const auto experiment = configurations.read(entry);
  for (const Field& field : {scheme_field, at_field(), metric_field(), over_field}) entry.raw(field);
  if (experiment) {
    claim.experiment = *experiment;
    const Experiment& run = ledger.experiments[*experiment];
    const auto number = read_measured(entry, run, std::nullopt);
    if (number) claim.number = *number;
    if (number && entry.has(over_field)) {
      ConfigReader over = entry.object(over_field);
      claim.over = read_measured(over, run, number);
      over.complete();
      if (claim.over && run.points[claim.over->point].trials != run.points[number->point].trials)
        over.mistake(at_field(),
                     "is a point with another number of trials; a ratio takes the same trials of both");
    }
  }
  if (!entry.complete() || !experiment) return std::nullopt;
  return claim;
}

/// Means and their ratio over the trials that all could complete, or an extreme.
ClaimResult summary(const Claim& claim, const std::vector<double>& number, const std::vector<double>* over) {
  ClaimResult result;
  Moments moments;
  double least = std::numeric_limits<double>::infinity(), greatest = -least;
  for (std::size_t trial = 0; trial < number.size(); ++trial) {
    if (std::isnan(number[trial]) || (over && std::isnan((*over)[trial]))) continue;
    // ratio_of_means() is mean(y)/mean(x).
    if (over) moments.add((*over)[trial], number[trial]);
    if (!over) moments.add(number[trial]);
    const double value = over ? number[trial] / (*over)[trial] : number[trial];
    least = std::min(least, value);
    greatest = std::max(greatest, value);
  }
  switch (claim.statistic) {
    case Statistic::mean: {
      const Estimate e = over ? ratio_of_means(moments) : estimate(moments);
      return judge(claim, e.mean, e.std_error);
    }
    case Statistic::minimum:
      return judge(claim, moments.count() > 0 ? least : std::nan(""), 0);
    case Statistic::maximum:
      return judge(claim, moments.count() > 0 ? greatest : std::nan(""), 0);
  }
  throw std::logic_error("a claim without a statistic");
}

}  // namespace

std::string to_string(Finding finding) {
  for (std::size_t i = 0; i < verdict_field.words.size(); ++i)
    if (verdict_field.values[i] == finding) return verdict_field.words[i].name;
  throw std::logic_error("a verdict without a word");
}

bool is_claim_ledger(const Json& config) {
  return config.is_object() && config.contains("claims");
}

ClaimLedger read_claims(Json config, const std::string& file) {
  ClaimLedger ledger;
  ledger.file = file;
  Mistakes mistakes(file);
  ConfigReader root(config, "", mistakes);
  root.raw("title");
  if (const Json* papers = root.raw("papers"); papers && papers->is_object()) {
    for (const auto& [name, title] : papers->items()) {
      if (title.is_string()) {
        ledger.papers.emplace_back(name, title.get<std::string>());
      } else {
        root.mistake("papers", fmt::format("must have a text for each paper, but \"{}\" has none", name));
      }
    }
  }
  if (ledger.papers.empty())
    root.mistake("papers", "must be an object of short names of papers and their full ones");
  mistakes.throw_if_any();  // before every claim complains of its paper
  Configurations configurations(std::filesystem::path(file).parent_path().string(), ledger.experiments);
  std::set<std::string> sentences;
  for (ConfigReader& entry : root.objects(claims_field))
    if (std::optional<Claim> claim = read_claim(entry, ledger, configurations, sentences))
      ledger.claims.push_back(*std::move(claim));
  root.complete();
  mistakes.throw_if_any();
  return ledger;
}

std::string number_text(const ClaimLedger& ledger, const Claim& claim) {
  const Experiment& experiment = ledger.experiments[claim.experiment];
  const auto metric = [](const Measured& measured) { return metrics()[measured.metric].name; };
  const auto label = [&](const Measured& measured) {
    return experiment.points[measured.point].schemes[measured.scheme].label;
  };
  std::string text = fmt::format("{}{}: {}",
                                 claim.statistic == Statistic::mean      ? ""
                                 : claim.statistic == Statistic::minimum ? "least "
                                                                         : "greatest ",
                                 metric(claim.number), label(claim.number));
  if (claim.over) {
    const bool same = claim.over->metric == claim.number.metric;
    text += fmt::format(" / {}{}", same ? "" : metric(*claim.over) + ": ", label(*claim.over));
  }
  return text;
}

std::string place_text(const ClaimLedger& ledger, const Claim& claim) {
  const Experiment& experiment = ledger.experiments[claim.experiment];
  std::string text = experiment.place_of(experiment.points[claim.number.point]);
  if (claim.over && claim.over->point != claim.number.point)
    text += " / " + experiment.place_of(experiment.points[claim.over->point]);
  return text.empty() ? "-" : text;
}

namespace {

/// (experiment, point) that claims ask about.
std::set<std::pair<std::size_t, std::size_t>> points_of(const ClaimLedger& ledger) {
  std::set<std::pair<std::size_t, std::size_t>> points;
  for (const Claim& claim : ledger.claims) {
    points.emplace(claim.experiment, claim.number.point);
    if (claim.over) points.emplace(claim.experiment, claim.over->point);
  }
  return points;
}

}  // namespace

std::uint64_t trials_of(const ClaimLedger& ledger) {
  std::uint64_t trials = 0;
  for (const auto& [experiment, point] : points_of(ledger))
    trials += ledger.experiments[experiment].points[point].trials;
  return trials;
}

ClaimResult judge(const Claim& claim, double found, double std_error) {
  ClaimResult result;
  result.found = found;
  result.std_error = std_error;
  if (std::isnan(found) || std::isnan(std_error)) {
    result.problem = "too few trials to measure it";
    return result;
  }
  const double slack = 1e-9 * std::abs(found);  // of equalities that rounding disturbs
  const double low = found - widths * std_error, high = found + widths * std_error;
  if (low >= claim.says.low - slack && high <= claim.says.high + slack) {
    result.verdict = Finding::reproduced;
  } else if (high < claim.says.low - slack || low > claim.says.high + slack) {
    result.verdict = Finding::refuted;
  }
  const double allowed = claim.within * std::abs(claim.value);
  const bool near = std::abs(found - claim.value) <= allowed + slack;
  if (widths * std_error > allowed + slack) {
    result.problem = "too few trials: four standard errors are more than the tolerance";
  } else if (claim.verdict != result.verdict && claim.verdict != Finding::undetermined) {
    result.problem = "the number says " + to_string(result.verdict);
  }
  if (claim.verdict == Finding::undetermined) result.verdict = Finding::undetermined;
  result.pass = near && result.problem.empty();
  return result;
}

std::vector<ClaimResult> check_claims(const ClaimLedger& ledger, unsigned threads,
                                      const std::function<void(std::uint64_t)>& progress) {
  // By experiment, point, scheme and metric, the values of all trials; NaN where one could not complete.
  std::map<std::tuple<std::size_t, std::size_t, std::size_t, std::size_t>, std::vector<double>> values;
  std::map<std::tuple<std::size_t, std::size_t, std::size_t>, std::string> inexact;
  const auto key = [](const Claim& claim, const Measured& measured) {
    return std::tuple(claim.experiment, measured.point, measured.scheme, measured.metric);
  };
  for (const Claim& claim : ledger.claims) {
    values[key(claim, claim.number)];
    if (claim.over) values[key(claim, *claim.over)];
  }
  for (const auto& [experiment, index] : points_of(ledger)) {
    const Point& point = ledger.experiments[experiment].points[index];
    const std::vector<Block> trials = run_blocks(point, 0, point.trials, threads, progress);
    const double bytes = point.gradient_bytes.value_or(std::nan(""));
    for (const Block& of_scheme : trials) {
      const Verification& verified = of_scheme.verification;
      if (verified.failed_trial)
        inexact[{experiment, index, of_scheme.scheme}] =
            fmt::format("trial {}: {}", *verified.failed_trial, verified.failure);
      for (std::size_t m = 0; m < metrics().size(); ++m) {
        const auto wanted = values.find({experiment, index, of_scheme.scheme, m});
        if (wanted == values.end()) continue;
        const Metric& metric = metrics()[m];
        for (std::size_t trial = 0; trial < of_scheme.trials(); ++trial)
          wanted->second.push_back(of_scheme.complete(trial)
                                       ? of_scheme[*metric.tally][trial] * (metric.bytes() ? bytes : 1)
                                       : std::nan(""));
      }
    }
  }
  std::vector<ClaimResult> all;
  for (const Claim& claim : ledger.claims) {
    ClaimResult result = summary(claim, values.at(key(claim, claim.number)),
                                 claim.over ? &values.at(key(claim, *claim.over)) : nullptr);
    for (const Measured* measured : {&claim.number, claim.over ? &*claim.over : nullptr}) {
      if (!measured) continue;
      const auto wrong = inexact.find({claim.experiment, measured->point, measured->scheme});
      if (wrong == inexact.end()) continue;
      result.problem = wrong->second;
      result.pass = false;
    }
    all.push_back(std::move(result));
  }
  return all;
}

}  // namespace straggle
