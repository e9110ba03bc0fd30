#include "protocols/fixed_length_client.h"

#include <algorithm>

namespace fanin {

void FixedLengthClient::append_request(ClientState& state, std::string& out) {
  out.append(request_);
  ++state.sent;
}

ReplyOutcome FixedLengthClient::consume(ClientState& state, std::string_view received) {
  ReplyOutcome outcome;
  while (!received.empty()) {
    if (state.completed == state.sent) {
      outcome.set_mismatch(Fault::kUnasked, received.size());
      return outcome;
    }
    const std::size_t length = std::min(received.size(), reply_bytes_ - state.offset);
    received.remove_prefix(length);
    state.offset += static_cast<std::uint32_t>(length);
    if (state.offset == reply_bytes_) {
      state.offset = 0;
      ++state.completed;
      ++outcome.completed;
      if (takes_replies_singly()) {
        outcome.unread = static_cast<std::uint32_t>(received.size());
        return outcome;
      }
    }
  }
  return outcome;
}

}  // namespace fanin
