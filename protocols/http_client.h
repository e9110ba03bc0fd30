#pragma once

#include <http_parser.h>

#include <string>
#include <string_view>

#include "protocols/client_protocol.h"
#include "protocols/http_client_options.h"

namespace fanin::protocols {

struct ClientProtocolOptions;

// The client half of HTTP/1.1, for any server: the same request again and again, on a connection that stays open as
// long as the server allows. Verifies a reply's form, its status and the length of its body, and on demand the body
// itself.
class HttpClient : public ClientProtocol {
 public:
  // Throws std::invalid_argument as make_http_request and StatusSet do.
  explicit HttpClient(const ClientProtocolOptions& options);

  void append_request(ClientState& state, std::string& out) override;
  std::string_view next_request(ClientState& state) override;
  // Takes one reply at a time, so that each has its status.
  ReplyOutcome consume(ClientState& state, std::string_view received) override;
  // Completes a body without an announced length.
  ReplyOutcome end_of_stream(ClientState& state) override;
  Mismatch describe(const ClientState& state, std::string_view received, const ReplyOutcome& outcome) const override;
  std::size_t request_bytes() const override { return request_.size(); }
  bool asks_to_close() const override { return asks_to_close_; }
  bool has_statuses() const override { return true; }

 private:
  // A reply that was parsed in one piece and left its connection open. The next one mostly has the same head, which
  // then is not parsed again: parsing is most of the cost of a request.
  struct Known {
    std::string head;  // all bytes that the parser examined; empty: none yet
    std::uint64_t body_bytes = 0;
    unsigned status = 0;
  };
  static constexpr std::size_t kLongestKnown = 4096;  // reserved at the start

  ReplyOutcome parse(ClientState& state, std::string_view received);
  inline ReplyOutcome whole_reply(ClientState& state, unsigned status, std::size_t unread) const noexcept;
  // An incomplete reply.
  struct Partial {
    http_parser parser{};
    BodyCheck::Progress body;
    std::uint8_t owed = 0;  // missing bytes of the CRLF after a chunk
  };
  void remember(std::string_view head, std::uint64_t body_bytes, unsigned status) noexcept;
  inline ReplyOutcome take_known_body(ClientState& state, std::string_view received) const noexcept;
  inline bool begins_as_known(const ClientState& state, std::string_view received) const noexcept;

  std::string request_;
  bool asks_to_close_;        // each request
  std::string last_request_;  // of a connection: asks the server to close
  std::uint32_t requests_per_connection_;
  StatusSet expected_;
  bool replies_have_no_body_;  // to HEAD
  Known known_;
  BodyCheck body_check_;
  PartialReplies<Partial> partial_;
};

}  // namespace fanin::protocols
