// Shifted-exponential compute times, x = shift + Exp(1)/rate: Lee, Lam, Pedarsani, Papailiopoulos and
// Ramchandran, "Speeding up distributed machine learning using codes"; the model of most coded-computing
// papers.
#include <cmath>

#include "models/compute_model.h"

namespace straggle {
namespace {

class ShiftedExponential final : public ComputeModel {
 public:
  ShiftedExponential(double shift, double rate) : shift_(shift), rate_(rate) {}

  void draw(const DrawAddress& address, std::span<double> out) const override {
    standard_exponentials(address, out);
    for (double& x : out) x = shift_ + x / rate_;
  }

  std::optional<TimeLaw> law() const override {
    return TimeLaw{{{.lower = shift_,
                     .scale = 1 / rate_,
                     .survival = [](double v) { return std::exp(-v); },
                     .density = [](double v) { return std::exp(-v); },
                     .tail = [](double p) { return -std::log(p); }}}};
  }

 private:
  double shift_, rate_;
};

std::shared_ptr<const ComputeModel> read(ConfigReader& config, const ComputeContext&) {
  const double shift = config.number("shift", at_least(0, "seconds a mini-batch takes at least"));
  const double rate = config.number("rate", above(0, "mini-batches a second, of the random part"));
  return std::make_shared<ShiftedExponential>(shift, rate);
}

const ComputeRegistration registration("shifted-exponential",
                                       {"shift + Exp(1)/rate seconds a mini-batch; shift, rate", read});

}  // namespace
}  // namespace straggle
