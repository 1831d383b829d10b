#include "sim/theory/completion_process.h"

#include <algorithm>
#include <cmath>

namespace straggle::theory {
namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();

}  // namespace

double Integrand::rate() const {
  double sum = 0;
  for (std::size_t j = 0; j < density.size(); ++j) sum += density[j] * counts[j];
  return sum;
}

Cells::Cells(const TimeLaw::Part& part) : part_(part) {
  for (int k = 52; k >= 6; --k) quantiles_.push_back(part.tail(1 - std::exp2(-k)));
  for (int k = 31; k >= 1; --k) quantiles_.push_back(part.tail(k / 32.0));
  for (int k = 6; k <= 52; ++k) quantiles_.push_back(part.tail(std::exp2(-k)));
}

double Cells::heaviest(double added, double from, double to) const {
  from = std::max(from, 0.0);
  to = std::max(to, from);
  double most = mass(from, added);
  if (to < infinite) most = std::max(most, mass(to, added));
  for (auto v = std::upper_bound(quantiles_.begin(), quantiles_.end(), from);
       v != quantiles_.end() && *v < to; ++v)
    most = std::max(most, mass(*v, added));
  return most;
}

double Cells::mass(double v, double added) const {
  const double cell = (part_.lower + part_.scale * v + added) * two_cells / part_.scale;
  const double low = std::max(v - cell, 0.0), high = v + cell;
  const double share = (low > 0 ? part_.survival(low) : 1) - part_.survival(high);
  if (!(low > 0)) return share;  // a density may begin with infinity there
  // The difference of two numbers near 1 has its roundings.
  const double density = std::max({part_.density(low), part_.density(v), part_.density(high)});
  return std::min(share, density * (high - low));
}

CompletionProcess::CompletionProcess(const CompletionLaw& law, const TimeLaw& x, Scaling scaling,
                                     double increment)
    : law_(law),
      parts_(x.parts),
      server_dependent_(scaling == Scaling::server_dependent),
      clusters_(law.pooled ? 1 : law.clusters) {
  double scale = 0;
  for (const TimeLaw::Part& part : parts_) scale = std::max(scale, part.scale);
  unit_ = std::exp2(std::ilogb(scale));
  increment_ = increment / unit_;
  double finest = 1;  // of mass
  for (TimeLaw::Part& part : parts_) {
    part.lower /= unit_;
    part.scale /= unit_;
    index_ = std::min(index_, part.index);
    graded_ = graded_ || part.power != std::floor(part.power) || part.power < 1;
    // Below it a worker sends with a probability that is no more than rounding.
    const double all = static_cast<double>(law.workers) * law.clusters * static_cast<double>(law.work.size());
    double v = part.tail(0.5);
    while (v > 1e-300 && v * part.density(v) * all > 1e-15 * std::max(part.power, 0.05)) v *= 1e-3;
    finest = std::min(finest, v * part.scale);
  }
  finest_ = finest;
  for (std::size_t j = 0; j < law.work.size(); ++j)
    first_at_once_.push_back(j > 0 && !(gap(j) > 0) ? first_at_once_.back() : j);
  for (const TimeLaw::Part& part : parts_) {
    add_breaks(part.lower);
    const double upper = part.tail(1e-300);
    if (upper <= part.tail(1e-20) * (1 + 1e-9)) add_breaks(part.lower + part.scale * upper);
  }
  std::sort(breaks_.begin(), breaks_.end(), [this](const Break& a, const Break& b) {
    return a.at != b.at ? a.at < b.at : difference(a, b) < 0;
  });
  const auto same = [this](const Break& a, const Break& b) { return !(difference(b, a) > 0); };
  breaks_.erase(std::unique(breaks_.begin(), breaks_.end(), same), breaks_.end());
}

double CompletionProcess::of_draw(std::size_t j, const Instant& t) const {
  const TimeLaw::Part& part = parts_.front();
  return server_dependent_ ? at(t) : part.lower + part.scale * since(j, part, t);
}

double CompletionProcess::between(std::size_t from, std::size_t to) const {
  return to < breaks_.size() ? difference(breaks_[to], breaks_[from]) : infinite;
}

double CompletionProcess::finest(std::size_t anchor) const {
  return finest_ * (server_dependent_ ? law_.work[breaks_[anchor].message] : 1);
}

double CompletionProcess::unsent(std::size_t j, const Instant& t) const {
  double sum = 0;
  for (const TimeLaw::Part& part : parts_) {
    const double v = since(j, part, t);
    sum += part.probability * (v > 0 ? part.survival(v) : 1);
  }
  return sum;
}

Series CompletionProcess::unsent(const Instant& t) const {
  Series result;
  for (std::size_t j = 0; j < law_.work.size(); ++j) {
    const double p = unsent(j, t);
    if (!(p < 1)) break;
    result.push_back(p);
  }
  return result;
}

double CompletionProcess::sent_by(const Instant& t) const {
  double sum = 0;
  for (double p : unsent(t)) sum += 1 - p;
  return sum;
}

Undecoded CompletionProcess::undecoded_at(const Instant& t, const Series& by_now) {
  // Of a Fourier transform P(T > t) has an error of some 1e-15, if it can be that large at all; in E T it
  // counts t times, for every power of e that t spans.
  double most = 1e-15;
  if (by_now.size() == messages())
    most = std::min(most, static_cast<double>(law_.workers) * law_.clusters *
                              static_cast<double>(messages()) * by_now.back());
  const bool guarded = at(t) * most > 1e-13 * mean_;
  Undecoded own = undecoded(law_, by_now, convolver_, guarded ? Digits::relative : Digits::absolute);
  if (own.error > 0) error_ = std::max(error_, own.error / own.overall);
  return own;
}

double CompletionProcess::incomplete(const Instant& t) {
  const Series by_now = unsent(t);
  if (by_now.empty()) return 1;
  const double p = at_least_one(undecoded_at(t, by_now).overall, clusters_);
  mean_ = std::max(mean_, at(t) * p);  // E T >= t·P(T > t) for every t
  return p;
}

double CompletionProcess::incomplete_at(double t) {
  std::size_t anchor = 0, beyond = breaks_.size();
  if (!(t > breaks_[0].at)) return 1;
  while (beyond - anchor > 1) {
    const std::size_t middle = anchor + (beyond - anchor) / 2;
    (breaks_[middle].at <= t ? anchor : beyond) = middle;
  }
  return incomplete({anchor, t - breaks_[anchor].at});
}

Integrand CompletionProcess::integrand(const Instant& t) {
  const Series by_now = unsent(t);
  if (by_now.empty()) return {};
  const Undecoded own = undecoded_at(t, by_now);
  const double elsewhere = at_least_one(own.overall, clusters_ - 1);
  Integrand result;
  result.incomplete = at_least_one(own.overall, clusters_);
  for (std::size_t j = 0; j < by_now.size(); ++j) {
    double density = 0;
    for (const TimeLaw::Part& part : parts_)
      if (const double v = since(j, part, t); v > 0)
        density += part.probability * part.density(v) / stretch(j, part);
    result.density.push_back(std::isfinite(density) ? density : 0);
    // What a worker sends at the same instant counts together, or not at all.
    const double here = own.given[first_at_once_[j]];
    result.counts.push_back(here + (1 - here) * elsewhere);
  }
  return result;
}

double CompletionProcess::heaviest_cell(std::size_t j, const Instant& from, const Instant& to) {
  if (cells_.empty())
    for (const TimeLaw::Part& part : parts_) cells_.emplace_back(part);
  // A cell is a share of the time. Under server-dependent scaling it is that of x, whatever the work.
  const double added = server_dependent_ ? 0 : law_.work[j] * increment_;
  double sum = 0;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    const TimeLaw::Part& part = parts_[i];
    if (const double last = since(j, part, to); last > 0)
      sum += part.probability * cells_[i].heaviest(added, since(j, part, from), last);
  }
  convolver_.steps += 3000;
  return sum;
}

double CompletionProcess::own_ties_from() const {
  double result = infinite;
  for (std::size_t j = 1; j < law_.work.size(); ++j) {
    if (first_at_once_[j] != j) continue;
    if (!server_dependent_)
      result = std::min(result, gap(j) / two_cells);
    else if (gap(j) < two_cells * law_.work[j])
      return 0;
  }
  return result;
}

double CompletionProcess::gap(std::size_t j) const {
  return (law_.work[j] - law_.work[j - 1]) * (server_dependent_ ? 1 : increment_);
}

void CompletionProcess::add_breaks(double end) {
  for (std::size_t j = 0; j < law_.work.size(); ++j)
    breaks_.push_back({j, end, server_dependent_ ? law_.work[j] * end : end + law_.work[j] * increment_});
}

double CompletionProcess::difference(double work_a, double end_a, double work_b, double end_b) const {
  if (!server_dependent_) return (end_a - end_b) + (work_a - work_b) * increment_;
  return end_a == end_b ? (work_a - work_b) * end_a : work_a * end_a - work_b * end_b;
}

double CompletionProcess::difference(const Break& a, const Break& b) const {
  return difference(law_.work[a.message], a.end, law_.work[b.message], b.end);
}

double CompletionProcess::stretch(std::size_t j, const TimeLaw::Part& part) const {
  return part.scale * (server_dependent_ ? law_.work[j] : 1);
}

double CompletionProcess::since(std::size_t j, const TimeLaw::Part& part, const Instant& t) const {
  const Break& anchor = breaks_[t.anchor];
  const double begun = difference(law_.work[anchor.message], anchor.end, law_.work[j], part.lower);
  return (begun + t.later) / stretch(j, part);
}

}  // namespace straggle::theory
