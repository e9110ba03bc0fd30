#include "protocols/client_protocol.h"

#include <algorithm>
#include <utility>

namespace fanin::protocols {

std::string_view fault_text(Fault fault) noexcept {
  switch (fault) {
    case Fault::kTooLong:
      return "the reply is longer than --reply-limit-bytes";
    case Fault::kPatternLimit:
      return "the pattern takes too many steps on the reply";
    case Fault::kGoodbye:
      return "the server says that it closes the connection";
    case Fault::kSpokeFirst:
      return "the server spoke before the first request";
    case Fault::kUnasked:
      return "no request waited for a reply";
    case Fault::kGoesOn:
      return "bytes follow the end of the reply";
    case Fault::kOwnLine:
      return "a line of this connection that is not due";
    case Fault::kNotHttp:
      return "not HTTP/1.x";
    case Fault::kHttpHeadTooLong:
      return "the head of the reply is too long";
    case Fault::kHttpLengthTwice:
      return "the length of the body is given twice";
    case Fault::kHttpLength:
      return "Content-Length is no number";
    case Fault::kHttpField:
      return "a field of the head is malformed";
    case Fault::kHttpChunk:
      return "a chunk is malformed";
    case Fault::kHttpBody:
      return "the body does not match --expect-body or --expect-body-pattern";
    case Fault::kWrong:
      break;
  }
  return "wrong byte";
}

Mismatch Mismatch::between(std::string_view received, std::string_view expected, std::uint64_t from) {
  const auto parts = std::mismatch(received.begin(), received.end(), expected.begin(), expected.end());
  const auto same = static_cast<std::size_t>(parts.first - received.begin());
  const std::size_t shown_from = same < kShown / 2 ? 0 : same;
  Mismatch mismatch;
  mismatch.received = received.substr(shown_from, kShown);
  mismatch.expected = expected.substr(shown_from, kShown);
  if (!expected.empty()) {
    mismatch.offset = from + same;
  }
  return mismatch;
}

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

}  // namespace fanin::protocols
