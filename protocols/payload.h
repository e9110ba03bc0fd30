#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "protocols/client_protocol.h"

namespace fanin::protocols {

struct ClientProtocolOptions;

// The stamp of a request: connection and sequence number in hexadecimal, least significant digit first, so that even
// one-digit stamps of neighbours differ.
inline constexpr std::size_t kStampDigits = 16;

// The digits of a stamp as bytes of two words, those of the sequence number first, as in memory.
using StampText = std::uint64_t __attribute__((vector_size(kStampDigits)));

// All digits at once: one digit at a time took a sixth of the user time of a small request.
inline StampText stamp_text(std::uint32_t connection, std::uint32_t sequence, bool upper_case) noexcept {
  static_assert(std::endian::native == std::endian::little, "the least significant digit goes first");
  constexpr std::uint64_t kEach = 0x0101010101010101;
  StampText digits{sequence, connection};
  digits = (digits | digits << 16) & 0x0000ffff0000ffff;
  digits = (digits | digits << 8) & 0x00ff00ff00ff00ff;
  digits = (digits | digits << 4) & 0x0f0f0f0f0f0f0f0f;
  const StampText is_letter = (digits + 6 * kEach) >> 4 & kEach;
  static_assert('A' - '0' - 10 == 8 - 1 && 'a' - 'A' == 32, "the gap between letters and digits: no multiplication");
  digits += '0' * kEach + (is_letter << 3) - is_letter;
  return upper_case ? digits : digits + (is_letter << 5);
}

// Writes the first `digits` (at most kStampDigits) of the stamp to `to`.
inline void write_stamp(char* to, std::size_t digits, std::uint32_t connection, std::uint32_t sequence,
                        bool upper_case = false) noexcept {
  const StampText text = stamp_text(connection, sequence, upper_case);
  if (digits == kStampDigits) [[likely]] {
    std::memcpy(to, &text, kStampDigits);
  } else {
    std::memcpy(to, &text, digits);
  }
}

// Whether all digits of the stamp are at `from`.
inline bool has_stamp(const char* from, std::uint32_t connection, std::uint32_t sequence, bool upper_case) noexcept {
  StampText text;
  std::memcpy(&text, from, kStampDigits);
  text ^= stamp_text(connection, sequence, upper_case);
  return (text[0] | text[1]) == 0;
}

// The text of every request, and the length of the stamp at its front (0 for a fixed text).
struct Payload {
  std::string text;
  std::size_t stamp = 0;
};

// Any bytes, as for echo.
Payload make_payload(const ClientProtocolOptions& options);

// One line with its newline, for line protocols. Throws std::invalid_argument for a text with an inner newline.
Payload make_line_payload(const ClientProtocolOptions& options);

// A client whose requests are one payload, each with its stamp.
class PayloadClient : public ClientProtocol {
 public:
  explicit PayloadClient(Payload payload) : payload_(std::move(payload)) {}

  void append_request(ClientState& state, std::string& out) override;
  // The end of the stream completes no reply.
  ReplyOutcome end_of_stream(ClientState& state) override { return {0, state.sent != state.completed}; }
  std::size_t request_bytes() const override { return payload_.text.size(); }

 protected:
  enum class ReplyEnd { kLength, kConnection };

  const Payload& payload() const noexcept { return payload_; }

  // consume() for replies of `reply_bytes` bytes; state.offset counts the verified bytes of the current one.
  // `match(part)` returns how many bytes of `part`, the rest of the reply as far as it was received, are right, at
  // least 1; 0: its first bytes are wrong. With an empty payload the server may speak first.
  template <typename Match>
  ReplyOutcome consume_length(ClientState& state, std::string_view received, std::size_t reply_bytes, Match match,
                              ReplyEnd end = ReplyEnd::kLength) const {
    ReplyOutcome outcome;
    while (!received.empty()) {
      const std::string_view part = received.substr(0, reply_bytes - state.offset);
      const bool unasked = state.completed == state.sent && !payload_.text.empty();
      const std::size_t right = part.empty() || unasked ? 0 : match(part);
      if (right == 0) {
        outcome.set_mismatch(part.empty() ? Fault::kGoesOn : Fault::kWrong, received.size());
        return outcome;
      }
      received.remove_prefix(right);
      state.offset += static_cast<std::uint32_t>(right);
      if (state.offset == reply_bytes && end == ReplyEnd::kLength && complete_reply(state, outcome, received.size())) {
        return outcome;
      }
    }
    return outcome;
  }

 private:
  Payload payload_;
};

// An endless text of letters and digits without a short period, known to both ends: a long reply is a piece of it, so
// neither end stores one. Its period is prime, so that no buffer size hides an omission.
inline constexpr std::uint64_t kPatternPeriod = 65521;

// The contiguous text from `position` on; never empty.
std::string_view pattern_at(std::uint64_t position) noexcept;

char to_upper(char c) noexcept;
std::string to_upper(std::string text);

// A client whose replies are one text but for the stamp of their request, so that a misplaced reply is detected.
class TemplateClient : public PayloadClient {
 public:
  struct Reply {
    std::string text;
    std::size_t stamp = 0;  // leading bytes that carry the stamp of the request, at most kStampDigits
    bool upper_case = false;
    bool ends_with_connection = false;  // the server closes after it
    bool half_closes = false;           // the client shuts its sending side down after the request
  };

  TemplateClient(Payload request, Reply reply) : PayloadClient(std::move(request)), reply_(std::move(reply)) {
    TemplateClient::set_request_slots(1);
  }

  std::string_view next_request(ClientState& state) override;
  void set_request_slots(std::size_t requests) final;
  ReplyOutcome consume(ClientState& state, std::string_view received) override;
  ReplyOutcome end_of_stream(ClientState& state) override;
  bool one_request_per_connection() const override { return reply_.ends_with_connection; }
  bool half_closes() const override { return reply_.half_closes; }

 protected:
  std::string expected(const ClientState& state) const override;

 private:
  inline bool is_whole_reply(const ClientState& state, std::string_view received) const;
  inline bool matches(const ClientState& state, std::string_view part) const;

  Reply reply_;
  std::string kept_;              // requests, one behind the other
  std::size_t next_request_ = 0;  // where the next of them begins
};

// The finalizer of splitmix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators", 2014): a bijection
// in which every bit of the result depends on every bit of `number`.
constexpr std::uint64_t splitmix_finish(std::uint64_t number) noexcept {
  number = (number ^ (number >> 30)) * 0xbf58476d1ce4e5b9U;
  number = (number ^ (number >> 27)) * 0x94d049bb133111ebU;
  return number ^ (number >> 31);
}

// A hash of a request line, computed incrementally: FNV-1a with splitmix64's finalizer, so that lines that differ in
// one digit differ everywhere. Both halves of a protocol compute it, so its decisions are the same in every server
// model, thread and process. A value.
class LineHash {
 public:
  void add(std::string_view part) noexcept {
    for (const char c : part) {
      state_ = (state_ ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    }
  }

  std::uint64_t value() const noexcept { return splitmix_finish(state_); }

 private:
  std::uint64_t state_ = 0xcbf29ce484222325U;
};

}  // namespace fanin::protocols
