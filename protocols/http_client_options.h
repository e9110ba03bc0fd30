#pragma once

#include <bitset>
#include <memory>
#include <string>
#include <string_view>

#include "protocols/reply_pattern.h"

namespace fanin::protocols {

struct ClientProtocolOptions;

// The request for the options of http, as sent. Throws std::invalid_argument naming an option that would break the
// request's form or contradicts another.
std::string make_http_request(const ClientProtocolOptions& options);

// Whether a header is a Connection field with the option close: the request is then the last of its connection (RFC
// 9112, 9.6).
bool asks_to_close(const ClientProtocolOptions& options);

// The same request, asking the server to close the connection.
std::string make_last_http_request(ClientProtocolOptions options);

// A set of HTTP status codes. A value; any thread.
class StatusSet {
 public:
  // From "200-399" or "200,204,300-399". Throws std::invalid_argument naming a part that is neither a code from 100 to
  // 999 nor a range of them.
  static StatusSet parse(std::string_view text);

  bool contains(unsigned status) const noexcept { return status < codes_.size() && codes_[status]; }

 private:
  std::bitset<1000> codes_;
};

// The required body of every reply: a text, or a match of a regular expression in its first 64 KiB. The body may arrive
// in any pieces; a text needs no copy, an expression at most 64 KiB. One thread.
class BodyCheck {
 public:
  // The state of one reply's body.
  struct Progress {
    std::size_t bytes = 0;
    std::size_t from = 0;  // earliest start of a match in a longer body
    bool matched = false;
    bool wrong = false;
    std::string searched;  // for an expression
  };

  // Both empty: no check. Throws std::invalid_argument as ReplyPattern does.
  BodyCheck(std::string text, const std::string& pattern);

  bool active() const noexcept { return pattern_ || !text_.empty(); }
  const std::string& text() const noexcept { return text_; }  // empty with an expression
  void take(Progress& progress, std::string_view piece);
  // The body is complete.
  bool is_right(const Progress& progress) const noexcept;

 private:
  void search(Progress& progress, std::string_view piece);

  std::string text_;
  std::unique_ptr<ReplyPattern> pattern_;
};

}  // namespace fanin::protocols
