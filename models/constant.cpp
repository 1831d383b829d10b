// Every worker takes the same time, always: for debugging a scheme, and for what remains without stragglers.
#include <algorithm>

#include "models/compute_model.h"

namespace straggle {
namespace {

class Constant final : public ComputeModel {
 public:
  explicit Constant(double seconds) : seconds_(seconds) {}

  void draw(const DrawAddress&, std::span<double> out) const override {
    std::fill(out.begin(), out.end(), seconds_);
  }
  std::optional<TimeLaw> law() const override { return std::nullopt; }  // no density
  bool varies() const override { return false; }

 private:
  double seconds_;
};

const Field time_of_all =
    Field::number("time", above(0, "seconds a mini-batch"), "What a mini-batch takes.").in(Unit::seconds);

std::shared_ptr<const ComputeModel> read(ConfigReader& config, const ComputeContext&) {
  return std::make_shared<Constant>(config.number(time_of_all));
}

const ComputeRegistration registration("constant", {.summary = "x = time, for every worker, always",
                                                    .fields = {time_of_all},
                                                    .read = read,
                                                    .place = 12});

}  // namespace
}  // namespace straggle
