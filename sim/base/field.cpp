#include "sim/base/field.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace straggle {
namespace {

Field of_kind(Field::Kind kind, std::string name, std::string description) {
  Field field;
  field.name = std::move(name);
  field.kind = kind;
  field.description = std::move(description);
  return field;
}

/// A default as a line has it; empty where it would say nothing.
std::string short_default(const Field& field) {
  if (!field.fallback || field.fallback->is_structured() || field.fallback->is_null()) return "";
  if (field.fallback->is_string()) return field.fallback->get<std::string>();
  return field.fallback->dump();
}

/// The names of fields, those that come with a word behind it: `design correlated (order, code (cyclic)) or
/// ...`.
std::string names_in_line(const std::vector<Field>& fields) {
  std::string line;
  for (const Field& field : fields) {
    line += (line.empty() ? "" : ", ") + field.name;
    const bool words_bring_fields = std::any_of(field.words.begin(), field.words.end(),
                                                [](const Word& word) { return !word.fields.empty(); });
    if (words_bring_fields) {
      for (const Word& word : field.words) {
        line += fmt::format("{}{}", &word == &field.words.front() ? " " : " or ", word.name);
        if (!word.fields.empty()) line += fmt::format(" ({})", names_in_line(word.fields));
      }
    } else if (field.kind == Field::Kind::object && field.form->definition.empty()) {
      line += fmt::format(" ({})", names_in_line(field.form->fields));
    } else if (const std::string otherwise = short_default(field); !otherwise.empty()) {
      line += fmt::format(" ({})", otherwise);
    }
  }
  return line;
}

}  // namespace

bool Range::contains(double value) const {
  return (low_open ? value > low : value >= low) && (high_open ? value < high : value <= high);
}

double Range::inside() const {
  if (std::isfinite(low)) return low_open ? low + 1 : low;
  return std::isfinite(high) ? (high_open ? high - 1 : high) : 0;
}

std::string Range::words() const {
  const bool bounded_below = std::isfinite(low), bounded_above = std::isfinite(high);
  std::string result;
  if (bounded_below && bounded_above && !low_open && !high_open) {
    result = low == high ? fmt::format("equal to {}", low) : fmt::format("from {} to {}", low, high);
  } else {
    if (bounded_below) result = fmt::format("{} {}", low_open ? "above" : "at least", low);
    if (bounded_above)
      result += fmt::format("{}{} {}", bounded_below ? " and " : "", high_open ? "below" : "at most", high);
    if (result.empty()) result = "of any size";
  }
  return why.empty() ? result : fmt::format("{} ({})", result, why);
}

Range at_least(double low, std::string why) {
  return {.low = low, .why = std::move(why)};
}
Range above(double low, std::string why) {
  return {.low = low, .low_open = true, .why = std::move(why)};
}
Range between(double low, double high, std::string why) {
  return {.low = low, .high = high, .why = std::move(why)};
}

Range at_most(double high, std::string why) {
  return {.high = high, .why = std::move(why)};
}

Range intersection(const Range& range, const Range& narrower) {
  Range both = range;
  if (narrower.low > both.low || (narrower.low == both.low && narrower.low_open)) {
    both.low = narrower.low;
    both.low_open = narrower.low_open;
  }
  if (narrower.high < both.high || (narrower.high == both.high && narrower.high_open)) {
    both.high = narrower.high;
    both.high_open = narrower.high_open;
  }
  if (!narrower.why.empty()) both.why = narrower.why;
  return both;
}

std::string symbol(Unit unit) {
  switch (unit) {
    case Unit::none:
      return "";
    case Unit::seconds:
      return "s";
    case Unit::per_second:
      return "1/s";
    case Unit::bytes:
      return "bytes";
    case Unit::bytes_per_second:
      return "bytes/s";
    case Unit::mini_batches:
      return "mini-batches";
  }
  return "";
}

Word::Word(std::string its_name, std::string its_meaning)
    : name(std::move(its_name)), meaning(std::move(its_meaning)) {}

Word::Word(std::string its_name, std::string its_meaning, std::vector<Field> its_fields, Json its_rules)
    : name(std::move(its_name)),
      meaning(std::move(its_meaning)),
      fields(std::move(its_fields)),
      rules(std::move(its_rules)) {}

Field Field::any(std::string name, std::string description) {
  return of_kind(Kind::any, std::move(name), std::move(description));
}

Field Field::number(std::string name, Range range, std::string description) {
  Field field = of_kind(Kind::number, std::move(name), std::move(description));
  field.range = std::move(range);
  return field;
}

Field Field::integer(std::string name, Range range, std::string description) {
  Field field = of_kind(Kind::integer, std::move(name), std::move(description));
  field.range = std::move(range);
  return field;
}

Field Field::boolean(std::string name, std::string description) {
  return of_kind(Kind::boolean, std::move(name), std::move(description));
}

Field Field::text(std::string name, std::string description) {
  return of_kind(Kind::text, std::move(name), std::move(description));
}

Field Field::word(std::string name, std::vector<Word> words, std::string description) {
  Field field = of_kind(Kind::word, std::move(name), std::move(description));
  field.words = std::move(words);
  return field;
}

Field Field::integers(std::string name, Range each, std::string description) {
  Field field = of_kind(Kind::integers, std::move(name), std::move(description));
  field.range = std::move(each);
  return field;
}

Field Field::word_list(std::string name, std::vector<Word> words, std::string description) {
  Field field = of_kind(Kind::words, std::move(name), std::move(description));
  field.words = std::move(words);
  return field;
}

Field Field::object(std::string name, Form form, std::string description) {
  Field field = of_kind(Kind::object, std::move(name), std::move(description));
  field.form = std::make_shared<const Form>(std::move(form));
  return field;
}

Field Field::objects(std::string name, Form each, std::string description) {
  Field field = of_kind(Kind::objects, std::move(name), std::move(description));
  field.form = std::make_shared<const Form>(std::move(each));
  return field;
}

Field Field::either(std::string name, std::vector<Field> alternatives, std::string description) {
  Field field = of_kind(Kind::either, std::move(name), std::move(description));
  field.alternatives = std::move(alternatives);
  return field;
}

Field Field::in(Unit its_unit) const {
  Field field = *this;
  field.unit = its_unit;
  return field;
}

Field Field::or_else(Json its_default) const {
  Field field = optional();
  field.fallback = std::move(its_default);
  return field;
}

Field Field::optional() const {
  Field field = *this;
  field.required = false;
  return field;
}

Field Field::with(const Json& further_rules) const {
  Field field = *this;
  field.rules.update(further_rules);
  return field;
}

Field Field::defined_as(std::string its_definition) const {
  Field field = *this;
  field.definition = std::move(its_definition);
  return field;
}

std::vector<std::string> names_of(const std::vector<Word>& words) {
  std::vector<std::string> names;
  for (const Word& word : words) names.push_back(word.name);
  return names;
}

std::string summary_with_fields(const std::string& summary, const std::vector<Field>& fields) {
  std::string line = summary;
  if (line.ends_with('.')) line.pop_back();
  const std::string names = names_in_line(fields);
  return names.empty() ? line : line + "; " + names;
}

}  // namespace straggle
