#include "servers/conformance/patience.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>

namespace fanin::conformance {

int Deadline::poll_timeout_ms() const noexcept {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(at_ - now());
  return static_cast<int>(std::max<std::chrono::milliseconds::rep>(left.count(), 0));
}

void wait_until(std::string_view what, const std::function<bool()>& holds, Nanoseconds patience) {
  const Deadline deadline(patience);
  while (!holds()) {
    if (deadline.over()) {
      throw Failure(fmt::format("waited in vain: {}", what));
    }
    ::poll(nullptr, 0, 1);  // leaves the CPU to the server between two looks
  }
}

}  // namespace fanin::conformance
