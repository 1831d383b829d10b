#include "sim/run/schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "models/compute_model.h"
#include "models/network_model.h"
#include "sim/base/quantity.h"
#include "sim/run/expectation.h"
#include "sim/run/point.h"
#include "sim/run/sweep.h"
#include "sim/schemes/scheme.h"

namespace straggle {
namespace {

const char* const compute_models = "compute-model";  // the definition

/// The plug-ins there are as the words that name them, in the order in which they are described.
template <class Plugin>
std::vector<Word> words_of_plug_ins() {
  std::vector<std::pair<int, Word>> placed;
  for (const auto& [name, plugin] : Registry<Plugin>::instance().entries())
    placed.push_back({plugin.place, {name, plugin.summary, plugin.fields, plugin.rules}});
  std::stable_sort(placed.begin(), placed.end(),
                   [](const auto& one, const auto& other) { return one.first < other.first; });
  std::vector<Word> words;
  for (auto& [place, word] : placed) words.push_back(std::move(word));
  return words;
}

/// A bound as JSON: whole numbers as such up to where they are easier read as powers of ten.
Json bound(double value, bool whole) {
  const double largest = whole ? 1e9 : 1e5;
  return value == std::floor(value) && std::abs(value) <= largest ? Json(static_cast<std::int64_t>(value))
                                                                  : Json(value);
}

void add_range(Json& rule, const Range& range, bool whole) {
  if (std::isfinite(range.low))
    rule[range.low_open ? "exclusiveMinimum" : "minimum"] = bound(range.low, whole);
  if (std::isfinite(range.high))
    rule[range.high_open ? "exclusiveMaximum" : "maximum"] = bound(range.high, whole);
}

void add_words(Json& rule, const std::vector<Word>& words) {
  rule["enum"] = names_of(words);
  if (std::all_of(words.begin(), words.end(), [](const Word& word) { return word.meaning.empty(); })) return;
  for (const Word& word : words) rule["enumDescriptions"].push_back(word.meaning);
}

/// The field whose words bring further fields with them; null if there is none.
const Field* chooser_of(const std::vector<Field>& fields) {
  for (const Field& field : fields)
    if (std::any_of(field.words.begin(), field.words.end(),
                    [](const Word& word) { return !word.fields.empty() || !word.rules.empty(); }))
      return &field;
  return nullptr;
}

Json if_it_is(const Field& field, const Word& word) {
  Json test = {{"properties", {{field.name, {{"const", word.name}}}}}};
  if (!field.fallback || *field.fallback != word.name) test["required"] = Json::array({field.name});
  return test;
}

class SchemaWriter {
 public:
  SchemaWriter() {
    // What may stand around a compute model, in whatever object it is.
    around_models_ = {compute_model_field().name};
    const auto add = [&](const std::vector<Field>& fields) {
      for (const Field& field : fields) {
        if (std::find(around_models_.begin(), around_models_.end(), field.name) == around_models_.end())
          around_models_.push_back(field.name);
        for (const Word& word : field.words)
          for (const Field& further : word.fields) around_models_.push_back(further.name);
      }
    };
    visit_forms(configuration_form(), [&](const Form& form) {
      if (form.plug_ins == compute_models) add(form.fields);
    });
  }

  Json write() {
    const Form form = configuration_form();
    Json schema = {{"$schema", "http://json-schema.org/draft-07/schema#"},
                   {"title", "straggle configuration"},
                   {"description", form.description}};
    schema.update(object_rule(form));
    schema["definitions"] = std::move(definitions_);
    return schema;
  }

  /// Calls visit(form) for every form of the configuration, each definition once.
  static void visit_forms(const Form& top, const std::function<void(const Form&)>& visit) {
    std::vector<std::string> seen;
    const std::function<void(const std::vector<Field>&)> fields = [&](const std::vector<Field>& some) {
      for (const Field& field : some) {
        for (const Word& word : field.words) fields(word.fields);
        fields(field.alternatives);
        if (!field.form) continue;
        if (const std::string& name = field.form->definition; !name.empty()) {
          if (std::find(seen.begin(), seen.end(), name) != seen.end()) continue;
          seen.push_back(name);
        }
        visit(*field.form);
        fields(field.form->fields);
        if (field.form->plug_ins == compute_models)
          for (const Word& word : words_of_plug_ins<ComputePlugin>()) fields(word.fields);
      }
    };
    visit(top);
    fields(top.fields);
  }

 private:
  /// Keeps a rule among the definitions, made once, and refers to it.
  Json defined(const std::string& name, const std::function<Json()>& make) {
    if (!definitions_.contains(name)) {
      definitions_[name] = Json::object();  // a model's fields refer to models
      Json rule = make();
      definitions_[name] = std::move(rule);
    }
    return {{"$ref", "#/definitions/" + name}};
  }

  Json field_rule(const Field& field) {
    if (field.definition.empty()) return rule_of(field);
    return defined(field.definition, [&] { return rule_of(field); });
  }

  Json rule_of(const Field& field) {
    Json rule = value_rule(field);
    if (rule.contains("$ref")) return rule;  // what stands beside it would be ignored
    if (field.unit != Unit::none) rule["unit"] = symbol(field.unit);
    if (field.fallback) rule["default"] = *field.fallback;
    if (!field.description.empty()) rule["description"] = field.description;
    rule.update(field.rules);
    return rule;
  }

  Json value_rule(const Field& field) {
    Json rule = Json::object();
    switch (field.kind) {
      case Field::Kind::any:
        break;
      case Field::Kind::number:
      case Field::Kind::integer: {
        const bool whole = field.kind == Field::Kind::integer;
        rule["type"] = whole ? "integer" : "number";
        add_range(rule, field.range, whole);
        if (takes_quantities(field.unit)) {
          rule["type"] = Json::array({rule["type"], "string"});
          rule["pattern"] = quantity_pattern(field.unit);
        }
        break;
      }
      case Field::Kind::boolean:
        rule["type"] = "boolean";
        break;
      case Field::Kind::text:
        rule["type"] = "string";
        break;
      case Field::Kind::word:
        add_words(rule, field.words);
        break;
      case Field::Kind::integers: {
        Json each = {{"type", "integer"}};
        add_range(each, field.range, true);
        rule = {{"type", "array"}, {"minItems", 1}, {"items", std::move(each)}};
        break;
      }
      case Field::Kind::words: {
        Json each = Json::object();
        add_words(each, field.words);
        rule = {{"type", "array"}, {"minItems", 1}, {"items", std::move(each)}};
        break;
      }
      case Field::Kind::object:
        rule = form_rule(*field.form);
        break;
      case Field::Kind::objects:
        rule["type"] = "array";
        if (field.required) rule["minItems"] = 1;
        rule["items"] = form_rule(*field.form);
        break;
      case Field::Kind::either:
        for (const Field& alternative : field.alternatives) rule["anyOf"].push_back(field_rule(alternative));
        break;
    }
    return rule;
  }

  Json form_rule(const Form& form) {
    const auto described = [&] {
      Json rule = form.description.empty() ? Json::object() : Json{{"description", form.description}};
      rule.update(object_rule(form));
      return rule;
    };
    return form.definition.empty() ? described() : defined(form.definition, described);
  }

  Json object_rule(const Form& form) {
    Json rule = {{"type", "object"}};
    if (form.plug_ins.empty()) {
      rule.update(closed(form.fields, {}));
    } else {
      rule.update(around_a_model(form));
    }
    rule.update(form.rules);
    return rule;
  }

  void add_fields(Json& rule, const std::vector<Field>& fields) {
    for (const Field& field : fields)
      if (field.required) rule["required"].push_back(field.name);
    for (const Field& field : fields) rule["properties"][field.name] = field_rule(field);
  }

  /// An object with these fields, those that come with their words, and fields described around it.
  Json closed(const std::vector<Field>& fields, std::vector<std::string> around) {
    Json rule = Json::object();
    const Field* const chooser = chooser_of(fields);
    if (!chooser) {
      rule["additionalProperties"] = false;
      rule["properties"] = Json::object();
      for (const std::string& name : around) rule["properties"][name] = Json::object();
    }
    add_fields(rule, fields);
    if (!chooser && rule["properties"].empty()) rule.erase("properties");
    if (!chooser) return rule;
    for (const Field& field : fields) around.push_back(field.name);
    for (const Word& word : chooser->words) {
      Json then = closed(word.fields, around);
      then.update(word.rules);
      rule["allOf"].push_back({{"if", if_it_is(*chooser, word)}, {"then", std::move(then)}});
    }
    return rule;
  }

  /// An object with a compute model in it.
  Json around_a_model(const Form& form) {
    const Json model = defined(compute_models, [&] { return compute_model_rule(); });
    Json rule = {{"required", Json::array({compute_model_field().name})}, {"allOf", Json::array({model})}};
    for (const std::string& name : around_models_) {  // not in this object, unless the next line says so
      if (name != compute_model_field().name) rule["properties"][name] = false;
    }
    std::vector<Field> fields;
    for (const Field& field : form.fields) {
      fields.push_back(field);
      for (const Word& word : field.words)
        for (const Field& further : word.fields) fields.push_back(further.optional());
    }
    Json own = Json::object();
    add_fields(own, fields);
    for (const auto& [name, field] : rule["properties"].items())
      if (!own["properties"].contains(name)) own["properties"][name] = field;
    rule["properties"] = std::move(own["properties"]);
    if (own.contains("required"))
      for (const Json& name : own["required"]) rule["required"].push_back(name);
    if (const Field* const chooser = chooser_of(form.fields))
      for (const Word& word : chooser->words) {
        if (word.fields.empty()) continue;
        rule["if"] = if_it_is(*chooser, word);
        for (const Field& further : word.fields) {
          if (further.required) rule["then"]["required"].push_back(further.name);
          rule["else"]["properties"][further.name] = false;
        }
      }
    return rule;
  }

  Json compute_model_rule() {
    Field model = compute_model_field();
    model.words = words_of_plug_ins<ComputePlugin>();
    Json rule = {
        {"$comment",
         "A model and its own fields; those around it (patternProperties) are for whoever includes it to "
         "allow."},
        {"type", "object"}};
    add_fields(rule, {model});
    std::string around;
    for (const std::string& name : around_models_) around += (around.empty() ? "^(" : "|") + name;
    around += ")$";
    for (const Word& word : model.words) {
      Json then = Json::object();
      then["patternProperties"][around] = Json::object();
      then.update(closed(word.fields, {}));
      then.update(word.rules);
      rule["allOf"].push_back({{"if", if_it_is(model, word)}, {"then", std::move(then)}});
    }
    return rule;
  }

  std::vector<std::string> around_models_;
  Json definitions_ = Json::object();
};

/// JSON with what fits into a line on one.
void write_text(const Json& value, std::size_t column, std::size_t indent, std::string& text) {
  constexpr std::size_t width = 118;
  const std::string line = value.dump();
  if (!value.is_structured() || value.empty() || column + line.size() + line.size() / 16 <= width) {
    // With a space behind every comma and colon between values.
    bool quoted = false, escaped = false;
    for (const char c : line) {
      text += c;
      if (!quoted && (c == ',' || c == ':')) text += ' ';
      if (c == '"' && !escaped) quoted = !quoted;
      escaped = c == '\\' && !escaped;
    }
    return;
  }
  text += value.is_object() ? "{\n" : "[\n";
  bool first = true;
  for (auto entry = value.begin(); entry != value.end(); ++entry) {
    if (!std::exchange(first, false)) text += ",\n";
    std::string head(indent + 2, ' ');
    if (value.is_object()) head += Json(entry.key()).dump() + ": ";
    text += head;
    write_text(*entry, head.size(), indent + 2, text);
  }
  text += "\n" + std::string(indent, ' ') + (value.is_object() ? "}" : "]");
}

}  // namespace

Form configuration_form() {
  Form form = {
      .description =
          "One experiment: workers, how long they take, how they are heard, the schemes to compare, and "
          "what to sweep. Times are in seconds, work in mini-batches.",
      .fields = {Field::any("$schema", "Path or address of this schema, for editors; ignored by straggle.")
                     .optional()},
      .rules = {
          {"$comment",
           "What depends on several fields (a load above the workers of a cluster, a label given twice, a "
           "path that leads nowhere) is for `straggle check` to say. A field that is swept must be valid "
           "where it stands, too, although the reader looks at its swept values only."},
          {"allowComments", true}}};
  // The words that name a plug-in are the plug-ins there are, and bring these plug-ins' fields with them.
  const auto name_plug_ins = [&](const char* of, const std::string& by, const std::vector<Word>& words) {
    for (Field& field : form.fields)
      if (field.name == of) {
        Form object = *field.form;
        for (Field& inner : object.fields)
          if (inner.name == by) inner.words = words;
        field.form = std::make_shared<const Form>(std::move(object));
      }
  };
  form.fields.insert(form.fields.end(), point_fields().begin(), point_fields().end());
  name_plug_ins("network", "model", words_of_plug_ins<NetworkPlugin>());
  name_plug_ins("schemes", "scheme", words_of_plug_ins<SchemePlugin>());
  for (const Field& field : {sweep_field(), verify_field(), expect_field()}) form.fields.push_back(field);
  return form;
}

Json configuration_schema() {
  return SchemaWriter().write();
}

std::string configuration_schema_text() {
  std::string text;
  write_text(configuration_schema(), 0, 0, text);
  return text + "\n";
}

}  // namespace straggle
