#include "harness/json/json_reader.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <set>
#include <stdexcept>

#include "net/clock.h"
#include "os/command_line.h"
#include "os/files.h"
#include "os/format.h"

namespace fanin::harness {

namespace {

// Deeper than any file of ours. Values are copied and printed by recursion, so what is nested without end would exhaust
// the stack.
constexpr std::size_t kMaxDepth = 100;
constexpr std::size_t kMaxBytes = std::size_t{1} << 30;

std::size_t line_at(std::string_view text, std::size_t at) {
  return 1 + static_cast<std::size_t>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
}

// The place of the first bracket beyond the limit.
std::optional<std::size_t> find_too_deep(std::string_view text) {
  std::size_t depth = 0;
  bool in_text = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (in_text) {
      at += c == '\\' ? 1 : 0;
      in_text = c != '"';
    } else if (c == '"') {
      in_text = true;
    } else if ((c == '[' || c == '{') && ++depth > kMaxDepth) {
      return at;
    } else if (c == ']' || c == '}') {
      depth -= depth > 0 ? 1 : 0;
    }
  }
  return std::nullopt;
}

// The text itself where it is not gzipped.
std::string unpack(std::string content, const std::string& path) {
  if (!content.starts_with("\x1f\x8b")) {
    return content;
  }
  z_stream stream{};
  constexpr int kGzip = 15 + 16;
  if (::inflateInit2(&stream, kGzip) != Z_OK) {
    throw std::invalid_argument(fmt::format("{}: cannot read it: out of memory", path));
  }
  const std::unique_ptr<z_stream, decltype(&::inflateEnd)> guard(&stream, ::inflateEnd);
  stream.next_in = reinterpret_cast<Bytef*>(content.data());
  stream.avail_in = static_cast<uInt>(content.size());
  std::string text;
  std::array<char, 16384> buffer;
  int status = Z_OK;
  while (status == Z_OK && text.size() <= kMaxBytes) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = buffer.size();
    status = ::inflate(&stream, Z_NO_FLUSH);
    text.append(buffer.data(), buffer.size() - stream.avail_out);
  }
  if (status != Z_STREAM_END) {
    throw std::invalid_argument(fmt::format("{}: cannot read it: {}", path,
                                            status == Z_OK          ? "it is too long"
                                            : status == Z_BUF_ERROR ? "it is cut off"
                                                                    : "it is gzipped and damaged"));
  }
  return text;
}

// Sees the events of parsing. A key that stands twice in an object is refused, since readers differ in which one
// counts.
Json::parser_callback_t refuse_repeated_keys(const std::string& name) {
  std::vector<std::set<std::string>> open;  // the keys of each object that has not ended
  return [name, open](int, Json::parse_event_t event, Json& parsed) mutable {
    if (event == Json::parse_event_t::object_start) {
      open.emplace_back();
    } else if (event == Json::parse_event_t::object_end) {
      open.pop_back();
    } else if (event == Json::parse_event_t::key && !open.back().insert(parsed.get<std::string>()).second) {
      throw std::invalid_argument(fmt::format("{}: the key '{}' stands twice in one object: leave one out", name,
                                              os::printable(parsed.get<std::string>(), kLongestName)));
    }
    return true;
  };
}

}  // namespace

Json parse_json(std::string_view text, const std::string& name, std::size_t first_line) {
  if (const auto at = find_too_deep(text)) {
    throw std::invalid_argument(fmt::format("{}: line {}: is nested more than {} deep: no file of fanin is", name,
                                            first_line + line_at(text, *at) - 1, kMaxDepth));
  }
  try {
    return Json::parse(text, refuse_repeated_keys(name));
  } catch (const Json::parse_error& error) {
    const std::size_t at = std::min(text.size(), error.byte == 0 ? 0 : error.byte - 1);
    const auto line_start = text.substr(0, at).rfind('\n');
    const std::size_t column = at - (line_start == std::string_view::npos ? 0 : line_start + 1) + 1;
    throw std::invalid_argument(
        fmt::format("{}: line {}, column {}: not JSON", name, first_line + line_at(text, at) - 1, column));
  } catch (const Json::out_of_range&) {  // the one other thing that parsing throws; it knows no place
    throw std::invalid_argument(fmt::format("{}: holds a number that is too large: give a smaller one", name));
  }
}

Json parse_json_or_null(std::string_view text) {
  Json value = find_too_deep(text) ? Json() : Json::parse(text, nullptr, false);
  return value.is_discarded() ? Json() : value;
}

std::string load_text(const std::string& path) {
  return os::read_input_file(path, "", {.max_bytes = kMaxBytes, .may_be_empty = true, .may_be_pipe = false}).content;
}

std::string load_unpacked(const std::string& path) { return unpack(load_text(path), path); }

Json load_json(const std::string& path) { return parse_json(load_unpacked(path), path); }

std::string describe_unknown_key(const std::string& key, const std::vector<std::string>& known) {
  return fmt::format("unknown key '{}': {}", os::printable(key, kLongestName),
                     os::suggest(key, known, fmt::format("known here are {}", fmt::join(known, ", "))));
}

void JsonReader::fail(std::string_view problem, std::string_view below) const {
  const std::string place = fmt::format("{}{}", place_, below);
  throw std::invalid_argument(fmt::format("{}: {}{}{}", file_, place, place.empty() ? "" : ": ", problem));
}

void JsonReader::only_keys(std::initializer_list<std::string_view> keys) const {
  if (!value_->is_object()) {
    fail("must be an object");
  }
  for (const auto& [key, unused] : value_->items()) {
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
      fail(describe_unknown_key(key, {keys.begin(), keys.end()}));
    }
  }
}

void JsonReader::only_version(int known, std::string_view remedy) const {
  if (value_->is_number_integer() && *value_ >= 1 && *value_ < known) {
    fail(fmt::format("written by an older fanin (version {}, this one reads {}): {}", value_->dump(), known, remedy));
  }
  if (*value_ != known) {
    fail(fmt::format("this program reads version {} only, the file has {}", known, value_->dump()));
  }
}

std::optional<JsonReader> JsonReader::find(std::string_view key) const {
  if (!value_->is_object()) {
    fail("must be an object");
  }
  const auto found = value_->find(key);
  if (found == value_->end()) {
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

net::Nanoseconds JsonReader::duration() const {
  try {
    return net::parse_duration(text());
  } catch (const std::invalid_argument& error) {
    fail("must be a duration of at most a year such as \"10s\", \"500ms\" or \"100us\"");
  }
}

std::string to_text(const Json& document) { return document.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace fanin::harness
