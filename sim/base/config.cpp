#include "sim/base/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "sim/base/file.h"
#include "sim/base/json_text.h"
#include "sim/base/quantity.h"
#include "sim/base/text.h"

namespace straggle {
namespace {

/// A whole number of which a double has all digits.
bool is_exact_integer(double number) {
  constexpr double exact_integers = 9007199254740992;  // 2^53: beyond it a double skips integers
  return number == std::floor(number) && std::abs(number) <= exact_integers;
}

/// The line of a byte of the text, from 1.
std::ptrdiff_t line_of(const std::string& text, std::size_t byte) {
  return 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(byte), '\n');
}

std::string escape(std::string_view key) {  // RFC 6901
  std::string result;
  for (const char c : key) {
    if (c == '~') {
      result += "~0";
    } else if (c == '/') {
      result += "~1";
    } else {
      result += c;
    }
  }
  return result;
}

constexpr std::size_t most_shown = 57;  // bytes of a value in a message

/// The beginning of a value's JSON text, without looking at what lies far behind it.
void show(const Json& value, std::string& text) {
  if (!value.is_structured()) {
    // A text of many megabytes is cut before it is escaped; between characters, or it would end in a mark.
    if (value.is_string() && value.get_ref<const std::string&>().size() > most_shown)
      text += '"' + printable(value.get_ref<const std::string&>(), most_shown);
    else
      text += value.dump(-1, ' ', false, Json::error_handler_t::replace);
    return;
  }
  text += value.is_object() ? '{' : '[';
  bool first = true;
  for (auto entry = value.begin(); entry != value.end() && text.size() <= most_shown; ++entry) {
    if (!std::exchange(first, false)) text += ',';
    if (value.is_object()) {
      show(Json(entry.key()), text);
      text += ':';
    }
    show(*entry, text);
  }
  text += value.is_object() ? '}' : ']';
}

// What a configuration may hold. All are far above what anybody writes by hand, and keep what is done with it
// (recursion, comparing names) from growing beyond bounds.
constexpr std::size_t most_bytes = std::size_t{1} << 24;
constexpr std::size_t most_levels = 200;
constexpr std::size_t most_names = 1000;  // of one object
constexpr std::size_t most_name_bytes = 1000, most_text_bytes = 10000;

/// The part of the library's text that a reader needs: without its error number, its own count of lines, and
/// what the file has there (which need not be a configuration, nor for everybody to see).
std::string reason_of(const Json::exception& error) {
  std::string text = error.what();
  if (const auto dash = text.find(" - "); dash != std::string::npos) {
    text.erase(0, dash + 3);
  } else if (const auto bracket = text.find("] "); bracket != std::string::npos) {
    text.erase(0, bracket + 2);
  }
  constexpr std::string_view read = "; last read: '", expected = "'; expected ";
  if (const auto begin = text.find(read); begin != std::string::npos) {
    const auto end = text.rfind(expected);  // what was expected stands behind what was read
    text.erase(begin, end == std::string::npos || end < begin ? std::string::npos : end + 1 - begin);
  }
  if (text.starts_with("number overflow")) text = "a number beyond what doubles hold, about 1.8e308";
  return text;
}

/// Reads JSON text for what the library's parser would not say: repeated keys, of which it keeps the last,
/// and what is too large. (Its callback could, but takes time with the square of an array's length.)
class Inspector : public nlohmann::json_sax<Json> {
 public:
  Inspector(const std::string& text, const std::string& file, Mistakes& mistakes)
      : text_(text), file_(file), mistakes_(mistakes) {}

  bool null() override { return value(); }
  bool boolean(bool) override { return value(); }
  bool number_integer(number_integer_t) override { return value(); }
  bool number_unsigned(number_unsigned_t) override { return value(); }
  bool number_float(number_float_t, const string_t&) override { return value(); }
  bool binary(binary_t&) override { return value(); }
  bool string(string_t& words) override {
    value();
    if (words.size() > most_text_bytes)
      give_up(fmt::format("is a text of {} bytes; it may have {}", words.size(), most_text_bytes));
    return true;
  }
  bool start_object(std::size_t) override { return open(false); }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(true); }
  bool end_array() override { return close(); }
  bool key(string_t& name) override {
    Level& level = levels_.back();
    level.key = name;
    if (level.key.size() > most_name_bytes)
      give_up(fmt::format("is a name of {} bytes; it may have {}", level.key.size(), most_name_bytes));
    if (!level.keys.insert(level.key).second) mistakes_.add(pointer(), "is given twice");
    if (level.keys.size() > most_names)
      give_up(fmt::format("is one field too many: an object may have {}", most_names));
    return true;
  }
  bool parse_error(std::size_t position, const std::string&, const Json::exception& error) override {
    const std::size_t byte = std::min(position == 0 ? 0 : position - 1, text_.size());
    const std::size_t start = byte == 0 ? 0 : text_.rfind('\n', byte - 1) + 1;  // npos + 1 = 0
    throw ConfigError(fmt::format("{}:{}:{}: is not valid JSON: {}", printable(file_), line_of(text_, byte),
                                  byte - start + 1, reason_of(error)));
  }

 private:
  struct Level {
    bool array;
    std::set<std::string> keys;
    std::string key;
    std::ptrdiff_t index = -1;
  };

  bool value() {
    if (!levels_.empty() && levels_.back().array) ++levels_.back().index;
    return true;
  }

  bool open(bool array) {
    value();
    if (levels_.size() == most_levels)
      give_up(fmt::format("is nested too deeply: there may be {} levels", most_levels));
    levels_.push_back({.array = array, .keys = {}, .key = {}});
    return true;
  }

  bool close() {
    levels_.pop_back();
    return true;
  }

  [[noreturn]] void give_up(const std::string& reason) {
    mistakes_.add(pointer(), reason);
    mistakes_.throw_if_any();
    throw std::logic_error("a mistake has been lost");
  }

  std::string pointer() const {
    std::string result;
    for (const Level& level : levels_)
      result += "/" + (level.array ? std::to_string(level.index) : escape(level.key));
    return result;
  }

  const std::string& text_;
  const std::string& file_;
  Mistakes& mistakes_;
  std::vector<Level> levels_;
};

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row[b.size()];
}

/// Bytes that are no text of JSON, of which the parser would say something else or, behind a zero, nothing.
void refuse_other_encodings(const std::string& text, const std::string& file) {
  const std::size_t zero = text.find('\0');
  if (text.starts_with("\xff\xfe") || text.starts_with("\xfe\xff") || zero < 4)
    throw ConfigError(fmt::format("{}: is not UTF-8, but {}; save it as UTF-8", printable(file),
                                  zero == 0 || text.substr(0, 4).find(std::string(2, '\0')) != text.npos
                                      ? "UTF-32, or no text at all"
                                      : "UTF-16"));
  if (zero == text.npos) return;
  throw ConfigError(fmt::format("{}:{}: has a byte that is zero, which text never has", printable(file),
                                line_of(text, zero)));
}

}  // namespace

std::string shown(const Json& value) {
  std::string text;
  show(value, text);
  text = printable(text);
  return text.size() > most_shown + 3 ? printable(text, most_shown) : text;
}

// The first hundred lines are kept; of every further one an empty line says that it was there.
void Mistakes::add(const std::string& pointer, const std::string& text) {
  constexpr std::size_t most_kept = 100, most_reports = 100000;
  if (++reports_ > most_reports) throw_if_any();  // nobody reads on
  if (independent_only_ && !text.starts_with("is missing") && !text.starts_with("is not a known field") &&
      text.find(", but must be \"") == std::string::npos)
    return;
  if (lines_.size() >= most_kept) {
    lines_.emplace_back();
    return;
  }
  std::string line =
      fmt::format("{}#{}: {}", printable(file_, 1000), printable(pointer, 200), printable(text, 2000));
  if (std::find(seen_.begin(), seen_.end(), line) != seen_.end()) return;
  seen_.push_back(line);
  if (!circumstance_.empty()) line += " " + printable(circumstance_, 300);
  lines_.push_back(std::move(line));
}

void Mistakes::throw_if_any() const {
  if (lines_.empty()) return;
  std::string text;
  std::size_t kept = 0;
  for (; kept < lines_.size() && !lines_[kept].empty(); ++kept)
    text += (kept == 0 ? "" : "\n") + lines_[kept];
  if (kept < lines_.size()) text += fmt::format("\n... and {} more mistakes", lines_.size() - kept);
  throw ConfigError(text);
}

Json parse_json(const std::string& text, const std::string& file) {
  refuse_other_encodings(text, file);
  Mistakes mistakes(file);
  Inspector inspector(text, file, mistakes);
  Json::sax_parse(text, &inspector, Json::input_format_t::json, /*strict=*/true, /*ignore_comments=*/true);
  mistakes.throw_if_any();
  return Json::parse(text, nullptr, /*allow_exceptions=*/true, /*ignore_comments=*/true);
}

Json parse_value(const std::string& text, const std::string& where) {
  if (!is_utf8(text)) throw ConfigError(fmt::format("{}: the value is not valid UTF-8", printable(where)));
  // Nobody means a text by what begins as an object or a list: what is wrong in it is said.
  if (Json::accept(text) || text.starts_with('{') || text.starts_with('[')) return parse_json(text, where);
  if (text.size() > most_text_bytes)
    throw ConfigError(fmt::format("{}: is a text of {} bytes; it may have {}", printable(where), text.size(),
                                  most_text_bytes));
  return text;
}

Json read_json_file(const std::string& path) {
  return parse_json(read_file(path, "a configuration, which is a JSON file", most_bytes), path);
}

std::optional<std::string> nearest_name(std::string_view name, const std::vector<std::string>& known) {
  std::optional<std::string> best;
  if (name.size() > 100) return best;  // nothing of ours has a name like that
  std::size_t best_distance = std::max<std::size_t>(2, name.size() / 3) + 1;  // farther is not a slip
  for (const std::string& candidate : known) {
    if (candidate.size() > 100 + name.size()) continue;
    const std::size_t distance = edit_distance(name, candidate);
    // An abbreviation ("exp" for "exponential") or a plural is near however many letters it lacks.
    const bool prefix = name.size() >= 3 && candidate.starts_with(name);
    if ((prefix && !best) || distance < best_distance) {
      best = candidate;
      best_distance = std::min(distance, best_distance);
    }
  }
  return best;
}

std::string quoted_list(const std::vector<std::string>& names) {
  constexpr std::size_t most_listed = 40;
  std::string result;
  const std::size_t listed = std::min(names.size(), most_listed);
  for (std::size_t i = 0; i < listed; ++i)
    result += fmt::format("{}\"{}\"",
                          i == 0                  ? ""
                          : i + 1 == names.size() ? " or "
                                                  : ", ",
                          printable(names[i], 100));
  if (listed < names.size()) result += fmt::format(" or one of {} others", names.size() - listed);
  return result;
}

namespace {

/// The unit that an unknown one looks like, as a question; or nothing.
std::string looks_like(const Quantity& quantity, Unit unit) {
  if (quantity.asked || quantity.symbol.size() < 4) return "";  // in short ones a slip is another unit
  const auto near = nearest_name(quantity.symbol, symbols_of(unit));
  return near ? fmt::format(" (did you mean \"{}\"?)", *near) : "";
}

}  // namespace

ConfigReader::ConfigReader(Json& root, std::string pointer, Mistakes& mistakes)
    : root_(&root),
      pointer_(std::move(pointer)),
      mistakes_(&mistakes),
      reports_at_start_(mistakes.reports()) {
  if (!self().is_object()) {
    mistakes.add(pointer_, fmt::format("must be an object {{...}}, but is {}", shown(self())));
    self() = Json::object();
  }
}

std::string ConfigReader::pointer_to(std::string_view key) const {
  return key.empty() ? pointer_ : pointer_ + "/" + escape(key);
}

bool ConfigReader::has(const std::string& key) const {
  return self().contains(key);
}

const Json* ConfigReader::raw(const std::string& key) {
  return find(key, std::string(), false);
}

Json* ConfigReader::find(const std::string& key, const std::string& expected, bool required) {
  if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.push_back(key);
  Json& object = self();
  const auto found = object.find(key);
  if (found != object.end()) return &*found;
  if (required) mistake(key, fmt::format("is missing; {} is required", expected));
  return nullptr;
}

Json* ConfigReader::find(const Field& field, const std::string& expected) {
  if (field.fallback && !has(field))  // numbers with a fraction keep one: their default is 0.0
    self()[field.name] =
        field.kind == Field::Kind::number ? Json(field.fallback->get<double>()) : *field.fallback;
  return find(field.name, expected, true);
}

double ConfigReader::checked(const std::string& pointer, Json& value, const Range& range, bool whole,
                             Unit unit) {
  const std::string kind = whole ? "a whole number" : "a number";
  const double placeholder = range.inside();
  std::string written;  // where it is not the number that stands there
  if (value.is_string() && takes_quantities(unit)) {
    const Quantity quantity = read_quantity(value.get_ref<const std::string&>(), unit);
    if (!quantity.value) {
      mistakes_->add(
          pointer, quantity.wrong.empty()
                       ? fmt::format("must be {} {}, or with its unit a text such as \"{}\", but is {}", kind,
                                     range.words(), example_of(unit), shown(value))
                       : quantity.wrong + looks_like(quantity, unit));
      return placeholder;
    }
    written = shown(value);
    value = *quantity.value;
  }
  const auto what_is_there = [&] { return written.empty() ? shown(value) : written; };
  if (!value.is_number()) {
    mistakes_->add(pointer, fmt::format("must be {} {}, but is {}", kind, range.words(), shown(value)));
    return placeholder;
  }
  const double number = value.get<double>();
  bool integral = is_exact_integer(number);
  if (integral && value.is_number_integer())  // 2^53 + 1 was rounded
    integral = Json(static_cast<std::int64_t>(number)) == value;
  if (!std::isfinite(number) || (whole && !integral) || !range.contains(number)) {
    mistakes_->add(pointer, fmt::format("must be {} {}, but is {}", kind, range.words(), what_is_there()));
    return placeholder;
  }
  const double size = std::abs(number);
  if (!whole && (size > largest_number || (size < smallest_number && size > 0))) {
    mistakes_->add(pointer,
                   fmt::format("must be 0 or from {:g} to {:g} in size to be calculated with, but is {}",
                               smallest_number, largest_number, what_is_there()));
    return placeholder;
  }
  return number + 0.0;  // -0 is 0
}

double ConfigReader::number(const Field& field, const Range& narrower) {
  const Range range = intersection(field.range, narrower);
  Json* value = find(field, "a number " + range.words());
  return value ? checked(pointer_to(field.name), *value, range, false, field.unit) : range.inside();
}

std::int64_t ConfigReader::integer(const Field& field, const Range& narrower) {
  const Range range = intersection(field.range, narrower);
  Json* value = find(field, "a whole number " + range.words());
  return static_cast<std::int64_t>(value ? checked(pointer_to(field.name), *value, range, true, field.unit)
                                         : range.inside());
}

std::int64_t ConfigReader::integer_or(const Field& field, std::int64_t fallback) {
  return integer(field.or_else(fallback));
}

std::uint64_t ConfigReader::seed(const Field& field) {
  Json* const value = find(field, "a whole number");
  if (!value) return 0;
  if (value->is_number_float()) {  // 1e3: a whole number as well, where a double has all of its digits
    const double number = value->get<double>();
    if (number >= 0 && is_exact_integer(number)) *value = static_cast<std::uint64_t>(number);
  }
  if (value->is_number_unsigned() || (value->is_number_integer() && value->get<std::int64_t>() >= 0))
    return value->get<std::uint64_t>();
  mistake(field,
          fmt::format("must be a whole number from 0 to 18446744073709551615, but is {}", shown(*value)));
  return field.fallback ? field.fallback->get<std::uint64_t>() : 0;
}

bool ConfigReader::boolean(const Field& field) {
  const Json* value = find(field, "true or false");
  if (!value) return false;
  if (value->is_boolean()) return value->get<bool>();
  mistake(field, fmt::format("must be true or false, but is {}", shown(*value)));
  return field.fallback && field.fallback->get<bool>();
}

std::string ConfigReader::text(const Field& field) {
  const Json* value = find(field, "a text");
  if (!value) return {};
  if (value->is_string()) return value->get<std::string>();
  mistake(field, fmt::format("must be a text in quotes, but is {}", shown(*value)));
  return {};
}

std::vector<std::int64_t> ConfigReader::integers(const Field& field, const Range& narrower) {
  const Range each = intersection(field.range, narrower);
  const std::string expected = "a non-empty array of whole numbers " + each.words();
  Json* value = find(field, expected);
  if (!value) return {};
  if (!value->is_array() || value->empty()) {
    mistake(field, fmt::format("must be {}, but is {}", expected, shown(*value)));
    return {};
  }
  std::vector<std::int64_t> result;
  for (std::size_t i = 0; i < value->size(); ++i) {
    const std::size_t before = mistakes_->reports();
    const double number =
        checked(pointer_to(field.name) + "/" + std::to_string(i), (*value)[i], each, true, field.unit);
    if (mistakes_->reports() == before) result.push_back(static_cast<std::int64_t>(number));
  }
  return result.size() == value->size() ? result : std::vector<std::int64_t>{};
}

std::string ConfigReader::word(const Field& field) {
  return word(field, names_of(field.words));
}

std::string ConfigReader::word(const Field& field, const std::vector<std::string>& known) {
  const Json* value = find(field, quoted_list(known));
  if (!value) return {};
  if (value->is_string()) {
    const auto name = value->get<std::string>();
    if (std::find(known.begin(), known.end(), name) != known.end()) return name;
    const auto near = nearest_name(name, known);
    mistake(field, fmt::format("is {}, but must be {}{}", shown(*value), quoted_list(known),
                               near ? fmt::format(" (did you mean \"{}\"?)", *near) : ""));
  } else {
    mistake(field, fmt::format("must be {}, but is {}", quoted_list(known), shown(*value)));
  }
  return {};
}

std::string ConfigReader::word_or(const Field& field, const std::vector<std::string>& known,
                                  const std::string& fallback) {
  return word(field.or_else(fallback), known);
}

ConfigReader ConfigReader::object(const Field& field) {
  if (!field.required && !has(field)) self()[field.name] = Json::object();
  return object(field.name);
}

ConfigReader ConfigReader::object(const std::string& key) {
  if (!find(key, "an object {...}", true)) {
    self()[key] = Json::object();  // its required fields are reported too
  }
  return ConfigReader(*root_, pointer_to(key), *mistakes_);
}

std::vector<ConfigReader> ConfigReader::objects(const Field& field) {
  Json* value = find(field.name, "a non-empty array of objects", field.required);
  if (!value) return {};
  if (field.required && value->is_array() && value->empty()) mistake(field, "must not be empty");
  if (!value->is_array()) {
    mistake(field, fmt::format("must be an array of objects [{{...}}, ...], but is {}", shown(*value)));
    return {};
  }
  std::vector<ConfigReader> result;
  for (std::size_t i = 0; i < value->size(); ++i)
    result.emplace_back(*root_, pointer_to(field.name) + "/" + std::to_string(i), *mistakes_);
  return result;
}

void ConfigReader::mistake(const std::string& key, const std::string& text) {
  mistakes_->add(pointer_to(key), text);
}

bool ConfigReader::complete() {
  for (const auto& [key, value] : self().items()) {
    if (std::find(known_.begin(), known_.end(), key) != known_.end()) continue;
    const auto near = nearest_name(key, known_);
    mistake(key, fmt::format("is not a known field ({})", near ? fmt::format("did you mean \"{}\"?", *near)
                                                               : "known are " + quoted_list(known_)));
  }
  return mistakes_->reports() == reports_at_start_;
}

}  // namespace straggle
