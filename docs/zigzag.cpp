// A scheme of one's own, the example of docs/compare.md: uc-mmc in another order. Worker w begins with
// mini-batch w; odd workers then go up, even ones down. A neighbour's mini-batch is the second one a worker
// computes.
#include "sim/schemes/clusters.h"
#include "sim/schemes/gradient_codes.h"

namespace straggle {
namespace {

SchemeRecipe read_zigzag(ConfigReader& config, const SchemeContext& context) {
  const int K = context.workers;
  const int load = read_load(config, {.count = 1, .workers = K});
  if (!config.complete()) return {};  // reports unknown fields; always last

  // Which mini-batch worker w computes as its j-th; both count from 0.
  const auto mini_batch = [=](std::size_t w, std::size_t j) {
    const auto n = static_cast<std::size_t>(K);
    return w % 2 == 0 ? (w + j) % n : (w + n - j) % n;
  };
  const auto make = [=]() -> std::unique_ptr<Scheme> {  // called once a thread
    const auto all = static_cast<std::uint32_t>(K);
    // The goal: K messages with different items, in one group.
    Program program({.need = all, .full = {all}, .items = all});
    for (std::size_t w = 0; w < all; ++w) {
      std::vector<Step> steps;  // of worker w: compute one mini-batch, send its gradient, and so on
      for (std::size_t j = 0; j < static_cast<std::size_t>(load); ++j)
        steps.push_back({.work = 1, .covers = 1, .item = static_cast<std::uint32_t>(mini_batch(w, j))});
      program.add(steps);
    }
    // For verification: message j of worker w is the plain gradient of one mini-batch, a code of one row.
    return std::make_unique<FixedScheme>(std::move(program), [=] {
      return std::make_unique<LinearCodebook>(copies(sum_code(1), all, 1), [=](std::size_t w, std::size_t j) {
        return CodeRow{mini_batch(w, j), 0};
      });
    });
  };
  return {.make = make};  // without a law of completion: no theory to compare with
}

const SchemeRegistration registration(
    "zigzag", {.summary = "Uncoded, sent at once; odd workers go up from their mini-batch, even ones down.",
               .fields = {load_field()},
               .read = read_zigzag});

}  // namespace
}  // namespace straggle
