#include "protocols/client_protocol.h"

namespace fanin {

ReplyOutcome ClientProtocol::consume_all(ClientState& state, std::string_view received) {
  ReplyOutcome total;
  for (;;) {
    const ReplyOutcome outcome = consume(state, received);
    total.completed += outcome.completed;
    total.mismatch = outcome.mismatch;
    total.too_long = outcome.too_long;
    total.refused |= outcome.refused;
    total.closes = outcome.closes;
    total.status = outcome.status != 0 ? outcome.status : total.status;
    if (outcome.unread == 0 || outcome.mismatch || outcome.closes) {
      return total;
    }
    received = received.substr(received.size() - outcome.unread);
  }
}

}  // namespace fanin
