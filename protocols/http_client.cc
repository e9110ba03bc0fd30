#include "protocols/http_client.h"

#include <http_parser.h>

#include <stdexcept>
#include <utility>

#include "protocols/client_options.h"
#include "protocols/http_client_options.h"

namespace fanin::protocols {
namespace {

constexpr unsigned kLowestStatus = 100;
constexpr unsigned kSwitchingProtocols = 101;
constexpr unsigned kNoContent = 204;
constexpr unsigned kNotModified = 304;
constexpr unsigned kRequestTimeout = 408;
// ClientState::offset within a reply: the parser has begun; or the head was known, and the offset holds the status and
// the missing bytes of the body, so that a body in a segment of its own needs no parser.
constexpr std::uint32_t kBegun = 1;
constexpr std::uint32_t kHeadWasKnown = 1U << 31;
constexpr unsigned kLeftBits = 20;
constexpr std::uint32_t kMaxLeft = (1U << kLeftBits) - 1;

// The state of one call, for the callbacks.
struct Reading {
  const ClientState& state;
  const bool no_body;
  const bool last;  // the request has asked to close the connection
  BodyCheck& check;
  BodyCheck::Progress& body;
  const std::string_view received;
  std::uint8_t owed = 0;         // as in Partial
  std::uint64_t body_bytes = 0;  // counted without being examined, after the last head
  bool complete = false;
  bool closes = false;
};

Reading& reading(http_parser* parser) noexcept { return *static_cast<Reading*>(parser->data); }

// 101 is no interim reply: other protocols follow it.
bool is_interim(const http_parser* parser) noexcept {
  return parser->status_code / 100 == 1 && parser->status_code != kSwitchingProtocols;
}

int on_message_begin(http_parser* parser) noexcept {
  const ClientState& state = reading(parser).state;
  return state.completed == state.sent ? -1 : 0;  // no request is outstanding
}

// Takes the missing bytes of the CRLF after a chunk from `text`. False if they are wrong.
bool ends_chunk(std::string_view text, std::uint8_t& owed) noexcept {
  constexpr std::string_view kEnd = "\r\n";
  const std::string_view due = kEnd.substr(kEnd.size() - owed, text.size());
  owed = static_cast<std::uint8_t>(owed - due.size());
  return text.starts_with(due);
}

// The packaged parser is lenient: it accepts blanks in a field's name, after which it does not know the field, and any
// two bytes after a chunk. Either moves the end of the reply (RFC 9112, 5.1 and 7.1).
int on_field(http_parser* /*parser*/, const char* at, std::size_t length) noexcept {
  return std::string_view(at, length).find_first_of(" \t") == std::string_view::npos ? 0 : -1;
}

int on_body(http_parser* parser, const char* at, std::size_t length) noexcept {
  Reading& current = reading(parser);
  if (current.check.active()) {
    current.check.take(current.body, {at, length});
  }
  if ((parser->flags & F_CHUNKED) == 0 || parser->content_length > 0) {
    return 0;  // content_length: missing bytes of the chunk
  }
  current.owed = 2;
  const auto behind = static_cast<std::size_t>(at + length - current.received.data());
  return ends_chunk(current.received.substr(behind), current.owed) ? 0 : -1;
}

// 1 makes the parser expect no body, although a length is announced, namely that for GET.
int on_head_complete(http_parser* parser) noexcept {
  const unsigned status = parser->status_code;
  if (parser->http_major != 1 || status < kLowestStatus) {
    return -1;
  }
  Reading& current = reading(parser);
  const bool no_body = current.no_body || status / 100 == 1 || status == kNoContent || status == kNotModified;
  current.body_bytes = no_body || (parser->flags & F_CHUNKED) != 0 ? 0 : parser->content_length;
  return no_body ? 1 : 0;
}

// The parser stops after each reply, so that the caller learns its status.
int on_message_complete(http_parser* parser) noexcept {
  if (!is_interim(parser)) {
    Reading& current = reading(parser);
    current.complete = true;
    current.closes = current.last || http_should_keep_alive(parser) == 0 || parser->status_code == kSwitchingProtocols;
    http_parser_pause(parser, 1);
  }
  return 0;
}

const http_parser_settings& settings() noexcept {
  static const http_parser_settings settings = [] {
    http_parser_settings made{};
    made.on_message_begin = on_message_begin;
    made.on_header_field = on_field;
    made.on_headers_complete = on_head_complete;
    made.on_body = on_body;
    made.on_message_complete = on_message_complete;
    return made;
  }();
  return settings;
}

// Whether unsolicited bytes announce that the server closes: a reply with status 408, which servers send before they
// close an idle connection (RFC 9110, 15.5.9), or with `Connection: close`.
bool announces_close(std::string_view received) noexcept {
  http_parser parser;
  http_parser_init(&parser, HTTP_RESPONSE);
  constexpr http_parser_settings kNone{};
  http_parser_execute(&parser, &kNone, received.data(), received.size());
  return parser.status_code == kRequestTimeout || (parser.flags & F_CONNECTION_CLOSE) != 0;
}

Fault to_fault(const http_parser& parser) noexcept {
  switch (HTTP_PARSER_ERRNO(&parser)) {
    case HPE_HEADER_OVERFLOW:
      return Fault::kHttpHeadTooLong;
    case HPE_UNEXPECTED_CONTENT_LENGTH:
      return Fault::kHttpLengthTwice;
    case HPE_INVALID_CONTENT_LENGTH:
      return Fault::kHttpLength;
    case HPE_INVALID_CHUNK_SIZE:
    case HPE_CB_body:
      return Fault::kHttpChunk;
    case HPE_CLOSED_CONNECTION:
      return Fault::kGoesOn;
    case HPE_INVALID_CONSTANT:
    case HPE_INVALID_VERSION:
    case HPE_INVALID_STATUS:
    case HPE_CB_headers_complete:  // another version, or no status
      return Fault::kNotHttp;
    default:
      return Fault::kHttpField;
  }
}

}  // namespace

HttpClient::HttpClient(const ClientProtocolOptions& options)
    : request_(make_http_request(options)),
      asks_to_close_(protocols::asks_to_close(options)),
      last_request_(make_last_http_request(options)),
      requests_per_connection_(options.requests_per_connection),
      expected_(StatusSet::parse(options.expect_status)),
      replies_have_no_body_(options.method == "HEAD"),
      body_check_(options.expect_body, options.expect_body_pattern) {
  if (replies_have_no_body_ && body_check_.active()) {
    throw std::invalid_argument("replies to --method HEAD have no body: leave out --expect-body and its pattern");
  }
  known_.head.reserve(kLongestKnown);
}

void HttpClient::append_request(ClientState& state, std::string& out) { out.append(next_request(state)); }

std::string_view HttpClient::next_request(ClientState& state) {
  ++state.sent;
  return state.sent == requests_per_connection_ ? last_request_ : request_;
}

// An empty `received` is the end of the stream.
ReplyOutcome HttpClient::parse(ClientState& state, std::string_view received) {
  const bool from_its_first_byte = state.offset == 0;
  Partial partial;
  if (from_its_first_byte) {
    http_parser_init(&partial.parser, HTTP_RESPONSE);
  } else {
    partial = std::move(partial_.get(state));
  }
  http_parser& parser = partial.parser;
  Reading current{.state = state,
                  .no_body = replies_have_no_body_,
                  .last = asks_to_close_,
                  .check = body_check_,
                  .body = partial.body,
                  .received = received,
                  .owed = partial.owed};
  parser.data = &current;
  if (!ends_chunk(received, current.owed)) {
    ReplyOutcome outcome;
    outcome.set_mismatch(Fault::kHttpChunk, received.size());
    return outcome;
  }
  const std::size_t used = http_parser_execute(&parser, &settings(), received.data(), received.size());
  const bool is_right = !current.complete || !body_check_.active() || body_check_.is_right(partial.body);
  if ((!current.complete || current.closes) && !received.empty()) {
    partial.owed = current.owed;
    (from_its_first_byte ? partial_.begin(state) : partial_.get(state)) = std::move(partial);
    state.offset = kBegun;
  }
  if (!current.complete) {
    ReplyOutcome outcome;
    if (HTTP_PARSER_ERRNO(&parser) != HPE_OK || used != received.size()) {
      const bool goodbye = state.completed == state.sent && announces_close(received);
      outcome.set_mismatch(goodbye ? Fault::kGoodbye : to_fault(parser), received.size());
    }
    return outcome;
  }
  if (!current.closes) {
    if (from_its_first_byte) {
      remember(received.substr(0, used - current.body_bytes), current.body_bytes, parser.status_code);
    } else {
      partial_.end(state);
      state.offset = 0;
    }
  }
  ReplyOutcome outcome = whole_reply(state, parser.status_code, received.size() - used);
  outcome.closes = current.closes;
  if (!is_right && outcome.completed > 0) {
    outcome.completed = 0;
    outcome.refused = kByBody;
  }
  return outcome;
}

ReplyOutcome HttpClient::whole_reply(ClientState& state, unsigned status, std::size_t unread) const noexcept {
  ++state.completed;
  ReplyOutcome outcome;
  outcome.status = status;
  outcome.completed = expected_.contains(status) ? 1 : 0;
  outcome.refused = outcome.completed == 0 ? kByStatus : kNotRefused;
  outcome.unread = static_cast<std::uint32_t>(unread);
  return outcome;
}

void HttpClient::remember(std::string_view head, std::uint64_t body_bytes, unsigned status) noexcept {
  if (head.size() <= kLongestKnown && !body_check_.active()) {  // a known body is not examined
    known_.head = head;
    known_.body_bytes = body_bytes;
    known_.status = status;
  }
}

// The parser depends on the bytes and its state alone, has no state between replies, and does not examine the bytes of
// a body. So it would parse this head to the same result.
bool HttpClient::begins_as_known(const ClientState& state, std::string_view received) const noexcept {
  return !known_.head.empty() && state.offset == 0 && state.completed != state.sent &&
         received.starts_with(known_.head);
}

// The rest of the body of a reply with a known head.
ReplyOutcome HttpClient::take_known_body(ClientState& state, std::string_view received) const noexcept {
  const std::uint32_t left = state.offset & kMaxLeft;
  if (received.size() < left) {
    state.offset -= static_cast<std::uint32_t>(received.size());
    return {};
  }
  const unsigned status = (state.offset & ~kHeadWasKnown) >> kLeftBits;
  state.offset = 0;
  return whole_reply(state, status, received.size() - left);
}

ReplyOutcome HttpClient::consume(ClientState& state, std::string_view received) {
  if (received.empty()) {
    return {};
  }
  if (begins_as_known(state, received)) {
    const std::size_t behind = received.size() - known_.head.size();
    if (behind >= known_.body_bytes) {
      return whole_reply(state, known_.status, behind - known_.body_bytes);
    }
    if (const std::uint64_t left = known_.body_bytes - behind; left <= kMaxLeft) {
      state.offset = kHeadWasKnown | known_.status << kLeftBits | static_cast<std::uint32_t>(left);
      return {};
    }
  } else if (state.offset >= kHeadWasKnown) {
    return take_known_body(state, received);
  }
  return parse(state, received);
}

Mismatch HttpClient::describe(const ClientState& state, std::string_view received, const ReplyOutcome& outcome) const {
  constexpr std::string_view kEndOfHead = "\r\n\r\n";
  Mismatch mismatch = ClientProtocol::describe(state, received, outcome);
  if (mismatch.fault == Fault::kNotHttp) {
    mismatch.expected = "HTTP/1.";
  } else if (outcome.refused == kByBody) {
    const std::string_view reply = received.substr(0, received.size() - outcome.unread);
    const std::size_t end = reply.find(kEndOfHead);
    mismatch.fault = Fault::kHttpBody;
    mismatch.received =
        reply.substr(end == std::string_view::npos ? 0 : end + kEndOfHead.size()).substr(0, Mismatch::kShown);
    mismatch.expected = body_check_.text().substr(0, Mismatch::kShown);
  }
  return mismatch;
}

ReplyOutcome HttpClient::end_of_stream(ClientState& state) {
  if (state.offset >= kHeadWasKnown) {
    ReplyOutcome cut;
    cut.set_mismatch(Fault::kWrong, 0);
    return cut;
  }
  ReplyOutcome outcome = parse(state, {});
  outcome.mismatch |= state.sent != state.completed;
  return outcome;
}

}  // namespace fanin::protocols
