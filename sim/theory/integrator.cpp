#include "sim/theory/integrator.h"

#include <algorithm>
#include <boost/math/quadrature/gauss.hpp>
#include <boost/math/quadrature/gauss_kronrod.hpp>
#include <cmath>
#include <cstddef>
#include <queue>
#include <utility>
#include <vector>

namespace straggle::theory {
namespace {

/// A Gauss–Kronrod rule on (0, 1).
struct RulePoint {
  double at = 0, weight = 0, gauss_weight = 0;
};
using Rule = std::vector<RulePoint>;

template <unsigned N>
Rule gauss_kronrod_rule() {
  using Kronrod = boost::math::quadrature::gauss_kronrod<double, N>;
  using Gauss = boost::math::quadrature::gauss<double, (N - 1) / 2>;
  Rule rule;
  for (std::size_t i = 0; i < Kronrod::abscissa().size(); ++i) {
    const double at = Kronrod::abscissa()[i];
    const double weight = Kronrod::weights()[i] / 2;
    const double gauss_weight = i % 2 == 0 ? Gauss::weights()[i / 2] / 2 : 0;
    rule.push_back({(1 + at) / 2, weight, gauss_weight});
    if (i > 0) rule.push_back({(1 - at) / 2, weight, gauss_weight});
  }
  return rule;
}

const Rule& short_rule() {
  static const Rule rule = gauss_kronrod_rule<7>();
  return rule;
}
const Rule& long_rule() {
  static const Rule rule = gauss_kronrod_rule<15>();
  return rule;
}

/// Adaptive Gauss–Kronrod quadrature that always halves the worst panel (as QUADPACK does), preferably at a
/// break. Its variable is ln t, or the logarithm of the time since the last break.
class Integrator {
 public:
  explicit Integrator(CompletionProcess& process)
      : process_(process), messages_(process.messages()), covered_(messages_, 0.0) {}

  /// The integrals over the horizon, to `relative_error` of themselves and the parts already known if that
  /// can be had.
  Measured operator()(const Horizon& horizon, const Pair& known, double relative_error) {
    std::vector<Panel> panels;
    append(horizon.begin, horizon.middle, 3, panels);
    append(horizon.middle, horizon.end, 4, panels);
    scale_ = known;
    for (const Panel& panel : panels)
      for (std::size_t c = 0; c < 2; ++c) scale_[c] += panel.value[c];
    if (horizon.no_mean) scale_[0] = 0;
    for (const Panel& panel : panels) cover(panel, relative_error / 100);
    refine(relative_error, most_panels);
    if (uncover()) refine(relative_error, 2 * most_panels);
    for (; !queue_.empty(); queue_.pop()) add(queue_.top());
    // Panels that meet no more, for roundings beside a distant break, show in what is sent in all of them.
    for (std::size_t j = 0; j < messages_; ++j)
      sum_.error[1] +=
          std::abs(covered_[j] - (process_.unsent(j, horizon.begin) - process_.unsent(j, horizon.end)));
    return sum_;
  }

 private:
  static constexpr std::size_t none = static_cast<std::size_t>(-1);
  static constexpr std::size_t most_panels = 3000;
  static constexpr double least_concealed = 1e-9;  ///< relative to all messages

  struct Panel {
    std::size_t anchor = 0;
    double from = 0, to = 0;       ///< since the anchor
    std::size_t end_break = none;  ///< where it ends, if at a break
    Pair value{}, error{};
    double priority = 0;  ///< the larger error, relative to the whole
    double unseen = 0;    ///< messages of a worker that the rule's points do not show
  };

  /// Halves the worst panel until what is left of errors is small enough, or there are so many panels.
  void refine(double relative_error, std::size_t most) {
    while (open_ > relative_error && !queue_.empty() && queue_.size() < most &&
           process_.steps() < most_steps) {
      const Panel worst = queue_.top();
      queue_.pop();
      open_ -= worst.priority;
      auto [left, right] = split(worst);
      measure(left);
      measure(right);
      const bool rounding = stalled(worst, left, right);
      for (const Panel& half : {left, right}) {
        if (rounding && !conceals(half))
          add(half);
        else
          enter(half);
      }
    }
  }

  /// Messages that may count in the panel although no point of the rule shows that they do: where all
  /// messages come, and the iteration ends, before the first point, everything seems to be over. A worker's
  /// message counts there at most with the probability that the iteration is not complete at the panel's
  /// start.
  double concealed(const Panel& panel) const {
    if (!(panel.unseen > least_concealed * scale_[1])) return 0;
    return std::min(panel.unseen, static_cast<double>(messages_) * process_.incomplete(start(panel)));
  }
  /// Whether they are more than the panel's error by far.
  bool conceals(const Panel& panel) const {
    const double messages = concealed(panel);
    return messages > least_concealed * scale_[1] && messages > 10 * panel.error[1];
  }

  /// Makes the error of all panels what they may conceal, if there is one that does so.
  bool uncover() {
    std::vector<Panel> panels;
    for (auto queue = queue_; !queue.empty(); queue.pop()) panels.push_back(queue.top());
    if (std::none_of(panels.begin(), panels.end(), [&](const Panel& panel) { return conceals(panel); }))
      return false;
    uncovering_ = true;
    double sum = 0;
    for (const Panel& panel : panels) sum += concealed(panel);
    scale_[1] += sum;
    queue_ = decltype(queue_)(less_urgent);
    open_ = 0;
    for (const Panel& panel : panels) enter(panel);
    return true;
  }

  bool logarithmic(const Panel& panel) const {
    return process_.graded() || !(process_.breaks()[panel.anchor].at > 0);
  }
  /// The variable of integration and back.
  double coordinate(const Panel& panel, double later) const {
    if (logarithmic(panel)) return std::log(std::max(later, first(panel)));
    return std::log1p(later / process_.breaks()[panel.anchor].at);
  }
  double later(const Panel& panel, double coordinate) const {
    if (logarithmic(panel)) return std::exp(coordinate);
    return process_.breaks()[panel.anchor].at * std::expm1(coordinate);
  }
  /// Where a panel that begins at a break does so in the logarithm.
  double first(const Panel& panel) const { return std::min(process_.finest(panel.anchor), panel.to / 2); }

  /// [from, to] in pieces of the same size.
  void append(const Instant& from, const Instant& to, int pieces, std::vector<Panel>& panels) {
    Panel whole{.anchor = from.anchor, .from = from.later, .to = to.later};
    if (to.anchor != from.anchor) {
      const double between = process_.between(from.anchor, to.anchor);
      whole.to += between;
      if (std::abs(whole.to - between - to.later) > 1e-10 * to.later) {  // lost beside so large a distance
        whole.to = between;
        whole.end_break = to.anchor;
        append(whole, pieces, panels);
        whole = {.anchor = to.anchor, .from = 0, .to = to.later};
      }
    }
    append(whole, pieces, panels);
  }
  void append(const Panel& whole, int pieces, std::vector<Panel>& panels) {
    if (!(whole.to > whole.from)) return;
    const double begin = coordinate(whole, whole.from), end = coordinate(whole, whole.to);
    Panel piece = whole;
    for (int i = 0; i < pieces; ++i) {
      piece.to = i + 1 == pieces ? whole.to : later(whole, begin + (end - begin) * (i + 1) / pieces);
      piece.end_break = i + 1 == pieces ? whole.end_break : none;
      if (!(piece.to > piece.from)) continue;
      measure(piece);
      panels.push_back(piece);
      piece.from = piece.to;
    }
  }

  /// The breaks inside a panel: a range of anchors.
  std::pair<std::size_t, std::size_t> inside(const Panel& panel) const {
    const std::size_t count = process_.breaks().size();
    const auto first = [&](const auto& far_enough) {
      std::size_t low = panel.anchor, high = count;
      while (high - low > 1) {
        const std::size_t middle = low + (high - low) / 2;
        (far_enough(process_.between(panel.anchor, middle)) ? high : low) = middle;
      }
      return high;
    };
    const std::size_t begin = first([&](double at) { return at > panel.from; });
    const std::size_t end =
        panel.end_break != none ? panel.end_break : first([&](double at) { return at >= panel.to; });
    return {begin, std::max(begin, end)};
  }

  /// In two at the break nearest to the middle, or in the middle.
  std::pair<Panel, Panel> split(const Panel& panel) const {
    const double from = coordinate(panel, panel.from), to = coordinate(panel, panel.to);
    const double middle = from + (to - from) / 2;
    const auto [begin, end] = inside(panel);
    Panel left{.anchor = panel.anchor, .from = panel.from},
        right{.to = panel.to, .end_break = panel.end_break};
    if (begin < end) {
      std::size_t low = begin, high = end - 1;  // the nearest: positions rise
      while (low < high) {
        const std::size_t at = low + (high - low) / 2;
        if (coordinate(panel, process_.between(panel.anchor, at)) < middle)
          low = at + 1;
        else
          high = at;
      }
      const auto distance = [&](std::size_t m) {
        return std::abs(coordinate(panel, process_.between(panel.anchor, m)) - middle);
      };
      if (low > begin && distance(low - 1) < distance(low)) --low;
      left.to = process_.between(panel.anchor, low);
      left.end_break = low;
      right.anchor = low;
      right.to = panel.end_break != none ? process_.between(low, panel.end_break) : panel.to - left.to;
      return {left, right};
    }
    left.to = later(panel, middle);
    right.anchor = panel.anchor;
    right.from = left.to;
    return {left, right};
  }

  Instant start(const Panel& panel) const { return {panel.anchor, panel.from}; }
  Instant end(const Panel& panel) const {
    return panel.end_break != none ? Instant{panel.end_break, 0} : Instant{panel.anchor, panel.to};
  }
  double sent_between(const Panel& panel, std::size_t j) const {
    return process_.unsent(j, start(panel)) - process_.unsent(j, end(panel));
  }

  /// Enters the panel; where breaks inside would spoil it, in pieces cut at breaks, without trying it first.
  /// A jump of a density misplaces up to half a weight of what its message adds here, if that still counts;
  /// the kinks that it causes in P(T > t) are far smaller.
  void cover(Panel panel, double share) {
    double begins = 0;
    const auto [begin, end] = inside(panel);
    for (std::size_t m = begin; m < end; ++m) begins += sent_between(panel, process_.breaks()[m].message);
    const bool measured = panel.priority >= 0;
    if (process_.steps() < most_steps && begins > 0 &&
        0.05 * begins * process_.incomplete(start(panel)) > share * scale_[1]) {
      auto [left, right] = split(panel);
      left.priority = right.priority = -1;
      cover(left, share);
      cover(right, share);
      return;
    }
    if (!measured) measure(panel);
    enter(panel);
  }

  /// Whether halving changed neither the values nor the decisive error: then what is left is rounding.
  bool stalled(const Panel& whole, const Panel& left, const Panel& right) const {
    const auto [begin, end] = inside(whole);
    if (begin < end || whole.priority > 1e-9) return false;  // so much is no rounding
    for (std::size_t c = 0; c < 2; ++c) {
      const bool moves = std::abs(left.value[c] + right.value[c] - whole.value[c]) > 1e-11 * scale_[c];
      const bool improves = left.error[c] + right.error[c] < 0.9 * whole.error[c];
      if (scale_[c] > 0 && (moves || (improves && whole.error[c] >= whole.priority * scale_[c])))
        return false;
    }
    return true;
  }

  void add(const Panel& panel) {
    for (std::size_t c = 0; c < 2; ++c) {
      sum_.value[c] += panel.value[c];
      sum_.error[c] += panel.error[c];
    }
    for (std::size_t j = 0; j < messages_; ++j) covered_[j] += sent_between(panel, j);
  }

  void enter(Panel panel) {
    panel.priority = 0;
    if (uncovering_) panel.error[1] = std::max(panel.error[1], concealed(panel));
    for (std::size_t c = 0; c < 2; ++c)
      if (scale_[c] > 0) panel.priority = std::max(panel.priority, panel.error[c] / scale_[c]);
    open_ += panel.priority;
    queue_.push(panel);
  }

  void measure(Panel& panel) {
    panel.value = panel.error = {};
    const auto [first_inside, last_inside] = inside(panel);
    const bool smooth = first_inside == last_inside;
    // Between neighbouring breaks, often of a thousand, there is little room for anything to happen.
    const bool between = smooth && panel.from == 0 && panel.end_break != none && !logarithmic(panel);
    const Rule& rule = between ? short_rule() : long_rule();
    const double from = coordinate(panel, panel.from), to = coordinate(panel, panel.to);
    const bool by_logarithm = logarithmic(panel);
    const double origin = by_logarithm ? 0 : process_.breaks()[panel.anchor].at;
    std::vector<Pair> f(rule.size());
    Pair gauss{};
    Series sent(messages_, 0.0);    // the integral of the message's density by this rule
    Series counts(messages_, 0.0);  // the most it counts
    double incomplete = 0;
    for (std::size_t k = 0; k < rule.size(); ++k) {
      const double s = from + (to - from) * rule[k].at;
      const double t = later(panel, s);
      const double slope = (to - from) * (origin + t);
      const Integrand at = process_.integrand({panel.anchor, t});
      incomplete = std::max(incomplete, at.incomplete);
      f[k] = {at.incomplete * slope, at.rate() * slope};
      for (std::size_t c = 0; c < 2; ++c) {
        panel.value[c] += rule[k].weight * f[k][c];
        gauss[c] += rule[k].gauss_weight * f[k][c];
      }
      const double weight = rule[k].weight * slope;
      for (std::size_t j = 0; j < at.density.size(); ++j) {
        sent[j] += weight * at.density[j];
        counts[j] = std::max(counts[j], at.counts[j]);
      }
    }
    for (std::size_t c = 0; c < 2; ++c) {
      double spread = 0;
      for (std::size_t k = 0; k < rule.size(); ++k) {
        spread += rule[k].weight * std::abs(f[k][c] - panel.value[c]);
      }
      const double difference = std::abs(panel.value[c] - gauss[c]);
      // QUADPACK's estimate for a smooth integrand, where Kronrod's points are far better than the Gaussian
      // ones.
      const double ratio = spread > 0 ? 200 * difference / spread : 0;
      panel.error[c] = smooth ? spread * std::min(1.0, ratio * std::sqrt(ratio)) : difference;
    }
    // A jump or a peak between the points shows in the integral of the density alone, which is known; so does
    // what lies below the first point after a break.
    double unseen = 0;
    panel.unseen = 0;
    for (std::size_t j = 0; j < messages_; ++j) {
      const double error = std::abs(sent[j] - sent_between(panel, j));
      // The difference of two numbers near 1 has its roundings.
      if (error > 4e-16) {
        unseen += error * (counts[j] > 0 ? counts[j] : incomplete);
        panel.unseen += error;
      }
    }
    panel.error[1] = std::max(panel.error[1], unseen);
    if (by_logarithm && panel.from < first(panel)) panel.error[0] += first(panel);
  }

  static bool less_urgent(const Panel& a, const Panel& b) { return a.priority < b.priority; }

  CompletionProcess& process_;
  std::size_t messages_;
  Pair scale_{};
  std::priority_queue<Panel, std::vector<Panel>, decltype(&less_urgent)> queue_{less_urgent};
  double open_ = 0;  ///< the sum of the priorities
  bool uncovering_ = false;
  Measured sum_;    ///< of what is done with
  Series covered_;  ///< P(a worker sends the message in one of those panels)
};

}  // namespace

Measured integrate(CompletionProcess& process, const Horizon& horizon, const Pair& known,
                   double relative_error) {
  return Integrator(process)(horizon, known, relative_error);
}

}  // namespace straggle::theory
