// What the tests of all codes share: straggler sets, random partial gradients, and a decode compared with the
// direct sum.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <optional>
#include <random>
#include <vector>

#include "codes/linear_code.h"

namespace straggle::codes::test {

/// The rows 0 … rows - 1 without the missing ones.
inline std::vector<int> all_but(int rows, const std::vector<int>& missing) {
  std::vector<int> taken;
  for (int row = 0; row < rows; ++row) {
    if (std::find(missing.begin(), missing.end(), row) == missing.end()) taken.push_back(row);
  }
  return taken;
}

/// `count` rows from `first` on, modulo `rows`.
inline std::vector<int> contiguous(int rows, int first, int count) {
  std::vector<int> set;
  for (int i = 0; i < count; ++i) set.push_back((first + i) % rows);
  return set;
}

inline std::vector<int> random_set(int rows, int count, std::mt19937_64& random) {
  std::vector<int> all(static_cast<std::size_t>(rows));
  std::iota(all.begin(), all.end(), 0);
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    std::swap(all[i], all[i + random() % (all.size() - i)]);
  }
  all.resize(static_cast<std::size_t>(count));
  return all;
}

/// Calls visit(set) with every set of `count` rows, in lexicographic order.
template <class Visit>
void for_each_set(int rows, int count, Visit&& visit) {
  std::vector<int> set(static_cast<std::size_t>(count));
  std::iota(set.begin(), set.end(), 0);
  while (true) {
    visit(set);
    int i = count - 1;
    while (i >= 0 && set[static_cast<std::size_t>(i)] == rows - count + i) --i;
    if (i < 0) return;
    ++set[static_cast<std::size_t>(i)];
    for (int j = i + 1; j < count; ++j)
      set[static_cast<std::size_t>(j)] = set[static_cast<std::size_t>(j - 1)] + 1;
  }
}

/// A function that draws random field elements: standard normals (real), or uniform residues.
template <Field T>
auto drawing(std::mt19937_64& random) {
  if constexpr (std::same_as<T, Complex>) {
    return
        [&random, normal = std::normal_distribution<double>()]() mutable { return Complex(normal(random)); };
  } else {
    return [&random] { return Gf61(random()); };
  }
}

/// parts x 4 random partial gradients; over the reals seven real coordinates, packed.
template <Field T>
Matrix<T> random_gradients(int parts, std::mt19937_64& random) {
  if constexpr (std::same_as<T, Complex>) {
    std::normal_distribution<double> normal;
    return pack(Matrix<double>::NullaryExpr(parts, 7, [&] { return normal(random); }));
  } else {
    return Matrix<Gf61>::NullaryExpr(parts, 4, [&] { return Gf61(random()); });
  }
}

/// How far the decoded vector is from the direct sum: relative to the sum of the norms of the gradients over
/// the reals, 0 or 1 (equal or not) over the prime field. `sent` are the messages, one a row of the code.
template <Field T>
double error_of(const Decoding<T>& decoding, const std::vector<int>& taken, const Matrix<T>& sent,
                const Matrix<T>& gradients) {
  const RowVector<T> decoded = decoding.weights * sent(taken, Eigen::all);
  const RowVector<T> direct = gradients.colwise().sum();
  if constexpr (std::same_as<T, Complex>) {
    return (decoded - direct).norm() / gradients.rowwise().norm().sum();
  } else {
    return decoded == direct ? 0 : 1;
  }
}

/// What error_of() may be.
template <Field T>
double allowed(const Decoding<T>& decoding) {
  return std::same_as<T, Complex> ? tolerance(decoding.condition) : 0;
}

/// Whether `decode(taken)` exists and gives the sum of random gradients from the messages of these rows.
template <Field T, class Decode>
bool decodes(const LinearCode<T>& code, const Decode& decode, const std::vector<int>& taken) {
  std::mt19937_64 random(11);
  const Matrix<T> gradients = random_gradients<T>(static_cast<int>(code.rows.cols()), random);
  const std::optional<Decoding<T>> result = decode(taken);
  return result && error_of<T>(*result, taken, code.rows * gradients, gradients) <= allowed<T>(*result);
}

}  // namespace straggle::codes::test
