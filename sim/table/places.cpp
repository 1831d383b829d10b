#include "sim/table/places.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/run/sweep.h"
#include "sim/run/units.h"

namespace straggle {

Places::Places(const Experiment& experiment) : experiment_(experiment), names_(experiment.axes.size()) {
  const std::vector<std::string>& axes = experiment.axes;
  const std::vector<Point>& points = experiment.points;
  for (std::size_t lead = 0; lead < experiment.lead_axes.size(); ++lead) {
    const std::size_t axis = experiment.lead_axes[lead];
    const std::size_t end =
        lead + 1 < experiment.lead_axes.size() ? experiment.lead_axes[lead + 1] : axes.size();
    if (std::any_of(points.begin(), points.end(), [&](const Point& point) {
          return point.axes[axis].second != points.front().axes[axis].second;
        })) {
      varied_.push_back(axis);
      const bool schemes = std::all_of(axes.begin() + static_cast<std::ptrdiff_t>(axis),
                                       axes.begin() + static_cast<std::ptrdiff_t>(end),
                                       [](const std::string& path) { return path.starts_with("/schemes/"); });
      (schemes ? of_schemes_ : of_conditions_).push_back(axis);
    }
    // The shortest end of the pointer that no other field has, but for those it stands for.
    const std::string& full = axes[axis];
    const std::string field = full.substr(full.rfind('/'));
    std::vector<std::string> others;
    for (std::size_t other = 0; other < axes.size(); ++other) {
      const bool the_same = other >= axis && other < end && axes[other].ends_with(field) &&
                            std::all_of(points.begin(), points.end(), [&](const Point& point) {
                              return point.axes[other].second == point.axes[axis].second;
                            });
      if (!the_same) others.push_back(axes[other]);
    }
    std::size_t slash = full.rfind('/');
    while (slash > 0 && std::any_of(others.begin(), others.end(), [&](const std::string& other) {
             return other.ends_with(full.substr(slash));
           }))
      slash = full.rfind('/', slash - 1);
    names_[axis] = full.substr(slash + 1);
  }
}

std::string Places::title(std::size_t axis) const {
  const std::string& full = experiment_.axes[axis];
  std::string title = full.starts_with("/schemes/") ? names_[axis] : full.substr(1);
  std::replace(title.begin(), title.end(), '/', ' ');
  std::replace(title.begin(), title.end(), '_', ' ');
  const std::string unit = field_unit(full);
  return unit.empty() ? title : fmt::format("{} [{}]", title, unit);
}

std::string Places::place(const Point& point, const std::vector<std::size_t>& axes) const {
  std::string text;
  for (const std::size_t axis : axes) {
    const Json& value = point.axes[axis].second;
    const std::string unit = value.is_number() ? field_unit(experiment_.axes[axis]) : "";
    text += fmt::format("{}{} = {}{}{}", text.empty() ? "" : ", ", names_[axis], plain(value),
                        unit.empty() ? "" : " ", unit);
  }
  return text;
}

std::string Places::scheme(const Point& point, const std::string& label) const {
  const std::string own = place(point, of_schemes_);
  return own.empty() ? label : label + ", " + own;
}

}  // namespace straggle
