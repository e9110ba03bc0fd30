#include "protocols/payload.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>

#include "protocols/client_options.h"

namespace fanin::protocols {
namespace {

std::string filler(std::size_t size) {
  std::string text(size, ' ');
  for (std::size_t i = 0; i < size; ++i) {
    text[i] = static_cast<char>('a' + i % 26);
  }
  return text;
}

using Block = std::array<char, kPatternPeriod>;

Block make_block() noexcept {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  Block block{};
  std::uint64_t state = 1;
  for (char& byte : block) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    byte = kAlphabet[state >> 58];
  }
  return block;
}

}  // namespace

Payload make_payload(const ClientProtocolOptions& options) {
  if (!options.payload.empty()) {
    return {options.payload, 0};
  }
  if (options.payload_bytes == 0) {
    throw std::invalid_argument("a payload needs at least 1 byte: raise --payload-bytes");
  }
  return {filler(options.payload_bytes), std::min(options.payload_bytes, kStampDigits)};
}

Payload make_line_payload(const ClientProtocolOptions& options) {
  Payload payload = make_payload(options);
  if (options.payload.empty()) {
    payload.text.back() = '\n';
    payload.stamp = std::min(payload.stamp, payload.text.size() - 1);
    return payload;
  }
  if (payload.text.back() != '\n') {
    payload.text.push_back('\n');
  }
  if (payload.text.find('\n') != payload.text.size() - 1) {
    throw std::invalid_argument(
        "--payload has a newline before its end, and this protocol answers each line: give one line");
  }
  return payload;
}

void PayloadClient::append_request(ClientState& state, std::string& out) {
  const std::size_t begin = out.size();
  out += payload_.text;
  if (payload_.stamp > 0) {
    write_stamp(out.data() + begin, payload_.stamp, state.connection, state.sent);
  }
  ++state.sent;
}

std::string_view pattern_at(std::uint64_t position) noexcept {
  static const Block block = make_block();
  return std::string_view(block.data(), block.size()).substr(position % kPatternPeriod);
}

char to_upper(char c) noexcept { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

std::string to_upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](char c) { return to_upper(c); });
  return text;
}

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

}  // namespace fanin::protocols
