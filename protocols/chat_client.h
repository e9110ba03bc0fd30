#pragma once

#include "protocols/client_protocol.h"
#include "protocols/partial_replies.h"
#include "protocols/payload.h"

namespace fanin {

// A member of a chat: sends stamped lines and waits for each to return. Lines of other members must have the same form,
// so all members of a run have the same payload size.
class ChatClient : public ClientProtocol {
 public:
  // Throws std::invalid_argument for a fixed text or a size without room for the stamp: own and foreign lines would be
  // indistinguishable.
  explicit ChatClient(const ClientProtocolOptions& options);

  void append_request(ClientState& state, std::string& out) override;
  ReplyOutcome consume(ClientState& state, std::string_view received) override;
  ReplyOutcome end_of_stream(ClientState& state) override { return {0, state.sent != state.completed}; }
  std::optional<std::uint64_t> lines_of_others() const override { return lines_of_others_; }
  std::size_t request_bytes() const override { return line_.size(); }

 private:
  // Compares the stamp of the current line as far as it has arrived.
  struct Stamp {
    std::uint32_t sequence = 0;
    std::uint32_t connection = 0;
  };

  bool take_stamp(ClientState& state, Stamp& stamp, std::string_view& received) const;
  bool take_rest(ClientState& state, std::string_view& received) const;

  std::string line_;
  std::uint64_t lines_of_others_ = 0;
  PartialReplies<Stamp> partial_;
};

}  // namespace fanin
