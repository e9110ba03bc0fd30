#pragma once

#include <string>
#include <string_view>

#include "protocols/client_protocol.h"

namespace fanin {

// The client's half of HTTP/1.1: GET of one path again and again on a connection that is kept. Verified of a reply are
// its form, its status, which must be 200, and that its body is as long as was announced; not what the body says.
class HttpClient : public ClientProtocol {
 public:
  // Throws std::invalid_argument where the path does not begin with a slash, or where either would not stay one word.
  HttpClient(const std::string& path, const std::string& host);

  void append_request(ClientState& state, std::string& out) override;
  ReplyOutcome consume(ClientState& state, std::string_view received) override;
  // Ends a body that was announced without a length.
  ReplyOutcome end_of_stream(ClientState& state) override;
  std::size_t request_bytes() const override { return request_.size(); }

 private:
  std::string request_;
};

}  // namespace fanin
