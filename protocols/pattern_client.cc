#include "protocols/pattern_client.h"

#include "protocols/options.h"

namespace fanin {

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
    outcome.set_mismatch(Fault::kUnasked, received.size());
    return outcome;
  }
  std::string_view text = received;
  const std::size_t searched = state.offset;
  std::size_t from = 0;
  if (searched > 0) {
    Partial& partial = partial_.of(state);
    text = partial.text.append(received);
    from = partial.from;
  }
  const auto search = pattern_.find(text.substr(0, limit_), searched, from);
  const bool too_long = !search.end && text.size() > limit_;
  const bool wrong = search.end && !expect_.empty() && text.substr(0, *search.end) != expect_;
  if (too_long || search.exceeded || wrong) {
    outcome.set_mismatch(search.exceeded ? Fault::kPatternLimit
                         : too_long      ? Fault::kTooLong
                                         : Fault::kWrong,
                         received.size());
    partial_.end(state);
    return outcome;
  }
  if (!search.end) {
    Partial& partial = searched == 0 ? partial_.begin(state) : partial_.of(state);
    if (searched == 0) {
      partial.text = text;
    }
    partial.from = search.from;
    state.offset = static_cast<std::uint32_t>(text.size());
    return outcome;
  }
  outcome.completed = 1;
  outcome.unread = static_cast<std::uint32_t>(text.size() - *search.end);
  state.completed += outcome.completed;
  if (searched > 0) {
    partial_.end(state);
    state.offset = 0;
  }
  return outcome;
}

}  // namespace fanin
