#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fanin {

// What is the matter with bytes that are a mismatch.
enum class Fault : std::uint8_t {
  kWrong,
  kTooLong,       // the reply is longer than it may be
  kPatternLimit,  // the pattern takes too many steps on it
  kGoodbye,       // nobody has asked for it, and it says that the server closes the connection
  kSpokeFirst,    // the connection has made no request yet
  kUnasked,       // no request waits for a reply
  kGoesOn,        // the reply is whole, and more of it came
  kOwnLine,       // a line of this connection that is not due
  kNotHttp,
  kHttpHeadTooLong,
  kHttpLengthTwice,
  kHttpLength,
  kHttpField,
  kHttpChunk,
  kHttpBody,  // not as --expect-body or its pattern asks
};

// As it stands in messages; a byte's place is not in it.
std::string_view fault_text(Fault fault) noexcept;

// A reply that was none beside what was due. A value, made where a connection breaks and nowhere else.
struct Mismatch {
  static constexpr std::size_t kShown = 64;  // bytes of each text, at most

  Fault fault = Fault::kWrong;
  std::string received;                 // empty: it came before the end of the stream, which showed that it is wrong
  std::string expected;                 // empty: nothing was due, or it is not known byte by byte
  std::optional<std::uint64_t> offset;  // of the first wrong byte in its reply, where that is known

  // `received` and `expected` both begin at the byte `from` of a reply. Those shown begin there too, or where they part
  // if that is far behind.
  static Mismatch between(std::string_view received, std::string_view expected, std::uint64_t from);
};

}  // namespace fanin
