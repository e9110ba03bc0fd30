#pragma once

#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/clock.h"

namespace fanin::harness {

using Json = nlohmann::json;

// Reads and parses a whole file, gzipped or not. Throws std::invalid_argument "FILE: line L, column C: not JSON" or,
// where the file cannot be read, is no regular file, or is too long or too deeply nested, "FILE: reason".
Json load_json(const std::string& path);

// The bytes of a file under the same conditions; it may be empty.
std::string load_text(const std::string& path);

// The same, of a file that may be gzipped: what it holds.
std::string load_unpacked(const std::string& path);

// The same for a text at hand, which begins in line `first_line` of `name`. A key that stands twice in an object is
// refused.
Json parse_json(std::string_view text, const std::string& name, std::size_t first_line = 1);

// For what another program prints: null where it is no JSON.
Json parse_json_or_null(std::string_view text);

// Of a name in a suite, and of one that a message repeats, in bytes.
inline constexpr std::size_t kLongestName = 100;

// "unknown key 'conections': did you mean connections?"; names all keys that are `known` where none is near.
std::string describe_unknown_key(const std::string& key, const std::vector<std::string>& known);

// One value of a document together with its place in it, so that every complaint names both:
// "suite.json: /experiments/0/sweep/values: must be ...", "suite.json: 'name' is missing" for the root. It refers to
// the document and must not outlive it. All readers throw std::invalid_argument.
class JsonReader {
 public:
  JsonReader(const Json& value, std::string file, std::string place = "")
      : value_(&value), file_(std::move(file)), place_(std::move(place)) {}

  const Json& value() const noexcept { return *value_; }
  const std::string& file() const noexcept { return file_; }
  const std::string& place() const noexcept { return place_; }
  [[noreturn]] void fail(std::string_view problem,
                         std::string_view below = "") const;  // `below`: "/key/0" in the value

  // Refuses an object with any other key, and anything that is no object.
  void only_keys(std::initializer_list<std::string_view> keys) const;
  JsonReader at(std::string_view key) const;                   // throws where the key is absent
  std::optional<JsonReader> find(std::string_view key) const;  // nothing where the key is absent; null is a value
  std::vector<JsonReader> items() const;                       // of an array

  // Refuses any other; `remedy` is what helps with an older one.
  void only_version(int known, std::string_view remedy) const;
  std::string text() const;  // not empty
  std::int64_t integer(std::int64_t low, std::int64_t high) const;
  double number() const;  // finite
  bool boolean() const;
  net::Nanoseconds duration() const;  // a text such as "300ms"

 private:
  const Json* value_;
  std::string file_;
  std::string place_;
};

// A compact JSON text; bytes that are not UTF-8 (a server may write anything to stderr) are replaced.
std::string to_text(const Json& document);

}  // namespace fanin::harness
