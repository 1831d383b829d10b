#include "codes/scaled.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <numbers>

using namespace straggle::codes;

TEST_CASE("a product far outside the range of doubles comes back inside it") {
  Scaled<Complex> product;
  for (int i = 0; i < 5000; ++i) product *= Complex(0, 1e3);  // 1e15000 * i^5000
  CHECK(std::isinf(product.value().real()));
  for (int i = 0; i < 5000; ++i) product *= Complex(0, -1e-3);
  // 10000 factors of one rounding unit each
  CHECK(std::abs(product.value() - 1.0) < 1e-12);
}

TEST_CASE("a shift takes out a power of two exactly") {
  Scaled<Complex> product(Complex(3, -5));
  for (int i = 0; i < 100; ++i) product *= Complex(0x1p100);
  CHECK(product.value(10000) == Complex(3, -5));
  product /= product;
  CHECK(product.value() == Complex(1));
}

TEST_CASE("the differences of one root of unity to all others multiply to n over the root") {
  // d/dx (x^n - 1) at a root w is n w^{n-1} = n / w.
  const int n = 3001;
  RowVector<Complex> points(n);
  for (int i = 0; i < n; ++i) points(i) = std::polar(1.0, 2 * std::numbers::pi * i / n);
  for (const int i : {0, 1, 1234}) {
    const Complex product = difference_product(points(i), points, i).value();
    // the points are rounded by 1e-16 at distances from 2 pi / n on: 1e-16 * n * H_n = 1e-12 at worst
    CHECK(std::abs(product * points(i) / static_cast<double>(n) - 1.0) < 1e-11);
  }
}

TEST_CASE("products over the prime field are plain products") {
  RowVector<Gf61> points(4);
  points << Gf61(1), Gf61(2), Gf61(3), Gf61(4);
  CHECK(difference_product(Gf61(3), points, 2).value() == Gf61(-2));
  CHECK(difference_product(Gf61(3), points, std::vector<int>{0, 2}, 2).value() == Gf61(2));
  CHECK(difference_product(Gf61(3), points).value() == Gf61(0));
  Scaled<Gf61> one;
  CHECK_THROWS_AS(one /= Scaled<Gf61>(Gf61(0)), std::domain_error);
}
