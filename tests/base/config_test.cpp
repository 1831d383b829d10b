#include "sim/base/config.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "sim/base/json_text.h"

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
  CHECK(parse_error("{\"a\": 1e400}") ==
        "f.json:1:11: is not valid JSON: a number beyond what doubles hold, about 1.8e308");
}

TEST_CASE("what is no UTF-8 text is named, and nothing behind a zero is passed over") {
  using namespace std::string_literals;
  CHECK(parse_error("\xff\xfe{\0}\0"s) == "f.json: is not UTF-8, but UTF-16; save it as UTF-8");
  CHECK(parse_error("\xfe\xff\0{\0}"s) == "f.json: is not UTF-8, but UTF-16; save it as UTF-8");
  CHECK(parse_error("{\0}\0"s) == "f.json: is not UTF-8, but UTF-16; save it as UTF-8");
  CHECK(parse_error("\0{\0}"s).starts_with("f.json: is not UTF-8"));
  CHECK(parse_error("\xff\xfe\0\0{\0\0\0"s).starts_with("f.json: is not UTF-8, but UTF-32"));
  CHECK(parse_error("{\"a\": 1}\n\0 not json"s) == "f.json:2: has a byte that is zero, which text never has");
}

TEST_CASE("a syntax error does not show what the file holds, which need not be a configuration") {
  for (const std::string text : {"root:x:0:0", "{\"a\": root:x}", "{\"a\" root:x}", "[1, \"root:x\x01\"]",
                                 "[\"root:x\xff\"]", "[1e999, \"root:x\"]"}) {
    INFO(text);
    CHECK_FALSE(parse_error(text).empty());
    CHECK(parse_error(text).find("root") == std::string::npos);
    CHECK(parse_error(text).find('\n') == std::string::npos);
  }
}

TEST_CASE("what is too large for a configuration is refused where it is") {
  // Levels: what is done with JSON is recursive.
  CHECK_THAT(parse_error(std::string(75000, '[')), Catch::Contains("is nested too deeply"));
  CHECK(parse_error(std::string(200, '[') + std::string(200, ']')).empty());
  std::string objects;
  for (int level = 0; level < 300; ++level) objects += "{\"a\": ";
  CHECK_THAT(parse_error(objects), Catch::StartsWith("f.json#/a/a/a/") && Catch::Contains("too deeply"));
  // Names, texts, and fields of an object.
  const std::string long_name(1000000, 'k');
  const std::string message = parse_error("{\"" + long_name + "\": 1}");
  CHECK_THAT(message, Catch::StartsWith("f.json#/kkk") && Catch::Contains("is a name of 1000000 bytes"));
  CHECK(message.size() < 1000);
  CHECK_THAT(parse_error("{\"a\": [1, \"" + long_name + "\"]}"),
             Catch::StartsWith("f.json#/a/1: is a text of 1000000 bytes; it may have"));
  std::string fields = "{\"k0\": 0";
  for (int i = 1; i < 50000; ++i) fields += ", \"k" + std::to_string(i) + "\": 0";
  CHECK_THAT(parse_error(fields + "}"), Catch::Contains("is one field too many"));
}

TEST_CASE("of many mistakes the first hundred are kept, and the others counted") {
  Mistakes mistakes("f.json");
  for (int i = 0; i < 50000; ++i) mistakes.add("/a/" + std::to_string(i), "is wrong");
  CHECK(mistakes.count() == 50000);
  const std::string message = message_of(mistakes);
  CHECK(std::count(message.begin(), message.end(), '\n') == 100);
  CHECK_THAT(message, Catch::EndsWith("\n... and 49900 more mistakes"));
  // Nobody reads on for ever.
  CHECK_THROWS_AS(([&] {
                    for (int i = 0; i < 1000000; ++i) mistakes.add("/b/" + std::to_string(i), "is wrong");
                  }()),
                  ConfigError);
}

TEST_CASE("a mistake is one line that a terminal can show, whatever is wrong") {
  Mistakes mistakes("f\x1b\n.json");
  mistakes.set_circumstance("(at \x1b)");
  mistakes.add("/a\nb\u202e", "is \"\x7f\xff\"");
  CHECK(message_of(mistakes) == "f\\x1b\\n.json#/a\\nb\\u{202e}: is \"\\x7f\\xff\" (at \\x1b)");
  mistakes.add(std::string(100000, 'p'), std::string(1000000, 't'));
  CHECK(message_of(mistakes).size() < 5000);
}

TEST_CASE("a value is shown as JSON on one line, however large it is") {
  CHECK(shown({{"a", {1, "x\ny", nullptr}}}) == R"({"a":[1,"x\ny",null]})");
  CHECK(shown("\x7f\u202e") == "\"\\x7f\\u{202e}\"");
  CHECK(shown(std::string(1000000, 'x')) == '"' + std::string(56, 'x') + "...");
  CHECK(shown(std::vector<int>(1000000, 1)).size() < 64);
  Json deep = 1;
  for (int level = 0; level < 1000; ++level) deep = Json::array({deep});
  CHECK(shown(deep) == std::string(57, '[') + "...");
}

TEST_CASE("a value on the command line is JSON or a text, and as limited as a file") {
  CHECK(parse_value("1.5", "--set /a") == 1.5);
  CHECK(parse_value("[1, \"x\"]", "--set /a") == Json({1, "x"}));
  CHECK(parse_value("gc", "--set /a") == "gc");
  for (const char* broken : {"{\"a\"", "[1, 2", "{model: constant}"})  // no text that anybody means
    CHECK_THROWS_WITH(parse_value(broken, "--set /a"),
                      Catch::Contains("--set /a:1:") && Catch::Contains("not valid JSON"));
  CHECK_THROWS_WITH(parse_value("{\"a\": 1, \"a\": 2}", "--set /b"), "--set /b#/a: is given twice");
  CHECK_THROWS_WITH(parse_value("\xff", "--set /b"), "--set /b: the value is not valid UTF-8");
  CHECK_THROWS_WITH(parse_value(std::string(300, '[') + std::string(300, ']'), "--set /b"),
                    Catch::Contains("is nested too deeply"));
  CHECK_THROWS_WITH(parse_value(std::string(20000, 'x'), "--set /b"),
                    Catch::Contains("is a text of 20000 bytes"));
}

TEST_CASE("all mistakes of an object are reported together, each once and with its pointer") {
  Json config =
      parse_json(R"({"number": "x", "whole": 1.5, "low": -1, "word": "yelow", "truth": 1, "list": [1, 9],
                               "unknwon": 0})",
                 "f.json");
  Mistakes mistakes("f.json");
  ConfigReader reader(config, "", mistakes);
  CHECK(reader.number(Field::number("number", at_least(2), "")) ==
        2);  // a placeholder inside the range, so that reading goes on
  CHECK(reader.integer(Field::integer("whole", at_least(1), ""), at_most(3)) == 1);
  reader.number(Field::number("low", above(0, "seconds"), ""));
  reader.word(Field::word("word", {{"red"}, {"yellow"}}, ""));
  reader.boolean(Field::boolean("truth", "").or_else(false));
  CHECK(reader.integers(Field::integers("list", at_least(1), ""), at_most(5)).empty());
  reader.number(Field::number("missing", at_least(0), ""));
  reader.number(Field::number("unknown", {}, "").or_else(0));
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
  CHECK(reader.number(Field::number("x", at_least(0), "").or_else(2.5)) == 2.5);
  CHECK(reader.seed(Field::integer("seed", at_least(0), "").or_else(7)) == 7);
  ConfigReader inner = reader.object(Field::object("inner", {}).optional());
  // The inner reader survives what is written beside it.
  for (int i = 0; i < 100; ++i)
    reader.integer(Field::integer("n" + std::to_string(i), at_least(0), "").or_else(i));
  CHECK(inner.word(Field::word("kind", {{"a"}, {"b"}}, "").or_else("b")) == "b");
  CHECK(inner.complete());
  CHECK(reader.complete());
  CHECK(config["x"] == 2.5);
  CHECK(config["inner"]["kind"] == "b");
  CHECK(config["n99"] == 99);
}

TEST_CASE("whole numbers beyond 2^53 are refused, seeds go up to 2^64 - 1") {
  Json config = parse_json(R"({"most": 9007199254740992, "n": 9007199254740993, "seed": 18446744073709551615,
                     "negative": -1})",
                           "f.json");
  Mistakes mistakes("f.json");
  ConfigReader reader(config, "", mistakes);
  CHECK(reader.integer(Field::integer("most", at_least(0), "")) == 9007199254740992);
  CHECK(mistakes.count() == 0);
  reader.integer(Field::integer("n", at_least(0), ""));  // the nearest double is 2^53
  CHECK(mistakes.count() == 1);
  CHECK(reader.seed(Field::integer("seed", at_least(0), "").or_else(0)) == 18446744073709551615u);
  reader.seed(Field::integer("negative", at_least(0), "").or_else(0));
  CHECK(mistakes.count() == 2);
}

TEST_CASE("a seed may be written as 1e3, and is the same whole number then") {
  Json config = parse_json(R"({"seed": 1e3, "half": 0.5, "large": 1e16, "negative": -1e3})", "f.json");
  Mistakes mistakes("f.json");
  ConfigReader reader(config, "", mistakes);
  CHECK(reader.seed(Field::integer("seed", at_least(0), "").or_else(7)) == 1000);
  CHECK(config["seed"].dump() == "1000");
  CHECK(mistakes.count() == 0);
  for (const char* key : {"half", "large", "negative"})
    reader.seed(Field::integer(key, at_least(0), "").or_else(0));
  CHECK(mistakes.count() == 3);
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

TEST_CASE("minus zero is zero") {
  Json config = parse_json(R"({"x": -0.0})", "f.json");
  Mistakes mistakes("f.json");
  CHECK_FALSE(std::signbit(ConfigReader(config, "", mistakes).number(Field::number("x", at_least(0), ""))));
}

TEST_CASE("the nearest name is a slip of the pen away, or none") {
  const std::vector<std::string> names = {"stragglers", "load", "clusters", "exponential"};
  CHECK(nearest_name("stragler", names) == "stragglers");
  CHECK(nearest_name("laod", names) == "load");
  CHECK(nearest_name("exp", names) == "exponential");
  CHECK_FALSE(nearest_name("something", names).has_value());
}

TEST_CASE("a field that may be missing has the default it is given, and none is written for one without") {
  Json config = Json::object();
  Mistakes mistakes("f.json");
  ConfigReader reader(config, "", mistakes);
  const Choice<int> speed("speed", {{"slow", 1}, {"fast", 2}}, "");
  CHECK(reader.choice(speed.or_else("fast")) == 2);
  CHECK(config["speed"] == "fast");
  CHECK(reader.objects(Field::objects("list", {}, "").optional()).empty());
  CHECK_FALSE(config.contains("list"));
  reader.choice(Choice<int>("shape", {{"round", 1}}, ""));
  CHECK(message_of(mistakes) == "f.json#/shape: is missing; \"round\" is required");
}

TEST_CASE("a field narrowed by others keeps its own bounds, and says why the narrower ones are there") {
  CHECK(intersection(at_least(1, "own"), at_most(3)).words() == "from 1 to 3 (own)");
  CHECK(intersection(at_least(1, "own"), at_most(3, "others")).words() == "from 1 to 3 (others)");
  CHECK(intersection(above(0), at_least(0)).low_open);
  CHECK(intersection(at_least(0), above(0)).low_open);
  CHECK(intersection(between(1, 5), between(0, 9)).words() == "from 1 to 5");
}

TEST_CASE("a plug-in's line has its sentence, its fields, their defaults, and those that come with a word") {
  const Field load = Field::integer("load", at_least(1), "");
  const Field code = Field::word("code", {{"a"}, {"b"}}, "").or_else("a");
  const Field kind = Field::word("kind", {{"one", "", {load}}, {"two", "", {code}}, {"three"}}, "");
  CHECK(summary_with_fields("It works.", {load, code, kind}) ==
        "It works; load, code (a), kind one (load) or two (code (a)) or three");
  const Field tree = Field::object("tree", {.fields = {load, code}}, "");
  CHECK(summary_with_fields("It works.", {tree}) == "It works; tree (load, code (a))");
  CHECK(summary_with_fields("It works.", {}) == "It works");
}

TEST_CASE("ranges say what they allow") {
  CHECK(at_least(1).words() == "at least 1");
  CHECK(above(0, "seconds").words() == "above 0 (seconds)");
  CHECK(between(1, 4).words() == "from 1 to 4");
  CHECK(Range{.low = 0, .high = 1, .high_open = true}.words() == "at least 0 and below 1");
  CHECK_FALSE(above(0).contains(0));
  CHECK(between(1, 4).contains(4));
}
