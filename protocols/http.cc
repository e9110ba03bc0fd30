// http: files below --root over HTTP/1.1.
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "protocols/client_options.h"
#include "protocols/http_client.h"
#include "protocols/http_files.h"
#include "protocols/http_head.h"
#include "protocols/http_request.h"
#include "protocols/registry.h"
#include "protocols/server_options.h"

namespace fanin::protocols {
namespace {

constexpr int kOk = 200;
constexpr int kPartialContent = 206;
constexpr int kNotModified = 304;
constexpr int kBadRequest = 400;
constexpr int kMethodNotAllowed = 405;
constexpr int kRangeNotSatisfiable = 416;
constexpr int kVersionNotSupported = 505;

// A request may have to find and read its file.
constexpr int kRequestsPerCall = 64;

// The thread's buffer for heads, allocated once.
std::string& head_buffer() {
  thread_local std::string head;
  head.clear();
  return head;
}

std::string_view reason_phrase(int status) noexcept { return http_status_str(static_cast<http_status>(status)); }

void append_status(std::string& head, int status) {
  fmt::format_to(std::back_inserter(head), "HTTP/1.1 {} {}\r\nServer: fanin\r\n", status, reason_phrase(status));
}

// The client has the current version of the file.
bool is_not_modified(const HttpRequest& request, const HttpFile& file) {
  const std::string_view since = request.if_modified_since.view();
  if (since.empty() ||
      request.if_none_match) {  // this server gives no entity tags, so none matches, and the date is ignored
    return false;
  }
  if (since == file.last_modified()) {
    return true;
  }
  const auto time = parse_http_date(since);
  return time && file.modified() <= *time;
}

// The requested part of the file, if only a part is requested.
std::optional<HttpRange> wanted_range(const HttpRequest& request, const HttpFile& file) {
  const std::string_view condition = request.if_range.view();
  if (request.range.view().empty() || request.method != HTTP_GET ||
      (!condition.empty() && condition != file.last_modified())) {
    return std::nullopt;
  }
  return parse_http_range(request.range.view(), file.size());
}

// The server half of HTTP/1.1 for files. A reply that fits into the reply buffer is built there without allocation; the
// session has state only for an incomplete request and a partly sent reply.
class HttpSession : public ServerSession {
 public:
  // `files` must outlive the session.
  explicit HttpSession(HttpFiles& files) : files_(files) {}

  Progress consume(std::string_view input, ReplyBuffer& out) override;

 private:
  // The unsent rest of a reply.
  struct Rest {
    std::string head;
    std::size_t head_sent = 0;
    std::shared_ptr<const HttpFile> file;  // null: no body
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
  };

  void answer(ReplyBuffer& out);
  void answer_with_file(const std::shared_ptr<const HttpFile>& file, std::time_t now, ReplyBuffer& out);
  void answer_error(int status, std::string_view fields, bool with_body, ReplyBuffer& out);
  // The last fields of a head: date, connection.
  void append_last_fields(std::string& head, std::time_t now) const;
  void send(std::string_view head, const std::shared_ptr<const HttpFile>& file, std::uint64_t begin, std::uint64_t end,
            ReplyBuffer& out);
  void send_rest(ReplyBuffer& out);

  HttpFiles& files_;
  HttpRequestParser parser_;
  std::unique_ptr<Rest> rest_;
  bool closing_ = false;               // the reply under way is the last
  bool announces_keep_alive_ = false;  // to an HTTP/1.0 client, which expects the connection to end
};

ServerSession::Progress HttpSession::consume(std::string_view input, ReplyBuffer& out) {
  const std::size_t size = input.size();
  for (int answered = 0;; ++answered) {
    if (rest_) {
      send_rest(out);
      if (rest_) {
        return {size - input.size(), true};
      }
    }
    if (closing_) {
      out.close_when_sent();
      return {size, false};
    }
    if (answered == kRequestsPerCall && !input.empty()) {
      return {size - input.size(), false};
    }
    switch (parser_.parse(input)) {
      case HttpRequestParser::Result::kIncomplete:
        return {size, false};
      case HttpRequestParser::Result::kRequest:
        answer(out);
        parser_.release();
        break;
      case HttpRequestParser::Result::kRefused:
        closing_ = true;
        answer_error(parser_.refusal(), "", true, out);
        parser_.release();
        break;
    }
  }
}

void HttpSession::answer(ReplyBuffer& out) {
  const HttpRequest& request = parser_.request();
  const bool with_body = request.method != HTTP_HEAD;
  closing_ = !request.keep_alive;
  announces_keep_alive_ = request.keep_alive && request.major == 1 && request.minor == 0;
  if (request.major != 1) {
    closing_ = true;
    answer_error(kVersionNotSupported, "", with_body, out);
    return;
  }
  if (request.hosts > 1 || (request.hosts == 0 && request.minor > 0)) {
    closing_ = true;
    answer_error(kBadRequest, "", with_body, out);
    return;
  }
  if (request.method != HTTP_GET && request.method != HTTP_HEAD) {
    answer_error(kMethodNotAllowed, "Allow: GET, HEAD\r\n", with_body, out);
    return;
  }
  const std::time_t now = http_now();
  const HttpFiles::Found found = files_.find(request.target.view(), now);
  if (found.status != kOk) {
    answer_error(found.status, "", with_body, out);
    return;
  }
  answer_with_file(*found.file, now, out);
}

void HttpSession::answer_with_file(const std::shared_ptr<const HttpFile>& file, std::time_t now, ReplyBuffer& out) {
  const HttpRequest& request = parser_.request();
  std::string& head = head_buffer();
  HttpRange part{0, file->size()};
  if (is_not_modified(request, *file)) {
    append_status(head, kNotModified);
    head += file->fields();
    part = {};
  } else if (const auto range = wanted_range(request, *file)) {
    if (range->empty()) {
      answer_error(kRangeNotSatisfiable, fmt::format("Content-Range: bytes */{}\r\n", file->size()), true, out);
      return;
    }
    part = *range;
    append_status(head, kPartialContent);
    head += file->fields();
    fmt::format_to(std::back_inserter(head), "Content-Range: bytes {}-{}/{}\r\nContent-Length: {}\r\n", part.begin,
                   part.end - 1, file->size(), part.end - part.begin);
  } else {
    head += file->ok_head();
  }
  append_last_fields(head, now);
  if (request.method == HTTP_HEAD) {
    part = {};
  }
  send(head, file, part.begin, part.end, out);
}

void HttpSession::answer_error(int status, std::string_view fields, bool with_body, ReplyBuffer& out) {
  std::string& head = head_buffer();
  const std::string body = fmt::format("{} {}\n", status, reason_phrase(status));
  append_status(head, status);
  head += fields;
  fmt::format_to(std::back_inserter(head), "Content-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n",
                 body.size());
  append_last_fields(head, http_now());
  if (with_body) {
    head += body;
  }
  send(head, nullptr, 0, 0, out);
}

void HttpSession::append_last_fields(std::string& head, std::time_t now) const {
  head += http_date_field(now);
  if (closing_) {
    head += "Connection: close\r\n";
  } else if (announces_keep_alive_) {
    head += "Connection: keep-alive\r\n";
  }
  head += "\r\n";
}

void HttpSession::send(std::string_view head, const std::shared_ptr<const HttpFile>& file, std::uint64_t begin,
                       std::uint64_t end, ReplyBuffer& out) {
  const bool in_memory = begin == end || file->in_memory();
  if (in_memory && out.room() >= head.size() + (end - begin)) {
    out.append(head);
    if (begin < end) {
      out.append(file->body().substr(begin, end - begin));
    }
    return;
  }
  rest_ = std::make_unique<Rest>(Rest{.head = std::string(head), .file = file, .begin = begin, .end = end});
}

void HttpSession::send_rest(ReplyBuffer& out) {
  Rest& rest = *rest_;
  const std::string_view head = std::string_view(rest.head).substr(rest.head_sent, out.room());
  out.append(head);
  rest.head_sent += head.size();
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(rest.end - rest.begin, out.room()));
  if (size > 0 && rest.file->in_memory()) {
    out.append(rest.file->body().substr(rest.begin, size));
  } else if (size > 0 && !rest.file->read(rest.begin, out.extend(size), size)) {
    out.shrink(size);
    closing_ = true;  // truncated meanwhile: the client notices by the announced length
    rest_.reset();
    return;
  }
  rest.begin += size;
  if (rest.begin == rest.end && rest.head_sent == rest.head.size()) {
    rest_.reset();
  }
}

SessionFactory make_sessions(const ServerProtocolOptions& options) {
  if (options.root.empty()) {
    throw std::invalid_argument("protocol http needs --root: name the directory that holds the files");
  }
  const auto files = std::make_shared<HttpFiles>(options.root);
  return [files] { return std::make_unique<HttpSession>(*files); };
}

std::unique_ptr<ClientProtocol> make_client(const ClientProtocolOptions& options) {
  return std::make_unique<HttpClient>(options);
}

constexpr ServerOption kServerOptions[] = {
    {.name = "root", .place = &ServerProtocolOptions::root, .help = "directory of the files"},
};

}  // namespace

extern const Protocol kHttp{
    .name = "http",
    .summary = "HTTP/1.1: files below a directory (--root)",
    .make_sessions = make_sessions,
    .make_client = make_client,
    .server_options = kServerOptions,
    .client_options = "path host method header body body-file expect-status expect-body expect-body-pattern"};

}  // namespace fanin::protocols
