#include "servers/conformance/anti_patterns.h"

#include <algorithm>
#include <array>

namespace fanin::conformance {

std::optional<std::string> exempt(std::string_view model, std::string_view protocol, std::string_view name) {
  if (model != "epoll-et-nodrain") {
    return std::nullopt;
  }
  // Each sends more than one read takes before it waits for the reply, or merges data and the end of the stream into
  // one event.
  constexpr std::array<std::string_view, 7> kStalls{
      "TinyReads",  "PipelinedRequests",       "LargeMessage",  "HalfCloseThenReply",
      "SlowReader", "DrainAnswersWhatArrived", "DrainUnderLoad"};
  if (protocol != "echo" || std::find(kStalls.begin(), kStalls.end(), name) != kStalls.end()) {
    return "an anti-pattern that stalls after one read per event; only short echoes are checked";
  }
  return std::nullopt;
}

}  // namespace fanin::conformance
