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
    return TimeLaw{
        {{.lower = shift_,
          .scale = median_,
          .survival =
              [sigma = sigma_](double v) {
                return v > 0 ? boost::math::erfc(std::log(v) / sigma / root_two, InDouble()) / 2 : 1.0;
              },
          .density =
              [sigma = sigma_](double v) {
                const double z = std::log(v) / sigma;
                return v > 0 ? std::exp(-z * z / 2) * boost::math::constants::one_div_root_two_pi<double>() /
                                   (sigma * v)
                             : 0.0;
              },
          .tail = [sigma = sigma_](double p) { return p < 1 ? std::exp(sigma * normal_tail(p)) : 0.0; },
          .power = 0}}};
  }

 private:
  double median_, sigma_, shift_;
};

const Field median = Field::number("median", above(0, "seconds a mini-batch, of the random part"),
                                   "Half of the draws of the random part are longer.")
                         .in(Unit::seconds);
const Field sigma =
    Field::number("sigma", {.low = 0, .high = 20, .low_open = true, .why = "standard deviation of ln x"},
                  "Standard deviation of the logarithm of the random part.");

std::shared_ptr<const ComputeModel> read(ConfigReader& config, const ComputeContext&) {
  const double its_median = config.number(median), its_sigma = config.number(sigma);
  return std::make_shared<LogNormal>(its_median, its_sigma, config.number(shift_field()));
}

const ComputeRegistration registration("log-normal", {.summary = "x = shift + median * exp(sigma * N(0,1))",
                                                      .fields = {median, sigma, shift_field()},
                                                      .read = read,
                                                      .place = 5});

}  // namespace
}  // namespace straggle
