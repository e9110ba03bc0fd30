#include "protocols/mismatch.h"

#include <algorithm>

namespace fanin {

std::string_view fault_text(Fault fault) noexcept {
  switch (fault) {
    case Fault::kTooLong:
      return "the reply is longer than --reply-limit-bytes";
    case Fault::kPatternLimit:
      return "the pattern takes too many steps on the reply";
    case Fault::kGoodbye:
      return "the server says that it closes the connection";
    case Fault::kSpokeFirst:
      return "the server spoke before the first request";
    case Fault::kUnasked:
      return "no request waited for a reply";
    case Fault::kGoesOn:
      return "the reply goes on after its end";
    case Fault::kOwnLine:
      return "a line of this connection that was not due";
    case Fault::kNotHttp:
      return "not HTTP/1.x";
    case Fault::kHttpHeadTooLong:
      return "the head of the reply is too long";
    case Fault::kHttpLengthTwice:
      return "the length of the body is given twice";
    case Fault::kHttpLength:
      return "Content-Length is no number";
    case Fault::kHttpField:
      return "a field of the head is malformed";
    case Fault::kHttpChunk:
      return "a chunk is malformed";
    case Fault::kHttpBody:
      return "the body is not as --expect-body or --expect-body-pattern asks";
    case Fault::kWrong:
      break;
  }
  return "wrong byte";
}

Mismatch Mismatch::between(std::string_view received, std::string_view expected, std::uint64_t from) {
  const auto parts = std::mismatch(received.begin(), received.end(), expected.begin(), expected.end());
  const auto same = static_cast<std::size_t>(parts.first - received.begin());
  const std::size_t shown_from = same < kShown / 2 ? 0 : same;
  Mismatch mismatch;
  mismatch.received = received.substr(shown_from, kShown);
  mismatch.expected = expected.substr(shown_from, kShown);
  if (!expected.empty()) {
    mismatch.offset = from + same;
  }
  return mismatch;
}

}  // namespace fanin
