// Log-normal compute times, x = shift + median·exp(sigma·Z) with Z standard normal: the product of many small
// slowdowns. Any scaling. One draw each, through Boost.Math's inverse of the normal law; its logarithm and
// std::exp may differ in the last digit between processors.
#include <boost/math/constants/constants.hpp>
#include <boost/math/special_functions/erf.hpp>
#include <cmath>

#include "models/compute_model.h"

namespace straggle {
namespace {

/// Doubles all the way: Boost.Math would compute in long double.
using InDouble = boost::math::policies::policy<boost::math::policies::promote_double<false>>;

constexpr double root_two = boost::math::constants::root_two<double>();

/// The z with P(Z > z) = p.
double normal_tail(double p) {
  return root_two * boost::math::erfc_inv(2 * p, InDouble());
}

class LogNormal final : public ComputeModel {
 public:
  LogNormal(double median, double sigma, double shift) : median_(median), sigma_(sigma), shift_(shift) {}

  void draw(const DrawAddress& address, std::span<double> out) const override {
    thread_local std::vector<std::uint64_t> bits;
    bits.resize(out.size());
    random_bits(address, bits);
    // Small u, long time: as with the models made of −ln(u).
    for (std::size_t w = 0; w < out.size(); ++w)
      out[w] = shift_ + median_ * std::exp(sigma_ * normal_tail(unit_uniform(bits[w])));
  }

  std::optional<TimeLaw> law() const override {
    return TimeLaw{.lower = shift_,
                   .survival =
                       [*this](double t) {
                         return t <= shift_ ? 1.0 : boost::math::erfc(z(t) / root_two, InDouble()) / 2;
                       },
                   .density =
                       [*this](double t) {
                         if (t <= shift_) return 0.0;
                         return std::exp(-z(t) * z(t) / 2) *
                                boost::math::constants::one_div_root_two_pi<double>() /
                                (sigma_ * (t - shift_));
                       },
                   .tail =
                       [*this](double p) {
                         return p < 1 ? shift_ + median_ * std::exp(sigma_ * normal_tail(p)) : shift_;
                       }};
  }

 private:
  double z(double t) const { return std::log((t - shift_) / median_) / sigma_; }

  double median_, sigma_, shift_;
};

std::shared_ptr<const ComputeModel> read(ConfigReader& config, const ComputeContext&) {
  const double median = config.number("median", above(0, "seconds a mini-batch, of the random part"));
  const double sigma =
      config.number("sigma", {.low = 0, .high = 20, .low_open = true, .why = "standard deviation of ln x"});
  const double shift = config.number_or("shift", at_least(0, "seconds a mini-batch takes at least"), 0);
  return std::make_shared<LogNormal>(median, sigma, shift);
}

const ComputeRegistration registration(
    "log-normal", {"shift + median·exp(sigma·N(0,1)) seconds a mini-batch; median, sigma, shift (0)", read});

}  // namespace
}  // namespace straggle
