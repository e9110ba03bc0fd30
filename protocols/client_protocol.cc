#include "protocols/client_protocol.h"

#include <algorithm>
#include <utility>

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

ConnectionSetup::ConnectionSetup(std::vector<std::unique_ptr<ClientProtocol>> steps) : steps_(std::move(steps)) {
  for (const auto& step : steps_) {
    step->take_replies_singly();
  }
}

std::string_view ConnectionSetup::next_request(ClientState& state) { return steps_[state.sent]->next_request(state); }

ConnectionSetup::Progress ConnectionSetup::consume(ClientState& state, std::string_view received) {
  const ReplyOutcome outcome = steps_[state.completed]->consume(state, received);
  if (outcome.mismatch || outcome.unread > 0) {
    failed_ = outcome;
    return Progress::kFailed;
  }
  if (outcome.completed == 0) {
    return Progress::kWaiting;
  }
  return state.completed == steps_.size() ? Progress::kDone : Progress::kNextStep;
}

Mismatch ConnectionSetup::describe(const ClientState& state, std::string_view received) const {
  if (failed_.mismatch) {
    return steps_[state.completed]->describe(state, received, failed_);
  }
  Mismatch mismatch = Mismatch::between(received.substr(received.size() - failed_.unread), {}, 0);
  mismatch.fault = Fault::kGoesOn;
  return mismatch;
}

}  // namespace fanin
