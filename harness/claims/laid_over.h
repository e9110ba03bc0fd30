#pragma once

#include <optional>
#include <string>

#include "harness/json/json_reader.h"

namespace fanin::harness {

// A test with the keys of one of its cases laid over it: objects key by key, null removes a key (RFC 7386). Knows which
// of the two a value is from, so that complaints name its place. Refers to both documents. A value.
class LaidOver {
 public:
  LaidOver(const JsonReader& test, const std::optional<JsonReader>& of_case);

  const Json& value() const noexcept { return merged_; }
  // The value at a JSON pointer such as "/new/model", with its place in the file; nothing if it is absent.
  std::optional<JsonReader> find(const std::string& pointer) const;
  // Throws, with the place of the case or test, if it is absent.
  JsonReader at(const std::string& pointer) const;
  // Sets a value that is in neither, such as the parameter of a flip search.
  void set(const std::string& pointer, const Json& value) { merged_[Json::json_pointer(pointer)] = value; }
  [[noreturn]] void fail(const std::string& problem) const { root().fail(problem); }
  // The case, or the test if there is none.
  const JsonReader& root() const noexcept { return case_ ? *case_ : test_; }

 private:
  std::string find_place(const Json::json_pointer& pointer) const;

  JsonReader test_;
  std::optional<JsonReader> case_;
  Json merged_;
};

}  // namespace fanin::harness
