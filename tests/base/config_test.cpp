#include "sim/base/config.h"

#include <catch2/catch.hpp>

using namespace straggle;

namespace {

std::string message_of(const Mistakes& mistakes) {
  try {
    mistakes.throw_if_any();
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

std::string parse_error(const std::string& text) {
  try {
    parse_json(text, "f.json");
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("comments are allowed, repeated keys are refused with their pointer") {
  CHECK(parse_json("{\"a\": 1, // one\n /* two */ \"b\": 2}", "f.json")["b"] == 2);
  CHECK(parse_error(R"({"a": 1, "a": 2})") == "f.json#/a: is given twice");
  CHECK(parse_error(R"({"a": [{"x/y": 1}, {"b": {"x/y": 1, "x/y": 2}}]})") ==
        "f.json#/a/1/b/x~1y: is given twice");
  // The same key in sibling objects is no repetition.
  CHECK(parse_error(R"({"a": [{"x": 1}, {"x": 2}], "b": {"x": 3}})").empty());
}

TEST_CASE("a syntax error says where it is and what was expected") {
  CHECK(parse_error("{\n  \"a\": 1,,\n}").starts_with("f.json:2:10: is not valid JSON: "));
  CHECK(parse_error("").starts_with("f.json:1:1: is not valid JSON: "));
  CHECK(parse_error("{\"a\": 1e400}").starts_with("f.json: is not valid JSON: number overflow"));
}

TEST_CASE("all mistakes of an object are reported together, each once and with its pointer") {
  Json config =
      parse_json(R"({"number": "x", "whole": 1.5, "low": -1, "word": "yelow", "truth": 1, "list": [1, 9],
                               "unknwon": 0})",
                 "f.json");
  Mistakes mistakes("f.json");
  ConfigReader reader(config, "", mistakes);
  CHECK(reader.number("number", at_least(2)) ==
        2);  // a placeholder inside the range, so that reading goes on
  CHECK(reader.integer("whole", between(1, 3)) == 1);
  reader.number("low", above(0, "seconds"));
  reader.word("word", {"red", "yellow"});
  reader.boolean_or("truth", false);
  CHECK(reader.integers("list", between(1, 5)).empty());
  reader.number("missing", at_least(0));
  reader.number_or("unknown", {}, 0);
  CHECK_FALSE(reader.complete());
  CHECK(message_of(mistakes) ==
        "f.json#/number: must be a number at least 2, but is \"x\"\n"
        "f.json#/whole: must be a whole number from 1 to 3, but is 1.5\n"
        "f.json#/low: must be a number above 0 (seconds), but is -1\n"
        "f.json#/word: is \"yelow\", but must be \"red\" or \"yellow\" (did you mean \"yellow\"?)\n"
        "f.json#/truth: must be true or false, but is 1\n"
        "f.json#/list/1: must be a whole number from 1 to 5, but is 9\n"
        "f.json#/missing: is missing; a number at least 0 is required\n"
        "f.json#/unknwon: is not a known field (did you mean \"unknown\"?)");
}

TEST_CASE("defaults are written into the configuration, so that what has been read is resolved") {
  Json config = Json::object();
  Mistakes mistakes("f.json");
  ConfigReader reader(config, "", mistakes);
  CHECK(reader.number_or("x", at_least(0), 2.5) == 2.5);
  CHECK(reader.seed_or("seed", 7) == 7);
  ConfigReader inner = reader.object_or_empty("inner");
  // The inner reader survives what is written beside it.
  for (int i = 0; i < 100; ++i) reader.integer_or("n" + std::to_string(i), at_least(0), i);
  CHECK(inner.word_or("kind", {"a", "b"}, "b") == "b");
  CHECK(inner.complete());
  CHECK(reader.complete());
  CHECK(config["x"] == 2.5);
  CHECK(config["inner"]["kind"] == "b");
  CHECK(config["n99"] == 99);
}

TEST_CASE("whole numbers beyond 2^53 are refused, seeds go up to 2^64 - 1") {
  Json config =
      parse_json(R"({"n": 9007199254740993, "seed": 18446744073709551615, "negative": -1})", "f.json");
  Mistakes mistakes("f.json");
  ConfigReader reader(config, "", mistakes);
  reader.integer("n", at_least(0));
  CHECK(reader.seed_or("seed", 0) == 18446744073709551615u);
  reader.seed_or("negative", 0);
  CHECK(mistakes.count() == 1);  // 2^53 + 1 reads as the double 2^53
}

TEST_CASE("the same mistake at several sweep points is said once, with the first point") {
  Mistakes mistakes("f.json");
  mistakes.set_circumstance("(at /a = 1)");
  mistakes.add("/b", "is wrong");
  mistakes.set_circumstance("(at /a = 2)");
  mistakes.add("/b", "is wrong");
  CHECK(mistakes.reports() == 2);
  CHECK(message_of(mistakes) == "f.json#/b: is wrong (at /a = 1)");
}

TEST_CASE("the nearest name is a slip of the pen away, or none") {
  const std::vector<std::string> names = {"stragglers", "load", "clusters", "exponential"};
  CHECK(nearest_name("stragler", names) == "stragglers");
  CHECK(nearest_name("laod", names) == "load");
  CHECK(nearest_name("exp", names) == "exponential");
  CHECK_FALSE(nearest_name("something", names).has_value());
}

TEST_CASE("ranges say what they allow") {
  CHECK(at_least(1).words() == "at least 1");
  CHECK(above(0, "seconds").words() == "above 0 (seconds)");
  CHECK(between(1, 4).words() == "from 1 to 4");
  CHECK(Range{.low = 0, .high = 1, .high_open = true}.words() == "at least 0 and below 1");
  CHECK_FALSE(above(0).contains(0));
  CHECK(between(1, 4).contains(4));
}
