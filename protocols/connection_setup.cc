#include "protocols/connection_setup.h"

#include <utility>

namespace fanin {

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
