#include "protocols/client_protocol.h"

#include <utility>

#include "protocols/connection_setup.h"

namespace fanin {

ClientProtocol::ClientProtocol() = default;
ClientProtocol::~ClientProtocol() = default;

void ClientProtocol::set_up_by(std::unique_ptr<ConnectionSetup> setup) noexcept { setup_ = std::move(setup); }

std::unique_ptr<ConnectionSetup> ClientProtocol::release_setup() noexcept { return std::move(setup_); }

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
    if (outcome.unread == 0 || outcome.mismatch || outcome.closes) {
      return total;
    }
    received = received.substr(received.size() - outcome.unread);
  }
}

}  // namespace fanin
