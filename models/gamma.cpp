// Gamma compute times, x = shift + scale·G with G of density g^(shape−1)·exp(−g)/Γ(shape): for a whole shape,
// that many exponential phases one after the other. Any scaling. Boost.Random's rejection, which takes a
// varying number of numbers; it and its std::log, std::exp, std::tan may differ in the last digit between
// processors.
#include <boost/math/special_functions/gamma.hpp>
#include <boost/random/gamma_distribution.hpp>
#include <limits>

#include "models/compute_model.h"

namespace straggle {
namespace {

/// Doubles all the way: Boost.Math would compute in long double. Beside the lower end it divides by Γ(shape),
/// which leaves the range of double from a shape of 171 on: infinite it gives the probability of 0 that is
/// right there.
using InDouble =
    boost::math::policies::policy<boost::math::policies::promote_double<false>,
                                  boost::math::policies::overflow_error<boost::math::policies::ignore_error>>;

class Gamma final : public ComputeModel {
 public:
  Gamma(double shape, double scale, double shift) : shape_(shape), scale_(scale), shift_(shift) {}

  void draw(const DrawAddress& address, std::span<double> out) const override {
    // A range of 256 numbers for each mini-batch; a draw takes five on average, and more than 256 never.
    DrawAddress stream = address;
    stream.index = address.index << 8;
    boost::random::gamma_distribution<double> gamma(shape_);
    for (std::size_t w = 0; w < out.size(); ++w) {
      RandomStream numbers(stream, static_cast<std::uint32_t>(w));
      out[w] = shift_ + scale_ * gamma(numbers);
    }
  }

  std::optional<TimeLaw> law() const override {
    return TimeLaw{
        {{.lower = shift_,
          .scale = scale_,
          .survival = [a = shape_](double v) { return v > 0 ? boost::math::gamma_q(a, v, InDouble()) : 1.0; },
          .density = [a = shape_](double v) { return density(a, v); },
          .tail = [a = shape_](double p) { return p < 1 ? boost::math::gamma_q_inv(a, p, InDouble()) : 0.0; },
          .power = shape_}}};
  }

 private:
  static double density(double shape, double g) {
    if (g > 0) return boost::math::gamma_p_derivative(shape, g, InDouble());
    if (shape > 1) return 0;
    return shape < 1 ? std::numeric_limits<double>::infinity() : 1;
  }

  double shape_, scale_, shift_;
};

const Field shape = Field::number("shape", between(0.1, 1e6, "the number of phases"),
                                  "A whole one is the number of exponential phases one after the other.");
const Field scale = Field::number("scale", above(0, "seconds of a phase"),
                                  "The mean of a phase; that of the random part is shape * scale.")
                        .in(Unit::seconds);

std::shared_ptr<const ComputeModel> read(ConfigReader& config, const ComputeContext&) {
  const double its_shape = config.number(shape), its_scale = config.number(scale);
  return std::make_shared<Gamma>(its_shape, its_scale, config.number(shift_field()));
}

const ComputeRegistration registration("gamma", {.summary = "x = shift + scale * Gamma(shape)",
                                                 .fields = {shape, scale, shift_field()},
                                                 .read = read,
                                                 .place = 6});

}  // namespace
}  // namespace straggle
