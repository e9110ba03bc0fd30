#include "protocols/template_client.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "protocols/stamp.h"

namespace fanin {

void TemplateClient::append_request(ClientState& state, std::string& out) {
  const std::size_t start = out.size();
  out.append(form_.request);
  if (form_.request_stamp > 0) {
    write_stamp(out.data() + start, form_.request_stamp, state.connection, state.sent);
  }
  ++state.sent;
}

bool TemplateClient::matches(const ClientState& state, std::string_view part) const {
  std::size_t offset = state.offset;
  if (offset < form_.reply_stamp) {
    std::array<char, kStampDigits> text{};
    write_stamp(text.data(), kStampDigits, state.connection, state.completed, form_.upper_case_reply ? 'A' : 'a');
    const std::size_t length = std::min(part.size(), form_.reply_stamp - offset);
    if (std::memcmp(part.data(), text.data() + offset, length) != 0) {
      return false;
    }
    part.remove_prefix(length);
    offset += length;
  }
  return std::memcmp(part.data(), form_.reply.data() + offset, part.size()) == 0;
}

ReplyOutcome TemplateClient::consume(ClientState& state, std::string_view received) {
  ReplyOutcome outcome;
  while (!received.empty()) {
    const std::size_t length = std::min(received.size(), form_.reply.size() - state.offset);
    const bool unasked = state.completed == state.sent && !form_.request.empty();
    if (length == 0 || unasked || !matches(state, received.substr(0, length))) {
      outcome.mismatch = true;
      return outcome;
    }
    received.remove_prefix(length);
    state.offset += static_cast<std::uint32_t>(length);
    if (state.offset == form_.reply.size() && !form_.ends_with_connection) {
      state.offset = 0;
      ++state.completed;
      ++outcome.completed;
      if (takes_replies_singly()) {
        outcome.unread = static_cast<std::uint32_t>(received.size());
        return outcome;
      }
    }
  }
  return outcome;
}

ReplyOutcome TemplateClient::end_of_stream(ClientState& state) {
  ReplyOutcome outcome;
  if (form_.ends_with_connection && state.offset == form_.reply.size() && state.sent == state.completed + 1) {
    state.offset = 0;
    ++state.completed;
    outcome.completed = 1;
  } else {
    outcome.mismatch = state.sent != state.completed || state.offset != 0;
  }
  return outcome;
}

}  // namespace fanin
