#include "loadgen/runs/control.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>

namespace fanin::load {
namespace {

constexpr Nanoseconds kLongestHold = std::chrono::seconds(10);

}  // namespace

ControlChannel::ControlChannel(int fd) : fd_(fd) {
  if (fd < 0 || ::fcntl(fd, F_GETFD) < 0) {
    throw std::invalid_argument(
        fmt::format("--control {} is not an open descriptor: pass a socket to this process", fd));
  }
}

void ControlChannel::established(std::uint64_t connections) {
  write_line(fmt::format("{{\"event\":\"established\",\"connections\":{}}}\n", connections));
}

void ControlChannel::window_opened(TimePoint at) { write_border("window_open", at); }

void ControlChannel::window_closed(TimePoint at) { write_border("window_close", at); }

void ControlChannel::write_border(std::string_view event, TimePoint at) noexcept {
  const std::int64_t monotonic_ns = Nanoseconds(at.time_since_epoch()).count();
  write_line(fmt::format("{{\"event\":\"{}\",\"monotonic_ns\":{}}}\n", event, monotonic_ns));
}

void ControlChannel::hold() {
  const TimePoint until = now() + kLongestHold;
  for (char byte = 0; byte != '\n';) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - now()).count();
    pollfd ready{.fd = fd_, .events = POLLIN, .revents = 0};
    if (::poll(&ready, 1, static_cast<int>(std::max<std::int64_t>(left, 0))) <= 0 || ::read(fd_, &byte, 1) <= 0) {
      return;
    }
  }
}

void ControlChannel::write_line(std::string_view line) noexcept {
  while (!line.empty()) {
    const ssize_t written = ::write(fd_, line.data(), line.size());
    if (written <= 0) {
      return;
    }
    line.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace fanin::load
