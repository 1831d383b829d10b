// Workers that fall into a slow state and stay there for a while: the two-state Markov chain of Gilbert,
// "Capacity of a burst-noise channel" (1960), and Elliott (1963), one step an iteration, started in its
// stationary law. The times are the base's, under any scaling; a slow worker is slow for the whole iteration.
#include <array>
#include <cmath>

#include "models/compute_model.h"

namespace straggle {
namespace {

/// Which workers are slow.
using States = std::vector<std::uint8_t>;

/// The chain as a function of the address alone, in a number of draws that is logarithmic in the iteration:
/// the state at 2^k given that at 2^(k−1), then halving towards the iteration, each state in between given
/// its two neighbours (a bridge). So every state is drawn once, by the numbers of its own time.
class Chain {
 public:
  Chain(double to_slow, double to_fast) : leave_(to_slow + to_fast), slow_share_(to_slow / leave_) {}

  /// slow[w] of address.iteration for every w.
  void states(const DrawAddress& address, std::uint32_t level, States& slow) const {
    thread_local States left, right;
    left.resize(slow.size());
    right.resize(slow.size());
    DrawAddress at = wrapper_address(address, WrapperDraws::gilbert_elliott_stationary, level);
    at.iteration = 0;
    slow.assign(slow.size(), 0);
    draw_states(at, {slow_share_, 0, 0, 0}, slow, slow, slow);
    const std::uint32_t wanted = address.iteration;
    if (wanted == 0) return;

    at = wrapper_address(address, WrapperDraws::gilbert_elliott, level);
    const auto draw_at = [&](std::uint32_t time, const std::array<double, 4>& chances, States& out) {
      at.iteration = time - 1;  // below 2^24 even for time 2^24
      draw_states(at, chances, left, right, out);
    };
    std::uint32_t from = 0, to = 1;
    left = slow;
    draw_at(1, after(1), right);
    while (to < wanted) {
      left.swap(right);
      from = to;
      to *= 2;
      draw_at(to, after(to - from), right);
    }
    while (from != wanted && to != wanted) {
      const std::uint32_t middle = from + (to - from) / 2;
      draw_at(middle, between(middle - from, to - middle), slow);
      if (middle <= wanted) {
        from = middle;
        left.swap(slow);
      } else {
        to = middle;
        right.swap(slow);
      }
    }
    slow.swap(from == wanted ? left : right);
  }

 private:
  /// P(a worker is slow) by its states to the left and to the right, at 2·left + right.
  using Chances = std::array<double, 4>;

  static void draw_states(const DrawAddress& at, const Chances& chances, const States& left,
                          const States& right, States& out) {
    thread_local std::vector<std::uint64_t> bits;
    bits.resize(out.size());
    random_bits(at, bits);
    for (std::size_t w = 0; w < out.size(); ++w)
      out[w] = unit_uniform(bits[w]) < chances[static_cast<std::size_t>(2 * left[w] + right[w])] ? 1 : 0;
  }

  /// P(slow or not, so many steps after a state). Each chance of a change is a product: accurate for chains
  /// that hardly move.
  double transition(bool from, bool to, std::uint32_t steps) const {
    const double forgotten =  // 1 − (1 − leave)^steps
        leave_ < 1 ? -std::expm1(steps * std::log1p(-leave_)) : 1 - std::pow(1 - leave_, steps);
    const double change = (from ? 1 - slow_share_ : slow_share_) * forgotten;
    return from == to ? 1 - change : change;
  }

  /// Whatever is to the right.
  Chances after(std::uint32_t steps) const {
    const double fast = transition(false, true, steps), slow = transition(true, true, steps);
    return {fast, fast, slow, slow};
  }

  Chances between(std::uint32_t before, std::uint32_t behind) const {
    Chances result{};
    for (const bool left : {false, true}) {
      for (const bool right : {false, true}) {
        const double slow = transition(left, true, before) * transition(true, right, behind);
        const double fast = transition(left, false, before) * transition(false, right, behind);
        // Neighbours that cannot both be are never met.
        result[static_cast<std::size_t>(2 * left + right)] = slow > 0 ? slow / (slow + fast) : 0;
      }
    }
    return result;
  }

  double leave_, slow_share_;
};

class GilbertElliott final : public ModelAround {
 public:
  GilbertElliott(std::shared_ptr<const ComputeModel> base, Chain chain, double slowdown, std::uint32_t level)
      : ModelAround(std::move(base)), chain_(chain), slowdown_(slowdown), level_(level) {}

  void draw(const DrawAddress& address, std::span<double> out) const override {
    base().draw(address, out);
    thread_local States slow;
    slow.resize(out.size());
    chain_.states(address, level_, slow);
    for (std::size_t w = 0; w < out.size(); ++w)
      if (slow[w] != 0) out[w] *= slowdown_;
  }

  // No law: iterations depend on each other.
  bool varies() const override { return slowdown_ > 1 || base().varies(); }

 private:
  Chain chain_;
  double slowdown_;
  std::uint32_t level_;
};

const Field to_slow = Field::number("to_slow",
                                    {.low = 0,
                                     .high = 1,
                                     .low_open = true,
                                     .why = "the chance that a fast worker is slow in the next iteration"},
                                    "The chance that a fast worker is slow in the next iteration.");
const Field to_fast =
    Field::number("to_fast",
                  {.low = 0,
                   .high = 1,
                   .low_open = true,
                   .why = "the chance that a slow worker is fast in the next iteration"},
                  "The chance that a slow worker is fast in the next iteration. In the long run a "
                  "share to_slow / (to_slow + to_fast) is slow.");

std::shared_ptr<const ComputeModel> read(ConfigReader& config, const ComputeContext& context) {
  ComputeContext inner = context;
  const double slowdown = read_slowdown(config, inner);
  auto base = read_base_model(config, inner);
  const double slower = config.number(to_slow), faster = config.number(to_fast);
  return std::make_shared<GilbertElliott>(std::move(base), Chain(slower, faster), slowdown, context.level);
}

const ComputeRegistration registration(
    "gilbert-elliott",
    {.summary = "The base's times, slower for runs of iterations: a two-state Markov chain",
     .fields = {base_field(), to_slow, to_fast, slowdown_field()},
     .read = read,
     .place = 8});

}  // namespace
}  // namespace straggle
