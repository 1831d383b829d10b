#include "sim/schemes/linear_codebook.h"

#include <chrono>
#include <mutex>

namespace straggle {

struct SharedCode::State {
  Make<codes::Complex> make_real;
  Make<codes::Gf61> make_prime;
  std::function<codes::Mask()> make_mask;
  std::once_flag real_once, prime_once, mask_once;
  std::optional<codes::Decoder<codes::Complex>> real;
  std::optional<codes::Decoder<codes::Gf61>> prime;
  codes::Mask mask;
};

SharedCode::SharedCode(Make<codes::Complex> real, Make<codes::Gf61> prime, std::function<codes::Mask()> mask)
    : state_(std::make_unique<State>()) {
  state_->make_real = std::move(real);
  state_->make_prime = std::move(prime);
  state_->make_mask = std::move(mask);
}

SharedCode::~SharedCode() = default;

template <>
const codes::Decoder<codes::Complex>& SharedCode::decoder() const {
  std::call_once(state_->real_once, [this] { state_->real.emplace(state_->make_real()); });
  return *state_->real;
}

template <>
const codes::Decoder<codes::Gf61>& SharedCode::decoder() const {
  std::call_once(state_->prime_once, [this] { state_->prime.emplace(state_->make_prime()); });
  return *state_->prime;
}

const codes::Mask& SharedCode::mask() const {
  std::call_once(state_->mask_once, [this] {
    if (state_->make_mask) {
      state_->mask = state_->make_mask();
      return;
    }
    // The prime field knows an exact zero from a small number.
    const auto is_used = [](const codes::Gf61& coefficient) { return coefficient != codes::Gf61(0); };
    state_->mask = decoder<codes::Gf61>().code().rows.unaryExpr(is_used);
  });
  return state_->mask;
}

LinearCodebook::LinearCodebook(std::vector<Section> sections,
                               std::function<CodeRow(std::size_t, std::size_t)> row_of,
                               std::optional<std::size_t> needed_sections)
    : sections_(std::move(sections)),
      row_of_(std::move(row_of)),
      needed_sections_(needed_sections.value_or(sections_.size())) {
  for (const Section& section : sections_) blocks_ = std::max(blocks_, section.first_block + section.blocks);
}

std::vector<std::size_t> LinearCodebook::contents(NodeId from, std::uint32_t message) const {
  const CodeRow place = row_of_(from - 1, message);
  const Section& section = sections_[place.section];
  std::vector<std::size_t> result;
  const codes::Mask* const mask = place.row == CodeRow::plain_sum ? nullptr : &section.code->mask();
  for (std::size_t k = 0; k < section.blocks; ++k)
    if (!mask || (*mask)(static_cast<Eigen::Index>(place.row), static_cast<Eigen::Index>(k)))
      result.push_back(section.first_block + k);
  return result;
}

template <class T>
Decoded<T> LinearCodebook::decode_in_field(std::span<const Arrival> taken, const Problem<T>& problem) {
  using Scalar = Carried<T>;
  using Vector = codes::RowVector<Scalar>;

  // What the workers sent: their rows times the partial gradients of the section.
  struct Received {
    std::vector<int> rows;
    std::vector<Vector> messages;
    std::optional<Vector> plain_sum;
  };
  std::vector<Received> received(sections_.size());
  const auto blocks_of = [&](const Section& section) {
    return problem.carried().middleRows(static_cast<Eigen::Index>(section.first_block),
                                        static_cast<Eigen::Index>(section.blocks));
  };
  for (const Arrival& arrival : taken) {
    const CodeRow place = row_of_(arrival.from - 1, arrival.message);
    const Section& section = sections_[place.section];
    Received& to = received[place.section];
    if (place.row == CodeRow::plain_sum) {
      to.plain_sum = blocks_of(section).colwise().sum();
      continue;
    }
    const auto row = static_cast<Eigen::Index>(place.row);
    const auto& coefficients = section.code->decoder<Scalar>().code().rows;
    Vector message = Vector::Zero(problem.carried().cols());
    for (Eigen::Index k = 0; k < static_cast<Eigen::Index>(section.blocks); ++k)
      if (coefficients(row, k) != Scalar(0)) message += coefficients(row, k) * blocks_of(section).row(k);
    to.rows.push_back(static_cast<int>(place.row));
    to.messages.push_back(std::move(message));
  }

  // What the master makes of it.
  Decoded<T> result{.carried = Vector::Zero(problem.carried().cols()),
                    .weights = Vector::Zero(static_cast<Eigen::Index>(blocks_))};
  double condition = 1, norms = 0;
  for (std::size_t s = 0; s < sections_.size(); ++s) {
    const Section& section = sections_[s];
    const auto first = static_cast<Eigen::Index>(section.first_block),
               blocks = static_cast<Eigen::Index>(section.blocks);
    const auto begin = std::chrono::steady_clock::now();
    const auto stop = [&] {
      result.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    };
    if (received[s].plain_sum) {
      result.carried += *received[s].plain_sum;
      stop();
      result.weights.segment(first, blocks).setOnes();
    } else {
      if (received[s].rows.empty()) continue;
      const codes::Decoder<Scalar>& decoder = section.code->decoder<Scalar>();
      const auto decoding = decoder(received[s].rows);
      if (!decoding) continue;
      for (std::size_t i = 0; i < received[s].rows.size(); ++i)
        result.carried += decoding->weights(static_cast<Eigen::Index>(i)) * received[s].messages[i];
      condition = std::max(condition, decoding->condition);
      stop();
      const auto& coefficients = decoder.code().rows;
      for (std::size_t i = 0; i < received[s].rows.size(); ++i) {
        const Scalar weight = decoding->weights(static_cast<Eigen::Index>(i));
        if (weight == Scalar(0)) continue;
        for (Eigen::Index k = 0; k < blocks; ++k)  // rows are sparse
          if (const Scalar& coefficient = coefficients(received[s].rows[i], k); coefficient != Scalar(0))
            result.weights(first + k) += weight * coefficient;
      }
    }
    result.meant.emplace_back(section.first_block, section.blocks);
    if constexpr (std::is_same_v<T, double>) norms += blocks_of(section).rowwise().norm().sum();
  }
  result.decodable = result.meant.size() >= needed_sections_;
  result.rounding = codes::tolerance(condition) * norms;
  return result;
}

template Decoded<double> LinearCodebook::decode_in_field(std::span<const Arrival>, const Problem<double>&);
template Decoded<codes::Gf61> LinearCodebook::decode_in_field(std::span<const Arrival>,
                                                              const Problem<codes::Gf61>&);

}  // namespace straggle
