// For tests of pages and pictures: whether markup is well formed, and what elements are in it.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace straggle {

/// What is wrong with the nesting of the tags; empty when nothing is. Attributes must be quoted and text must
/// not contain a bare `<`. `empty_elements` are never closed, as HTML has some.
inline std::string mistake_in_markup(std::string_view text,
                                     const std::set<std::string>& empty_elements = {}) {
  std::vector<std::string> open;
  for (std::size_t at = text.find('<'); at != std::string_view::npos; at = text.find('<', at)) {
    const std::string place = " at " + std::to_string(at) + ": " + std::string(text.substr(at, 60));
    if (text.substr(at).starts_with("<!DOCTYPE html>")) {
      ++at;
      continue;
    }
    const bool closing = at + 1 < text.size() && text[at + 1] == '/';
    std::size_t end = at + (closing ? 2 : 1);
    std::string name;
    while (end < text.size() && (std::isalnum(static_cast<unsigned char>(text[end])) || text[end] == '-'))
      name += text[end++];
    if (name.empty()) return "no name of an element" + place;
    for (char quote = 0; end < text.size() && (quote || text[end] != '>'); ++end) {
      if (quote ? text[end] == quote : (text[end] == '"' || text[end] == '\'')) quote = quote ? 0 : text[end];
      if (text[end] == '<') return "a < inside a tag" + place;
    }
    if (end == text.size()) return "a tag without end" + place;
    const bool alone = text[end - 1] == '/' || empty_elements.contains(name);
    if (closing) {
      if (open.empty() || open.back() != name)
        return "</" + name + "> closes " + (open.empty() ? "nothing" : open.back()) + place;
      open.pop_back();
    } else if (!alone) {
      open.push_back(name);
    }
    at = end;
    if (!closing && !alone && (name == "script" || name == "style")) {  // no markup in there
      at = text.find("</" + name + ">", at);
      if (at == std::string_view::npos) return name + " without end" + place;
    }
  }
  return open.empty() ? "" : open.back() + " is never closed";
}

inline std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + part.size()))
    ++count;
  return count;
}

}  // namespace straggle
