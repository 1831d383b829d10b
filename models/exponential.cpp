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
    return TimeLaw{.lower = 0,
                   .survival = [*this](double t) { return t <= 0 ? 1.0 : std::exp(-rate_ * t); },
                   .density = [*this](double t) { return t < 0 ? 0.0 : rate_ * std::exp(-rate_ * t); },
                   .tail = [*this](double p) { return -std::log(p) / rate_; }};
  }

 private:
  double rate_;
};

std::shared_ptr<const ComputeModel> read(ConfigReader& config, const ComputeContext&) {
  return std::make_shared<Exponential>(config.number("rate", above(0, "mini-batches a second")));
}

const ComputeRegistration registration("exponential", {"Exp(1)/rate seconds a mini-batch; rate", read});

}  // namespace
}  // namespace straggle
