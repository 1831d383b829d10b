// Text of somebody else: what is shown of it.
#include "sim/base/text.h"

#include <catch2/catch.hpp>
#include <string>

#include "sim/base/config.h"

using namespace straggle;

TEST_CASE("Visible text stays as it is, in any script") {
  for (const std::string text : {"", "plain", "µ = 10 ± 0.1", "梯度编码", "a\\b \"quoted\"", "👩\u200d💻"}) {
    CHECK(printable(text) == text);
    CHECK(is_utf8(text));
    CHECK_FALSE(has_unprintable(text));
  }
}

TEST_CASE("Control characters are shown escaped") {
  CHECK(printable("a\nb\tc\rd") == "a\\nb\\tc\\rd");
  CHECK(printable("\x1b[31mred") == "\\x1b[31mred");
  CHECK(printable(std::string("nul\0", 4)) == "nul\\x00");
  CHECK(printable("\x7f") == "\\x7f");
  CHECK(printable("\u009b") == "\\u{9b}");  // a control sequence introducer of one character
  CHECK(has_unprintable("a\nb"));
}

TEST_CASE("What changes the direction or the lines of a text is shown escaped") {
  CHECK(printable("a\u202eb") == "a\\u{202e}b");
  CHECK(printable("a\u2028b") == "a\\u{2028}b");
  CHECK(printable("a\u2066b") == "a\\u{2066}b");
  CHECK(printable("\ufeffa") == "\\u{feff}a");
  CHECK(printable("\ufffe\U0001ffff\ufdd0\ufffd") == "\\u{fffe}\\u{1ffff}\\u{fdd0}\ufffd");
}

TEST_CASE("Bytes that are no UTF-8 are shown as bytes") {
  CHECK(printable("a\xff"
                  "b") == "a\\xffb");
  CHECK(printable("\xc3") == "\\xc3");                             // cut in the middle of a character
  CHECK(printable("\xc0\xaf") == "\\xc0\\xaf");                    // overlong
  CHECK(printable("\xed\xa0\x80") == "\\xed\\xa0\\x80");           // a surrogate
  CHECK(printable("\xf4\x90\x80\x80") == "\\xf4\\x90\\x80\\x80");  // above U+10FFFF
  for (const char* text : {"a\xff", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82"})
    CHECK_FALSE(is_utf8(text));
}

TEST_CASE("Long text is cut between characters") {
  CHECK(printable("abcdef", 6) == "abcdef");
  CHECK(printable("abcdef", 5) == "abcde...");
  CHECK(printable("aµb", 2) == "a...");  // µ takes two bytes
  CHECK(printable("aµb", 3) == "aµ...");
}

TEST_CASE("a word of a shell reads back as the same bytes") {
  CHECK(shell_word("configs/first.json") == "configs/first.json");
  CHECK(shell_word("/compute/rate=5") == "/compute/rate=5");
  CHECK(shell_word("") == "''");
  CHECK(shell_word("GC, three") == "'GC, three'");
  CHECK(shell_word("it's $(x)") == R"('it'\''s $(x)')");
  CHECK(shell_word("~") == "'~'");
  CHECK(shell_word("größe") == "'größe'");
  CHECK(shell_word("a\n'b\\") == R"($'a\x0a\'b\\')");
  CHECK(shell_word("\xff") == R"($'\xff')");
}

TEST_CASE("JSON text is shown escaped and reads back to the same") {
  const Json value = {{"a\x7f", "\u202e\u009b\U000e0041 µ \n\x1b"}, {"b", {1, "\ufeff"}}};
  for (const int indent : {-1, 2}) {
    const std::string text = printable_json(value.dump(indent));
    CHECK(Json::parse(text) == value);
    for (const char* hidden : {"\x7f", "\u202e", "\u009b", "\U000e0041", "\x1b", "\ufeff"})
      CHECK(text.find(hidden) == std::string::npos);
  }
  CHECK(printable_json("{\n  \"µ\": 1\n}") == "{\n  \"µ\": 1\n}");
}

TEST_CASE("Lines are shown each for itself") {
  CHECK(printable_lines("a\x1b\nb\r\n", 10) == "a\\x1b\nb\\r\n");
  CHECK(printable_lines("abcdef\nab", 3) == "abc...\nab");
  CHECK(printable_lines("", 3) == "");
}
