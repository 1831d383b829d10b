// Reading what a user wrote: JSON with comments, through a reader that knows its JSON pointer (RFC 6901),
// refuses what nobody asked for, and lists every mistake of a file at once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/base/error.h"
#include "sim/base/field.h"
#include "sim/base/json_text.h"

namespace straggle {

/// The mistakes of one file, in order of discovery, each once.
class Mistakes {
 public:
  explicit Mistakes(std::string file) : file_(std::move(file)) {}

  /// Text is what is wrong and what would be right: `is not a known field (did you mean "load"?)`.
  void add(const std::string& pointer, const std::string& text);
  /// Said after every further mistake: at which point of a sweep it happens. Empty ends it.
  void set_circumstance(std::string circumstance) { circumstance_ = std::move(circumstance); }

  /// From here on only what is a mistake whatever other fields say is kept: what is missing, unknown, or no
  /// word that there is. For readers that go on without knowing what others depend on.
  void keep_independent(bool only) { independent_only_ = only; }

  std::size_t count() const { return lines_.size(); }
  /// How often add() was called, repetitions included: lets a caller see whether its part was free of
  /// mistakes.
  std::size_t reports() const { return reports_; }
  /// Throws a ConfigError with every line if there is one.
  void throw_if_any() const;

 private:
  std::string file_, circumstance_;
  std::vector<std::string> lines_;
  std::vector<std::string> seen_;  // the lines without their circumstance
  std::size_t reports_ = 0;
  bool independent_only_ = false;
};

/// The JSON text of a file; comments allowed. Syntax errors and repeated keys are a ConfigError.
Json parse_json(const std::string& text, const std::string& file);
Json read_json_file(const std::string& path);

/// The name of `known` nearest to `name`, if near enough to be a slip of the pen.
std::optional<std::string> nearest_name(std::string_view name, const std::vector<std::string>& known);
/// `"a", "b" or "c"`.
std::string quoted_list(const std::vector<std::string>& names);

/// A number that is read, whole ones apart, is 0 or from smallest_number to largest_number in size: sums,
/// products and squares of those a configuration can hold stay in the range of double.
constexpr double smallest_number = 1e-75, largest_number = 1e75;

/// Reads one JSON object field by field. A getter that finds a mistake reports it and returns a placeholder
/// inside the range asked for, so that reading goes on and all mistakes come out together; after complete()
/// has said yes every value is what the user wrote or the stated default. Defaults are written into the
/// object: what has been read is the resolved configuration.
class ConfigReader {
 public:
  /// Reads the object at `pointer` inside `root`, which must outlive the reader. If there is no object, that
  /// is reported and it reads as empty.
  ConfigReader(Json& root, std::string pointer, Mistakes& mistakes);

  const std::string& pointer() const { return pointer_; }
  std::string pointer_to(std::string_view key) const;
  bool has(const std::string& key) const;
  bool has(const Field& field) const { return has(field.name); }
  /// The raw value of a field, marked as known; null when it is missing.
  const Json* raw(const std::string& key);
  const Json* raw(const Field& field) { return raw(field.name); }

  /// What stands in a field of this kind, or its default. `narrower` is what the fields around it leave of
  /// its range. A field that may be missing and has no default is not to be asked for then, unless the reader
  /// says what it is.
  double number(const Field& field, const Range& narrower = {});
  std::int64_t integer(const Field& field, const Range& narrower = {});
  std::int64_t integer_or(const Field& field, std::int64_t fallback);
  /// Non-negative integers up to 2^64 − 1, the range of a seed.
  std::uint64_t seed(const Field& field);
  bool boolean(const Field& field);
  std::string text(const Field& field);
  /// A non-empty array of integers within the range.
  std::vector<std::int64_t> integers(const Field& field, const Range& narrower = {});

  /// One of the field's words; the nearest is named in the message.
  std::string word(const Field& field);
  /// The same where the words are not the field's to know, such as labels.
  std::string word(const Field& field, const std::vector<std::string>& known);
  std::string word_or(const Field& field, const std::vector<std::string>& known, const std::string& fallback);
  /// The value that one of the field's words stands for.
  template <class Value>
  Value choice(const Choice<Value>& field);
  template <class Value>
  Value choice_or(const Choice<Value>& field, const std::string& fallback);

  /// An object. A missing one that is not required becomes {} and so reads as all defaults.
  ConfigReader object(const Field& field);
  /// The object of this name, among objects whose names are the user's.
  ConfigReader object(const std::string& key);
  /// The elements of an array: not empty where it is required, none where it may be missing and is.
  std::vector<ConfigReader> objects(const Field& field);

  /// Writes a value the user may leave out into the resolved configuration, at a pointer from the root.
  void set_default(const std::string& pointer, const Json& value) {
    (*root_)[Json::json_pointer(pointer)] = value;
  }

  /// How many mistakes have been reported so far, of all readers of the file.
  std::size_t reports() const { return mistakes_->reports(); }
  /// Reports a mistake in a field, or (empty key) in the object itself.
  void mistake(const std::string& key, const std::string& text);
  void mistake(const Field& field, const std::string& text) { mistake(field.name, text); }
  /// Reports fields nobody asked for. True when this object had no mistake; call it last.
  bool complete();

 private:
  Json* find(const std::string& key, const std::string& expected, bool required);
  /// The field's value or its default, which is written; null where it is missing and has none.
  Json* find(const Field& field, const std::string& expected);
  double checked(const std::string& pointer, Json& value, const Range& range, bool whole, Unit unit);
  /// Looked up afresh each time: writing a default moves an object's other values.
  Json& self() const { return root_->at(Json::json_pointer(pointer_)); }

  Json* root_;
  std::string pointer_;
  Mistakes* mistakes_;
  std::size_t reports_at_start_;
  std::vector<std::string> known_;
};

template <class Value>
Value ConfigReader::choice(const Choice<Value>& field) {
  const std::string name = word(field);
  for (std::size_t i = 0; i < field.words.size(); ++i)
    if (field.words[i].name == name) return field.values[i];
  return field.values.front();
}

template <class Value>
Value ConfigReader::choice_or(const Choice<Value>& field, const std::string& fallback) {
  return choice(field.or_else(fallback));
}

}  // namespace straggle
