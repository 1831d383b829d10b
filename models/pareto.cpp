// Pareto compute times, x = scale·exp(Exp(1)/shape), P(x > t) = (scale/t)^shape from scale on: a tail so
// heavy that the mean is infinite for shape <= 1 and the variance for shape <= 2. Any scaling. One draw each;
// std::exp may differ in the last digit between processors.
#include <cmath>

#include "models/compute_model.h"

namespace straggle {
namespace {

class Pareto final : public ComputeModel {
 public:
  Pareto(double shape, double scale) : shape_(shape), scale_(scale) {}

  void draw(const DrawAddress& address, std::span<double> out) const override {
    standard_exponentials(address, out);
    for (double& x : out) x = scale_ * std::exp(x / shape_);
  }

  std::optional<TimeLaw> law() const override {
    return TimeLaw{{{.lower = scale_,
                     .scale = scale_,
                     .survival = [a = shape_](double v) { return std::exp(-a * std::log1p(v)); },
                     .density = [a = shape_](double v) { return a * std::exp(-(a + 1) * std::log1p(v)); },
                     .tail = [a = shape_](double p) { return std::expm1(-std::log(p) / a); },
                     .index = shape_}}};
  }

  double tail_index(std::size_t) const override { return shape_; }

 private:
  double shape_, scale_;
};

const Field shape =
    Field::number("shape", between(0.1, 1e6, "the power of the tail"),
                  "The power of the tail; the mean is infinite up to 1, the variance up to 2.");
const Field scale = Field::number("scale", above(0, "seconds a mini-batch takes at least"),
                                  "What a mini-batch takes at least.")
                        .in(Unit::seconds);

std::shared_ptr<const ComputeModel> read(ConfigReader& config, const ComputeContext&) {
  const double its_shape = config.number(shape);
  return std::make_shared<Pareto>(its_shape, config.number(scale));
}

const ComputeRegistration registration(
    "pareto", {.summary = "x >= scale, and beyond t with probability (scale/t)^shape",
               .fields = {shape, scale},
               .read = read,
               .place = 4});

}  // namespace
}  // namespace straggle
