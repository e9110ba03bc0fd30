#include "protocols/chat_client.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "protocols/options.h"
#include "protocols/stamp.h"

namespace fanin {
namespace {

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
        "protocol chat tells its own lines from those of others by a stamp: give --payload-bytes of at least 17, and "
        "no "
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
  Stamp stamp;
  if (state.offset > 0) {
    stamp = partial_.of(state);
    partial_.end(state);
  }
  while (!received.empty()) {
    if (!take_stamp(state, stamp, received) || !take_rest(state, received)) {
      const bool own = state.offset == kStampDigits && stamp.connection == state.connection &&
                       (state.completed == state.sent || stamp.sequence != state.completed);
      outcome.set_mismatch(own ? Fault::kOwnLine : Fault::kWrong, received.size());
      return outcome;
    }
    if (state.offset == line_.size()) {
      if (stamp.connection == state.connection) {
        ++state.completed;
        ++outcome.completed;
      } else {
        ++lines_of_others_;
      }
      state.offset = 0;
      stamp = {};
    }
  }
  if (state.offset > 0) {
    partial_.begin(state) = stamp;
  }
  return outcome;
}

// False if it is no stamp, or the connection's own stamp of a line that is not due.
bool ChatClient::take_stamp(ClientState& state, Stamp& stamp, std::string_view& received) const {
  while (state.offset < kStampDigits && !received.empty()) {
    const int digit = hex_digit(received.front());
    if (digit < 0) {
      return false;
    }
    received.remove_prefix(1);
    std::uint32_t& number = state.offset < kDigitsEach ? stamp.sequence : stamp.connection;
    number |= static_cast<std::uint32_t>(digit) << (4 * (state.offset % kDigitsEach));
    if (++state.offset == kStampDigits && stamp.connection == state.connection &&
        (state.completed == state.sent || stamp.sequence != state.completed)) {
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
