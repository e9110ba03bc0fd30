#include "protocols/chat_client.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "protocols/stamp.h"

namespace fanin {
namespace {

// state.parse[0] and [1]: sequence and connection number as far as the stamp of the current line has come.
constexpr std::size_t kSequence = 0;
constexpr std::size_t kConnection = 1;
constexpr std::uint32_t kDigitsEach = kStampDigits / 2;

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

}  // namespace

ChatClient::ChatClient(const ClientProtocolOptions& options) {
  if (!options.payload.empty() || options.payload_bytes <= kStampDigits) {
    throw std::invalid_argument(
        "protocol chat tells its own lines from those of others by a stamp: give --payload-size of at least 17, and no "
        "--payload");
  }
  line_ = make_line_payload(options).text;
}

void ChatClient::append_request(ClientState& state, std::string& out) {
  const std::size_t start = out.size();
  out.append(line_);
  write_stamp(out.data() + start, kStampDigits, state.connection, state.sent);
  ++state.sent;
}

ReplyOutcome ChatClient::consume(ClientState& state, std::string_view received) {
  ReplyOutcome outcome;
  while (!received.empty()) {
    if (!take_stamp(state, received) || !take_rest(state, received)) {
      outcome.mismatch = true;
      return outcome;
    }
    if (state.offset == line_.size()) {
      if (state.parse[kConnection] == state.connection) {
        ++state.completed;
        ++outcome.completed;
      }
      state.offset = 0;
      state.parse = {};
    }
  }
  return outcome;
}

// False where it is no stamp, or our own but not that of the line which is due.
bool ChatClient::take_stamp(ClientState& state, std::string_view& received) const {
  while (state.offset < kStampDigits && !received.empty()) {
    const int digit = hex_digit(received.front());
    if (digit < 0) {
      return false;
    }
    received.remove_prefix(1);
    std::uint32_t& number = state.parse[state.offset < kDigitsEach ? kSequence : kConnection];
    number |= static_cast<std::uint32_t>(digit) << (4 * (state.offset % kDigitsEach));
    if (++state.offset == kStampDigits && state.parse[kConnection] == state.connection &&
        (state.completed == state.sent || state.parse[kSequence] != state.completed)) {
      return false;
    }
  }
  return true;
}

bool ChatClient::take_rest(ClientState& state, std::string_view& received) const {
  if (state.offset < kStampDigits) {
    return true;
  }
  const std::string_view wanted = std::string_view(line_).substr(state.offset, received.size());
  if (std::memcmp(received.data(), wanted.data(), wanted.size()) != 0) {
    return false;
  }
  received.remove_prefix(wanted.size());
  state.offset += static_cast<std::uint32_t>(wanted.size());
  return true;
}

}  // namespace fanin
