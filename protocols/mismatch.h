#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fanin {

// The kind of a mismatch.
enum class Fault : std::uint8_t {
  kWrong,
  kTooLong,       // the reply exceeds the limit
  kPatternLimit,  // the pattern exceeds its step limit
  kGoodbye,       // unsolicited, and announces that the server closes
  kSpokeFirst,    // the connection has sent no request yet
  kUnasked,       // no request is outstanding
  kGoesOn,        // bytes after the end of the reply
  kOwnLine,       // a line of this connection that is not due
  kNotHttp,
  kHttpHeadTooLong,
  kHttpLengthTwice,
  kHttpLength,
  kHttpField,
  kHttpChunk,
  kHttpBody,  // differs from --expect-body or its pattern
};

// The text for messages, without the position.
std::string_view fault_text(Fault fault) noexcept;

// A wrong reply and the expected one. A value, made only when a connection breaks.
struct Mismatch {
  static constexpr std::size_t kShown = 64;  // bytes of each text, at most

  Fault fault = Fault::kWrong;
  std::string received;                 // empty: the end of the stream is the mismatch
  std::string expected;                 // empty: none is due, or its bytes are unknown
  std::optional<std::uint64_t> offset;  // of the first wrong byte in its reply, if known

  // `received` and `expected` both begin at byte `from` of a reply. The shown texts begin there too, or near the first
  // difference if that is far behind.
  static Mismatch between(std::string_view received, std::string_view expected, std::uint64_t from);
};

}  // namespace fanin
