#include "protocols/delimited_client.h"

namespace fanin {

DelimitedClient::DelimitedClient(std::string request, std::string delimiter)
    : request_(std::move(request)), delimiter_(std::move(delimiter)), fallback_(delimiter_.size(), 0) {
  for (std::size_t i = 1, matched = 0; i < delimiter_.size(); ++i) {
    while (matched > 0 && delimiter_[i] != delimiter_[matched]) {
      matched = fallback_[matched - 1];
    }
    matched += delimiter_[i] == delimiter_[matched] ? 1 : 0;
    fallback_[i] = matched;
  }
}

void DelimitedClient::append_request(ClientState& state, std::string& out) {
  out.append(request_);
  ++state.sent;
}

ReplyOutcome DelimitedClient::consume(ClientState& state, std::string_view received) {
  ReplyOutcome outcome;
  std::size_t matched = state.offset;
  for (std::size_t i = 0; i < received.size(); ++i) {
    const char c = received[i];
    if (state.completed == state.sent) {
      outcome.set_mismatch(Fault::kUnasked, received.size() - i);
      return outcome;
    }
    while (matched > 0 && c != delimiter_[matched]) {
      matched = fallback_[matched - 1];
    }
    matched += c == delimiter_[matched] ? 1 : 0;
    if (matched == delimiter_.size()) {
      matched = 0;
      ++state.completed;
      ++outcome.completed;
      if (takes_replies_singly()) {
        state.offset = 0;
        outcome.unread = static_cast<std::uint32_t>(received.size() - i - 1);
        return outcome;
      }
    }
  }
  state.offset = static_cast<std::uint32_t>(matched);
  return outcome;
}

}  // namespace fanin
