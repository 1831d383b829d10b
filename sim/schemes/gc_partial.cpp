// Gradient coding for partial stragglers, at most a times slower: Tandon, Lei, Dimakis and Karampatziakis,
// "Gradient Coding", ICML 2017, section on partial stragglers. A worker first sends the sum of parts that are
// its alone, then one coded message over the parts that are shared.
#include <fmt/format.h>

#include <cmath>

#include "sim/schemes/gradient_codes.h"

namespace straggle {
namespace {

const Field stragglers_field =
    Field::integer("stragglers", at_least(0, "fewer stragglers than workers"),
                   "How many workers may be partial stragglers (s); fewer than all.");
const Field slowdown_field = Field::number(
    "slowdown", above(1, "how many times slower a straggler is at most"),
    "How many times slower a straggler is at most (the paper's alpha). (stragglers + 1)/(slowdown - 1) "
    "must be a whole number: the parts of a worker's first, uncoded message.");

SchemeRecipe read_gc_partial(ConfigReader& config, const SchemeContext& context) {
  const int n = context.workers;
  const auto s = static_cast<int>(config.integer(stragglers_field, at_most(n - 1)));
  const double a = config.number(slowdown_field);
  const std::string code_name = config.word(gradient_code_field());
  const double exact_naive = (s + 1) / (a - 1);
  const double naive = std::round(exact_naive);
  if (std::abs(exact_naive - naive) > 1e-9 || naive < 1 || naive > 1e6)
    config.mistake(slowdown_field,
                   fmt::format("must make (stragglers + 1)/(slowdown - 1) a whole number of naive parts from "
                               "1 to 1000000, but that is {} (valid: 1 + {}/p, p = 1, 2, ...: {}, {}, {}, "
                               "...)",
                               exact_naive, s + 1, 1.0 + (s + 1), 1 + (s + 1) / 2.0, 1 + (s + 1) / 3.0));
  const bool fractional = code_name == "fractional-repetition";
  if (fractional && n % (s + 1) != 0)
    config.mistake(
        stragglers_field,
        fmt::format("plus one must divide the {} workers for fractional repetition, but is {}", n, s));
  if (!config.complete()) return {};
  if (!fractional) refuse_out_of_range(config, context, code_name, n, s + 1);
  if (!config.complete()) return {};

  // n·naive parts of one worker each, then n shared ones; a part is n/(n·naive + n) = 1/(naive + 1)
  // mini-batches.
  const auto parts = static_cast<std::size_t>(naive);
  const double first_work = (s + 1) / (a + s), both_work = a * first_work;
  const int groups = n / (s + 1);
  const auto code = fractional ? sum_code(s + 1) : cyclic_code(code_name, n, s + 1, context.seed);
  const auto own_sum = sum_code(static_cast<int>(parts));
  const auto make = [=]() -> std::unique_ptr<Scheme> {
    const auto N = static_cast<std::size_t>(n), size = static_cast<std::size_t>(s + 1);
    const auto workers = static_cast<std::uint32_t>(n);
    const auto seconds = static_cast<std::uint32_t>(fractional ? groups : n - s);
    // The first messages of all are one group; of the second ones each replication group, which is decoded by
    // itself, is one, and of a code that needs any n - s of them all are.
    std::vector<std::uint32_t> full(1 + static_cast<std::size_t>(fractional ? groups : 1),
                                    fractional ? 1 : seconds);
    full[0] = workers;
    Program program({.need = workers + seconds, .full = full});
    for (std::size_t w = 0; w < N; ++w)
      program.add({{.work = first_work, .covers = first_work},
                   {.work = both_work - first_work,
                    .covers = both_work - first_work,
                    .group = 1 + static_cast<std::uint32_t>(fractional ? w / size : 0)}});
    return std::make_unique<FixedScheme>(std::move(program), [=] {
      std::vector<Section> sections = copies(own_sum, N, parts);
      const std::vector<Section> shared =
          fractional ? copies(code, static_cast<std::size_t>(groups), size, N * parts)
                     : copies(code, 1, N, N * parts);
      sections.insert(sections.end(), shared.begin(), shared.end());
      return std::make_unique<LinearCodebook>(std::move(sections), [=](std::size_t w, std::size_t j) {
        if (j == 0) return CodeRow{w, 0};
        return fractional ? CodeRow{N + w / size, 0} : CodeRow{N, w};
      });
    });
  };
  // A cluster needs the first message of all its workers, and the second of all but s (or of one, in a
  // group).
  const int cluster = fractional ? s + 1 : n;
  return {make, CompletionLaw{.clusters = n / cluster,
                              .workers = cluster,
                              .work = {first_work, both_work},
                              .need = cluster + (fractional ? 1 : n - s),
                              .first_of_all = true}};
}

const SchemeRegistration registration(
    "gc-partial",
    {.summary =
         "Gradient coding for partial stragglers, at most so many times slower; two messages a worker.",
     .fields = {stragglers_field, slowdown_field, gradient_code_field()},
     .read = read_gc_partial,
     .place = 6});

}  // namespace
}  // namespace straggle
