// Fields of a configuration as data: a reader reads by them (ConfigReader), and the schema of configurations,
// `straggle list` and the units in tables are written from them.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/base/json_text.h"

namespace straggle {

/// An interval of numbers; the words of an error message come from it.
struct Range {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool low_open = false, high_open = false;
  std::string why = {};  ///< appended to the message: `(load cannot exceed the workers of a cluster)`

  bool contains(double value) const;
  /// Some value of the interval (off an open end by one).
  double inside() const;
  std::string words() const;
};
Range at_least(double low, std::string why = {});
Range above(double low, std::string why = {});
Range at_most(double high, std::string why = {});
Range between(double low, double high, std::string why = {});
/// What is in both; why it is so is the second one's to say.
Range intersection(const Range& range, const Range& narrower);

/// What a number counts.
enum class Unit { none, seconds, per_second, bytes, bytes_per_second, mini_batches };
/// As it stands behind a number: `s`, `1/s`, `mini-batches`; empty for none.
std::string symbol(Unit unit);

struct Field;
struct Form;

/// A word that a field takes.
struct Word {
  Word(std::string its_name, std::string its_meaning = {});
  Word(std::string its_name, std::string its_meaning, std::vector<Field> its_fields,
       Json its_rules = Json::object());

  std::string name;
  std::string meaning;
  std::vector<Field> fields;    ///< which the object has with this word, and only with it
  Json rules = Json::object();  ///< what a list of fields cannot say, as JSON Schema
};

/// A field. Without more it is required; those below make it one that has a default, or may be missing.
struct Field {
  enum class Kind {
    any,
    number,
    integer,
    boolean,
    text,
    word,
    object,
    integers,  ///< a list of whole numbers, not empty
    words,     ///< a list of words, not empty
    objects,   ///< a list of objects, not empty if it is required
    either,    ///< what one of several fields takes
  };

  std::string name;
  Kind kind = Kind::any;
  std::string description = {};
  Range range = {};                       ///< of a number, or of each in a list of them
  Unit unit = Unit::none;                 ///< of a number, or of each in a list of them
  std::vector<Word> words = {};           ///< of `word`, `words`
  std::vector<Field> alternatives = {};   ///< of `either`
  std::shared_ptr<const Form> form = {};  ///< of `object`, and of each of `objects`
  std::optional<Json> fallback = {};      ///< its default
  std::string definition = {};  ///< its name among the schema's definitions, if several objects have it
  bool required = true;
  Json rules = Json::object();  ///< what JSON Schema says beyond that; replaces what is equal in name

  static Field any(std::string name, std::string description);
  static Field number(std::string name, Range range, std::string description);
  static Field integer(std::string name, Range range, std::string description);
  static Field boolean(std::string name, std::string description);
  static Field text(std::string name, std::string description);
  static Field word(std::string name, std::vector<Word> words, std::string description);
  static Field integers(std::string name, Range each, std::string description);
  static Field word_list(std::string name, std::vector<Word> words, std::string description);
  static Field object(std::string name, Form form, std::string description = {});
  static Field objects(std::string name, Form each, std::string description);
  static Field either(std::string name, std::vector<Field> alternatives, std::string description);

  Field in(Unit its_unit) const;
  Field or_else(Json its_default) const;
  /// May be missing, and what that means is for the description to say.
  Field optional() const;
  Field with(const Json& further_rules) const;
  Field defined_as(std::string its_definition) const;
};

/// An object as data.
struct Form {
  std::string definition =
      {};  ///< its name among the schema's definitions; without it stands where it is used
  std::string description = {};
  std::vector<Field> fields = {};
  Json rules = Json::object();  ///< what a list of fields cannot say, as JSON Schema
  /// The definition of plug-ins of which one stands in the same object, with its own fields. The names of
  /// the fields around a plug-in are reserved: where a form has not that field, nobody may give it.
  std::string plug_ins = {};
};

/// A field of words that stand for values.
template <class Value>
struct Choice : Field {
  struct Option {
    std::string name;
    Value value;
    std::string meaning = {};
    std::vector<Field> fields = {};
  };

  Choice(std::string its_name, std::vector<Option> options, std::string its_description)
      : Field(Field::word(std::move(its_name), {}, std::move(its_description))) {
    for (Option& option : options) {
      words.push_back({std::move(option.name), std::move(option.meaning), std::move(option.fields)});
      values.push_back(option.value);
    }
  }
  Choice or_else(const std::string& its_default) const {
    Choice choice = *this;
    choice.fallback = its_default;
    choice.required = false;
    return choice;
  }
  Choice optional() const {
    Choice choice = *this;
    choice.required = false;
    return choice;
  }

  std::vector<Value> values;  ///< of `words`, in their order
};

/// The names of the words a field takes.
std::vector<std::string> names_of(const std::vector<Word>& words);

/// What a plug-in is and the names of its fields, on one line: `x = shift + scale * Gamma(shape); shape,
/// scale, shift (0)`.
std::string summary_with_fields(const std::string& summary, const std::vector<Field>& fields);

}  // namespace straggle
