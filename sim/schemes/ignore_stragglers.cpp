// Uncoded gradient descent that does without its stragglers, the baseline "ignoring s stragglers" of Tandon,
// Lei, Dimakis and Karampatziakis, "Gradient Coding", ICML 2017: approximate, the sum of what came in time.
#include "sim/schemes/gradient_codes.h"

namespace straggle {
namespace {

const Field stragglers_field =
    Field::integer("stragglers", at_least(0, "fewer stragglers than workers"),
                   "How many workers the master does without (s); fewer than all.");

SchemeRecipe read_ignore_stragglers(ConfigReader& config, const SchemeContext& context) {
  const int K = context.workers;
  const auto s = static_cast<int>(config.integer(stragglers_field, at_most(K - 1)));
  if (!config.complete()) return {};
  const auto sum = sum_code(1);
  const auto make = [=]() -> std::unique_ptr<Scheme> {
    const auto need = static_cast<std::uint32_t>(K - s);
    Program program({.need = need, .full = {need}});
    for (int w = 0; w < K; ++w) program.add({{.work = 1, .covers = 1}});
    return std::make_unique<FixedScheme>(std::move(program), [=] {
      return std::make_unique<LinearCodebook>(
          copies(sum, static_cast<std::size_t>(K), 1),
          [](std::size_t w, std::size_t) {
            return CodeRow{w, 0};
          },
          need);
    });
  };
  return {make, CompletionLaw{.workers = K, .work = {1}, .need = K - s}, static_cast<double>(K - s) / K};
}

const SchemeRegistration registration(
    "ignore-stragglers", {.summary = "Uncoded, and the master does without the last workers: approximate.",
                          .fields = {stragglers_field},
                          .read = read_ignore_stragglers,
                          .place = 9});

}  // namespace
}  // namespace straggle
