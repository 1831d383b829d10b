// Some workers start later by a fixed time, whatever their work: the artificial stragglers of Tandon, Lei,
// Dimakis and Karampatziakis, "Gradient coding: avoiding stragglers in distributed learning". The times
// themselves are those of another model, under any scaling.
#include <algorithm>
#include <numeric>
#include <set>

#include "models/compute_model.h"

namespace straggle {
namespace {

/// Who is held up: `count` distinct workers of [first, first + workers), all sets as likely, or those named.
struct Stragglers {
  std::size_t first = 0, workers = 0, count = 0;
  bool each_iteration = true;
  std::vector<std::size_t> named;  // from 0
};

class Delayed final : public ModelAround {
 public:
  Delayed(std::shared_ptr<const ComputeModel> base, double seconds, Stragglers stragglers,
          std::uint32_t level)
      : ModelAround(std::move(base)), seconds_(seconds), stragglers_(std::move(stragglers)), level_(level) {}

  bool delay(const DrawAddress& address, std::span<double> out) const override {
    if (!base().delay(address, out)) std::fill(out.begin(), out.end(), 0.0);
    const auto hold_up = [&](std::size_t worker) {
      if (worker < out.size()) out[worker] += seconds_;
    };
    for (const std::size_t worker : stragglers_.named) hold_up(worker);
    if (stragglers_.count == 0) return true;

    DrawAddress at = wrapper_address(address, WrapperDraws::delayed, level_);
    if (!stragglers_.each_iteration) at.iteration = 0;
    // The start of a shuffle, each step by the bits of another worker of the range: so two classes share
    // none.
    const std::size_t first = stragglers_.first;
    thread_local std::vector<std::uint64_t> bits;
    thread_local std::vector<std::size_t> order;
    bits.resize(first + stragglers_.count);
    random_bits(at, bits);
    order.resize(stragglers_.workers);
    std::iota(order.begin(), order.end(), first);
    for (std::size_t i = 0; i < stragglers_.count; ++i) {
      std::swap(order[i], order[i + uniform_index(bits[first + i], order.size() - i)]);
      hold_up(order[i]);
    }
    return true;
  }

  // No law: workers differ.
  bool varies() const override {
    return (stragglers_.count > 0 && stragglers_.count < stragglers_.workers) || base().varies();
  }

 private:
  double seconds_;
  Stragglers stragglers_;
  std::uint32_t level_;
};

std::shared_ptr<const ComputeModel> read(ConfigReader& config, const ComputeContext& context) {
  auto base = read_base_model(config, context);
  const double seconds = config.number("seconds", at_least(0, "by which a straggler starts later"));
  Stragglers stragglers;
  stragglers.first = context.first;
  stragglers.workers = context.workers;
  const auto number = static_cast<double>(context.workers);
  if (const Json* given = config.raw("stragglers"); given && given->is_array()) {
    const auto low = static_cast<double>(context.first + 1);
    std::set<std::int64_t> named;
    for (const std::int64_t worker :
         config.integers("stragglers", between(low, low + number - 1, "numbers of workers"))) {
      if (!named.insert(worker).second)
        config.mistake("stragglers", "names worker " + std::to_string(worker) + " twice");
      stragglers.named.push_back(static_cast<std::size_t>(worker - 1));
    }
    if (config.has("which")) {
      config.raw("which");
      config.mistake("which", "belongs to a number of stragglers, which are drawn; these are named");
    }
  } else {
    stragglers.count = static_cast<std::size_t>(config.integer(
        "stragglers", between(0, number, "how many workers are held up; or a list of their numbers")));
    stragglers.each_iteration =
        config.choice_or<bool>("which", {{"iteration", true}, {"trial", false}}, "iteration");
  }
  return std::make_shared<Delayed>(std::move(base), seconds, std::move(stragglers), context.level);
}

const ComputeRegistration registration(
    "delayed",
    {"some workers start later; base, seconds, stragglers (a number, drawn each: which, or a list)", read});

}  // namespace
}  // namespace straggle
