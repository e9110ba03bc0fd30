// chat: every line of a member reaches every member, including the sender, in one order for all. A member's own line is
// its delivery receipt, so the client measures that.
#include <algorithm>
#include <mutex>
#include <vector>

#include "protocols/chat_client.h"
#include "protocols/registry.h"

namespace fanin {
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

SessionFactory make_sessions(const ServerProtocolOptions& /*options*/) {
  return [room = std::make_shared<Room>()] { return std::make_unique<ChatSession>(room); };
}

std::unique_ptr<ClientProtocol> make_client(const ClientProtocolOptions& options) {
  return std::make_unique<ChatClient>(options);
}

}  // namespace

extern const Protocol kChat{.name = "chat",
                            .summary = "sends every line to every member, the sender included",
                            .make_sessions = make_sessions,
                            .make_client = make_client,
                            .needs_shared_memory = true,
                            .client_options = "payload-bytes"};

}  // namespace fanin
