#include "codes/lagrange.h"

#include <catch2/catch.hpp>

#include "tests/codes/straggler_sets.h"

using namespace straggle::codes;

namespace {

// X_l and theta of a linear regression; f(X) = X^T X theta, carried as the row theta^T X^T X.
template <Field T>
struct Regression {
  std::vector<Matrix<T>> blocks;
  RowVector<T> theta;

  Regression(int count, std::mt19937_64& random) {
    auto draw = test::drawing<T>(random);
    for (int l = 0; l < count; ++l) blocks.push_back(Matrix<T>::NullaryExpr(2, 3, [&] { return draw(); }));
    theta = RowVector<T>::NullaryExpr(3, [&] { return draw(); });
  }

  RowVector<T> f(const Matrix<T>& block) const { return theta * block.transpose() * block; }

  RowVector<T> message(const RowVector<T>& coefficients) const {
    Matrix<T> coded = Matrix<T>::Zero(2, 3);
    for (std::size_t l = 0; l < blocks.size(); ++l)
      coded += coefficients(static_cast<Eigen::Index>(l)) * blocks[l];
    return f(coded);
  }

  // 1 x 3: what the decoded sum misses, and the scale its rounding is measured in.
  RowVector<T> direct() const {
    RowVector<T> sum = RowVector<T>::Zero(3);
    for (const Matrix<T>& block : blocks) sum += f(block);
    return sum;
  }
  double scale() const requires std::same_as<T, Complex> {
    double largest = 0;
    for (const Matrix<T>& block : blocks) largest = std::max(largest, block.squaredNorm());
    return static_cast<double>(blocks.size()) * largest * theta.norm();
  }
};

// The error in units of what the condition explains (reals), or whether it differs (prime field).
template <Field T>
double error_of(const LagrangeCode<T>& code, const Regression<T>& data, const std::vector<int>& taken,
                int changed_message = -1) {
  const auto result = code.decoding(taken);
  REQUIRE(result);
  RowVector<T> decoded = RowVector<T>::Zero(3);
  for (std::size_t i = 0; i < taken.size(); ++i) {
    RowVector<T> coefficients = code.encoding(taken[i]);
    if (taken[i] == changed_message) coefficients(0) += T(1);
    decoded += result->weights(static_cast<Eigen::Index>(i)) * data.message(coefficients);
  }
  if constexpr (std::same_as<T, Complex>) {
    return (decoded - data.direct()).norm() / data.scale() / rounding_bound(result->condition);
  } else {
    return decoded == data.direct() ? 0 : 1;
  }
}

template <Field T>
double allowed() {
  return std::same_as<T, Complex> ? 1 : 0;
}

// The first messages of workers that finish their evaluations at equal pace from random speeds on.
std::vector<int> first_messages(int workers, int evaluations, int count, std::mt19937_64& random) {
  std::vector<std::pair<double, int>> arrivals;
  std::exponential_distribution<double> exponential(10);
  for (int i = 0; i < workers; ++i) {
    const double pace = 0.01 + exponential(random);
    for (int j = 0; j < evaluations; ++j) arrivals.emplace_back(pace * (j + 1), i * evaluations + j);
  }
  std::sort(arrivals.begin(), arrivals.end());
  std::vector<int> taken;
  for (int i = 0; i < count; ++i) taken.push_back(arrivals[static_cast<std::size_t>(i)].second);
  return taken;
}

}  // namespace

TEMPLATE_TEST_CASE("every set of threshold size decodes a small Lagrange code and no smaller one", "",
                   Complex, Gf61) {
  using T = TestType;
  std::mt19937_64 random(1);
  // workers, blocks, evaluations
  for (const auto& [workers, blocks, evaluations] :
       {std::tuple{7, 3, 1}, {6, 3, 1}, {5, 3, 1}, {4, 1, 1}, {3, 2, 1}, {3, 3, 2}, {4, 4, 2}, {2, 2, 3}}) {
    const LagrangeCode<T> code(workers, blocks, evaluations);
    const Regression<T> data(blocks, random);
    REQUIRE(code.threshold() == 2 * blocks - 1);
    REQUIRE(code.messages() == workers * evaluations);
    test::for_each_set(code.messages(), code.threshold(), [&](const std::vector<int>& taken) {
      REQUIRE(error_of(code, data, taken) <= allowed<T>());
    });
    REQUIRE_FALSE(code.decoding(test::contiguous(code.messages(), 0, code.threshold() - 1)));
  }
}

TEMPLATE_TEST_CASE("the weights integrate exactly the polynomials of degree 2 (q - 1)", "", Complex, Gf61) {
  using T = TestType;
  const LagrangeCode<T> code(9, 4, 1);
  const std::vector<int> taken = {8, 0, 3, 5, 1, 2, 7};
  const RowVector<T> weights = code.decoding(taken)->weights;
  for (int degree = 0; degree <= 7; ++degree) {
    const auto power = [&](T x) {
      T value(1);
      for (int i = 0; i < degree; ++i) value *= x;
      return value;
    };
    T sum(0), expected(0);
    for (std::size_t i = 0; i < taken.size(); ++i) {
      sum += weights(static_cast<Eigen::Index>(i)) * power(code.alphas()(taken[i]));
    }
    for (const T beta : code.betas()) expected += power(beta);
    if constexpr (std::same_as<T, Complex>) {
      const double miss = std::abs(sum - expected);
      CHECK((degree <= 6 ? miss < rounding_bound(weights.cwiseAbs().sum()) : miss > 1e-3));
    } else {
      CHECK((sum == expected) == (degree <= 6));  // one degree more needs one message more
    }
  }
}

TEMPLATE_TEST_CASE("encoding interpolates the blocks", "", Complex, Gf61) {
  using T = TestType;
  // The coefficients reproduce every polynomial of degree q - 1 from its values in the beta, here the powers.
  const LagrangeCode<T> code(11, 5, 2);
  for (int message = 0; message < code.messages(); ++message) {
    const RowVector<T> coefficients = code.encoding(message);
    RowVector<T> powers = RowVector<T>::Constant(5, T(1));
    T expected(1);
    for (int degree = 0; degree < 5; ++degree) {
      const T value = coefficients.cwiseProduct(powers).sum();
      if constexpr (std::same_as<T, Complex>) {
        REQUIRE(std::abs(value - expected) < 1e-14);  // coefficients of size 1
      } else {
        REQUIRE(value == expected);
      }
      powers = powers.cwiseProduct(code.betas());
      expected *= code.alphas()(message);
    }
  }
}

TEST_CASE("an evaluation point that is a block's point carries the block itself") {
  // K = 40, q = 4: worker 5 at 5/40 of the circle meets the first block at 1/8.
  const LagrangeCode<Complex> code(40, 4, 1);
  const RowVector<Complex> coefficients = code.encoding(5);
  CHECK(std::abs(coefficients(0) - 1.0) < 1e-14);
  CHECK(coefficients.tail(3).cwiseAbs().maxCoeff() < 1e-14);
  std::mt19937_64 random(3);
  const Regression<Complex> data(4, random);
  CHECK(error_of(code, data, {5, 15, 25, 35, 0, 10, 20}) <= 1);
  CHECK(error_of(code, data, {5, 0, 10, 17, 20, 28, 31}) <= 1);
}

TEMPLATE_TEST_CASE("forty workers with load ten decode from any seven single messages", "", Complex, Gf61) {
  using T = TestType;
  std::mt19937_64 random(4);
  const LagrangeCode<T> code(40, 4, 1);
  REQUIRE(code.threshold() == 7);
  const Regression<T> data(4, random);
  for (int set = 0; set < 50; ++set)
    CHECK(error_of(code, data, test::random_set(40, 7, random)) <= allowed<T>());
  for (int first = 0; first < 40; ++first) {
    CHECK(error_of(code, data, test::contiguous(40, first, 7)) <= allowed<T>());
  }
  CHECK_FALSE(code.decoding({0, 1, 2, 3, 4, 5}));
}

TEMPLATE_TEST_CASE("forty workers with ten evaluations each decode from any 79 messages", "", Complex, Gf61) {
  using T = TestType;
  std::mt19937_64 random(5);
  const LagrangeCode<T> code(40, 40, 10);
  REQUIRE(code.threshold() == 79);
  REQUIRE(code.messages() == 400);
  const Regression<T> data(40, random);
  for (int set = 0; set < 10; ++set) {
    const std::vector<int> taken = first_messages(40, 10, 79, random);
    CHECK(error_of(code, data, taken) <= allowed<T>());
    if constexpr (std::same_as<T, Complex>) {
      // Typically below 1e6, in unlucky rounds up to about 1e9 (measured): eight to nine digits lost.
      CHECK(code.decoding(taken)->condition < 1e11);
    }
  }
  CHECK_FALSE(code.decoding(first_messages(40, 10, 78, random)));
}

TEMPLATE_TEST_CASE("one changed coefficient of a Lagrange code is caught", "", Complex, Gf61) {
  using T = TestType;
  std::mt19937_64 random(6);
  const LagrangeCode<T> code(40, 4, 1);
  const Regression<T> data(4, random);
  const std::vector<int> taken = {1, 7, 13, 18, 24, 30, 36};
  for (const int message : taken) CHECK(error_of(code, data, taken, message) > 1e3 * allowed<T>());
}

TEMPLATE_TEST_CASE("further Lagrange messages get the weight zero", "", Complex, Gf61) {
  using T = TestType;
  std::mt19937_64 random(7);
  const LagrangeCode<T> code(10, 3, 1);
  const std::vector<int> taken = {9, 2, 4, 0, 7, 1, 3};
  const auto result = code.decoding(taken);
  REQUIRE(result->weights.size() == 7);
  CHECK(result->weights(5) == T(0));
  CHECK(result->weights(6) == T(0));
  CHECK(error_of(code, Regression<T>(3, random), taken) <= allowed<T>());
}

TEMPLATE_TEST_CASE("1999 of two thousand points decode without overflow", "", Complex, Gf61) {
  using T = TestType;
  const LagrangeCode<T> code(1000, 1000, 2);
  REQUIRE(code.threshold() == 1999);
  std::vector<int> taken = test::all_but(2000, {777});
  const auto result = code.decoding(taken);
  REQUIRE(result);
  // The constant polynomial: the weights add up to the number of blocks.
  const T sum = result->weights.sum();
  if constexpr (std::same_as<T, Complex>) {
    CHECK(std::abs(sum - 1000.0) < 1000 * rounding_bound(result->condition));
    CHECK(result->condition < 1e4);
  } else {
    CHECK(sum == T(1000));
  }
}

TEST_CASE("a hopeless subset reports its condition instead of hiding it") {
  // 199 neighbouring points out of a thousand cover a fifth of the circle; the values around the rest of it
  // are lost.
  const LagrangeCode<Complex> code(1000, 100, 1);
  const auto result = code.decoding(test::contiguous(1000, 0, 199));
  REQUIRE(result);
  CHECK_FALSE(result->condition < 1e20);
}

TEST_CASE("prime field points are distinct") {
  const LagrangeCode<Gf61> code(6, 4, 3);
  std::vector<std::uint64_t> values;
  for (const Gf61 beta : code.betas()) values.push_back(beta.value());
  for (const Gf61 alpha : code.alphas()) values.push_back(alpha.value());
  std::sort(values.begin(), values.end());
  CHECK(std::adjacent_find(values.begin(), values.end()) == values.end());
}

TEST_CASE("impossible Lagrange codes and wrong indices are refused") {
  CHECK_THROWS_AS(LagrangeCode<Gf61>(6, 4, 1), std::invalid_argument);  // 7 needed, 6 sent
  CHECK_THROWS_AS(LagrangeCode<Gf61>(0, 1, 1), std::invalid_argument);
  CHECK_THROWS_AS(LagrangeCode<Gf61>(3, 0, 1), std::invalid_argument);
  CHECK_THROWS_AS(LagrangeCode<Gf61>(3, 1, 0), std::invalid_argument);
  const LagrangeCode<Gf61> code(5, 2, 1);
  CHECK_THROWS_AS(code.decoding({0, 1, 1}), std::logic_error);
  CHECK_THROWS_AS(code.decoding({0, 1, 5}), std::logic_error);
}
