// bulk: a one-line request gets a long reply (--reply-bytes), whose bytes follow from the line.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "protocols/client_options.h"
#include "protocols/payload.h"
#include "protocols/registry.h"
#include "protocols/server_options.h"

namespace fanin::protocols {
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

class BulkClient : public PayloadClient {
 public:
  BulkClient(Payload payload, std::size_t reply_bytes) : PayloadClient(std::move(payload)), reply_bytes_(reply_bytes) {}

  ReplyOutcome consume(ClientState& state, std::string_view received) override {
    const auto match = [&](std::string_view part) -> std::size_t {
      const std::string_view wanted = pattern_at(reply_position(state) + state.offset).substr(0, part.size());
      return part.starts_with(wanted) ? wanted.size() : 0;
    };
    return consume_length(state, received, reply_bytes_, match);
  }

 protected:
  std::string expected(const ClientState& state) const override {
    const std::string_view text = pattern_at(reply_position(state) + state.offset);
    return std::string(text.substr(0, reply_bytes_ - state.offset));
  }

 private:
  std::uint64_t reply_position(const ClientState& state) const {
    const std::string_view line = payload().text;
    const std::size_t stamped = payload().stamp;
    std::array<char, kStampDigits> stamp{};
    write_stamp(stamp.data(), stamped, state.connection, state.completed);
    LineHash hash;
    hash.add({stamp.data(), stamped});
    hash.add(line.substr(stamped, line.size() - stamped - 1));
    return hash.value() % kPatternPeriod;
  }

  std::size_t reply_bytes_;
};

std::unique_ptr<ClientProtocol> make_client(const ClientProtocolOptions& options) {
  return std::make_unique<BulkClient>(make_line_payload(options),
                                      checked_reply_bytes(options.reply_bytes.value_or(kUsualReply)));
}

constexpr ServerOption kServerOptions[] = {
    {.name = "reply-bytes",
     .place = &ServerProtocolOptions::reply_bytes,
     .help = "bytes of a reply",
     .min = 1,
     .max = kLongestReply},
};

}  // namespace

extern const Protocol kBulk{.name = "bulk",
                            .summary = "answers every line with a long reply (--reply-bytes)",
                            .make_sessions = make_sessions,
                            .make_client = make_client,
                            .server_options = kServerOptions,
                            .client_options = "payload-bytes payload reply-bytes"};

}  // namespace fanin::protocols
