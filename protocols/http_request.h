#pragma once

#include <http_parser.h>

#include <cstdint>
#include <memory>
#include <string_view>

#include "protocols/http_head.h"

namespace fanin::protocols {

// The parts of a request that a file server needs.
struct HttpRequest {
  enum class Field { kOther, kIfModifiedSince, kRange, kIfRange, kHost, kTransferEncoding };

  HttpText target;
  HttpText if_modified_since;
  HttpText range;
  HttpText if_range;
  int hosts = 0;            // fields of that name
  bool host_ended = false;  // the blanks after its value have begun
  bool if_none_match = false;
  bool expects_continue = false;
  bool has_fields = false;
  std::uint8_t coding = 0;  // of Transfer-Encoding so far, see spell_chunked()
  unsigned method = HTTP_GET;
  unsigned major = 1;
  unsigned minor = 1;
  bool keep_alive = false;

  // The current field.
  HttpText name;
  Field field = Field::kOther;
  bool in_value = false;
};

// Parses the requests of one connection, in any fragmentation. Its state is the packaged parser's and the received part
// of a request. One thread at a time.
class HttpRequestParser {
 public:
  static constexpr std::size_t kLongestTarget = 8000;
  static constexpr std::size_t kLongestHead = 16 * 1024;  // request line and fields
  static constexpr std::size_t kLongestBody = 64 * 1024;  // discarded, with its chunk headers

  enum class Result { kIncomplete, kRequest, kRefused };

  HttpRequestParser() noexcept;
  HttpRequestParser(const HttpRequestParser&) = delete;
  HttpRequestParser& operator=(const HttpRequestParser&) = delete;

  // Removes one request with its body from the front of `input`. kIncomplete: took all of the input and needs more.
  // kRefused: refusal() has the status, and later input is not parsed.
  Result parse(std::string_view& input);

  // Valid after kRequest, until release() and as long as the input lives.
  const HttpRequest& request() const noexcept { return *request_; }
  // Status code: 400, 413, 414, 431 or 501.
  int refusal() const noexcept { return refusal_; }
  // The request has been answered.
  void release() noexcept { kept_.reset(); }

 private:
  static int on_message_begin(http_parser* parser) noexcept;
  static int on_url(http_parser* parser, const char* at, std::size_t size);
  static int on_field(http_parser* parser, const char* at, std::size_t size);
  static int on_value(http_parser* parser, const char* at, std::size_t size);
  static int on_head_complete(http_parser* parser) noexcept;
  static int on_chunk_header(http_parser* parser) noexcept;
  static int on_chunk_complete(http_parser* parser) noexcept;
  static int on_message_complete(http_parser* parser) noexcept;
  static const http_parser_settings& settings() noexcept;

  Result execute(std::string_view& input, std::size_t size);
  Result parse_some(std::string_view& input, std::size_t size);
  bool take_chunk_digits(std::string_view line) noexcept;
  void begin_chunk_size() noexcept { lines_.begin_chunk_size(), in_chunk_digits_ = true; }
  bool has_single_blanks() const noexcept;
  Result on_pause(std::string_view taken) noexcept;
  Result refuse(int status) noexcept;
  int excess_status() const noexcept;
  void copy_out();

  http_parser parser_{};
  HttpRequest* request_ = nullptr;     // kept_, or the thread's
  std::unique_ptr<HttpRequest> kept_;  // of a request that did not arrive whole
  std::uint32_t taken_ = 0;            // bytes since the end of the last request
  std::uint16_t refusal_ = 0;
  bool begun_ = false;
  bool head_complete_ = false;
  bool message_complete_ = false;
  bool in_chunk_digits_ = false;  // of a chunk's size
  HttpLines lines_;               // of the head, then of chunk sizes and the trailer
  char last_ = '\0';              // last parsed byte
  bool stop_after_head_ = false;  // no body: the client waits for an interim reply before it sends one
};

}  // namespace fanin::protocols
