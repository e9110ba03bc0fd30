#include "harness/suite/schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <stdexcept>

namespace fanin::harness {
namespace {

// Where a value stands in its document; spelled out only for a complaint, since a run holds some hundred thousand
// values.
struct Place {
  const Place* parent = nullptr;
  std::string_view key;
  std::size_t index = 0;

  std::string text() const {
    return parent == nullptr ? ""
                             : parent->text() + (key.empty() ? fmt::format("/{}", index) : fmt::format("/{}", key));
  }
};

struct Problem {
  std::string place;
  std::string text;
};
using Result = std::optional<Problem>;

Result problem(const Place& place, std::string text) { return Problem{place.text(), std::move(text)}; }

std::string shown(const Json& value) {
  constexpr std::size_t kLongest = 60;
  const std::string text = value.is_structured() ? value.type_name() : value.dump(-1, ' ', true);
  return text.size() <= kLongest ? text : text.substr(0, kLongest - 3) + "...";
}

// A number of 64 bits with its sign fits exactly.
long double exact(const Json& number) {
  return number.is_number_unsigned()  ? static_cast<long double>(number.get<std::uint64_t>())
         : number.is_number_integer() ? static_cast<long double>(number.get<std::int64_t>())
                                      : static_cast<long double>(number.get<double>());
}

std::vector<std::string> list_properties(const Json& object) {
  std::vector<std::string> keys;
  for (const auto& [key, unused] : object.items()) {
    keys.push_back(key);
  }
  return keys;
}

bool has_type(const Json& value, const std::string& type) {
  return type == "object"    ? value.is_object()
         : type == "array"   ? value.is_array()
         : type == "string"  ? value.is_string()
         : type == "integer" ? value.is_number_integer()
         : type == "number"  ? value.is_number()
         : type == "boolean" ? value.is_boolean()
                             : value.is_null();
}

// The word itself, or one of several.
bool has_type_of(const Json& value, const Json& types) {
  const auto fits = [&value](const Json& type) { return has_type(value, type.get_ref<const std::string&>()); };
  return types.is_array() ? std::any_of(types.begin(), types.end(), fits) : fits(types);
}

// All schemas, each by its file's name, which is how they refer to one another.
const std::map<std::string, Json, std::less<>>& documents() {
  static const auto kDocuments = [] {
    std::map<std::string, Json, std::less<>> all;
    for (const std::string_view name : kSchemas) {
      all.emplace(fmt::format("{}.schema.json", name), Json::parse(schema_text(name)));
    }
    return all;
  }();
  return kDocuments;
}

// One schema file at work. The words are those that the files use; each is explained in the specification of JSON
// Schema (2020-12).
class Checker {
 public:
  explicit Checker(std::string_view file) : document_(&documents().find(file)->second) {}

  Result check(const Json& schema, const Json& value, const Place& place) const;
  const Json& document() const noexcept { return *document_; }

 private:
  Result check_word(const std::string& word, const Json& schema, const Json& value, const Place& place) const;
  std::pair<Checker, const Json*> follow(const std::string& reference) const;  // what a "$ref" refers to
  Result check_text(const std::string& word, const Json& schema, const Json& value, const Place& place) const;
  Result check_number(const std::string& word, const Json& rule, const Json& value, const Place& place) const;
  Result check_object(const std::string& word, const Json& schema, const Json& value, const Place& place) const;
  Result check_array(const std::string& word, const Json& schema, const Json& value, const Place& place) const;
  Result check_branches(const std::string& word, const Json& schema, const Json& value, const Place& place) const;

  const Json* document_;
};

Result Checker::check(const Json& schema, const Json& value, const Place& place) const {
  if (schema.is_boolean()) {
    return schema.get<bool>() ? Result() : problem(place, "this key cannot stand here");
  }
  for (const auto& [word, unused] : schema.items()) {
    if (Result found = check_word(word, schema, value, place)) {
      return found;
    }
  }
  return std::nullopt;
}

enum class Family { kText, kNumber, kObject, kArray, kBranches, kAnnotation };

Family family_of(const std::string& word) {
  static const std::map<std::string, Family> kFamilies{
      {"minLength", Family::kText},       {"maxLength", Family::kText},     {"pattern", Family::kText},
      {"minimum", Family::kNumber},       {"maximum", Family::kNumber},     {"exclusiveMinimum", Family::kNumber},
      {"properties", Family::kObject},    {"required", Family::kObject},    {"additionalProperties", Family::kObject},
      {"propertyNames", Family::kObject}, {"items", Family::kArray},        {"prefixItems", Family::kArray},
      {"minItems", Family::kArray},       {"maxItems", Family::kArray},     {"uniqueItems", Family::kArray},
      {"anyOf", Family::kBranches},       {"oneOf", Family::kBranches},     {"allOf", Family::kBranches},
      {"not", Family::kBranches},         {"if", Family::kBranches},        {"then", Family::kAnnotation},
      {"else", Family::kAnnotation},      {"$schema", Family::kAnnotation}, {"$id", Family::kAnnotation},
      {"$defs", Family::kAnnotation},     {"title", Family::kAnnotation},   {"description", Family::kAnnotation},
  };
  const auto found = kFamilies.find(word);
  if (found == kFamilies.end()) {
    throw std::logic_error(fmt::format("a schema uses '{}', which this program does not know", word));
  }
  return found->second;
}

Result Checker::check_word(const std::string& word, const Json& schema, const Json& value, const Place& place) const {
  const Json& rule = schema.at(word);
  if (word == "$ref") {
    const auto [checker, target] = follow(rule.get_ref<const std::string&>());
    return checker.check(*target, value, place);
  }
  if (word == "type") {
    return has_type_of(value, rule) ? Result()
                                    : problem(place, fmt::format("{} should be {}", shown(value), rule.dump()));
  }
  if (word == "const") {
    return value == rule ? Result() : problem(place, fmt::format("{} should be {}", shown(value), rule.dump()));
  }
  if (word == "enum") {
    const bool fits = std::find(rule.begin(), rule.end(), value) != rule.end();
    return fits ? Result() : problem(place, fmt::format("{} should be one of {}", shown(value), rule.dump()));
  }
  switch (family_of(word)) {
    case Family::kText:
      return value.is_string() ? check_text(word, schema, value, place) : Result();
    case Family::kNumber:
      return value.is_number() ? check_number(word, rule, value, place) : Result();
    case Family::kObject:
      return value.is_object() ? check_object(word, schema, value, place) : Result();
    case Family::kArray:
      return value.is_array() ? check_array(word, schema, value, place) : Result();
    case Family::kBranches:
      return check_branches(word, schema, value, place);
    case Family::kAnnotation:
      break;
  }
  return std::nullopt;
}

// "#/$defs/name" within the file, or "other.schema.json#/$defs/name".
std::pair<Checker, const Json*> Checker::follow(const std::string& reference) const {
  const auto hash = reference.find('#');
  const std::string file = reference.substr(0, hash);
  const Checker checker = file.empty() ? *this : Checker(file);
  const Json::json_pointer pointer(hash == std::string::npos ? "" : reference.substr(hash + 1));
  return {checker, &checker.document().at(pointer)};
}

Result Checker::check_text(const std::string& word, const Json& schema, const Json& value, const Place& place) const {
  const Json& rule = schema.at(word);
  const auto& text = value.get_ref<const std::string&>();
  if (word == "pattern") {
    const auto pattern = rule.get<std::string>();
    return matches_pattern(pattern, text) ? Result()
                                          : problem(place, fmt::format("{} does not have the form {}", shown(value),
                                                                       schema.value("description", pattern)));
  }
  // In characters, of which the bytes that continue one are none.
  const auto length = std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; });
  const bool fits = word == "minLength" ? length >= rule.get<std::int64_t>() : length <= rule.get<std::int64_t>();
  return fits ? Result()
              : problem(place, fmt::format("{} is too {}: at {} {} characters", shown(value),
                                           word == "minLength" ? "short" : "long",
                                           word == "minLength" ? "least" : "most", rule.dump()));
}

Result Checker::check_number(const std::string& word, const Json& rule, const Json& value, const Place& place) const {
  const long double number = exact(value);
  const long double bound = exact(rule);
  const bool fits = word == "minimum" ? number >= bound : word == "maximum" ? number <= bound : number > bound;
  const char* const relation = word == "minimum" ? "at least" : word == "maximum" ? "at most" : "above";
  return fits ? Result() : problem(place, fmt::format("{} should be {} {}", shown(value), relation, rule.dump()));
}

Result Checker::check_object(const std::string& word, const Json& schema, const Json& value, const Place& place) const {
  const Json& rule = schema.at(word);
  if (word == "required") {
    const auto missing = std::find_if(rule.begin(), rule.end(), [&](const Json& key) { return !value.contains(key); });
    return missing == rule.end() ? Result()
                                 : problem(place, fmt::format("'{}' is missing", missing->get<std::string>()));
  }
  const auto properties = schema.find("properties");
  for (const auto& [key, item] : value.items()) {
    const Place below{&place, key};
    Result found;
    if (word == "properties") {
      const auto known = rule.find(key);
      found = known == rule.end() ? Result() : check(*known, item, below);
    } else if (word == "propertyNames") {
      found = check(rule, key, below);
    } else if (properties == schema.end() || !properties->contains(key)) {
      found = rule == false
                  ? problem(place, describe_unknown_key(
                                       key, list_properties(properties == schema.end() ? Json::object() : *properties)))
                  : check(rule, item, below);
    }
    if (found) {
      return found;
    }
  }
  return std::nullopt;
}

Result Checker::check_array(const std::string& word, const Json& schema, const Json& value, const Place& place) const {
  const Json& rule = schema.at(word);
  if (word == "minItems" || word == "maxItems") {
    const auto bound = rule.get<std::size_t>();
    const bool fits = word == "minItems" ? value.size() >= bound : value.size() <= bound;
    return fits ? Result()
                : problem(place, fmt::format("must hold at {} {} items", word == "minItems" ? "least" : "most", bound));
  }
  if (word == "uniqueItems") {
    std::vector<Json> items(value.begin(), value.end());
    std::sort(items.begin(), items.end());
    const bool fits = std::adjacent_find(items.begin(), items.end()) == items.end();
    return fits ? Result() : problem(place, "holds something twice");
  }
  const auto prefix = schema.find("prefixItems");
  const std::size_t fixed = prefix == schema.end() ? 0 : prefix->size();
  const bool is_prefix = word == "prefixItems";
  // Followed once for all items: a run holds a hundred thousand buckets.
  const auto reference = rule.find("$ref");
  const bool is_reference = !is_prefix && reference != rule.end();
  const auto [checker, items] =
      is_reference ? follow(reference->get_ref<const std::string&>()) : std::pair{*this, &rule};
  for (std::size_t i = is_prefix ? 0 : fixed; i < (is_prefix ? std::min(fixed, value.size()) : value.size()); ++i) {
    if (Result found = checker.check(is_prefix ? rule[i] : *items, value[i], {&place, "", i})) {
      return found;
    }
  }
  return std::nullopt;
}

Result Checker::check_branches(const std::string& word, const Json& schema, const Json& value,
                               const Place& place) const {
  const Json& rule = schema.at(word);
  if (word == "not") {
    return check(rule, value, place) ? Result() : problem(place, fmt::format("{} cannot stand here", shown(value)));
  }
  if (word == "if") {
    const char* const branch = check(rule, value, place) ? "else" : "then";
    return schema.contains(branch) ? check(schema.at(branch), value, place) : Result();
  }
  std::size_t fitting = 0;
  Result nearest;  // of the branches, the one whose complaint lies deepest was meant
  for (const Json& branch : rule) {
    Result found = check(branch, value, place);
    fitting += found ? 0 : 1;
    if (found && word == "allOf") {
      return found;
    }
    if (found && (!nearest || found->place.size() > nearest->place.size())) {
      nearest = std::move(found);
    }
  }
  if (word == "oneOf" && fitting > 1) {
    return problem(place, "has keys that exclude one another");
  }
  return fitting > 0 || word == "allOf" ? Result() : nearest;
}

}  // namespace

void check_schema(const JsonReader& value, const std::string& name, const std::string& definition) {
  const Checker checker(name + ".schema.json");
  const Json& schema = definition.empty() ? checker.document() : checker.document().at("$defs").at(definition);
  if (const Result found = checker.check(schema, value.value(), {})) {
    value.fail(found->text, found->place);
  }
}

}  // namespace fanin::harness
