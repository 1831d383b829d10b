// How text that somebody else has written is shown: harmless to a terminal, to a line and to a page, and not
// too long.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace straggle {

/// The text with everything escaped that is no visible character: \n, \t, \xHH for control characters and for
/// bytes that are no UTF-8, \u{HEX} for what changes the direction or the lines of a text. The rest stays as
/// it is.
std::string printable(std::string_view text);

/// The same of at most `most` bytes of the text, cut between characters; what was cut is marked by "...".
std::string printable(std::string_view text, std::size_t most);

/// The text as one word of a shell, in quotes where it has to be; what printable() would change is written as
/// \xHH inside $'...', which bash, zsh and ksh read back as the same bytes.
std::string shell_word(std::string_view text);

/// JSON text with the same characters as \uHHHH, which reads back to the same; but line ends between values
/// stay. JSON text is UTF-8.
std::string printable_json(std::string_view json);

/// Lines of text, each printable; line ends stay. A line is cut after `most` bytes.
std::string printable_lines(std::string_view text, std::size_t most);

/// Whether it is UTF-8 throughout (RFC 3629: no surrogates, nothing overlong).
bool is_utf8(std::string_view text);

/// Whether printable() would change it.
bool has_unprintable(std::string_view text);

/// What keeps a text from standing in a cell of a table, or nothing: spreadsheets take some first characters
/// for a formula, and what cannot be seen could pass for something else.
std::optional<std::string> wrong_in_cell(const std::string& text);

}  // namespace straggle
