// Exponential compute times, x = Exp(1)/rate: the memoryless model of Lee, Lam, Pedarsani, Papailiopoulos and
// Ramchandran, "Speeding up distributed machine learning using codes", without its shift. Any scaling; under
// `additive` the work of a worker is a Poisson process.
#include <cmath>

#include "models/compute_model.h"

namespace straggle {
namespace {

class Exponential final : public ComputeModel {
 public:
  explicit Exponential(double rate) : rate_(rate) {}

  void draw(const DrawAddress& address, std::span<double> out) const override {
    standard_exponentials(address, out);
    for (double& x : out) x /= rate_;
  }

  std::optional<TimeLaw> law() const override {
    return TimeLaw{{{.scale = 1 / rate_,
                     .survival = [](double v) { return std::exp(-v); },
                     .density = [](double v) { return std::exp(-v); },
                     .tail = [](double p) { return -std::log(p); }}}};
  }

 private:
  double rate_;
};

const Field rate = Field::number("rate", above(0, "mini-batches a second"),
                                 "Mini-batches a second; the mean is 1/rate seconds.")
                       .in(Unit::per_second);

std::shared_ptr<const ComputeModel> read(ConfigReader& config, const ComputeContext&) {
  return std::make_shared<Exponential>(config.number(rate));
}

const ComputeRegistration registration(
    "exponential", {.summary = "x = Exp(1)/rate", .fields = {rate}, .read = read, .place = 2});

}  // namespace
}  // namespace straggle
