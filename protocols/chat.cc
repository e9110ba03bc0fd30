// chat: every line of a member reaches every member, including the sender, in one order for all. A member's own line is
// its delivery receipt, so the client measures that.
#include <algorithm>
#include <cstring>
#include <mutex>
#include <stdexcept>
#include <vector>

#include "protocols/client_options.h"
#include "protocols/client_protocol.h"
#include "protocols/payload.h"
#include "protocols/registry.h"

namespace fanin::protocols {
namespace {

constexpr std::size_t kLongestLine = 4096;  // including its newline
constexpr std::string_view kTooLong = "line too long\n";

// The members. Any thread. The lock is held while a line is delivered, which keeps the order and keeps members alive
// meanwhile; no member blocks, because push() never does.
class Room {
 public:
  void join(Channel& member) {
    const std::lock_guard lock(mutex_);
    members_.push_back(&member);
  }

  void leave(Channel& member) {
    const std::lock_guard lock(mutex_);
    const auto place = std::find(members_.begin(), members_.end(), &member);
    *place = members_.back();
    members_.pop_back();
  }

  void say(std::string_view lines) {
    const std::lock_guard lock(mutex_);
    for (Channel* member : members_) {
      member->push(lines);
    }
  }

 private:
  std::mutex mutex_;
  std::vector<Channel*> members_;
};

class ChatSession : public ServerSession {
 public:
  explicit ChatSession(std::shared_ptr<Room> room) : room_(std::move(room)) {}
  ~ChatSession() override { leave(); }

  void attach(Channel& channel) override {
    channel_ = &channel;
    room_->join(channel);
  }

  Progress consume(std::string_view input, ReplyBuffer& out) override {
    std::size_t whole = 0;  // input of whole lines of allowed length
    bool too_long = false;
    while (!too_long) {
      const std::size_t newline = input.find('\n', whole);
      const std::size_t end = std::min(newline, input.size());
      too_long = end - whole + (whole == 0 ? partial_.size() : 0) >= kLongestLine;
      if (too_long || newline == std::string_view::npos) {
        break;
      }
      whole = newline + 1;
    }
    if (channel_ == nullptr) {
      return {input.size(), false};  // closed for a line that is too long
    }
    say(input.substr(0, whole));
    if (too_long) {
      leave();  // first, so that nothing is pushed into what follows
      out.append(kTooLong);
      out.close_when_sent();
      return {input.size(), false};
    }
    partial_.append(input.substr(whole));
    return {input.size(), false};
  }

 private:
  void say(std::string_view lines) {
    if (lines.empty()) {
      return;
    }
    if (partial_.empty()) {
      room_->say(lines);
      return;
    }
    partial_.append(lines);
    room_->say(partial_);
    partial_ = std::string();  // an idle member keeps no memory
  }

  void leave() {
    if (channel_ != nullptr) {
      room_->leave(*channel_);
      channel_ = nullptr;
    }
  }

  std::shared_ptr<Room> room_;
  Channel* channel_ = nullptr;  // null: not a member
  std::string partial_;         // an incomplete line
};

constexpr std::uint32_t kDigitsEach = kStampDigits / 2;

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// A member of a chat: sends stamped lines and waits for each to return. Lines of other members must have the same form,
// so all members of a run have the same payload size.
class ChatClient : public PayloadClient {
 public:
  using PayloadClient::PayloadClient;

  ReplyOutcome consume(ClientState& state, std::string_view received) override;
  std::optional<std::uint64_t> lines_of_others() const override { return lines_of_others_; }

 private:
  // Compares the stamp of the current line as far as it has arrived.
  struct Stamp {
    std::uint32_t sequence = 0;
    std::uint32_t connection = 0;
  };

  bool take_stamp(ClientState& state, Stamp& stamp, std::string_view& received) const;
  bool take_rest(ClientState& state, std::string_view& received) const;

  std::uint64_t lines_of_others_ = 0;
  PartialReplies<Stamp> partial_;
};

ReplyOutcome ChatClient::consume(ClientState& state, std::string_view received) {
  ReplyOutcome outcome;
  Stamp stamp;
  if (state.offset > 0) {
    stamp = partial_.get(state);
    partial_.end(state);
  }
  while (!received.empty()) {
    if (!take_stamp(state, stamp, received) || !take_rest(state, received)) {
      const bool own = state.offset == kStampDigits && stamp.connection == state.connection &&
                       (state.completed == state.sent || stamp.sequence != state.completed);
      outcome.set_mismatch(own ? Fault::kOwnLine : Fault::kWrong, received.size());
      return outcome;
    }
    if (state.offset == payload().text.size()) {
      const bool own = stamp.connection == state.connection;
      stamp = {};
      if (own && complete_reply(state, outcome, received.size())) {
        return outcome;
      }
      lines_of_others_ += own ? 0 : 1;
      state.offset = 0;
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
  const std::string_view wanted = std::string_view(payload().text).substr(state.offset, received.size());
  if (std::memcmp(received.data(), wanted.data(), wanted.size()) != 0) {
    return false;
  }
  received.remove_prefix(wanted.size());
  state.offset += static_cast<std::uint32_t>(wanted.size());
  return true;
}

SessionFactory make_sessions(const ServerProtocolOptions& /*options*/) {
  return [room = std::make_shared<Room>()] { return std::make_unique<ChatSession>(room); };
}

std::unique_ptr<ClientProtocol> make_client(const ClientProtocolOptions& options) {
  if (!options.payload.empty() || options.payload_bytes <= kStampDigits) {
    throw std::invalid_argument(
        "protocol chat recognizes its own lines by a stamp: give --payload-bytes of at least 17, and no --payload");
  }
  return std::make_unique<ChatClient>(make_line_payload(options));
}

}  // namespace

extern const Protocol kChat{.name = "chat",
                            .summary = "sends every line to every member, the sender included",
                            .make_sessions = make_sessions,
                            .make_client = make_client,
                            .needs_shared_memory = true,
                            .client_options = "payload-bytes"};

}  // namespace fanin::protocols
