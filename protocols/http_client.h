#pragma once

#include <string>
#include <string_view>

#include "protocols/client_protocol.h"
#include "protocols/registry.h"
#include "protocols/status_set.h"

namespace fanin {

// The client's half of HTTP/1.1, for any server: one request again and again, on a connection that is kept for as long
// as the server keeps it. Verified of a reply are its form, its status and that its body is as long as was announced;
// not what the body says.
class HttpClient : public ClientProtocol {
 public:
  // Throws std::invalid_argument as make_http_request and StatusSet do.
  explicit HttpClient(const ClientProtocolOptions& options);

  void append_request(ClientState& state, std::string& out) override;
  // Takes one reply at a time, so that each has its status.
  ReplyOutcome consume(ClientState& state, std::string_view received) override;
  // Ends a body that was announced without a length.
  ReplyOutcome end_of_stream(ClientState& state) override;
  std::size_t request_bytes() const override { return request_.size(); }
  bool has_statuses() const override { return true; }

 private:
  ReplyOutcome read(ClientState& state, std::string_view received) const noexcept;

  std::string request_;
  std::string last_request_;  // of a connection that the server is to close, after so many in all
  std::uint32_t requests_per_connection_;
  StatusSet expected_;
  bool replies_have_no_body_;  // to HEAD
};

}  // namespace fanin
