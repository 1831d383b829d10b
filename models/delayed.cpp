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

const Field later_by = Field::number("seconds", at_least(0, "by which a straggler starts later"),
                                     "How much later a straggler starts, whatever its work.")
                           .in(Unit::seconds);
const Field number_of_stragglers =
    Field::integer("stragglers", at_least(0, "how many workers are held up; or a list of their numbers"), "");
const Field named_stragglers =
    Field::integers("stragglers", at_least(1, "numbers of workers"), "").with({{"uniqueItems", true}});
const Field stragglers_field =
    Field::either("stragglers", {number_of_stragglers, named_stragglers},
                  "How many workers are held up, drawn at random; or a list of their numbers, from 1.");
const Choice<bool> which = Choice<bool>("which",
                                        {{"iteration", true, "Other stragglers in every iteration."},
                                         {"trial", false, "The same ones for a whole trial."}},
                                        "When a number of stragglers is drawn.")
                               .or_else("iteration");

std::shared_ptr<const ComputeModel> read(ConfigReader& config, const ComputeContext& context) {
  auto base = read_base_model(config, context);
  const double seconds = config.number(later_by);
  Stragglers stragglers;
  stragglers.first = context.first;
  stragglers.workers = context.workers;
  const auto number = static_cast<double>(context.workers);
  if (const Json* given = config.raw(stragglers_field); given && given->is_array()) {
    const auto low = static_cast<double>(context.first + 1);
    std::set<std::int64_t> named;
    for (const std::int64_t worker : config.integers(named_stragglers, between(low, low + number - 1))) {
      if (!named.insert(worker).second)
        config.mistake(stragglers_field, "names worker " + std::to_string(worker) + " twice");
      stragglers.named.push_back(static_cast<std::size_t>(worker - 1));
    }
    if (config.has(which)) {
      config.raw(which);
      config.mistake(which, "belongs to a number of stragglers, which are drawn; these are named");
    }
  } else {
    stragglers.count = static_cast<std::size_t>(config.integer(number_of_stragglers, at_most(number)));
    stragglers.each_iteration = config.choice(which);
  }
  return std::make_shared<Delayed>(std::move(base), seconds, std::move(stragglers), context.level);
}

const ComputeRegistration registration("delayed",
                                       {.summary = "The base's times, and some workers start later",
                                        .fields = {base_field(), later_by, stragglers_field, which},
                                        .read = read,
                                        .rules = Json::parse(R"({
       "if": {"properties": {"stragglers": {"type": "array"}}, "required": ["stragglers"]},
       "then": {"properties": {"which": false}}})"),
                                        .place = 10});

}  // namespace
}  // namespace straggle
