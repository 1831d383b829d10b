#include "sim/schemes/gradient_codes.h"

#include <boost/random/normal_distribution.hpp>
#include <stdexcept>

#include "codes/cyclic_mds.h"
#include "codes/cyclic_random.h"
#include "codes/polynomial.h"
#include "codes/repetition.h"
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

}  // namespace

const std::vector<NamedCode>& named_codes() {
  static const std::vector<NamedCode> table = {
      {"cyclic", "random cyclic code, any n-s of n decode (Tandon et al., Algorithm 2)"},
      {"cyclic-mds", "cyclic MDS circulant, for few stragglers (Raviv et al.)"},
      {"fractional-repetition",
       "groups of r workers with the same r mini-batches, one of each decodes (Tandon et al.)"},
      {"lagrange", "data encoded by Lagrange polynomials; comes with scheme lcc (Yu et al.)"},
      {"reed-solomon",
       "polynomial code on scattered points of the circle, closed-form decoding (Halbawi et al.)"},
  };
  return table;
}

const std::vector<std::string>& cyclic_code_names() {
  static const std::vector<std::string> names = {"cyclic", "reed-solomon", "cyclic-mds"};
  return names;
}

std::shared_ptr<const SharedCode> cyclic_code(const std::string& name, int n, int load, std::uint64_t seed) {
  const auto polynomial_twin = [=] { return codes::polynomial<Gf61>(codes::cyclic_mask(n, load)); };
  if (name == "cyclic")
    return std::make_shared<SharedCode>(
        [=] { return codes::cyclic_random<Complex>(n, load, entries<Complex>(seed)); },
        [=] { return codes::cyclic_random<Gf61>(n, load, entries<Gf61>(seed)); });
  if (name == "reed-solomon")
    return std::make_shared<SharedCode>(
        [=] { return codes::polynomial<Complex>(codes::cyclic_mask(n, load)); }, polynomial_twin);
  if (name == "cyclic-mds")
    return std::make_shared<SharedCode>([=] { return codes::cyclic_mds(n, load); }, polynomial_twin);
  throw std::logic_error("there is no cyclic code called " + name);
}

std::shared_ptr<const SharedCode> multi_message_code(int n, const std::vector<int>& orders) {
  return std::make_shared<SharedCode>(
      [=] { return codes::polynomial<Complex>(codes::multi_message_mask(n, orders)); },
      [=] { return codes::polynomial<Gf61>(codes::multi_message_mask(n, orders)); });
}

std::shared_ptr<const SharedCode> sum_code(int parts) {
  return std::make_shared<SharedCode>([=] { return codes::repetition<Complex>(1, parts); },
                                      [=] { return codes::repetition<Gf61>(1, parts); });
}

void refuse_out_of_range(ConfigReader& config, const SchemeContext& context, const std::string& name, int n,
                         int load) {
  (void)config, (void)context, (void)name, (void)n, (void)load;
}

std::vector<Section> copies(std::shared_ptr<const SharedCode> code, std::size_t clusters, std::size_t blocks,
                            std::size_t first_block) {
  std::vector<Section> sections;
  for (std::size_t c = 0; c < clusters; ++c)
    sections.push_back({.code = code, .first_block = first_block + c * blocks, .blocks = blocks});
  return sections;
}

}  // namespace straggle
