#include "loadgen/runs/run_listeners.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>

#include "loadgen/reports/result.h"

namespace fanin::load {
namespace {

constexpr Nanoseconds kLongestHold = std::chrono::seconds(10);

}  // namespace

void Announcer::established() const {
  std::uint64_t count = 0;
  for (const Recorder* recorder : recorders_) {
    count += recorder->connections.established;
  }
  for (RunListener* listener : listeners_) {
    listener->established(count);
  }
}

void Announcer::window_opened(TimePoint at) const {
  for (RunListener* listener : listeners_) {
    listener->window_opened(at);
  }
}

void Announcer::window_closed(TimePoint at) const {
  for (RunListener* listener : listeners_) {
    listener->window_closed(at);
  }
}

void Announcer::hold() const {
  for (RunListener* listener : listeners_) {
    listener->hold();
  }
}

void Announcer::show(RunListener::Progress::Phase phase, Nanoseconds elapsed) {
  if (listeners_.empty()) {
    return;
  }
  RunListener::Progress progress{.phase = phase, .elapsed = elapsed};
  for (const Recorder* recorder : recorders_) {
    progress.completed += recorder->progress_completed();
    progress.failed += recorder->progress_failed();
    progress.outside += recorder->progress_outside();
    progress.outside_failed += recorder->progress_outside_failed();
    progress.connections_up += recorder->progress_connections();
    progress.errors.merge(recorder->progress_errors());
  }
  for (RunListener* listener : listeners_) {
    listener->progress(progress);
  }
  report_seconds();
}

void Announcer::report_seconds() {
  while (auto sum = series_.next()) {
    const Nanoseconds length = measure_length(*sum);
    const RunListener::FinishedSecond second{std::move(*sum), length};
    for (RunListener* listener : listeners_) {
      listener->second(second);
    }
  }
}

Nanoseconds Announcer::measure_length(const SecondOfAll& second) const {
  constexpr Nanoseconds kWhole = std::chrono::seconds(1);
  if (!second.all_finished) {
    return kWhole;
  }
  Nanoseconds window{0};
  for (const Recorder* recorder : recorders_) {
    window = std::max(window, window_length(*recorder));
  }
  return std::clamp(window - kWhole * static_cast<std::int64_t>(second.number), Nanoseconds(0), kWhole);
}

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
  const TimePoint until = net::now() + kLongestHold;
  for (char byte = 0; byte != '\n';) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - net::now()).count();
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
