#include "protocols/template_client.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace fanin {

// All slots are complete requests; only their stamps change.
void TemplateClient::set_request_slots(std::size_t requests) {
  kept_.clear();
  for (std::size_t i = 0; i < requests; ++i) {
    kept_ += payload().text;
  }
  next_request_ = 0;
}

std::string_view TemplateClient::next_request(ClientState& state) {
  char* request = kept_.data() + next_request_;
  next_request_ += payload().text.size();
  if (next_request_ == kept_.size()) {
    next_request_ = 0;
  }
  if (payload().stamp > 0) {
    write_stamp(request, payload().stamp, state.connection, state.sent);
  }
  ++state.sent;
  return {request, payload().text.size()};
}

// Fast path for the usual case: exactly the reply that is due, with a full stamp.
bool TemplateClient::is_whole_reply(const ClientState& state, std::string_view received) const {
  if (state.offset != 0 || received.size() != reply_.text.size() || reply_.stamp != kStampDigits ||
      reply_.ends_with_connection || state.completed == state.sent) {
    return false;
  }
  return has_stamp(received.data(), state.connection, state.completed, reply_.upper_case) &&
         std::memcmp(received.data() + kStampDigits, reply_.text.data() + kStampDigits,
                     received.size() - kStampDigits) == 0;
}

bool TemplateClient::matches(const ClientState& state, std::string_view part) const {
  std::size_t offset = state.offset;
  if (offset < reply_.stamp) {
    std::array<char, kStampDigits> text{};
    write_stamp(text.data(), kStampDigits, state.connection, state.completed, reply_.upper_case);
    const std::size_t length = std::min(part.size(), reply_.stamp - offset);
    if (std::memcmp(part.data(), text.data() + offset, length) != 0) {
      return false;
    }
    part.remove_prefix(length);
    offset += length;
  }
  return std::memcmp(part.data(), reply_.text.data() + offset, part.size()) == 0;
}

ReplyOutcome TemplateClient::consume(ClientState& state, std::string_view received) {
  if (is_whole_reply(state, received)) [[likely]] {
    ++state.completed;
    return {.completed = 1};
  }
  const auto match = [&](std::string_view part) { return matches(state, part) ? part.size() : 0; };
  return consume_length(state, received, reply_.text.size(), match,
                        reply_.ends_with_connection ? ReplyEnd::kConnection : ReplyEnd::kLength);
}

std::string TemplateClient::expected(const ClientState& state) const {
  std::string reply = reply_.text;
  write_stamp(reply.data(), reply_.stamp, state.connection, state.completed, reply_.upper_case);
  return reply.substr(state.offset);
}

ReplyOutcome TemplateClient::end_of_stream(ClientState& state) {
  ReplyOutcome outcome;
  if (reply_.ends_with_connection && state.offset == reply_.text.size() && state.sent == state.completed + 1) {
    complete_reply(state, outcome, 0);
  } else {
    outcome.mismatch = state.sent != state.completed || state.offset != 0;
  }
  return outcome;
}

}  // namespace fanin
