#include "protocols/client_protocol.h"

#include <algorithm>
#include <utility>

#include "protocols/connection_setup.h"

namespace fanin {

ClientProtocol::ClientProtocol() = default;
ClientProtocol::~ClientProtocol() = default;

void ClientProtocol::set_up_by(std::unique_ptr<ConnectionSetup> setup) noexcept { setup_ = std::move(setup); }

std::unique_ptr<ConnectionSetup> ClientProtocol::release_setup() noexcept { return std::move(setup_); }

Mismatch ClientProtocol::describe(const ClientState& state, std::string_view received,
                                  const ReplyOutcome& outcome) const {
  const std::string_view wrong =
      received.substr(received.size() - std::min<std::size_t>(outcome.unread, received.size()));
  const bool asked = state.completed != state.sent;
  Mismatch mismatch = Mismatch::between(wrong, asked ? expected(state) : std::string(), state.offset);
  mismatch.fault = asked ? outcome.fault : state.sent == 0 ? Fault::kSpokeFirst : Fault::kUnasked;
  return mismatch;
}

ReplyOutcome ClientProtocol::consume_all(ClientState& state, std::string_view received) {
  ReplyOutcome total;
  for (;;) {
    const ReplyOutcome outcome = consume(state, received);
    total.completed += outcome.completed;
    total.mismatch = outcome.mismatch;
    total.fault = outcome.fault;
    total.refused = outcome.refused != kNotRefused ? outcome.refused : total.refused;
    total.closes = outcome.closes;
    total.status = outcome.status != 0 ? outcome.status : total.status;
    total.unread = outcome.unread;
    if (outcome.unread == 0 || outcome.mismatch || outcome.closes) {
      return total;
    }
    received = received.substr(received.size() - outcome.unread);
  }
}

}  // namespace fanin
