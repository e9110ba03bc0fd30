#include "harness/suite/json_reader.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <memory>
#include <stdexcept>

#include "net/duration.h"

namespace fanin {

Json parse_json(std::string_view text, const std::string& name) {
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    const std::size_t at = std::min(text.size(), error.byte == 0 ? 0 : error.byte - 1);
    const std::string_view before = text.substr(0, at);
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const auto line_start = before.rfind('\n');
    const std::size_t column = at - (line_start == std::string_view::npos ? 0 : line_start + 1) + 1;
    throw std::invalid_argument(fmt::format("{}: line {}, column {}: not JSON", name, line, column));
  } catch (const Json::out_of_range&) {  // the one other thing that parsing throws; it knows no place
    throw std::invalid_argument(fmt::format("{}: holds a number that is too large: give a smaller one", name));
  }
}

Json load_json(const std::string& path) {
  const auto fail = [&path](const char* reason) {
    throw std::invalid_argument(fmt::format("{}: cannot read it: {}", path, reason));
  };
  errno = 0;
  const std::unique_ptr<gzFile_s, decltype(&::gzclose)> file(::gzopen(path.c_str(), "rbe"), ::gzclose);
  if (!file) {
    fail(errno != 0 ? std::strerror(errno) : "out of memory");
  }
  std::string text;
  std::array<char, 65536> buffer;
  int length = 0;
  while ((length = ::gzread(file.get(), buffer.data(), buffer.size())) > 0) {
    text.append(buffer.data(), static_cast<std::size_t>(length));
  }
  int status = Z_OK;
  const char* const reason = ::gzerror(file.get(), &status);
  if (status != Z_OK) {
    fail(status == Z_ERRNO ? std::strerror(errno) : status == Z_BUF_ERROR ? "it is cut off" : reason);
  }
  return parse_json(text, path);
}

void JsonReader::fail(std::string_view problem) const {
  throw std::invalid_argument(fmt::format("{}: {}: {}", file_, place_.empty() ? "/" : place_, problem));
}

void JsonReader::only_keys(std::initializer_list<std::string_view> keys) const {
  if (!value_->is_object()) {
    fail("must be an object");
  }
  for (const auto& [key, unused] : value_->items()) {
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
      fail(fmt::format("unknown key '{}': known here are {}", key, fmt::join(keys, ", ")));
    }
  }
}

void JsonReader::only_version(int known) const {
  if (*value_ != known) {
    fail(fmt::format("this program reads version {} only, the file has {}", known, value_->dump()));
  }
}

std::optional<JsonReader> JsonReader::find(std::string_view key) const {
  if (!value_->is_object()) {
    fail("must be an object");
  }
  const auto found = value_->find(key);
  if (found == value_->end() || found->is_null()) {
    return std::nullopt;
  }
  return JsonReader(*found, file_, fmt::format("{}/{}", place_, key));
}

JsonReader JsonReader::at(std::string_view key) const {
  auto found = find(key);
  if (!found) {
    fail(fmt::format("'{}' is missing", key));
  }
  return *std::move(found);
}

std::vector<JsonReader> JsonReader::items() const {
  if (!value_->is_array()) {
    fail("must be an array");
  }
  std::vector<JsonReader> all;
  for (std::size_t i = 0; i < value_->size(); ++i) {
    all.emplace_back((*value_)[i], file_, fmt::format("{}/{}", place_, i));
  }
  return all;
}

std::string JsonReader::text() const {
  if (!value_->is_string() || value_->get_ref<const std::string&>().empty()) {
    fail("must be a text that is not empty");
  }
  return value_->get<std::string>();
}

std::int64_t JsonReader::integer(std::int64_t low, std::int64_t high) const {
  if (!value_->is_number_integer() || (value_->is_number_unsigned() && value_->get<std::uint64_t>() > INT64_MAX) ||
      value_->get<std::int64_t>() < low || value_->get<std::int64_t>() > high) {
    fail(fmt::format("must be a whole number from {} to {}", low, high));
  }
  return value_->get<std::int64_t>();
}

double JsonReader::number() const {
  if (!value_->is_number() || !std::isfinite(value_->get<double>())) {
    fail("must be a number");
  }
  return value_->get<double>();
}

bool JsonReader::boolean() const {
  if (!value_->is_boolean()) {
    fail("must be true or false");
  }
  return value_->get<bool>();
}

Nanoseconds JsonReader::duration() const {
  try {
    return parse_duration(text());
  } catch (const std::invalid_argument& error) {
    fail("must be a duration such as \"10s\", \"500ms\" or \"100us\"");
  }
}

}  // namespace fanin
