#include "protocols/template_client.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "protocols/stamp.h"

namespace fanin {

// Not by next_request(): that would reuse the memory of an unsent request.
void TemplateClient::append_request(ClientState& state, std::string& out) {
  const std::size_t begin = out.size();
  out += form_.request;
  if (form_.request_stamp > 0) {
    write_stamp(out.data() + begin, form_.request_stamp, state.connection, state.sent);
  }
  ++state.sent;
}

// All are complete; only their stamps change.
void TemplateClient::set_request_slots(std::size_t requests) {
  kept_.clear();
  for (std::size_t i = 0; i < requests; ++i) {
    kept_ += form_.request;
  }
  next_request_ = 0;
}

std::string_view TemplateClient::next_request(ClientState& state) {
  char* request = kept_.data() + next_request_;
  next_request_ += form_.request.size();
  if (next_request_ == kept_.size()) {
    next_request_ = 0;
  }
  if (form_.request_stamp > 0) {
    write_stamp(request, form_.request_stamp, state.connection, state.sent);
  }
  ++state.sent;
  return {request, form_.request.size()};
}

// Fast path for the usual case: exactly the reply that is due, with a full stamp.
bool TemplateClient::is_whole_reply(const ClientState& state, std::string_view received) const {
  if (state.offset != 0 || received.size() != form_.reply.size() || form_.reply_stamp != kStampDigits ||
      form_.ends_with_connection || state.completed == state.sent) {
    return false;
  }
  return has_stamp(received.data(), state.connection, state.completed, form_.upper_case_reply) &&
         std::memcmp(received.data() + kStampDigits, form_.reply.data() + kStampDigits,
                     received.size() - kStampDigits) == 0;
}

bool TemplateClient::matches(const ClientState& state, std::string_view part) const {
  std::size_t offset = state.offset;
  if (offset < form_.reply_stamp) {
    std::array<char, kStampDigits> text{};
    write_stamp(text.data(), kStampDigits, state.connection, state.completed, form_.upper_case_reply);
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
  if (is_whole_reply(state, received)) [[likely]] {
    ++state.completed;
    return {.completed = 1};
  }
  ReplyOutcome outcome;
  while (!received.empty()) {
    const std::size_t length = std::min(received.size(), form_.reply.size() - state.offset);
    const bool unasked = state.completed == state.sent && !form_.request.empty();
    if (length == 0 || unasked || !matches(state, received.substr(0, length))) {
      outcome.set_mismatch(length == 0 ? Fault::kGoesOn : Fault::kWrong, received.size());
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

std::string TemplateClient::expected(const ClientState& state) const {
  std::string reply = form_.reply;
  write_stamp(reply.data(), form_.reply_stamp, state.connection, state.completed, form_.upper_case_reply);
  return reply.substr(state.offset);
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
