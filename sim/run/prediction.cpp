#include "sim/run/prediction.h"

#include <algorithm>
#include <boost/math/quadrature/tanh_sinh.hpp>
#include <boost/math/special_functions/beta.hpp>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "sim/theory/expectation.h"

namespace straggle {
namespace {

/// The law of c·x.
TimeLaw scaled(TimeLaw x, double c) {
  for (TimeLaw::Part& part : x.parts) {
    part.lower *= c;
    part.scale *= c;
  }
  return x;
}

/// The law of x less what hides its spread in the digits of a double: a lower end far beyond it.
TimeLaw from_zero(TimeLaw x) {
  const double lower = x.lower();
  if (!(lower > 1e6 * (x.tail(0.5) - lower))) return x;
  for (TimeLaw::Part& part : x.parts) part.lower -= lower;
  return x;
}

bool all_equal(const std::vector<double>& values, std::size_t first) {
  return std::adjacent_find(values.begin() + static_cast<std::ptrdiff_t>(first), values.end(),
                            std::not_equal_to<>()) == values.end();
}

/// The workers' x and increment at a point, and what its links cost.
struct Setting {
  TimeLaw x;
  Scaling scaling;
  double increment;
  bool ideal;
  double latency;

  Setting(const Point& point, const TimeLaw& law)
      : x(law),
        scaling(point.compute.scaling),
        increment(point.compute.increment),
        ideal(point.links.sharing == Links::Sharing::none),
        latency(ideal ? 0 : point.links.latency) {
    if (!point.compute.per_data_set) return;
    if (scaling == Scaling::data_dependent) {
      increment /= point.workers;
    } else {
      x = scaled(x, 1.0 / point.workers);
    }
  }

  std::optional<Expectation> expect(const CompletionLaw& law) const {
    return expectation(law, x, scaling, increment);
  }
  /// How many of so many workers, each `later` seconds after its work, end in the same instant as something
  /// independent of them, at most.
  double ties(double workers, double work, double later) const {
    const bool server = scaling == Scaling::server_dependent;
    return workers * heaviest_cell(x, server ? later / work : later + work * increment);
  }
  /// Where the time has an expectation.
  std::optional<Expectation> expect_time(const CompletionLaw& law) const {
    const std::optional<Expectation> found = expect(law);
    return found && !std::isnan(found->time) ? found : std::nullopt;
  }
};

std::optional<Prediction> of_exchange(const Point& point, const Setting& setting, const Program& program) {
  const NodeId last = static_cast<NodeId>(program.workers());
  for (NodeId node = 2; node <= last; ++node)
    if (program.load(node) != program.load(1)) return std::nullopt;
  const auto slowest =
      setting.expect_time({.workers = point.workers, .work = {program.load(1)}, .need = point.workers});
  if (!slowest) return std::nullopt;
  const Program::Route route = program.route(1, 0);
  const double step = setting.latency + (setting.ideal ? 0 : point.links.seconds(1, route.to, route.size));
  const double time = slowest->time + program.rounds() * step;
  return Prediction{.time_low = time,
                    .time_high = time,
                    .time_error = slowest->time_error,
                    .messages = static_cast<double>(program.rounds()) * point.workers};
}

std::optional<Prediction> of_serial_star(const Point& point, const Setting& setting,
                                         const CompletionLaw& law) {
  const bool one_message = law.kind == CompletionLaw::Kind::count && law.clusters == 1 &&
                           law.work.size() == 1 && !law.first_of_all && !law.finisher_decodes;
  if (!one_message) return std::nullopt;
  CompletionLaw first = law;
  first.need = 1;
  const auto kth = setting.expect_time(law), least = setting.expect_time(first);
  if (!kth || !least) return std::nullopt;
  const double hold = point.links.seconds(1, master, 1), k = law.need;
  // The model has been multicast to all of them, or was there.
  const double sent =
      (point.downlink == Links::Downlink::none ? 0 : setting.latency + point.links.seconds(master, 1, 1)) +
      setting.latency;
  Prediction prediction{.kind = hold > 0 ? Prediction::Kind::bounds : Prediction::Kind::exact,
                        .time_low = sent + std::max(kth->time + hold, least->time + k * hold),
                        .time_high = sent + kth->time + k * hold,
                        .time_error = kth->time_error + least->time_error,
                        .messages = std::nullopt};
  // One after the other, where a message takes a time that can be seen beside theirs; else two may end at the
  // same instant.
  const bool apart = hold > 0x1p-40 * prediction.time_high || law.need == law.workers;
  const double tied = apart ? 0 : setting.ties(point.workers, law.work.front(), sent);
  if (tied <= promised_accuracy * k) {
    prediction.messages = k;
    prediction.messages_error = tied;
  }
  return prediction;
}

std::optional<Prediction> of_tree(const Point& point, const Setting& setting, const TreeLaw& tree,
                                  double work) {
  if (tree.stragglers == 0 || setting.scaling == Scaling::additive) return std::nullopt;
  const double quantile = setting.x.tail(static_cast<double>(tree.stragglers) / tree.arity);
  const double compute =
      setting.scaling == Scaling::server_dependent ? work * quantile : quantile + work * setting.increment;
  const double hold = setting.ideal ? 0 : point.links.seconds(2, master, 1);
  const int taken = tree.arity - tree.stragglers;
  Prediction prediction{.kind = Prediction::Kind::asymptotic,
                        .time_low = compute + (taken + tree.depth - 1) * hold,
                        .time_high = compute + tree.depth * taken * hold,
                        .messages = std::nullopt};
  // More, where children end at the same instant: each when one of its workers does.
  const double tied = setting.ties(point.workers, work, 0);
  if (tied <= promised_accuracy * taken) {
    prediction.messages = taken;
    prediction.messages_error = tied;
  }
  return prediction;
}

}  // namespace

const char* name_of(Prediction::Kind kind) {
  switch (kind) {
    case Prediction::Kind::exact:
      return "exact";
    case Prediction::Kind::bounds:
      return "bounds";
    case Prediction::Kind::asymptotic:
      break;
  }
  return "asymptotic";
}

namespace {

std::optional<Prediction> prediction_at(const Point& point, std::size_t s) {
  const SchemeRecipe& recipe = point.schemes[s].recipe;
  const std::optional<TimeLaw> law = point.compute.model->law();
  const Failure& failure = point.compute.failure;
  if (!law || failure.probability > 0 || !failure.workers.empty()) return std::nullopt;
  if (point.iterations > 1 && point.round_start != RoundStart::fresh) return std::nullopt;
  const Setting setting(point, *law);
  const bool unicast = point.downlink == Links::Downlink::unicast;
  // Only the master's ports may differ: in an exchange it has none.
  if (!setting.ideal && (!all_equal(point.links.egress, 1) || !all_equal(point.links.ingress, 1)))
    return std::nullopt;

  if (recipe.law) {
    if (!setting.ideal)
      return point.links.sharing == Links::Sharing::serial && !unicast
                 ? of_serial_star(point, setting, *recipe.law)
                 : std::nullopt;
    const std::optional<Expectation> exact = setting.expect(*recipe.law);
    if (!exact) return std::nullopt;
    Prediction prediction;
    prediction.time_low = prediction.time_high = exact->time;
    prediction.time_error = exact->time_error;
    if (!std::isnan(exact->messages) && !point.silence) {  // which makes them fewer
      prediction.messages = exact->messages;
      prediction.messages_error = exact->messages_error;
    }
    if (std::isnan(exact->time) && !prediction.messages) return std::nullopt;
    return prediction;
  }
  const auto scheme = recipe.make();
  const Program& program = scheme->next_round(nullptr);
  if (program.kind() == Program::Kind::exchange) return of_exchange(point, setting, program);
  const bool simple_links =
      setting.ideal || (point.links.sharing == Links::Sharing::serial && setting.latency == 0);
  if (recipe.tree && simple_links && point.downlink == Links::Downlink::none)
    return of_tree(point, setting, *recipe.tree, program.load(1));
  return std::nullopt;
}

std::optional<double> skewness_at(const Point& point, std::size_t s) {
  const std::optional<CompletionLaw>& law = point.schemes[s].recipe.law;
  const std::optional<TimeLaw> x = point.compute.model->law();
  const Failure& failure = point.compute.failure;
  if (!x || !law || failure.probability > 0 || !failure.workers.empty()) return std::nullopt;
  if (point.links.sharing != Links::Sharing::none || point.compute.scaling == Scaling::additive)
    return std::nullopt;
  const bool one_message = law->kind == CompletionLaw::Kind::count && law->work.size() == 1 &&
                           law->need > 0 && !law->first_of_all && !law->finisher_decodes;
  const bool anew = point.round_start == RoundStart::fresh && point.compute.redraw_each_iteration;
  if (!one_message || (point.iterations > 1 && !anew)) return std::nullopt;

  using namespace boost::math::policies;
  using Quiet = policy<promote_double<false>, domain_error<ignore_error>, pole_error<ignore_error>,
                       overflow_error<ignore_error>, evaluation_error<ignore_error>>;
  // The time beyond which a share u of all times lies, but for its scale and what increments add. A cluster
  // takes longer than t where fewer than `need` of its workers take less: a beta law of P(x > t).
  const double beyond = law->workers - law->need + 1;
  const TimeLaw without_shift = from_zero(*x);
  const auto time = [&](double u) {
    const double of_cluster = -std::expm1(std::log1p(-u) / law->clusters);
    return without_shift.tail(
        boost::math::ibeta_inv(beyond, static_cast<double>(law->need), of_cluster, Quiet()));
  };
  // Beyond `least` Boost's inverse of the beta law loses its way, and hardly any finite moment has anything
  // there.
  constexpr double tolerance = 1e-6, least = 1e-100;
  boost::math::quadrature::tanh_sinh<double, Quiet> integrator(12);
  const auto mean_of = [&](const auto& f) {
    return integrator.integrate([&](double u) { return f(time(std::clamp(u, least, 1 - 1e-16))); }, 0.0, 1.0,
                                tolerance);
  };
  // Before `least` the integral takes the value there. A tail that is a power has 1/(1 − p/index) times that
  // in its moment p: all of the third one, where the index has only just passed 3.
  double index = std::numeric_limits<double>::infinity();
  for (const TimeLaw::Part& part : x->parts) index = std::min(index, beyond * part.index);
  const auto moment = [&](int order, const auto& f) {
    const double before = order / (index - order) * least * f(time(least));
    return mean_of(f) + (std::isinf(index) ? 0 : before);
  };
  const double mean = moment(1, [](double t) { return t; });
  // In units of the mean, so that no cube leaves the range of double before its time.
  const double variance = moment(2, [=](double t) { return (t / mean - 1) * (t / mean - 1); });
  const double third = moment(3, [=](double t) { return (t / mean - 1) * (t / mean - 1) * (t / mean - 1); });
  const double skewness = third / std::pow(variance, 1.5) / std::sqrt(point.iterations);
  if (std::isnan(skewness) && std::isfinite(variance)) return std::nullopt;
  return std::isfinite(skewness) ? skewness : std::numeric_limits<double>::infinity();
}

/// What `f` finds, or nothing where a special function of Boost.Math gives up: theory says nothing then.
template <class F>
auto unless_numerics_fail(const F& f) -> decltype(f()) {
  try {
    return f();
  } catch (const std::runtime_error&) {  // no root found, out of range, not a whole number
    return std::nullopt;
  } catch (const std::domain_error&) {
    return std::nullopt;
  }
}

}  // namespace

std::optional<Prediction> predict(const Point& point, std::size_t s) {
  return unless_numerics_fail([&] { return prediction_at(point, s); });
}

std::optional<double> predicted_skewness(const Point& point, std::size_t s) {
  return unless_numerics_fail([&] { return skewness_at(point, s); });
}

}  // namespace straggle
