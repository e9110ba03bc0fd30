#include "protocols/pattern_client.h"

namespace fanin {
namespace {

// Of ClientState::parse: where a match of the reply that has come in part may begin.
constexpr std::size_t kFrom = 0;

}  // namespace

PatternClient::PatternClient(const ClientProtocolOptions& options)
    : request_(options.request),
      expect_(options.expect),
      limit_(options.reply_limit),
      pattern_(options.reply_pattern) {}

void PatternClient::append_request(ClientState& state, std::string& out) {
  out.append(request_);
  ++state.sent;
}

ReplyOutcome PatternClient::consume(ClientState& state, std::string_view received) {
  ReplyOutcome outcome;
  if (received.empty()) {
    return outcome;
  }
  if (state.completed == state.sent) {
    outcome.mismatch = true;  // more than was asked for
    return outcome;
  }
  std::string_view text = received;
  const std::size_t searched = state.offset;
  if (searched > 0) {
    text = partial_[state.connection].append(received);
  }
  const auto search = pattern_.find(text.substr(0, limit_), searched, searched > 0 ? state.parse[kFrom] : 0);
  outcome.too_long = !search.end && text.size() > limit_;
  outcome.mismatch = outcome.too_long || search.failed;
  if (outcome.mismatch) {
    partial_.erase(state.connection);
    return outcome;
  }
  if (!search.end) {
    if (searched == 0) {
      partial_[state.connection] = text;
    }
    state.offset = static_cast<std::uint32_t>(text.size());
    state.parse[kFrom] = static_cast<std::uint32_t>(search.from);
    return outcome;
  }
  outcome.mismatch = !expect_.empty() && text.substr(0, *search.end) != expect_;
  outcome.completed = outcome.mismatch ? 0 : 1;
  outcome.unread = static_cast<std::uint32_t>(text.size() - *search.end);
  state.completed += outcome.completed;
  if (searched > 0) {
    partial_.erase(state.connection);
    state.offset = 0;
  }
  return outcome;
}

}  // namespace fanin
