#include "sim/theory/prediction.h"

#include <algorithm>
#include <boost/math/quadrature/tanh_sinh.hpp>
#include <boost/math/special_functions/beta.hpp>
#include <cmath>
#include <limits>

#include "sim/theory/expectation.h"

namespace straggle {
namespace {

/// The law of x less what hides its spread in the digits of a double: a lower end far beyond it.
TimeLaw from_zero(TimeLaw x) {
  const double lower = x.lower();
  if (!(lower > 1e6 * (x.tail(0.5) - lower))) return x;
  for (TimeLaw::Part& part : x.parts) part.lower -= lower;
  return x;
}

/// Whether workers send one message each, and so many of them decode a cluster.
bool one_message(const CompletionLaw& law) {
  return law.kind == CompletionLaw::Kind::count && law.work.size() == 1 && !law.first_of_all &&
         !law.finisher_decodes;
}

std::optional<Expectation> expect(const CompletionLaw& law, const WorkLaw& work) {
  return expectation(law, work.x, work.scaling, work.increment);
}

/// Where the time has an expectation.
std::optional<Expectation> expect_time(const CompletionLaw& law, const WorkLaw& work) {
  const std::optional<Expectation> found = expect(law, work);
  return found && !std::isnan(found->time) ? found : std::nullopt;
}

/// How many of so many workers, each `later` seconds after its load, end in the same instant as something
/// independent of them, at most.
double ties(const WorkLaw& work, double workers, double load, double later) {
  const bool server = work.scaling == Scaling::server_dependent;
  return workers * heaviest_cell(work.x, server ? later / load : later + load * work.increment);
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

std::optional<Prediction> predict_star(const CompletionLaw& law, const WorkLaw& work) {
  const std::optional<Expectation> exact = expect(law, work);
  if (!exact) return std::nullopt;
  Prediction prediction;
  prediction.time_low = prediction.time_high = exact->time;
  prediction.time_error = exact->time_error;
  if (!std::isnan(exact->messages)) {
    prediction.messages = exact->messages;
    prediction.messages_error = exact->messages_error;
  }
  return prediction;
}

std::optional<Prediction> predict_serial_star(const CompletionLaw& law, const WorkLaw& work, double later,
                                              double hold) {
  if (!one_message(law) || law.clusters != 1) return std::nullopt;
  CompletionLaw first = law;
  first.need = 1;
  const auto kth = expect_time(law, work), least = expect_time(first, work);
  if (!kth || !least) return std::nullopt;
  const double k = law.need;
  Prediction prediction{.kind = hold > 0 ? Prediction::Kind::bounds : Prediction::Kind::exact,
                        .time_low = later + std::max(kth->time + hold, least->time + k * hold),
                        .time_high = later + kth->time + k * hold,
                        .time_error = kth->time_error + least->time_error,
                        .messages = std::nullopt};
  // Of one message the bounds are one number, which is worked out in two ways.
  prediction.time_high = std::max(prediction.time_low, prediction.time_high);
  // One after the other, where a message takes a time that can be seen beside theirs; else two may end at the
  // same instant.
  const bool apart = hold > 0x1p-40 * prediction.time_high || law.need == law.workers;
  const double tied = apart ? 0 : ties(work, law.workers, law.work.front(), later);
  if (tied <= promised_accuracy * k) {
    prediction.messages = k;
    prediction.messages_error = tied;
  }
  return prediction;
}

std::optional<Prediction> predict_exchange(int workers, double load, std::uint32_t rounds, double step,
                                           const WorkLaw& work) {
  const auto slowest = expect_time({.workers = workers, .work = {load}, .need = workers}, work);
  if (!slowest) return std::nullopt;
  const double time = slowest->time + rounds * step;
  return Prediction{.time_low = time,
                    .time_high = time,
                    .time_error = slowest->time_error,
                    .messages = static_cast<double>(rounds) * workers};
}

std::optional<Prediction> predict_tree(const TreeLaw& tree, int workers, double load, double hold,
                                       const WorkLaw& work) {
  if (tree.stragglers == 0 || work.scaling == Scaling::additive) return std::nullopt;
  const double quantile = work.x.tail(static_cast<double>(tree.stragglers) / tree.arity);
  const double compute =
      work.scaling == Scaling::server_dependent ? load * quantile : quantile + load * work.increment;
  const int taken = tree.arity - tree.stragglers;
  Prediction prediction{.kind = Prediction::Kind::asymptotic,
                        .time_low = compute + (taken + tree.depth - 1) * hold,
                        .time_high = compute + tree.depth * taken * hold,
                        .messages = std::nullopt};
  prediction.time_high = std::max(prediction.time_low, prediction.time_high);  // as above
  // More, where children end at the same instant: each when one of its workers does.
  const double tied = ties(work, workers, load, 0);
  if (tied <= promised_accuracy * taken) {
    prediction.messages = taken;
    prediction.messages_error = tied;
  }
  return prediction;
}

std::optional<double> skewness(const CompletionLaw& law, const TimeLaw& x) {
  if (!one_message(law) || law.need <= 0) return std::nullopt;

  using namespace boost::math::policies;
  using Quiet = policy<promote_double<false>, domain_error<ignore_error>, pole_error<ignore_error>,
                       overflow_error<ignore_error>, evaluation_error<ignore_error>>;
  // The time beyond which a share u of all times lies, but for its scale and what increments add. A cluster
  // takes longer than t where fewer than `need` of its workers take less: a beta law of P(x > t).
  const double beyond = law.workers - law.need + 1;
  const TimeLaw without_shift = from_zero(x);
  const auto time = [&](double u) {
    const double of_cluster = -std::expm1(std::log1p(-u) / law.clusters);
    return without_shift.tail(
        boost::math::ibeta_inv(beyond, static_cast<double>(law.need), of_cluster, Quiet()));
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
  for (const TimeLaw::Part& part : x.parts) index = std::min(index, beyond * part.index);
  const auto moment = [&](int order, const auto& f) {
    const double before = order / (index - order) * least * f(time(least));
    return mean_of(f) + (std::isinf(index) ? 0 : before);
  };
  const double mean = moment(1, [](double t) { return t; });
  // In units of the mean, so that no cube leaves the range of double before its time.
  const double variance = moment(2, [=](double t) { return (t / mean - 1) * (t / mean - 1); });
  const double third = moment(3, [=](double t) { return (t / mean - 1) * (t / mean - 1) * (t / mean - 1); });
  const double result = third / std::pow(variance, 1.5);
  if (std::isnan(result) && std::isfinite(variance)) return std::nullopt;
  return std::isfinite(result) ? result : std::numeric_limits<double>::infinity();
}

}  // namespace straggle
