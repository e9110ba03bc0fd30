#include "servers/conformance/exhibits.h"

#include <algorithm>
#include <array>

namespace fanin::conformance {

std::optional<std::string> exempt(std::string_view model, std::string_view protocol, std::string_view name) {
  if (model != "epoll-et-nodrain") {
    return std::nullopt;
  }
  // Each sends more than one read takes before it waits for the reply, or lets data and the end of the stream make one
  // event.
  constexpr std::array<std::string_view, 7> kStalls{
      "TinyReads",  "PipelinedRequests",       "LargeMessage",  "HalfCloseThenReply",
      "SlowReader", "DrainAnswersWhatArrived", "DrainUnderLoad"};
  if (protocol != "echo" || std::find(kStalls.begin(), kStalls.end(), name) != kStalls.end()) {
    return "an exhibit: it reads once for each event and then stalls; checked are short echoes";
  }
  return std::nullopt;
}

}  // namespace fanin::conformance
