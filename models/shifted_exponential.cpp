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

const Field shift = Field::number("shift", at_least(0, "seconds a mini-batch takes at least"),
                                  "What a mini-batch takes at least (the papers' alpha).")
                        .in(Unit::seconds);
const Field rate =
    Field::number("rate", above(0, "mini-batches a second, of the random part"),
                  "Mini-batches a second, of the random part (the papers' mu); its mean is 1/rate "
                  "seconds.")
        .in(Unit::per_second);

std::shared_ptr<const ComputeModel> read(ConfigReader& config, const ComputeContext&) {
  const double seconds = config.number(shift), batches = config.number(rate);
  return std::make_shared<ShiftedExponential>(seconds, batches);
}

const ComputeRegistration registration("shifted-exponential", {.summary = "x = shift + Exp(1)/rate",
                                                               .fields = {shift, rate},
                                                               .read = read,
                                                               .place = 1});

}  // namespace
}  // namespace straggle
