#include "servers/conformance/deadline.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>

namespace fanin::conformance {

int Deadline::poll_timeout_ms() const noexcept {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(at_ - now());
  return static_cast<int>(std::max<std::chrono::milliseconds::rep>(left.count(), 0));
}

void wait_until(std::string_view what, const std::function<bool()>& holds, Nanoseconds timeout) {
  const Deadline deadline(timeout);
  while (!holds()) {
    if (deadline.over()) {
      throw Failure(fmt::format("timed out waiting: {}", what));
    }
    ::poll(nullptr, 0, 1);  // leaves the CPU to the server between two checks
  }
}

}  // namespace fanin::conformance
