#pragma once

#include <algorithm>
#include <string>

#include "protocols/client_protocol.h"
#include "protocols/partial_replies.h"
#include "protocols/reply_pattern.h"

namespace fanin {

struct ClientProtocolOptions;

// A fixed request whose reply ends at the match of a regular expression. Keeps a reply until it is complete.
class PatternClient : public ClientProtocol {
 public:
  // Of the options of raw. Throws std::invalid_argument as ReplyPattern does.
  explicit PatternClient(const ClientProtocolOptions& options);

  void append_request(ClientState& state, std::string& out) override;
  // Takes one reply at a time.
  ReplyOutcome consume(ClientState& state, std::string_view received) override;
  ReplyOutcome end_of_stream(ClientState& state) override { return {0, state.sent != state.completed}; }
  std::size_t request_bytes() const override { return request_.size(); }

 protected:
  std::string expected(const ClientState& state) const override {
    return expect_.substr(std::min<std::size_t>(state.offset, expect_.size()));
  }

 private:
  std::string request_;
  std::string expect_;  // empty takes any
  std::size_t limit_;
  ReplyPattern pattern_;
  struct Partial {
    std::string text;
    std::size_t from = 0;  // where a match may begin
  };
  PartialReplies<Partial> partial_;
};

}  // namespace fanin
