#include "harness/rounds/control_channel.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdint>

#include "harness/json/json_reader.h"

namespace fanin::harness {

ControlChannel::ControlChannel() {
  std::array<int, 2> ends{};
  net::check(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), "socketpair");
  ours_ = net::Descriptor(ends[0]);
  theirs_ = net::Descriptor(ends[1]);
}

void ControlChannel::drain() {
  std::array<char, 4096> buffer;
  while (ours_) {
    const ssize_t got = ::recv(ours_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0 && errno == EAGAIN) {
      return;
    }
    if (got <= 0) {
      ours_.reset();
      return;
    }
    partial_.append(buffer.data(), static_cast<std::size_t>(got));
    for (auto end = partial_.find('\n'); end != std::string::npos; end = partial_.find('\n')) {
      lines_.push_back(partial_.substr(0, end));
      partial_.erase(0, end + 1);
    }
  }
}

bool ControlChannel::has_event() {
  drain();
  return !lines_.empty();
}

std::optional<ControlEvent> ControlChannel::next_event() {
  drain();
  if (lines_.empty()) {
    return std::nullopt;
  }
  const Json line = parse_json_or_null(lines_.front());
  lines_.pop_front();
  if (!line.is_object() || !line.contains("event") || !line["event"].is_string()) {
    return ControlEvent{"?", std::nullopt};
  }
  ControlEvent event{line["event"].get<std::string>(), std::nullopt};
  if (line.contains("monotonic_ns") && line["monotonic_ns"].is_number_integer()) {
    event.at = net::TimePoint(net::Nanoseconds(line["monotonic_ns"].get<std::int64_t>()));
  }
  return event;
}

void ControlChannel::release() {
  if (ours_) {
    const ssize_t ignored = ::send(ours_.get(), "\n", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    static_cast<void>(ignored);  // a generator that is gone needs no release
  }
}

}  // namespace fanin::harness
