#include "codes/elimination.h"

#include <catch2/catch.hpp>
#include <random>

using namespace straggle::codes;

namespace {

Matrix<Gf61> random_matrix(int rows, int columns, std::mt19937_64& random) {
  return Matrix<Gf61>::NullaryExpr(rows, columns, [&] { return Gf61(random()); });
}

}  // namespace

TEST_CASE("a combination of the rows is found and solves exactly") {
  std::mt19937_64 random(1);
  for (const auto& [rows, columns] : {std::pair{5, 5}, {3, 8}, {8, 3}, {1, 1}, {20, 30}}) {
    const Matrix<Gf61> matrix = random_matrix(rows, columns, random);
    const RowVector<Gf61> x = random_matrix(1, rows, random);
    const RowVector<Gf61> right = x * matrix;
    const auto solution = solve_left(matrix, right);
    REQUIRE(solution);
    CHECK((*solution * matrix == right));
    if (rows <= columns) CHECK((*solution == x));  // random rows are independent
  }
}

TEST_CASE("a vector outside the span of the rows has no solution") {
  std::mt19937_64 random(2);
  const Matrix<Gf61> matrix = random_matrix(4, 5, random);
  CHECK_FALSE(solve_left(matrix, random_matrix(1, 5, random)));
  CHECK_FALSE(solve_left(Matrix<Gf61>::Zero(3, 3), RowVector<Gf61>::Constant(3, Gf61(1))));
}

TEST_CASE("dependent rows leave the rank and the solution right") {
  std::mt19937_64 random(3);
  const Matrix<Gf61> matrix = random_matrix(9, 4, random) * random_matrix(4, 12, random);
  CHECK(reduce(matrix, 12).pivots.size() == 4);
  const RowVector<Gf61> right = random_matrix(1, 9, random) * matrix;
  const auto solution = solve_left(matrix, right);
  REQUIRE(solution);
  CHECK((*solution * matrix == right));
}

TEST_CASE("a leading zero makes the elimination swap rows") {
  Matrix<Gf61> matrix(2, 2);
  matrix << Gf61(0), Gf61(1), Gf61(1), Gf61(0);
  const auto solution = solve_left(matrix, (RowVector<Gf61>(2) << Gf61(7), Gf61(9)).finished());
  REQUIRE(solution);
  CHECK((*solution)(0) == Gf61(9));
  CHECK((*solution)(1) == Gf61(7));
}
