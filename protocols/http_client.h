#pragma once

#include <http_parser.h>

#include <string>
#include <string_view>

#include "protocols/client_protocol.h"
#include "protocols/http_reply_check.h"
#include "protocols/partial_replies.h"

namespace fanin {

struct ClientProtocolOptions;

// The client's half of HTTP/1.1, for any server: one request again and again, on a connection that is kept for as long
// as the server keeps it. Verified of a reply are its form, its status and that its body is as long as was announced;
// what the body says where that was asked for.
class HttpClient : public ClientProtocol {
 public:
  // Throws std::invalid_argument as make_http_request and StatusSet do.
  explicit HttpClient(const ClientProtocolOptions& options);

  void append_request(ClientState& state, std::string& out) override;
  std::string_view next_request(ClientState& state) override;
  // Takes one reply at a time, so that each has its status.
  ReplyOutcome consume(ClientState& state, std::string_view received) override;
  // Ends a body that was announced without a length.
  ReplyOutcome end_of_stream(ClientState& state) override;
  Mismatch describe(const ClientState& state, std::string_view received, const ReplyOutcome& outcome) const override;
  std::size_t request_bytes() const override { return request_.size(); }
  bool asks_to_close() const override { return asks_to_close_; }
  bool has_statuses() const override { return true; }

 private:
  // A reply that was parsed in one piece and left its connection open. The next one mostly differs from it in its body
  // alone, so that its head need not be parsed again, which is most of what a request costs here.
  struct Known {
    std::string head;  // all that the parser looked at; empty: none yet
    std::uint64_t body_bytes = 0;
    unsigned status = 0;
  };
  static constexpr std::size_t kLongestKnown = 4096;  // memory for its head is taken at once

  ReplyOutcome parse(ClientState& state, std::string_view received);
  inline ReplyOutcome whole_reply(ClientState& state, unsigned status, std::size_t unread) const noexcept;
  // A reply that has come in part.
  struct Partial {
    http_parser parser{};
    BodyCheck::Progress body;
    std::uint8_t owed = 0;  // bytes of the CRLF behind a chunk that have not come yet
  };
  void remember(std::string_view head, std::uint64_t body_bytes, unsigned status) noexcept;
  inline ReplyOutcome take_known_body(ClientState& state, std::string_view received) const noexcept;
  inline bool begins_as_known(const ClientState& state, std::string_view received) const noexcept;

  std::string request_;
  bool asks_to_close_;        // each request
  std::string last_request_;  // of a connection that the server is to close, after so many in all
  std::uint32_t requests_per_connection_;
  StatusSet expected_;
  bool replies_have_no_body_;  // to HEAD
  Known known_;
  BodyCheck body_check_;
  PartialReplies<Partial> partial_;
};

}  // namespace fanin
