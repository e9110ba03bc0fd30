#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "protocols/http_files.h"
#include "protocols/http_request.h"
#include "protocols/server_session.h"

namespace fanin {

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

}  // namespace fanin
