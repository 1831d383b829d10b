#include "sim/view/picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <set>
#include <tuple>

#include "sim/base/text.h"
#include "sim/view/replay.h"

namespace straggle {

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : printable_lines(text, text.size())) {  // XML knows no other control characters
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      case '\'':
        result += "&#39;";
        break;
      default:
        result += c;
    }
  }
  return result;
}

namespace {

constexpr double width = 720;  // of every picture
constexpr double em = 12;      // the size of text

/// A coordinate, to a tenth of a pixel and as short as that goes.
std::string at(double value) {
  std::string text = fmt::format("{:.1f}", value);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text == "-0" ? "0" : text;
}

std::string rounded(double value) {
  return fmt::format("{:.4g}", value);
}

/// How wide a text is likely to be, in pixels.
double width_of(std::string_view text) {
  const auto characters =
      std::count_if(text.begin(), text.end(), [](unsigned char c) { return (c & 0xc0) != 0x80; });
  return 0.56 * em * static_cast<double>(characters);
}

/// The text, or as much of it as fits.
std::string fitting(const std::string& text, double room) {
  if (width_of(text) <= room) return text;
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80 && width_of(result) + em > room) break;
    result += text[i];
  }
  return result + "…";
}

/// An element's colour: a class for the page it may stand in, and what it is without.
struct Ink {
  const char *name, *colour;
};
constexpr Ink ink{"ink", "#1f2937"}, faint{"faint", "#5b6472"}, grid{"grid", "#d9dee5"};

constexpr std::array<const char*, 8> series_colours = {"#0b62a8", "#c2410c", "#15803d", "#7e22ce",
                                                       "#a16207", "#0e7490", "#be185d", "#475569"};
constexpr std::array<const char*, 4> dashes = {"", "7 3", "2 2.5", "9 3 2 3"};

struct Text {
  double x, y;
  std::string text;
  const char* anchor = "start";
  Ink colour = ink;
  double size = em;
};

/// The elements of a picture, one after another.
class Svg {
 public:
  explicit Svg(Caption caption) : caption_(std::move(caption)) {}

  void text(const Text& t) {
    if (t.text.empty()) return;
    body_ += fmt::format("<text class=\"{}\" x=\"{}\" y=\"{}\" fill=\"{}\"", t.colour.name, at(t.x), at(t.y),
                         t.colour.colour);
    if (std::string_view(t.anchor) != "start") body_ += fmt::format(" text-anchor=\"{}\"", t.anchor);
    if (t.size != em) body_ += fmt::format(" font-size=\"{}\"", at(t.size));
    body_ += ">" + escaped(t.text) + "</text>\n";
  }
  /// `more` are further attributes.
  void stroke(Ink colour, double thickness, const std::string& d, const std::string& more = "") {
    if (d.empty()) return;
    body_ += fmt::format("<path class=\"{}\" stroke=\"{}\" stroke-width=\"{}\" fill=\"none\"{} d=\"{}\"/>\n",
                         colour.name, colour.colour, at(thickness), more, d);
  }
  /// Everything up to close() is in the colour of series number `s`, as currentColor.
  void open_series(std::size_t s) {
    body_ += fmt::format("<g class=\"s{}\" color=\"{}\">\n", s % series_colours.size(),
                         series_colours[s % series_colours.size()]);
  }
  void close() { body_ += "</g>\n"; }
  void raw(const std::string& element) { body_ += element; }

  std::string finish(double height) const {
    return fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" "
        "role=\"img\" aria-label=\"{2}\" font-family=\"system-ui,sans-serif\" font-size=\"{3}\">\n"
        "<title>{2}</title>\n<desc>{4}</desc>\n"
        "<rect class=\"paper\" width=\"{0}\" height=\"{1}\" fill=\"#fff\"/>\n{5}</svg>\n",
        at(width), at(std::ceil(height)), escaped(caption_.title), at(em), escaped(caption_.description),
        body_);
  }

 private:
  Caption caption_;
  std::string body_;
};

/// The symbol of series number `s` around a place: shapes differ where colours repeat or cannot be seen.
std::string symbol(std::size_t s, double x, double y) {
  constexpr double r = 4;
  const auto polygon = [&](std::initializer_list<std::pair<double, double>> corners) {
    std::string d;
    for (const auto& [dx, dy] : corners)
      d += fmt::format("{}{} {}", d.empty() ? "M" : "L", at(x + r * dx), at(y + r * dy));
    return fmt::format("<path fill=\"currentColor\" d=\"{}Z\"/>", d);
  };
  switch ((s + s / 8) % 8) {
    case 0:
      return fmt::format("<circle fill=\"currentColor\" cx=\"{}\" cy=\"{}\" r=\"{}\"/>", at(x), at(y), at(r));
    case 1:
      return polygon({{-.9, -.9}, {.9, -.9}, {.9, .9}, {-.9, .9}});
    case 2:
      return polygon({{0, -1.1}, {1.1, .9}, {-1.1, .9}});
    case 3:
      return polygon({{0, -1.3}, {1.3, 0}, {0, 1.3}, {-1.3, 0}});
    case 4:
      return polygon({{0, 1.1}, {1.1, -.9}, {-1.1, -.9}});
    case 5:
      return polygon({{-1.1, 0}, {.9, -1.1}, {.9, 1.1}});
    case 6:
      return polygon({{1.1, 0}, {-.9, -1.1}, {-.9, 1.1}});
    default:
      return polygon({{-1.2, -.45}, {1.2, -.45}, {1.2, .45}, {-1.2, .45}});
  }
}

std::string dash_of(std::size_t s) {
  const char* const dash = dashes[(s + s / 8) % dashes.size()];
  return *dash ? fmt::format(" stroke-dasharray=\"{}\"", dash) : "";
}

std::string line_of(std::size_t s, const std::string& d) {
  return fmt::format("<path stroke=\"currentColor\" stroke-width=\"1.8\" fill=\"none\"{} d=\"{}\"/>\n",
                     dash_of(s), d);
}

/// From numbers to pixels.
class Scale {
 public:
  /// Covers [low, high], with room on both sides; linear ones that begin near 0 begin at 0 when `from_zero`.
  Scale(double low, double high, bool log, bool from_zero, double from, double to)
      : low_(low), high_(high), log_(false), from_(from), to_(to) {
    if (!(low_ <= high_)) low_ = 0, high_ = 1;  // there is nothing to show
    log_ = log && low_ > 0;
    if (log_) {
      const double room = low_ == high_ ? 2 : std::pow(high_ / low_, 0.05);
      low_ /= room;
      high_ *= room;
    } else {
      const double room = low_ == high_ ? std::max(std::abs(low_) / 2, 1e-300) : 0.05 * (high_ - low_);
      high_ += room;
      low_ = from_zero && low_ >= 0 ? 0 : low_ - room;
      if (low_ == high_) high_ = low_ + 1;
    }
  }

  double operator()(double value) const {
    double share = (value - low_) / (high_ - low_);
    if (log_) share = value > 0 ? std::log(value / low_) / std::log(high_ / low_) : 0;
    return from_ + std::clamp(share, -0.01, 1.01) * (to_ - from_);
  }

  /// Round numbers inside, some `wanted` of them.
  std::vector<double> ticks(int wanted) const {
    std::vector<double> result;
    if (log_) {
      const int first = static_cast<int>(std::floor(std::log10(low_))),
                last = static_cast<int>(std::ceil(std::log10(high_)));
      const int every = std::max(1, (last - first) / wanted);
      const bool fine = std::log10(high_ / low_) < 2.5;
      const int beyond = (first % every + every) % every;  // so that 1 is one of them
      for (int decade = first - beyond; decade <= last; decade += every)
        for (const double digit : {1.0, 2.0, 5.0}) {
          const double value = digit * std::pow(10.0, decade);
          if ((digit == 1 || fine) && value >= low_ && value <= high_) result.push_back(value);
        }
      if (result.size() >= 2) return result;
      result.clear();
    }
    const double rough = (high_ - low_) / wanted;
    const double power = std::pow(10.0, std::floor(std::log10(rough)));
    const double step = power * (rough <= 1.5 * power ? 1
                                 : rough <= 3 * power ? 2
                                 : rough <= 7 * power ? 5
                                                      : 10);
    for (double i = std::ceil(low_ / step); i * step <= high_; ++i) result.push_back(i * step);
    return result;
  }

 private:
  double low_, high_;
  bool log_;
  double from_, to_;
};

/// A number at an axis, short at any size: 0.01, 250, 10⁶, 2·10⁶.
std::string tick_text(double value) {
  const double size = std::abs(value);
  if (size < 1e-300) return "0";
  if (size > 0.9e-3 && size < 0.999999e6) return fmt::format("{:.6g}", value);
  const std::string text = fmt::format("{:.4e}", value);
  const std::size_t e = text.find('e');
  const std::string mantissa = fmt::format("{:g}", std::stod(text.substr(0, e)));
  std::string power = "10";
  for (const char c : fmt::format("{}", std::stoi(text.substr(e + 1)))) {
    constexpr const char* digits[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
    power += c == '-' ? "⁻" : digits[c - '0'];
  }
  return mantissa == "1" ? power : mantissa == "-1" ? "-" + power : mantissa + "·" + power;
}

/// A frame with grid lines, ticks and the names of both axes.
struct Plane {
  double left, right, top, bottom;

  void grid_of(Svg& svg, const Scale& x, const Scale& y, const std::string& x_name,
               const std::string& y_name) const {
    std::string lines;
    const std::vector<double> xs = x.ticks(7), ys = y.ticks(5);
    for (const double tick : xs) lines += fmt::format("M{} {}V{}", at(x(tick)), at(top), at(bottom));
    for (const double tick : ys) lines += fmt::format("M{} {}H{}", at(left), at(y(tick)), at(right));
    svg.stroke(grid, 1, lines);
    svg.stroke(faint, 1, fmt::format("M{} {}V{}H{}", at(left), at(top), at(bottom), at(right)));
    double free = -width;  // where the last label ends
    for (const double tick : xs) {
      const std::string text = tick_text(tick);
      if (x(tick) - width_of(text) / 2 < free) continue;
      svg.text({x(tick), bottom + 16, text, "middle", faint});
      free = x(tick) + width_of(text) / 2 + 6;
    }
    for (const double tick : ys) svg.text({left - 6, y(tick) + 4, tick_text(tick), "end", faint});
    svg.text({(left + right) / 2, bottom + 33, x_name, "middle"});
    svg.text({4, top - 9, y_name});
  }
};

/// A legend that breaks into lines; `sample(x, y)` draws before each name. The height it took.
class Legend {
 public:
  Legend(Svg& svg, double top) : svg_(svg), y_(top + em) {}

  template <class Sample>
  void add(const std::string& name, const Sample& sample) {
    const std::string text = fitting(name, width - 60);
    const double needed = 34 + width_of(text) + 14;
    if (x_ > 8 && x_ + needed > width) {
      x_ = 8;
      y_ += 18;
    }
    sample(x_, y_ - 4);
    svg_.text({x_ + 32, y_, text});
    x_ += needed;
  }
  double bottom() const { return y_ + 8; }

 private:
  Svg& svg_;
  double x_ = 8, y_;
};

bool has_theory(const Mark& mark) {
  return !std::isnan(mark.theory_low);
}
bool is_band(const Mark& mark) {
  return has_theory(mark) && mark.theory_low < mark.theory_high;
}

/// Whether any mark has theory of one kind: a value, or a band.
bool any_interval(const std::vector<Series>& series) {
  return std::any_of(series.begin(), series.end(), [](const Series& one) {
    return std::any_of(one.marks.begin(), one.marks.end(),
                       [](const Mark& mark) { return mark.high > mark.low; });
  });
}

bool any_theory(const std::vector<Series>& series, bool band) {
  for (const Series& one : series)
    for (const Mark& mark : one.marks)
      if (has_theory(mark) && is_band(mark) == band) return true;
  return false;
}

std::string cross(double x, double y) {
  return fmt::format("M{} {}l8 8m0 -8l-8 8", at(x - 4), at(y - 4));
}

/// An error bar with its caps, upright or lying.
std::string whisker(double x, double low, double high, bool lying) {
  return lying ? fmt::format("M{1} {3}V{4}M{1} {0}H{2}M{2} {3}V{4}", at(x), at(low), at(high), at(x - 3),
                             at(x + 3))
               : fmt::format("M{3} {1}H{4}M{0} {1}V{2}M{3} {2}H{4}", at(x), at(low), at(high), at(x - 3),
                             at(x + 3));
}

}  // namespace

std::string bars_picture(const Caption& caption, const std::vector<Series>& series, const std::string& unit) {
  Svg svg(caption);
  double most = 0;
  for (const Series& one : series)
    for (const Mark& mark : one.marks)
      for (const double value : {mark.y, mark.high, mark.theory_high})
        if (std::isfinite(value)) most = std::max(most, value);
  constexpr double left = 8, right = width - 70, row = 36;
  const Scale x(0, most, false, true, left, right);
  const Plane plane{left, right, 6, 6 + row * static_cast<double>(series.size())};
  std::string lines;
  for (const double tick : x.ticks(6)) {
    lines += fmt::format("M{} {}V{}", at(x(tick)), at(plane.top), at(plane.bottom));
    svg.text({x(tick), plane.bottom + 16, tick_text(tick), tick == 0 ? "start" : "middle", faint});
  }
  svg.stroke(grid, 1, lines);
  for (std::size_t s = 0; s < series.size(); ++s) {
    const double top = plane.top + row * static_cast<double>(s), middle = top + 25;
    svg.text({left, top + 14, fitting(series[s].name, right - left)});
    if (series[s].marks.empty() || !std::isfinite(series[s].marks[0].y)) {
      svg.text({left, middle + 4, "no trial was complete", "start", faint});
      continue;
    }
    const Mark& mark = series[s].marks[0];
    svg.open_series(s);
    svg.raw(fmt::format("<path stroke=\"currentColor\" stroke-width=\"11\" d=\"M{} {}H{}\"/>\n", at(left),
                        at(middle), at(std::max(x(mark.y), left + 1))));
    svg.close();
    if (mark.high > mark.low) svg.stroke(ink, 1.2, whisker(middle, x(mark.low), x(mark.high), true));
    if (is_band(mark)) {
      svg.stroke(
          ink, 1.2,
          fmt::format("M{0} {2}v-3H{1}v3", at(x(mark.theory_low)), at(x(mark.theory_high)), at(middle - 6)));
    } else if (has_theory(mark)) {
      svg.stroke(ink, 2, fmt::format("M{} {}v19", at(x(mark.theory_low)), at(middle - 9.5)));
    }
    const double end =
        std::max({x(mark.y), x(mark.high), std::isnan(mark.theory_high) ? 0 : x(mark.theory_high)});
    svg.text({end + 9, middle + 4, rounded(mark.y)});
  }
  svg.text({(left + right) / 2, plane.bottom + 33, unit, "middle"});
  Legend legend(svg, plane.bottom + 44);
  if (any_interval(series))
    legend.add("95 % confidence",
               [&](double lx, double ly) { svg.stroke(ink, 1.2, whisker(ly, lx + 4, lx + 24, true)); });
  if (any_theory(series, false))
    legend.add("theory", [&](double lx, double ly) {
      svg.stroke(ink, 2, fmt::format("M{} {}v16", at(lx + 14), at(ly - 8)));
    });
  if (any_theory(series, true))
    legend.add("bounds or band of theory", [&](double lx, double ly) {
      svg.stroke(ink, 1.2, fmt::format("M{} {}v-3H{}v3", at(lx + 2), at(ly + 2), at(lx + 26)));
    });
  return svg.finish(legend.bottom());
}

std::string curves_picture(const Caption& caption, const std::vector<Series>& series, const Axis& x_axis,
                           const Axis& y_axis, const std::vector<std::pair<double, double>>& front) {
  Svg svg(caption);
  double low_x = Tournament::never, high_x = -low_x, low_y = low_x, high_y = -low_x;
  for (const Series& one : series)
    for (const Mark& mark : one.marks) {
      if (!std::isfinite(mark.y) || !std::isfinite(mark.x)) continue;
      low_x = std::min(low_x, mark.x);
      high_x = std::max(high_x, mark.x);
      for (const double value : {mark.y, mark.low, mark.high, mark.theory_low, mark.theory_high})
        if (std::isfinite(value) && !(y_axis.log && value <= 0)) {
          low_y = std::min(low_y, value);
          high_y = std::max(high_y, value);
        }
    }
  const Plane plane{64, width - 14, 26, 330};
  const Scale x(low_x, high_x, x_axis.log, low_x < 0.3 * high_x, plane.left, plane.right);
  const Scale y(low_y, high_y, y_axis.log, true, plane.bottom, plane.top);
  plane.grid_of(svg, x, y, x_axis.name, y_axis.name);
  std::string steps;
  for (const auto& [fx, fy] : front)
    steps += steps.empty() ? fmt::format("M{} {}", at(x(fx)), at(y(fy)))
                           : fmt::format("H{}V{}", at(x(fx)), at(y(fy)));
  svg.stroke(faint, 5, front.size() > 1 ? steps : "", " stroke-opacity=\".25\" stroke-linejoin=\"round\"");
  std::vector<Text> labels;  // on top of all series
  for (std::size_t s = 0; s < series.size(); ++s) {
    std::string line, errors, upper, lower, exact, symbols;
    for (const Mark& mark : series[s].marks) {
      if (!std::isfinite(mark.y) || !std::isfinite(mark.x)) continue;
      const double px = x(mark.x), py = y(mark.y);
      line += fmt::format("{}{} {}", line.empty() ? "M" : "L", at(px), at(py));
      if (std::abs(y(mark.high) - y(mark.low)) > 1)
        errors += whisker(px, y(y_axis.log && mark.low <= 0 ? mark.y : mark.low), y(mark.high), false);
      if (is_band(mark)) {
        upper += fmt::format("{}{} {}", upper.empty() ? "M" : "L", at(px), at(y(mark.theory_high)));
        lower = fmt::format("L{} {}", at(px), at(y(mark.theory_low))) + lower;
      } else if (has_theory(mark)) {
        exact += cross(px, y(mark.theory_low));
      }
      symbols += symbol(s, px, py) + "\n";
      if (!mark.label.empty()) {
        const std::string words = fitting(mark.label, 120);
        const bool fits = px + 9 + width_of(words) < width;
        labels.push_back({px + (fits ? 9 : -9), py - 7, words, fits ? "start" : "end"});
      }
    }
    svg.open_series(s);
    if (!upper.empty())
      svg.raw(
          fmt::format("<path fill=\"currentColor\" fill-opacity=\".15\" stroke=\"currentColor\" "
                      "stroke-opacity=\".5\" d=\"{}{}Z\"/>\n",
                      upper, lower));
    if (series[s].marks.size() > 1) svg.raw(line_of(s, line));
    if (!errors.empty())
      svg.raw(fmt::format("<path stroke=\"currentColor\" stroke-width=\"1.2\" fill=\"none\" d=\"{}\"/>\n",
                          errors));
    svg.raw(symbols);
    svg.close();
    svg.stroke(ink, 1.2, exact);
  }
  for (const Text& label : labels) svg.text(label);
  Legend legend(svg, plane.bottom + 44);
  for (std::size_t s = 0; s < series.size(); ++s)
    legend.add(series[s].name, [&](double lx, double ly) {
      svg.open_series(s);
      if (series[s].marks.size() > 1) svg.raw(line_of(s, fmt::format("M{} {}h26", at(lx), at(ly))));
      svg.raw(symbol(s, lx + 13, ly) + "\n");
      svg.close();
    });
  if (any_interval(series))
    legend.add("95 % confidence",
               [&](double lx, double ly) { svg.stroke(ink, 1.2, whisker(lx + 13, ly - 7, ly + 7, false)); });
  if (any_theory(series, false))
    legend.add("theory", [&](double lx, double ly) { svg.stroke(ink, 1.2, cross(lx + 13, ly)); });
  if (front.size() > 1)
    legend.add("not beaten in both", [&](double lx, double ly) {
      svg.stroke(faint, 5, fmt::format("M{} {}h26", at(lx), at(ly)), " stroke-opacity=\".25\"");
    });
  if (any_theory(series, true))
    legend.add("bounds or band of theory", [&](double lx, double ly) {
      svg.raw(
          fmt::format("<path class=\"ink\" fill=\"#1f2937\" fill-opacity=\".15\" stroke=\"#1f2937\" "
                      "stroke-opacity=\".5\" d=\"M{} {}h26v10h-26z\"/>\n",
                      at(lx), at(ly - 5)));
    });
  return svg.finish(legend.bottom());
}

std::string distribution_picture(const Caption& caption, const std::vector<Distribution>& samples) {
  Svg svg(caption);
  double low = Tournament::never, high = 0, most = 0, rarest = 1;
  for (const Distribution& sample : samples) {
    if (sample.steps.empty()) continue;
    const auto count = static_cast<double>(sample.count);
    low = std::min(low, sample.steps.front().time);
    high = std::max(high, sample.steps.back().time);
    rarest = std::min(rarest, 1 / count);
    for (const auto& step : sample.steps)  // the bulk, for the upper half
      if (static_cast<double>(step.rank) <= 0.99 * count || step.rank == sample.steps.front().rank)
        most = std::max(most, step.time);
  }
  const bool log = low > 0 && high / low > 300;
  const Plane bulk{64, width - 14, 26, 250}, tail{64, width - 14, 326, 560};
  const auto panel = [&](const Plane& plane, double right, const Scale& y, const std::string& name,
                         const auto& share) {
    const Scale x(low, right, log, low < 0.3 * right, plane.left, plane.right);
    plane.grid_of(svg, x, y, "completion time [s]", name);
    for (std::size_t s = 0; s < samples.size(); ++s) {
      const Distribution& sample = samples[s];
      const bool whole = sample.steps.size() == sample.complete;  // every trial is there: steps; else lines
      if (sample.steps.empty()) continue;
      const auto count = static_cast<double>(sample.count);
      // Before the first trial and behind the last one the shares are known too.
      std::string d = fmt::format("M{} {}H{}", at(plane.left), at(y(share(0, count, true))),
                                  at(x(sample.steps.front().time)));
      bool all = true;
      for (const auto& step : sample.steps) {
        if (!(all = step.time <= right)) break;
        const std::string px = at(x(step.time)),
                          py = at(y(share(static_cast<double>(step.rank), count, whole)));
        d += whole || step.time == sample.steps.front().time ? fmt::format("H{}V{}", px, py)
                                                             : fmt::format("L{} {}", px, py);
      }
      const auto complete = static_cast<double>(sample.complete);
      if (all) d += fmt::format("V{}H{}", at(y(share(complete, count, true))), at(plane.right));
      svg.open_series(s);
      svg.raw(line_of(s, d));
      svg.close();
    }
  };
  panel(bulk, most, Scale(0, 1, false, true, bulk.bottom, bulk.top), "share of trials complete by then",
        [](double rank, double count, bool) { return rank / count; });
  if (rarest == 1) rarest = 0.1;  // of one trial
  panel(tail, high, Scale(rarest, 1, true, false, tail.bottom, tail.top),
        "share of trials that take at least so long (logarithmic)",
        [](double rank, double count, bool behind) { return 1 - (behind ? rank : rank - 1) / count; });
  Legend legend(svg, tail.bottom + 44);
  for (std::size_t s = 0; s < samples.size(); ++s)
    legend.add(samples[s].name, [&](double lx, double ly) {
      svg.open_series(s);
      svg.raw(line_of(s, fmt::format("M{} {}h26", at(lx), at(ly))));
      svg.close();
    });
  return svg.finish(legend.bottom());
}

namespace {

constexpr std::array<Ink, causes> cause_inks = {Ink{"t-compute", "#1d5f9e"}, Ink{"t-queue", "#b98900"},
                                                Ink{"t-transfer", "#2f9e63"}, Ink{"t-held", "#8b929c"}};

}  // namespace

std::string shares_in_words(const double (&seconds)[causes]) {
  const double total = std::accumulate(std::begin(seconds), std::end(seconds), 0.0);
  std::string result;
  for (std::size_t c = 0; c < causes; ++c) {
    if (!(seconds[c] > 0)) continue;
    const double percent = 100 * seconds[c] / total;
    result += fmt::format("{}{} {} %", result.empty() ? "" : ", ", name_of(static_cast<Cause>(c)),
                          percent < 0.1 ? "below 0.1" : fmt::format("{:.3g}", percent));
  }
  return result;
}

std::string shares_in_words(const CriticalPath& path) {
  double seconds[causes];
  for (std::size_t c = 0; c < causes; ++c) seconds[c] = path.seconds(static_cast<Cause>(c));
  return shares_in_words(seconds);
}

std::string shares_picture(const Caption& caption, const std::vector<Shares>& shares) {
  Svg svg(caption);
  constexpr double left = 8, right = width - 8, row = 36;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    const double top = 4 + row * static_cast<double>(i);
    const double total = std::accumulate(std::begin(shares[i].seconds), std::end(shares[i].seconds), 0.0);
    svg.text({left, top + 14,
              fitting(fmt::format("{}: {} s; {}", shares[i].name, rounded(total),
                                  shares_in_words(shares[i].seconds)),
                      right - left)});
    double x = left;
    for (std::size_t c = 0; c < causes && total > 0; ++c) {
      const double length = shares[i].seconds[c] / total * (right - left);
      if (length > 0)
        svg.stroke(cause_inks[c], 11,
                   fmt::format("M{} {}h{}", at(x), at(top + 25), at(std::max(length, 0.5))));
      x += length;
    }
  }
  Legend legend(svg, 10 + row * static_cast<double>(shares.size()));
  for (std::size_t c = 0; c < causes; ++c)
    legend.add(name_of(static_cast<Cause>(c)), [&](double lx, double ly) {
      svg.stroke(cause_inks[c], 11, fmt::format("M{} {}h26", at(lx), at(ly)));
    });
  return svg.finish(legend.bottom());
}

namespace {

constexpr std::size_t most_rows = 60, most_path_rows = 40;

/// `count` of a list, evenly.
template <class T>
std::vector<T> evenly(const std::vector<T>& all, std::size_t count) {
  if (all.size() <= count) return all;
  std::vector<T> result;
  for (std::size_t i = 0; i < count; ++i)
    result.push_back(all[count == 1 ? 0 : i * (all.size() - 1) / (count - 1)]);
  return result;
}

/// The nodes that get a row: all, or the master, those on the critical path and evenly chosen others.
std::vector<NodeId> choose_rows(const Timeline& timeline, std::size_t workers, bool with_master) {
  std::vector<NodeId> all(workers);
  std::iota(all.begin(), all.end(), NodeId{1});
  std::set<NodeId> chosen;
  if (with_master) chosen.insert(master);
  if (workers <= most_rows) {
    chosen.insert(all.begin(), all.end());
  } else {
    std::vector<NodeId> on_path;
    for (const CriticalPath::Segment& segment : timeline.path.segments)
      for (const NodeId node : {segment.node, segment.to})
        if (node != nobody && node != master &&
            std::find(on_path.begin(), on_path.end(), node) == on_path.end() &&
            on_path.size() < 10 * most_rows)
          on_path.push_back(node);
    for (const NodeId node : evenly(on_path, most_path_rows)) chosen.insert(node);
    for (const NodeId node : evenly(all, most_rows - chosen.size())) chosen.insert(node);
  }
  return {chosen.begin(), chosen.end()};
}

/// Runs what follows closely on one row together, until few enough are left. `bars` are sorted.
void thin_out(std::vector<TimelineDrawing::Bar>& bars, double end) {
  constexpr std::size_t most_bars = 5000;
  constexpr double finest = 1.0 / 2000;  // of the whole width: what cannot be told apart
  const auto together = [](std::vector<TimelineDrawing::Bar>& all, double gap) {
    std::vector<TimelineDrawing::Bar> result;
    for (const TimelineDrawing::Bar& bar : all) {
      TimelineDrawing::Bar* const last = result.empty() ? nullptr : &result.back();
      if (last && last->row == bar.row && last->kind == bar.kind && bar.begin - last->end <= gap &&
          bar.end - bar.begin <= 4 * gap && (last->count > 1 || last->end - last->begin <= 4 * gap)) {
        last->end = std::max(last->end, bar.end);
        last->count += bar.count;
      } else {
        result.push_back(bar);
      }
    }
    all = std::move(result);
  };
  if (bars.size() <= most_bars / 2) return;
  for (double gap = finest * end; gap < end; gap *= 2) {
    together(bars, gap);
    if (bars.size() <= most_bars) return;
  }
}

}  // namespace

TimelineDrawing draw(const Timeline& timeline, std::size_t workers) {
  using Kind = TimelineDrawing::Kind;
  TimelineDrawing drawing;
  const bool with_master =
      std::any_of(timeline.transfers.begin(), timeline.transfers.end(),
                  [](const Transfer& transfer) { return transfer.to == master || transfer.from == master; });
  drawing.rows = choose_rows(timeline, workers, with_master);
  drawing.nodes = workers + (with_master ? 1 : 0);
  std::vector<std::uint32_t> row_of(workers + 1, TimelineDrawing::hidden);
  for (std::size_t r = 0; r < drawing.rows.size(); ++r)
    row_of[drawing.rows[r]] = static_cast<std::uint32_t>(r);

  for (const Slice& slice : timeline.slices)
    if (const auto row = row_of[slice.node]; row != TimelineDrawing::hidden && slice.begin < timeline.end)
      drawing.bars.push_back({row, static_cast<Kind>(slice.activity), slice.begin,
                              std::min(slice.end, timeline.end), slice.from, slice.to, 0, 1});
  for (const Transfer& transfer : timeline.transfers) {
    const auto add = [&](NodeId node, Kind kind, double begin, double end) {
      const auto row = row_of[node];
      end = std::min(end, timeline.end);
      if (row == TimelineDrawing::hidden || !(begin <= timeline.end)) return;
      drawing.bars.push_back({row, kind, begin, end, static_cast<double>(transfer.from),
                              static_cast<double>(transfer.to), transfer.message, 1});
    };
    const double end = std::min(transfer.end, timeline.end);
    if (transfer.model) {
      if (end > transfer.sent) add(transfer.to, Kind::model, std::max(0.0, transfer.sent), end);
      continue;
    }
    const double at_port = std::min(transfer.at_port, end), served = std::min(transfer.served, end),
                 received = std::min(transfer.received, end);
    const bool stale = transfer.fate == Arrival::Fate::stale;
    if (!stale) add(transfer.from, Kind::sent, transfer.sent, transfer.sent);
    if (!stale && at_port > transfer.sent) add(transfer.from, Kind::transfer, transfer.sent, at_port);
    if (!stale && served > at_port) add(transfer.from, Kind::port_queue, std::max(0.0, at_port), served);
    if (received > served) add(transfer.to, Kind::transfer, std::max(0.0, served), received);
    if (transfer.received <= timeline.end && transfer.fate)
      add(transfer.to, transfer.fate == Arrival::Fate::useful ? Kind::useful : Kind::not_useful,
          transfer.received, transfer.received);
  }
  std::sort(drawing.bars.begin(), drawing.bars.end(), [](const auto& a, const auto& b) {
    return std::tie(a.kind, a.row, a.begin, a.end, a.from, a.message) <
           std::tie(b.kind, b.row, b.begin, b.end, b.from, b.message);
  });
  thin_out(drawing.bars, timeline.end);

  const double shortest = timeline.path.segments.size() > 500 ? timeline.end / 2000 : 0;
  for (const CriticalPath::Segment& segment : timeline.path.segments) {
    const auto place = [&](NodeId node) { return node == nobody ? TimelineDrawing::hidden : row_of[node]; };
    if (segment.end - segment.begin < shortest || segment.end <= segment.begin) continue;
    drawing.path.push_back({segment.cause, place(segment.node),
                            segment.cause == Cause::link ? place(segment.to) : place(segment.node),
                            segment.begin, segment.end, segment.node, segment.to, segment.message});
  }
  return drawing;
}

std::string timeline_picture(const Timeline& timeline, std::size_t workers, const std::string& title) {
  return timeline_picture(timeline, draw(timeline, workers), title);
}

namespace {

/// How a kind of bar is drawn: at which height of its row, how thick; instants as upright strokes.
struct Style {
  Ink colour;
  double middle, thickness;
  const char* dash;
  const char* name;
};
constexpr std::array<Style, 12> styles = {
    Style{{"t-held", "#8b929c"}, 5.5, 3, "2 2", "held up: late, or busy with earlier work"},
    Style{{"t-compute", "#1d5f9e"}, 5.5, 8, "", "computes what a useful message covers"},
    Style{{"t-wasted", "#f0a35e"}, 5.5, 8, "", "computes in vain"},
    Style{{"t-unfinished", "#bcd3ea"}, 5.5, 8, "", "under way at the end"},
    Style{{"t-wait", "#5b6472"}, 5.5, 1.5, "", "waits for messages"},
    Style{{"t-failed", "#b91c1c"}, 5.5, 2, "1 5", "never answers"},
    Style{{"t-transfer", "#2f9e63"}, 12.5, 3, "", "message on its way or received"},
    Style{{"t-queue", "#b98900"}, 12.5, 3, "2 1", "message waits in a port"},
    Style{{"t-model", "#9b7fd4"}, 12.5, 3, "4 1", "the model comes down"},
    Style{{"t-sent", "#0093b8"}, 5.5, 1.6, "", "sends"},
    Style{{"t-useful", "#1f2937"}, 6, 1.4, "", "receives a useful message"},
    Style{{"t-useless", "#9aa3af"}, 6, 1.4, "", "receives one of no use"},
};
constexpr Ink path_ink{"t-path", "#d6006c"};

}  // namespace

std::string timeline_picture(const Timeline& timeline, const TimelineDrawing& drawing,
                             const std::string& title) {
  using Kind = TimelineDrawing::Kind;
  constexpr double left = 74, right = width - 16, top = 24, row = 16;
  const double bottom = top + row * static_cast<double>(drawing.rows.size());
  const double end = timeline.end > 0 ? timeline.end : 1;
  const Scale x(0, end / 1.05, false, true, left, right);

  const std::string completion =
      timeline.complete ? fmt::format("complete at {} s", rounded(timeline.end)) : "never complete";
  std::string words = fmt::format("{} nodes; {}", drawing.nodes, completion);
  if (timeline.complete && !timeline.path.segments.empty())
    words += fmt::format("; the critical path: {}", shares_in_words(timeline.path));
  Svg svg({title, words});

  std::string lines;
  for (std::size_t r = 0; r <= drawing.rows.size(); ++r)
    lines += fmt::format("M{} {}H{}", at(left), at(top + row * static_cast<double>(r)), at(right));
  for (const double tick : x.ticks(7)) {
    lines += fmt::format("M{} {}V{}", at(x(tick)), at(top), at(bottom));
    svg.text({x(tick), bottom + 15, tick_text(tick), "middle", faint});
  }
  svg.stroke(grid, 0.7, lines);
  svg.text({(left + right) / 2, bottom + 31, "seconds into the iteration", "middle"});
  for (std::size_t r = 0; r < drawing.rows.size(); ++r)
    svg.text({left - 6, top + row * static_cast<double>(r) + 11, node_name(drawing.rows[r]), "end", ink, 10});

  std::array<std::string, styles.size()> paths;
  std::string strikes;  // through what was computed in vain, for who sees no colours
  const auto row_top = [&](std::uint32_t r) { return top + row * r; };
  for (const TimelineDrawing::Bar& bar : drawing.bars) {
    const auto kind = static_cast<std::size_t>(bar.kind);
    const double from = x(bar.begin), length = std::max(x(bar.end) - from, bar.kind < Kind::sent ? 0.4 : 0.0);
    const double y = row_top(bar.row);
    if (bar.kind < Kind::sent || (bar.count > 1 && length > 1)) {
      paths[kind] += fmt::format("M{} {}h{}", at(from), at(y + styles[kind].middle), at(length));
      if (bar.kind == Kind::wasted) strikes += fmt::format("M{} {}h{}", at(from), at(y + 5.5), at(length));
    } else {
      paths[kind] += fmt::format("M{} {}v{}", at(from), at(y + (bar.kind == Kind::sent ? 1.5 : 1)),
                                 bar.kind == Kind::sent ? "8" : "14");
    }
  }
  const auto dash = [](const char* pattern) {
    return *pattern ? fmt::format(" stroke-dasharray=\"{}\"", pattern) : std::string();
  };
  for (std::size_t kind = 0; kind < styles.size(); ++kind)
    svg.stroke(styles[kind].colour, styles[kind].thickness, paths[kind], dash(styles[kind].dash));
  svg.stroke({"t-strike", "#7c3f00"}, 1, strikes);

  std::string path;
  double pen_x = -1, pen_y = -1;
  for (const TimelineDrawing::Link& link : drawing.path) {
    if (link.row == TimelineDrawing::hidden || link.to_row == TimelineDrawing::hidden) {
      pen_x = -1;
      continue;
    }
    const bool works = link.cause == Cause::compute || link.cause == Cause::waiting;
    const double from = x(link.begin), to = x(link.end), y = row_top(link.row) + (works ? 10.5 : 14.5),
                 to_y = row_top(link.to_row) + (works ? 10.5 : 14.5);
    path += pen_x < 0 ? fmt::format("M{} {}", at(from), at(y)) : fmt::format("L{} {}", at(from), at(y));
    path += fmt::format("L{} {}", at(to), at(to_y));
    pen_x = to;
    pen_y = to_y;
  }
  // Down, or up, to who receives the last message, at the instant it is complete.
  if (pen_x >= 0 && timeline.complete && !timeline.path.segments.empty() && !drawing.rows.empty()) {
    const NodeId last = timeline.path.segments.back().to;
    const auto found = std::find(drawing.rows.begin(), drawing.rows.end(), last == nobody ? master : last);
    if (found != drawing.rows.end()) {
      const double y = row_top(static_cast<std::uint32_t>(found - drawing.rows.begin())) + 8;
      if (std::abs(y - pen_y) > 8) path += fmt::format("L{} {}", at(pen_x), at(y));
    }
  }
  svg.stroke(path_ink, 2, path, " stroke-linejoin=\"round\"");
  if (timeline.complete)
    svg.stroke(ink, 1.4, fmt::format("M{} {}V{}", at(x(end)), at(top - 4), at(bottom)),
               " stroke-dasharray=\"5 3\"");
  svg.text({right, top - 9, completion, "end"});
  svg.text({4, top - 9,
            drawing.rows.size() < drawing.nodes
                ? fmt::format("{} of {} nodes: the master, those on the critical path, others evenly chosen",
                              drawing.rows.size(), drawing.nodes)
                : "",
            "start", faint});

  Legend legend(svg, bottom + 40);
  for (std::size_t kind = 0; kind < styles.size(); ++kind) {
    if (paths[kind].empty()) continue;
    legend.add(styles[kind].name, [&](double lx, double ly) {
      const bool instant = kind >= static_cast<std::size_t>(Kind::sent);
      svg.stroke(styles[kind].colour, styles[kind].thickness,
                 instant ? fmt::format("M{} {}v10", at(lx + 13), at(ly - 5))
                         : fmt::format("M{} {}h26", at(lx), at(ly)),
                 dash(styles[kind].dash));
      if (kind == static_cast<std::size_t>(Kind::wasted))
        svg.stroke({"t-strike", "#7c3f00"}, 1, fmt::format("M{} {}h26", at(lx), at(ly)));
    });
  }
  if (!path.empty())
    legend.add("critical path", [&](double lx, double ly) {
      svg.stroke(path_ink, 2, fmt::format("M{} {}h26", at(lx), at(ly)));
    });
  return svg.finish(legend.bottom());
}

}  // namespace straggle
