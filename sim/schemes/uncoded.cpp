// Uncoded distributed gradient descent: worker i computes mini-batch i; the master waits for all K.
#include "sim/schemes/gradient_codes.h"

namespace straggle {
namespace {

SchemeRecipe read_uncoded(ConfigReader& config, const SchemeContext& context) {
  if (!config.complete()) return {};
  const int K = context.workers;
  const auto sum = sum_code(1);
  const auto make = [=]() -> std::unique_ptr<Scheme> {
    const auto n = static_cast<std::uint32_t>(K);
    Program program({.need = n, .full = {n}});
    for (int w = 0; w < K; ++w) program.add({{.work = 1, .covers = 1}});
    return std::make_unique<FixedScheme>(std::move(program), [=] {
      return std::make_unique<LinearCodebook>(copies(sum, n, 1), [](std::size_t w, std::size_t) {
        return CodeRow{w, 0};
      });
    });
  };
  return {make, CompletionLaw{.workers = K, .work = {1}, .need = K}};
}

const SchemeRegistration registration("uncoded",
                                      {.summary = "Worker i computes mini-batch i; the master waits for all.",
                                       .fields = {},
                                       .read = read_uncoded,
                                       .place = 1});

}  // namespace
}  // namespace straggle
