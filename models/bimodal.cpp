// Another model's times, of which a share is several times longer: each worker is slow in an iteration with
// the same probability, independently, as machines that share their processor are. The times are the base's,
// under any scaling; a slow worker is slow for the whole iteration.
#include <cmath>

#include "models/compute_model.h"

namespace straggle {
namespace {

class Bimodal final : public ModelAround {
 public:
  Bimodal(std::shared_ptr<const ComputeModel> base, double share, double slowdown, std::uint32_t level)
      : ModelAround(std::move(base)), share_(share), slowdown_(slowdown), level_(level) {}

  void draw(const DrawAddress& address, std::span<double> out) const override {
    base().draw(address, out);
    thread_local std::vector<std::uint64_t> bits;
    bits.resize(out.size());
    random_bits(wrapper_address(address, WrapperDraws::bimodal, level_), bits);
    for (std::size_t w = 0; w < out.size(); ++w)
      if (unit_uniform(bits[w]) < share_) out[w] *= slowdown_;
  }

  /// The mixture of the base's law and the same stretched.
  std::optional<TimeLaw> law() const override {
    const std::optional<TimeLaw> base = this->base().law();
    if (!base) return std::nullopt;
    TimeLaw mixture;
    for (const bool slow : {false, true}) {
      for (TimeLaw::Part part : base->parts) {
        part.probability *= slow ? share_ : 1 - share_;
        part.lower *= slow ? slowdown_ : 1;
        part.scale *= slow ? slowdown_ : 1;
        if (part.probability > 0) mixture.parts.push_back(std::move(part));
      }
    }
    return mixture;
  }

  bool varies() const override { return (share_ > 0 && share_ < 1 && slowdown_ > 1) || base().varies(); }

 private:
  double share_, slowdown_;
  std::uint32_t level_;
};

const Field share = Field::number("share", between(0, 1, "of the workers that are slow"),
                                  "The chance that a worker is slow in an iteration, independently.");

std::shared_ptr<const ComputeModel> read(ConfigReader& config, const ComputeContext& context) {
  ComputeContext inner = context;
  const double slowdown = read_slowdown(config, inner);
  auto base = read_base_model(config, inner);
  return std::make_shared<Bimodal>(std::move(base), config.number(share), slowdown, context.level);
}

const ComputeRegistration registration(
    "bimodal", {.summary = "The base's times, of which a share is slower, each iteration anew",
                .fields = {base_field(), share, slowdown_field()},
                .read = read,
                .place = 7});

}  // namespace
}  // namespace straggle
