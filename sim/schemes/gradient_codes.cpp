#include "sim/schemes/gradient_codes.h"

#include <fmt/format.h>

#include <boost/random/normal_distribution.hpp>
#include <stdexcept>
#include <tuple>

#include "codes/cyclic_mds.h"
#include "codes/cyclic_random.h"
#include "codes/polynomial.h"
#include "codes/range.h"
#include "codes/repetition.h"
#include "sim/base/memo.h"
#include "sim/base/random.h"

namespace straggle {
namespace {

using codes::Complex;
using codes::Gf61;
using codes::LinearCode;

/// The entries of Tandon's H: standard normal over the reals, uniform over the prime field.
template <class T>
auto entries(std::uint64_t seed) {
  // The fields draw from streams of their own ("workers" 0 and 1), so that neither depends on the other.
  return [stream = RandomStream({.seed = seed, .purpose = Purpose::code}, std::is_same_v<T, Gf61> ? 1 : 0),
          normal = boost::random::normal_distribution<double>()]() mutable {
    if constexpr (std::is_same_v<T, Gf61>) {
      return Gf61(stream());
    } else {
      return Complex(normal(stream), 0);
    }
  };
}

LinearCode<Complex> real_cyclic_code(const std::string& name, int n, int load, std::uint64_t seed) {
  if (name == "cyclic") return codes::cyclic_random<Complex>(n, load, entries<Complex>(seed));
  if (name == "reed-solomon") return codes::polynomial<Complex>(codes::cyclic_mask(n, load));
  if (name == "cyclic-mds") return codes::cyclic_mds(n, load);
  throw std::logic_error("there is no cyclic code called " + name);
}

}  // namespace

const Field& cyclic_code_field() {
  static const Field field =
      Field::word("code",
                  {{"cyclic", "Random cyclic code (Tandon et al.)."},
                   {"reed-solomon", "Polynomial code on scattered points of the circle (Halbawi et al.)."},
                   {"cyclic-mds", "Cyclic MDS code (Raviv et al.); for few stragglers."}},
                  "The gradient code.")
          .or_else("cyclic")
          .defined_as("cyclic-code");
  return field;
}

const Field& gradient_code_field() {
  static const Field field =
      Field::word(
          "code",
          {{"cyclic", "Random cyclic code (Tandon et al.): any n - s of n decode."},
           {"reed-solomon",
            "Polynomial code on scattered points of the circle (Halbawi et al.): any n - s of n decode."},
           {"cyclic-mds", "Cyclic MDS code (Raviv et al.): any n - s of n decode; for few stragglers."},
           {"fractional-repetition",
            "Groups of workers with the same mini-batches (Tandon et al.): one of each group decodes."}},
          "The gradient code.")
          .or_else("cyclic")
          .defined_as("gradient-code");
  return field;
}

const std::vector<Word>& named_codes() {
  static const std::vector<Word> all = [] {
    std::vector<Word> words = gradient_code_field().words;
    words.push_back({"lagrange", "Data encoded by Lagrange polynomials (Yu et al.); comes with scheme lcc."});
    return words;
  }();
  return all;
}

std::shared_ptr<const SharedCode> cyclic_code(const std::string& name, int n, int load, std::uint64_t seed) {
  const auto mask = [=] { return codes::cyclic_mask(n, load); };
  return std::make_shared<SharedCode>([=] { return real_cyclic_code(name, n, load, seed); },
                                      [=] {
                                        return name == "cyclic"
                                                   ? codes::cyclic_random<Gf61>(n, load, entries<Gf61>(seed))
                                                   : codes::polynomial<Gf61>(mask());
                                      },
                                      mask);
}

std::shared_ptr<const SharedCode> multi_message_code(int n, const std::vector<int>& orders) {
  const auto mask = [=] { return codes::multi_message_mask(n, orders); };
  return std::make_shared<SharedCode>([=] { return codes::polynomial<Complex>(mask()); },
                                      [=] { return codes::polynomial<Gf61>(mask()); }, mask);
}

std::shared_ptr<const SharedCode> sum_code(int parts) {
  return std::make_shared<SharedCode>([=] { return codes::repetition<Complex>(1, parts); },
                                      [=] { return codes::repetition<Gf61>(1, parts); },
                                      [=] { return codes::Mask::Constant(1, parts, true).eval(); });
}

namespace {

bool refuse_too_large(ConfigReader& config, const SchemeContext& context, std::int64_t rows) {
  constexpr std::int64_t most = 4000;  // a dense code of doubles is then a quarter of a gigabyte
  if (!context.verify || rows <= most) return false;
  config.mistake("",
                 fmt::format("has a code of {} messages, too large to verify (at most {}): add \"verify\": "
                             "{{\"trials\": 0}}, or more clusters",
                             rows, most));
  return true;
}

}  // namespace

void refuse_out_of_range(ConfigReader& config, const SchemeContext& context, const std::string& name, int n,
                         int load) {
  if (refuse_too_large(config, context, n) || !context.verify_real) return;
  // A sweep asks for the same code at many points.
  static Memo<std::tuple<std::string, int, int, std::uint64_t>, int> largest_loads;
  const int largest = largest_loads({name, n, load, context.seed}, [&] {
    const auto build = [&](int any_load) { return real_cyclic_code(name, n, any_load, context.seed); };
    return codes::keeps_digits(codes::Decoder<Complex>(build(load)))
               ? load
               : codes::largest_load_in_doubles(load - 1, build);
  });
  if (largest == load) return;
  config.mistake(
      "code", fmt::format("\"{}\" loses its digits in doubles when {} messages of {} are missing; it is good "
                          "for up to {} (a load or order of {}){}. Or verify in the prime field only: "
                          "\"verify\": {{\"fields\": [\"prime\"]}}",
                          name, load - 1, n, largest - 1, largest,
                          name == "cyclic-mds" ? ", \"cyclic\" and \"reed-solomon\" for more" : ""));
}

void refuse_out_of_range(ConfigReader& config, const SchemeContext& context, int n,
                         const std::vector<int>& orders) {
  const auto messages = static_cast<int>(orders.size());
  if (refuse_too_large(config, context, std::int64_t{n} * messages) || !context.verify_real) return;
  static Memo<std::pair<int, std::vector<int>>, bool> known;
  const bool good = known({n, orders}, [&] {
    return codes::keeps_digits(
        codes::Decoder<Complex>(codes::polynomial<Complex>(codes::multi_message_mask(n, orders))), messages);
  });
  if (!good)
    config.mistake("orders",
                   fmt::format("make a code of {} messages that loses its digits in doubles; use smaller "
                               "clusters, or verify in the prime field only: \"verify\": {{\"fields\": "
                               "[\"prime\"]}}",
                               n * messages));
}

std::vector<Section> copies(std::shared_ptr<const SharedCode> code, std::size_t clusters, std::size_t blocks,
                            std::size_t first_block) {
  std::vector<Section> sections;
  for (std::size_t c = 0; c < clusters; ++c)
    sections.push_back({.code = code, .first_block = first_block + c * blocks, .blocks = blocks});
  return sections;
}

}  // namespace straggle
