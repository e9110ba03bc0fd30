#include "protocols/http_request.h"

#include <strings.h>

#include <algorithm>
#include <cstring>

namespace fanin::protocols {
namespace {

constexpr int kBadRequest = 400;
constexpr int kBodyTooLarge = 413;
constexpr int kTargetTooLong = 414;
constexpr int kHeadTooLarge = 431;
constexpr int kNotImplemented = 501;

constexpr int kStop = -1;  // a callback's result that ends the parsing

bool is_name(std::string_view name, std::string_view known) noexcept {
  return name.size() == known.size() && ::strncasecmp(name.data(), known.data(), name.size()) == 0;
}

HttpRequestParser& owner(http_parser* parser) noexcept { return *static_cast<HttpRequestParser*>(parser->data); }

// For requests that arrive complete: valid during one call.
HttpRequest& thread_request() {
  thread_local HttpRequest request;
  return request;
}

}  // namespace

HttpRequestParser::HttpRequestParser() noexcept {
  http_parser_init(&parser_, HTTP_REQUEST);
  parser_.data = this;
}

const http_parser_settings& HttpRequestParser::settings() noexcept {
  static const http_parser_settings settings = [] {
    http_parser_settings made{};
    made.on_message_begin = on_message_begin;
    made.on_url = on_url;
    made.on_header_field = on_field;
    made.on_header_value = on_value;
    made.on_headers_complete = on_head_complete;
    made.on_chunk_header = on_chunk_header;
    made.on_chunk_complete = on_chunk_complete;
    made.on_message_complete = on_message_complete;
    return made;
  }();
  return settings;
}

int HttpRequestParser::on_message_begin(http_parser* parser) noexcept {
  HttpRequestParser& self = owner(parser);
  std::destroy_at(self.request_);
  std::construct_at(self.request_);
  self.begun_ = true;
  self.head_complete_ = false;
  return 0;
}

int HttpRequestParser::on_url(http_parser* parser, const char* at, std::size_t size) {
  owner(parser).request_->target.append(at, size);
  return 0;
}

int HttpRequestParser::on_field(http_parser* parser, const char* at, std::size_t size) {
  if (std::memchr(at, ' ', size) != nullptr) {
    return kStop;  // the parser accepts "Transfer-Encoding : chunked"; servers must refuse it (RFC 9112, 5.1)
  }
  if (owner(parser).head_complete_) {
    return 0;  // a trailer field, after the decision
  }
  HttpRequest& request = *owner(parser).request_;
  if (request.in_value) {
    request.name = HttpText();
    request.in_value = false;
  }
  request.has_fields = true;
  request.name.append(at, size);
  return 0;
}

int HttpRequestParser::on_value(http_parser* parser, const char* at, std::size_t size) {
  if (owner(parser).head_complete_) {
    return 0;
  }
  HttpRequest& request = *owner(parser).request_;
  if (!request.in_value) {
    request.in_value = true;
    const std::string_view name = request.name.view();
    request.field = is_name(name, "If-Modified-Since")   ? HttpRequest::Field::kIfModifiedSince
                    : is_name(name, "Range")             ? HttpRequest::Field::kRange
                    : is_name(name, "If-Range")          ? HttpRequest::Field::kIfRange
                    : is_name(name, "Host")              ? HttpRequest::Field::kHost
                    : is_name(name, "Transfer-Encoding") ? HttpRequest::Field::kTransferEncoding
                                                         : HttpRequest::Field::kOther;
    request.hosts += request.field == HttpRequest::Field::kHost ? 1 : 0;
    request.if_none_match |= is_name(name, "If-None-Match");
    request.expects_continue |= is_name(name, "Expect");
  }
  switch (request.field) {
    case HttpRequest::Field::kIfModifiedSince:
      request.if_modified_since.append(at, size);
      break;
    case HttpRequest::Field::kRange:
      request.range.append(at, size);
      break;
    case HttpRequest::Field::kIfRange:
      request.if_range.append(at, size);
      break;
    case HttpRequest::Field::kHost:
      return is_host_text({at, size}, request.host_ended) ? 0 : kStop;
    case HttpRequest::Field::kTransferEncoding:
      request.coding = spell_chunked(request.coding, {at, size});
      break;
    case HttpRequest::Field::kOther:
      break;
  }
  return 0;
}

int HttpRequestParser::on_head_complete(http_parser* parser) noexcept {
  HttpRequestParser& self = owner(parser);
  HttpRequest& request = *self.request_;
  self.head_complete_ = true;
  request.method = parser->method;
  request.major = parser->http_major;
  request.minor = parser->http_minor;
  // HTTP/1.0 has no codings (RFC 9112, 6.1): a proxy may see another request.
  const bool is_faulty = request.major == 1 && request.minor == 0 && request.coding != 0;
  if (request.major == 0 || is_faulty || !self.has_single_blanks()) {
    self.refusal_ = kBadRequest;
    return kStop;
  }
  if (request.coding != 0 && request.coding != kChunkedSpelt) {
    self.refusal_ = kNotImplemented;
    return kStop;
  }
  const bool has_length = (parser->flags & F_CONTENTLENGTH) != 0;
  if (request.target.view().size() > kLongestTarget) {
    self.refusal_ = kTargetTooLong;
    return kStop;
  }
  if (has_length && parser->content_length > kLongestBody) {
    self.refusal_ = kBodyTooLarge;
    return kStop;
  }
  const bool has_body = (has_length && parser->content_length > 0) || (parser->flags & F_CHUNKED) != 0;
  self.stop_after_head_ = request.expects_continue && has_body;
  if ((parser->flags & F_CHUNKED) != 0) {
    self.begin_chunk_size();
  }
  if (request.method != HTTP_CONNECT) {
    parser->upgrade = 0;  // an offer that the server declines; the parser would stop parsing HTTP here
  }
  return self.stop_after_head_ ? kStop : 0;
}

// The last chunk, which is empty, is followed by trailer fields or an empty line.
int HttpRequestParser::on_chunk_header(http_parser* parser) noexcept {
  HttpRequestParser& self = owner(parser);
  if (parser->content_length == 0) {
    self.lines_.begin_trailer();
  }
  return 0;
}

int HttpRequestParser::on_chunk_complete(http_parser* parser) noexcept {
  HttpRequestParser& self = owner(parser);
  if ((parser->flags & F_TRAILING) == 0) {  // not the last one
    self.begin_chunk_size();
    http_parser_pause(parser, 1);
  }
  return 0;
}

int HttpRequestParser::on_message_complete(http_parser* parser) noexcept {
  HttpRequestParser& self = owner(parser);
  HttpRequest& request = *self.request_;
  request.keep_alive = request.method != HTTP_CONNECT && http_should_keep_alive(parser) != 0;
  self.message_complete_ = true;
  http_parser_pause(parser, 1);
  return 0;
}

HttpRequestParser::Result HttpRequestParser::parse(std::string_view& input) {
  request_ = kept_ ? kept_.get() : &thread_request();
  while (!input.empty()) {
    // The limits are exact, so that the reply does not depend on the fragmentation.
    const std::size_t limit = head_complete_ ? kLongestHead + kLongestBody : kLongestHead;
    if (taken_ >= limit) {
      return refuse(excess_status());
    }
    const Result result = parse_some(input, std::min(input.size(), limit - taken_));
    if (result != Result::kIncomplete) {
      return result;
    }
  }
  if (begun_) {
    copy_out();
  }
  return Result::kIncomplete;
}

// At most the first `size` bytes of the input: the rest of some lines, or of a body.
HttpRequestParser::Result HttpRequestParser::parse_some(std::string_view& input, std::size_t size) {
  if (lines_.ended()) {
    return execute(input, size);
  }
  const auto in_lines = lines_.take(input.substr(0, size));
  if (!in_lines || (in_chunk_digits_ && !take_chunk_digits(input.substr(0, *in_lines)))) {
    return refuse(kBadRequest);
  }
  const Result result = execute(input, *in_lines);
  const bool without_version = begun_ && lines_.has_lines() && parser_.http_major == 0;
  return result == Result::kIncomplete && without_version ? refuse(kBadRequest) : result;
}

int HttpRequestParser::excess_status() const noexcept {
  if (!begun_) {
    return kBadRequest;  // nothing but empty lines
  }
  if (head_complete_) {
    return kBodyTooLarge;
  }
  const bool in_fields = request_->has_fields && request_->target.view().size() <= kLongestTarget;
  return in_fields ? kHeadTooLarge : kTargetTooLong;
}

// Whether only an extension follows the digits: the parser skips everything after a blank behind them.
bool HttpRequestParser::take_chunk_digits(std::string_view line) noexcept {
  const std::size_t end = line.find_first_of("; \t");
  in_chunk_digits_ = end == std::string_view::npos && !lines_.ended();
  return end == std::string_view::npos || line[end] == ';';
}

// Whether one blank, not several, stands on each side of the target: the parser skips the others.
bool HttpRequestParser::has_single_blanks() const noexcept {
  const std::string_view method = http_method_str(static_cast<http_method>(request_->method));
  constexpr std::string_view kRest = "  HTTP/1.1";
  return lines_.first_line_size() == method.size() + request_->target.view().size() + kRest.size();
}

HttpRequestParser::Result HttpRequestParser::execute(std::string_view& input, std::size_t size) {
  const std::size_t used = http_parser_execute(&parser_, &settings(), input.data(), size);
  taken_ += static_cast<std::uint32_t>(used);
  const std::string_view taken = input.substr(0, used);
  switch (HTTP_PARSER_ERRNO(&parser_)) {
    case HPE_OK:
      input.remove_prefix(used);
      last_ = taken.empty() ? last_ : taken.back();
      return Result::kIncomplete;
    case HPE_PAUSED:
      http_parser_pause(&parser_, 0);
      input.remove_prefix(used);
      return on_pause(taken);
    default:
      if (stop_after_head_ && refusal_ == 0) {
        request_->keep_alive = false;  // the body may or may not follow, so later input cannot be parsed
        return Result::kRequest;
      }
      return refuse(refusal_ != 0 ? refusal_ : kBadRequest);
  }
}

// At the end of a message, or of a chunk, whose CR and LF the parser does not check.
HttpRequestParser::Result HttpRequestParser::on_pause(std::string_view taken) noexcept {
  if (message_complete_) {
    taken_ = 0;
    begun_ = false;
    head_complete_ = false;
    message_complete_ = false;
    lines_.begin_head();
    return Result::kRequest;
  }
  const char before_last = taken.size() > 1 ? taken[taken.size() - 2] : last_;
  last_ = taken.back();
  return before_last == '\r' && last_ == '\n' ? Result::kIncomplete : refuse(kBadRequest);
}

HttpRequestParser::Result HttpRequestParser::refuse(int status) noexcept {
  refusal_ = static_cast<std::uint16_t>(status);
  return Result::kRefused;
}

void HttpRequestParser::copy_out() {
  if (!kept_) {
    kept_ = std::make_unique<HttpRequest>(std::move(*request_));
    request_ = kept_.get();
  }
  for (HttpText* text : {&kept_->target, &kept_->if_modified_since, &kept_->range, &kept_->if_range, &kept_->name}) {
    text->copy_out();
  }
}

}  // namespace fanin::protocols
