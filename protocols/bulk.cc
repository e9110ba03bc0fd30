// bulk: a one-line request gets a long reply (--reply-bytes), whose bytes follow from the line.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "protocols/line_hash.h"
#include "protocols/options.h"
#include "protocols/pattern.h"
#include "protocols/payload.h"
#include "protocols/registry.h"
#include "protocols/stamp.h"

namespace fanin {
namespace {

constexpr std::size_t kUsualReply = 65536;
constexpr std::size_t kLongestReply = std::size_t{1} << 30;

std::size_t checked_reply_bytes(std::size_t bytes) {
  if (bytes == 0 || bytes > kLongestReply) {
    throw std::invalid_argument(fmt::format("--reply-bytes {} is out of range: give 1 to {}", bytes, kLongestReply));
  }
  return bytes;
}

class BulkSession : public ServerSession {
 public:
  explicit BulkSession(std::size_t reply_bytes) : reply_bytes_(reply_bytes) {}

  Progress consume(std::string_view input, ReplyBuffer& out) override {
    for (std::size_t done = 0;;) {
      send_reply(out);
      if (left_ > 0) {
        return {done, true};
      }
      const std::string_view rest = input.substr(done);
      const std::size_t newline = rest.find('\n');
      hash_.add(rest.substr(0, newline));
      if (newline == std::string_view::npos) {
        return {input.size(), false};
      }
      done += newline + 1;
      position_ = hash_.value() % kPatternPeriod;
      left_ = reply_bytes_;
      hash_ = LineHash();
    }
  }

 private:
  void send_reply(ReplyBuffer& out) {
    while (left_ > 0 && out.room() > 0) {
      const std::string_view part = pattern_at(position_).substr(0, std::min(left_, out.room()));
      out.append(part);
      position_ += part.size();
      left_ -= part.size();
    }
  }

  std::size_t reply_bytes_;
  std::size_t left_ = 0;  // of the reply under way
  std::uint64_t position_ = 0;
  LineHash hash_;  // of the line so far
};

SessionFactory make_sessions(const ServerProtocolOptions& options) {
  return [bytes = checked_reply_bytes(options.reply_bytes)] { return std::make_unique<BulkSession>(bytes); };
}

class BulkClient : public ClientProtocol {
 public:
  BulkClient(Payload payload, std::size_t reply_bytes) : payload_(std::move(payload)), reply_bytes_(reply_bytes) {}

  void append_request(ClientState& state, std::string& out) override {
    const std::size_t start = out.size();
    out.append(payload_.text);
    write_stamp(out.data() + start, payload_.stamp, state.connection, state.sent);
    ++state.sent;
  }

  ReplyOutcome consume(ClientState& state, std::string_view received) override {
    ReplyOutcome outcome;
    while (!received.empty()) {
      if (state.completed == state.sent || !matches(state, received)) {
        outcome.set_mismatch(Fault::kWrong, received.size());
        return outcome;
      }
      if (state.offset == reply_bytes_) {
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

  ReplyOutcome end_of_stream(ClientState& state) override { return {0, state.sent != state.completed}; }
  std::size_t request_bytes() const override { return payload_.text.size(); }

 protected:
  std::string expected(const ClientState& state) const override {
    const std::string_view text = pattern_at(reply_position(state) + state.offset);
    return std::string(text.substr(0, reply_bytes_ - state.offset));
  }

 private:
  std::uint64_t reply_position(const ClientState& state) const {
    std::array<char, kStampDigits> stamp{};
    write_stamp(stamp.data(), payload_.stamp, state.connection, state.completed);
    LineHash hash;
    hash.add({stamp.data(), payload_.stamp});
    hash.add(std::string_view(payload_.text).substr(payload_.stamp, payload_.text.size() - payload_.stamp - 1));
    return hash.value() % kPatternPeriod;
  }

  // Takes the bytes of the current reply from `received`; false at the first wrong part.
  bool matches(ClientState& state, std::string_view& received) const {
    const std::uint64_t start = reply_position(state);
    while (!received.empty() && state.offset < reply_bytes_) {
      const std::string_view wanted =
          pattern_at(start + state.offset).substr(0, std::min(received.size(), reply_bytes_ - state.offset));
      if (std::memcmp(received.data(), wanted.data(), wanted.size()) != 0) {
        return false;
      }
      received.remove_prefix(wanted.size());
      state.offset += static_cast<std::uint32_t>(wanted.size());
    }
    return true;
  }

  Payload payload_;
  std::size_t reply_bytes_;
};

std::unique_ptr<ClientProtocol> make_client(const ClientProtocolOptions& options) {
  return std::make_unique<BulkClient>(make_line_payload(options),
                                      checked_reply_bytes(options.reply_bytes.value_or(kUsualReply)));
}

}  // namespace

extern const Protocol kBulk{.name = "bulk",
                            .summary = "answers every line with a long reply (--reply-bytes)",
                            .make_sessions = make_sessions,
                            .make_client = make_client,
                            .server_options = "reply-bytes",
                            .client_options = "payload-bytes payload reply-bytes"};

}  // namespace fanin
