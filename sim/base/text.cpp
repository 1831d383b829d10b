#include "sim/base/text.h"

#include <fmt/format.h>

#include <cstdint>

namespace straggle {
namespace {

constexpr std::uint32_t invalid = 0xffffffff;

struct Character {
  std::uint32_t code;  // invalid: one byte that is no UTF-8
  std::size_t length;
};

/// The character at the beginning of a text that is not empty.
Character first_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return {invalid, 1};
  std::uint32_t code = lead & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {invalid, 1};
    code = code << 6 | (byte(i) & 0x3fU);
  }
  constexpr std::uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  if (code < least[length] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return {invalid, 1};
  return {code, length};
}

/// Not seen, or seen elsewhere than where it stands: controls, line and paragraph separators, changes of
/// direction, zero widths (but for the joiners, which some scripts need), byte order marks, and what Unicode
/// says is no character.
bool is_visible(std::uint32_t code) {
  if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return false;
  if (code == 0x200b || code == 0x200e || code == 0x200f || code == 0x61c || code == 0xfeff) return false;
  if ((code >= 0x2028 && code <= 0x202e) || (code >= 0x2060 && code <= 0x206f)) return false;
  if ((code & 0xfffe) == 0xfffe || (code >= 0xfdd0 && code <= 0xfdef)) return false;
  return !(code >= 0xfff9 && code <= 0xfffb) && !(code >= 0xe0000 && code <= 0xe007f);
}

}  // namespace

std::string printable(std::string_view text) {
  return printable(text, text.size());
}

std::string printable(std::string_view text, std::size_t most) {
  std::string result;
  for (std::size_t at = 0; at < text.size();) {
    const auto [code, length] = first_character(text.substr(at, 4));
    if (at + length > most) return result + "...";
    if (code == '\n') {
      result += "\\n";
    } else if (code == '\t') {
      result += "\\t";
    } else if (code == '\r') {
      result += "\\r";
    } else if (code == invalid || code < 0x80) {
      const auto byte = static_cast<unsigned char>(text[at]);
      if (code != invalid && is_visible(code)) {
        result += text[at];
      } else {
        result += fmt::format("\\x{:02x}", byte);
      }
    } else if (is_visible(code)) {
      result += text.substr(at, length);
    } else {
      result += fmt::format("\\u{{{:x}}}", code);
    }
    at += length;
  }
  return result;
}

std::string shell_word(std::string_view text) {
  const bool plain = !text.empty() && text.find_first_not_of(
                                          "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                          "0123456789_-+=./:,@%") == std::string_view::npos;
  if (plain) return std::string(text);
  if (!has_unprintable(text)) {
    std::string result = "'";
    for (const char c : text) result += c == '\'' ? "'\\''" : std::string(1, c);
    return result + "'";
  }
  std::string result = "$'";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7f) {
      result += fmt::format("\\x{:02x}", byte);
    } else {
      if (c == '\'' || c == '\\') result += '\\';
      result += c;
    }
  }
  return result + "'";
}

std::string printable_json(std::string_view json) {
  std::string result;
  result.reserve(json.size());
  for (std::size_t at = 0; at < json.size();) {
    const auto [code, length] = first_character(json.substr(at, 4));
    if (code == '\n' || code == invalid || is_visible(code)) {
      result += json.substr(at, length);
    } else if (code < 0x10000) {
      result += fmt::format("\\u{:04x}", code);
    } else {  // as two surrogates
      const std::uint32_t beyond = code - 0x10000;
      result += fmt::format("\\u{:04x}\\u{:04x}", 0xd800 + (beyond >> 10), 0xdc00 + (beyond & 0x3ff));
    }
    at += length;
  }
  return result;
}

std::string printable_lines(std::string_view text, std::size_t most) {
  std::string result;
  while (true) {
    const std::size_t end = text.find('\n');
    result += printable(text.substr(0, end), most);
    if (end == std::string_view::npos) return result;
    result += '\n';
    text.remove_prefix(end + 1);
  }
}

bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto [code, length] = first_character(text.substr(at, 4));
    if (code == invalid) return false;
    at += length;
  }
  return true;
}

bool has_unprintable(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto [code, length] = first_character(text.substr(at, 4));
    if (code == invalid || !is_visible(code)) return true;
    at += length;
  }
  return false;
}

std::optional<std::string> wrong_in_cell(const std::string& text) {
  if (has_unprintable(text)) return "must not contain control characters";
  const std::size_t first = text.find_first_not_of(' ');
  if (first == std::string::npos && !text.empty()) return "must not be of blanks alone";
  if (first != std::string::npos && std::string_view("=+-@").find(text[first]) != std::string_view::npos)
    return "must not begin with =, +, - or @: spreadsheets would take it for a formula";
  return std::nullopt;
}

}  // namespace straggle
