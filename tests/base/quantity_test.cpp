#include "sim/base/quantity.h"

#include <bit>
#include <catch2/catch.hpp>
#include <cstdint>
#include <regex>
#include <string>
#include <vector>

#include "sim/base/config.h"

using namespace straggle;

namespace {

/// What a reader makes of a field's text: its number, or what it says is wrong.
struct Read {
  double value;
  Json resolved;
  std::string wrong;
};

Read read(const Json& text, const Field& field) {
  Json config = {{field.name, text}};
  Mistakes mistakes("f");
  ConfigReader reader(config, "", mistakes);
  Read result{reader.number(field), config[field.name], ""};
  try {
    mistakes.throw_if_any();
  } catch (const ConfigError& error) {
    result.wrong = error.what();
  }
  return result;
}

Field field_in(Unit unit) {
  return Field::number("x", at_least(0), "").in(unit);
}

}  // namespace

TEST_CASE("texts with units are the nearest doubles to what they say, bit for bit") {
  const std::vector<std::tuple<Unit, std::string, double>> table = {
      {Unit::seconds, "2 s", 2},
      {Unit::seconds, "2 ms", 0.002},
      {Unit::seconds, "2ms", 0.002},
      {Unit::seconds, "0.1 ms", 1e-4},
      {Unit::seconds, "0.3 ms", 3e-4},
      {Unit::seconds, "0.7 us", 7e-7},
      {Unit::seconds, "50 us", 5e-5},
      {Unit::seconds, "50 \u00b5s", 5e-5},
      {Unit::seconds, "50 \u03bcs", 5e-5},
      {Unit::seconds, "1.1 ns", 1.1e-9},
      {Unit::seconds, "1e3 ms", 1},
      {Unit::seconds, "2.5E+2 ms", 0.25},
      {Unit::seconds, "123456789.123456789 us", 123.456789123456789},
      {Unit::seconds, "0 s", 0},
      {Unit::seconds, "-0 s", 0},
      {Unit::per_second, "3 1/s", 3},
      {Unit::per_second, "200 /s", 200},
      {Unit::per_second, "0.5 Hz", 0.5},
      {Unit::per_second, "10 kHz", 1e4},
      {Unit::per_second, "1.7 MHz", 1.7e6},
      {Unit::bytes, "100 MB", 1e8},
      {Unit::bytes, "12 bytes", 12},
      {Unit::bytes, "64 MiB", 67108864},
      {Unit::bytes, "0.1 GB", 1e8},
      {Unit::bytes, "0.1 KiB", 0.1 * 1024},
      {Unit::bytes, "12 bit", 1.5},
      {Unit::bytes, "1 Tbit", 1.25e11},
      {Unit::bytes, "3 Kibit", 384},
      {Unit::bytes_per_second, "10 Gbit/s", 1.25e9},
      {Unit::bytes_per_second, "1.25 GB/s", 1.25e9},
      {Unit::bytes_per_second, "0.7 kB/s", 700},
      {Unit::bytes_per_second, "1.1 Mbit/s", 1.1e6 / 8},
      {Unit::bytes_per_second, "2 GiB/s", 2147483648.0},
      {Unit::bytes_per_second, "100 bytes/s", 100},
  };
  for (const auto& [unit, text, expected] : table) {
    CAPTURE(text);
    const Read found = read(text, field_in(unit));
    CHECK(found.wrong.empty());
    CHECK(std::bit_cast<std::uint64_t>(found.value) == std::bit_cast<std::uint64_t>(expected));
    // What has been read is a number, and the same one as if it had been written in JSON.
    CHECK(found.resolved == Json(expected));
    CHECK(read(found.resolved, field_in(unit)).value == expected);
    CHECK(std::regex_search(text, std::regex(quantity_pattern(unit))));
    CHECK(std::regex_search(text, std::regex(any_quantity_pattern())));
  }
  CHECK(read("2 s", field_in(Unit::seconds)).resolved.dump() == "2");
  CHECK(read("10 Gbit/s", field_in(Unit::bytes_per_second)).resolved.dump() == "1250000000");
  CHECK(read("500 ms", field_in(Unit::seconds)).resolved.dump() == "0.5");
}

TEST_CASE("a decimal fraction in a smaller unit is rounded once") {
  // Of a thousand fractions, dividing or multiplying would get many wrong in the last digit.
  int wrong_by_division = 0;
  for (int i = 1; i < 1000; ++i) {
    const std::string digits = std::to_string(i);
    const double expected = std::stod("0." + digits + "e-3");
    CHECK(read("0." + digits + " ms", field_in(Unit::seconds)).value == expected);
    if (std::stod("0." + digits) / 1000 != expected || std::stod("0." + digits) * 1e-3 != expected)
      ++wrong_by_division;
  }
  CHECK(wrong_by_division > 100);
}

TEST_CASE("every unit that is named is read, and the schema's patterns know it") {
  for (const Unit unit : {Unit::seconds, Unit::per_second, Unit::bytes, Unit::bytes_per_second}) {
    REQUIRE(takes_quantities(unit));
    for (const std::string& symbol : symbols_of(unit)) {
      CAPTURE(symbol);
      const Quantity quantity = read_quantity("1 " + symbol, unit);
      CHECK(quantity.value.has_value());
      CHECK(read_any_quantity("1 " + symbol).unit == unit);
      for (const std::string& pattern : {quantity_pattern(unit), any_quantity_pattern()}) {
        CHECK(std::regex_search("1 " + symbol, std::regex(pattern)));
        CHECK_FALSE(std::regex_search("1  " + symbol, std::regex(pattern)));
        CHECK_FALSE(std::regex_search("1 x" + symbol, std::regex(pattern)));
      }
    }
    CHECK(read_quantity(example_of(unit), unit).value.has_value());
  }
  CHECK_FALSE(takes_quantities(Unit::none));
  CHECK_FALSE(takes_quantities(Unit::mini_batches));
}

TEST_CASE("a text that is no number in a unit of the field is refused, and what would be right is said") {
  const auto wrong = [](const std::string& text, Unit unit) { return read(text, field_in(unit)).wrong; };
  const std::string sizes = R"(, the last two also with k, M, G, T, Ki, Mi, Gi or Ti before them)";
  CHECK(wrong("10 ms", Unit::bytes_per_second) ==
        R"(f#/x: is "10 ms", but its unit may be "bytes/s", "B/s" or "bit/s")" + sizes);
  CHECK(wrong("10 gbit/s", Unit::bytes_per_second) ==
        R"(f#/x: is "10 gbit/s", but its unit may be "bytes/s", "B/s" or "bit/s")" + sizes +
            R"( (did you mean "Gbit/s"?))");
  CHECK(wrong("2 MS", Unit::seconds) ==
        R"(f#/x: is "2 MS", but its unit may be "s", "ms", "us" or "ns" (did you mean "ms"?))");
  CHECK_THAT(wrong("2 seconds", Unit::seconds), Catch::EndsWith(R"((did you mean "s"?))"));
  CHECK_THAT(wrong("2 msec", Unit::seconds), Catch::EndsWith(R"((did you mean "ms"?))"));
  // Case matters: of bits or of bytes is not guessed but asked.
  CHECK_THAT(wrong("10 Mb", Unit::bytes), Catch::EndsWith(R"((did you mean "MB" or "Mbit"?))"));
  CHECK_THAT(wrong("10 mb/s", Unit::bytes_per_second),
             Catch::EndsWith(R"((did you mean "MB/s" or "Mbit/s"?))"));
  CHECK_THAT(wrong("10 Mbps", Unit::bytes_per_second), Catch::EndsWith(R"((did you mean "Mbit/s"?))"));
  CHECK_THAT(wrong("10 Gbits/s", Unit::bytes_per_second), Catch::EndsWith(R"((did you mean "Gbit/s"?))"));
  CHECK(
      wrong("10", Unit::seconds) ==
      R"(f#/x: is "10", a text without a unit, which may be "s", "ms", "us" or "ns"; without one it is a number, )"
      "not a text");
  CHECK(wrong("ms", Unit::seconds) ==
        R"(f#/x: must be a number at least 0, or with its unit a text such as "2 ms", but is "ms")");
  for (const char* text :
       {"", " 2 ms", "2  ms", "2 ms ", "1,5 ms", "0x10 ms", "inf s", "nan s", "+2 ms", ".5 ms", "5. ms",
        "01 ms", "1e ms", "2 m s", "2\tms", "2 ms/s", "2 Ms", "2 \u00b5"}) {
    CAPTURE(text);
    CHECK_FALSE(wrong(text, Unit::seconds).empty());
    CHECK_FALSE(std::regex_search(text, std::regex(quantity_pattern(Unit::seconds))));
  }
  for (const char* text : {"2001/s", "200/s", "1/s", "21/s", "1e91/s"}) {  // 200 of 1/s?
    CAPTURE(text);
    CHECK_THAT(wrong(text, Unit::per_second),
               Catch::Contains("a space has to part the number from its unit"));
    CHECK_FALSE(std::regex_search(text, std::regex(quantity_pattern(Unit::per_second))));
    CHECK_FALSE(std::regex_search(text, std::regex(any_quantity_pattern())));
  }
  for (const char* text : {"1e400 s", "1e-400 s", "1e99999999999999999999 s", "-1e99999999 s"}) {
    CAPTURE(text);
    CHECK_THAT(wrong(text, Unit::seconds), Catch::Contains("beyond what doubles hold"));
  }
  // The range is the field's, and so is the bound of what can be calculated with.
  CHECK(wrong("-2 ms", Unit::seconds) == R"(f#/x: must be a number at least 0, but is "-2 ms")");
  CHECK_THAT(wrong("1e80 s", Unit::seconds), Catch::Contains("to be calculated with, but is \"1e80 s\""));
  // Fields without a unit take no text.
  CHECK(wrong("2 s", Unit::none) == R"(f#/x: must be a number at least 0, but is "2 s")");
}
