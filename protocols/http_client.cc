#include "protocols/http_client.h"

#include <http_parser.h>

#include <cstring>

#include "protocols/http_client_request.h"

namespace fanin {
namespace {

constexpr unsigned kSwitchingProtocols = 101;
constexpr unsigned kNoContent = 204;
constexpr unsigned kNotModified = 304;

// What the callbacks of one call work on.
struct Reading {
  const ClientState& state;
  const bool no_body;
  bool complete = false;
  bool closes = false;
};

Reading& reading(http_parser* parser) noexcept { return *static_cast<Reading*>(parser->data); }

// 101 is no interim reply: what follows it is not HTTP.
bool is_interim(const http_parser* parser) noexcept {
  return parser->status_code / 100 == 1 && parser->status_code != kSwitchingProtocols;
}

int on_message_begin(http_parser* parser) noexcept {
  const ClientState& state = reading(parser).state;
  return state.completed == state.sent ? -1 : 0;  // nobody asked
}

// 1 makes the parser expect no body, whatever length is announced: that is what GET would have got.
int on_head_complete(http_parser* parser) noexcept {
  const unsigned status = parser->status_code;
  return reading(parser).no_body || status / 100 == 1 || status == kNoContent || status == kNotModified ? 1 : 0;
}

// The parser stops after each reply, so that the caller learns its status.
int on_message_complete(http_parser* parser) noexcept {
  if (!is_interim(parser)) {
    Reading& current = reading(parser);
    current.complete = true;
    current.closes = http_should_keep_alive(parser) == 0 || parser->status_code == kSwitchingProtocols;
    http_parser_pause(parser, 1);
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

std::string make_last_request(ClientProtocolOptions options) {
  options.headers.emplace_back("Connection: close");
  return make_http_request(options);
}

}  // namespace

HttpClient::HttpClient(const ClientProtocolOptions& options)
    : request_(make_http_request(options)),
      last_request_(make_last_request(options)),
      requests_per_connection_(options.requests_per_connection),
      expected_(StatusSet::parse(options.expect_status)),
      replies_have_no_body_(options.method == "HEAD") {}

void HttpClient::append_request(ClientState& state, std::string& out) {
  ++state.sent;
  out.append(state.sent == requests_per_connection_ ? last_request_ : request_);
}

// An empty `received` is the end of the stream.
ReplyOutcome HttpClient::read(ClientState& state, std::string_view received) const noexcept {
  http_parser parser = restored(state);
  Reading current{.state = state, .no_body = replies_have_no_body_};
  parser.data = &current;
  const std::size_t used = http_parser_execute(&parser, &settings(), received.data(), received.size());
  store(parser, state);
  ReplyOutcome outcome;
  if (!current.complete) {
    outcome.mismatch = HTTP_PARSER_ERRNO(&parser) != HPE_OK || used != received.size();
    return outcome;
  }
  ++state.completed;
  outcome.status = static_cast<std::uint16_t>(parser.status_code);
  outcome.completed = expected_.contains(parser.status_code) ? 1 : 0;
  outcome.refused = outcome.completed == 0;
  outcome.closes = current.closes;
  outcome.unread = static_cast<std::uint32_t>(received.size() - used);
  return outcome;
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
