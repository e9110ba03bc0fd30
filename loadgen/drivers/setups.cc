#include "loadgen/drivers/setups.h"

namespace fanin::load {

Setups::Setups(const LoopContext& context, LoopClock& clock, Outbox& outbox)
    : plan_(context.plan),
      share_(context.share),
      protocol_(context.protocol),
      setup_(context.protocol.setup()),
      faults_(context.faults),
      clock_(clock),
      outbox_(outbox) {}

void Setups::begin_setup(std::uint32_t index) {
  pending_[index] = {.state = {.connection = share_.number(index)}, .since = clock_.now()};
  send_next(index);
}

void Setups::send_next(std::uint32_t index) {
  if (const std::string_view bytes = setup_->next_request(pending_[index].state); !bytes.empty()) {
    outbox_.post(index, bytes);
  }
}

protocols::ConnectionSetup::Progress Setups::received(std::uint32_t index, std::string_view bytes) {
  protocols::ClientState& state = pending_[index].state;
  const protocols::ConnectionSetup::Progress progress = setup_->consume(state, bytes);
  if (progress == protocols::ConnectionSetup::Progress::kNextStep) {
    send_next(index);
  } else if (progress == protocols::ConnectionSetup::Progress::kFailed) {
    faults_.keep_mismatch(*setup_, state, bytes, clock_.now());
  }
  return progress;
}

void Setups::verify(std::uint32_t index) {
  protocols::ClientState& state = pending_[index].state = {.connection = share_.number(index)};
  request_.clear();
  protocol_.append_request(state, request_);
  outbox_.post(index, request_);
}

std::optional<ErrorKind> Setups::received_reply(std::uint32_t index, std::string_view bytes, bool& served) {
  protocols::ClientState& state = pending_[index].state;
  const protocols::ReplyOutcome outcome = protocol_.consume_all(state, bytes);
  if (outcome.mismatch) {
    faults_.keep_mismatch(protocol_, state, bytes, outcome, clock_.now());
    return classify_fault(outcome.fault);
  }
  served = outcome.completed > 0 || outcome.refused != protocols::kNotRefused;
  return outcome.closes ? std::optional(ErrorKind::kClosedEarly) : std::nullopt;
}

std::vector<std::uint32_t> Setups::find_late() const {
  std::vector<std::uint32_t> late;
  for (const auto& [index, pending] : pending_) {
    if (pending.since + plan_.timeout <= clock_.now()) {
      late.push_back(index);
    }
  }
  return late;
}

}  // namespace fanin::load
