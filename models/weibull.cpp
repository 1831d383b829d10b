// Weibull compute times, x = shift + scale·Exp(1)^(1/shape): W. Weibull, "A statistical distribution function
// of wide applicability" (1951). Stragglers are rarer than under an exponential for shape > 1, worse for
// shape < 1. Any scaling. One draw each; std::pow may differ in the last digit between processors.
#include <cmath>

#include "models/compute_model.h"

namespace straggle {
namespace {

class Weibull final : public ComputeModel {
 public:
  Weibull(double shape, double scale, double shift) : shape_(shape), scale_(scale), shift_(shift) {}

  void draw(const DrawAddress& address, std::span<double> out) const override {
    standard_exponentials(address, out);
    for (double& x : out) x = shift_ + scale_ * std::pow(x, 1 / shape_);
  }

  std::optional<TimeLaw> law() const override {
    return TimeLaw{
        {{.lower = shift_,
          .scale = scale_,
          .survival = [a = shape_](double v) { return std::exp(-std::pow(v, a)); },
          .density = [a = shape_](double v) { return a * std::pow(v, a - 1) * std::exp(-std::pow(v, a)); },
          .tail = [a = shape_](double p) { return std::pow(-std::log(p), 1 / a); },
          .power = shape_}}};
  }

 private:
  double shape_, scale_, shift_;
};

const Field shape = Field::number("shape", between(0.1, 1e6, "1 is exponential"),
                                  "1 is exponential; below it stragglers are worse, above it rarer.");
const Field scale = Field::number("scale", above(0, "seconds a mini-batch, of the random part"),
                                  "What the random part of a mini-batch exceeds with probability 1/e.")
                        .in(Unit::seconds);

std::shared_ptr<const ComputeModel> read(ConfigReader& config, const ComputeContext&) {
  const double its_shape = config.number(shape), its_scale = config.number(scale);
  return std::make_shared<Weibull>(its_shape, its_scale, config.number(shift_field()));
}

const ComputeRegistration registration("weibull", {.summary = "x = shift + scale * Exp(1)^(1/shape)",
                                                   .fields = {shape, scale, shift_field()},
                                                   .read = read,
                                                   .place = 3});

}  // namespace
}  // namespace straggle
