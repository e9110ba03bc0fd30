#include "protocols/http_client.h"

#include <fmt/format.h>
#include <http_parser.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace fanin {
namespace {

constexpr unsigned kOk = 200;

// What the callbacks of one call work on.
struct Reading {
  ClientState& state;
  std::uint32_t completed = 0;
};

Reading& reading(http_parser* parser) noexcept { return *static_cast<Reading*>(parser->data); }

bool is_interim(const http_parser* parser) noexcept { return parser->status_code / 100 == 1; }

int on_message_begin(http_parser* parser) noexcept {
  const ClientState& state = reading(parser).state;
  return state.completed == state.sent ? -1 : 0;  // nobody asked
}

int on_head_complete(http_parser* parser) noexcept { return is_interim(parser) || parser->status_code == kOk ? 0 : -1; }

int on_message_complete(http_parser* parser) noexcept {
  if (!is_interim(parser)) {
    ++reading(parser).state.completed;
    ++reading(parser).completed;
  }
  return 0;
}

const http_parser_settings& settings() noexcept {
  static const http_parser_settings settings = [] {
    http_parser_settings made{};
    made.on_message_begin = on_message_begin;
    made.on_headers_complete = on_head_complete;
    made.on_message_complete = on_message_complete;
    return made;
  }();
  return settings;
}

// The packaged parser takes 32 bytes, of which these are not the same on every connection; they go into ClientState, so
// that a million connections need no parsers of their own.
constexpr std::size_t kFlagBytes = sizeof(std::uint32_t);
static_assert(offsetof(http_parser, nread) == kFlagBytes, "the parser's bit fields come first");

void store(const http_parser& parser, ClientState& state) noexcept {
  std::memcpy(&state.parse[0], &parser, kFlagBytes);
  std::memcpy(&state.parse[1], &parser.content_length, sizeof parser.content_length);
  state.parse[3] = parser.status_code | (parser.http_major & 0xffU) << 16 | (parser.http_minor & 0xffU) << 24;
  state.offset = parser.nread;
}

http_parser restored(const ClientState& state) noexcept {
  http_parser parser;
  http_parser_init(&parser, HTTP_RESPONSE);
  if (state.parse[0] != 0) {  // else its first reply
    std::memcpy(&parser, &state.parse[0], kFlagBytes);
    std::memcpy(&parser.content_length, &state.parse[1], sizeof parser.content_length);
    parser.status_code = state.parse[3] & 0xffff;
    parser.http_major = static_cast<unsigned short>(state.parse[3] >> 16 & 0xff);
    parser.http_minor = static_cast<unsigned short>(state.parse[3] >> 24);
    parser.nread = state.offset;
  }
  return parser;
}

// An empty `received` is the end of the stream.
ReplyOutcome read(ClientState& state, std::string_view received) noexcept {
  http_parser parser = restored(state);
  Reading current{state};
  parser.data = &current;
  const std::size_t used = http_parser_execute(&parser, &settings(), received.data(), received.size());
  store(parser, state);
  return {current.completed, HTTP_PARSER_ERRNO(&parser) != HPE_OK || used != received.size()};
}

bool is_word(std::string_view text) noexcept {
  return std::none_of(text.begin(), text.end(), [](unsigned char c) { return c <= ' ' || c == 0x7f; });
}

}  // namespace

HttpClient::HttpClient(const std::string& path, const std::string& host)
    : request_(fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\n\r\n", path, host)) {
  if (!path.starts_with('/') || !is_word(path)) {
    throw std::invalid_argument(fmt::format("--path '{}' is none: begin with a slash and encode blanks as %20", path));
  }
  if (!is_word(host)) {
    throw std::invalid_argument(fmt::format("--host '{}' holds a blank: give one name", host));
  }
}

void HttpClient::append_request(ClientState& state, std::string& out) {
  out.append(request_);
  ++state.sent;
}

ReplyOutcome HttpClient::consume(ClientState& state, std::string_view received) {
  return received.empty() ? ReplyOutcome{} : read(state, received);
}

ReplyOutcome HttpClient::end_of_stream(ClientState& state) {
  ReplyOutcome outcome = read(state, {});
  outcome.mismatch |= state.sent != state.completed;
  return outcome;
}

}  // namespace fanin
