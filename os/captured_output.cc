#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "os/child_process.h"

namespace fanin::os {
namespace {

constexpr std::size_t kLastLines = 20;
constexpr std::size_t kLongestLine = std::size_t{64} << 10;
constexpr std::size_t kLongestWhole = std::size_t{256} << 20;

}  // namespace

bool Output::drain(int fd) {
  std::array<char, 16384> buffer;
  for (;;) {
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got > 0) {
      append({buffer.data(), static_cast<std::size_t>(got)});
    } else if (got == 0) {
      return false;
    } else if (errno != EINTR) {
      return errno == EAGAIN;
    }
  }
}

void Output::append(std::string_view bytes) {
  if (keep_ == Keep::kAll) {
    const std::size_t room = kLongestWhole - all_.size();
    truncated_ = truncated_ || bytes.size() > room;
    all_.append(bytes.substr(0, room));
    return;
  }
  while (!bytes.empty()) {
    const auto newline = bytes.find('\n');
    const std::string_view part = bytes.substr(0, newline);
    // A line that never ends must not fill the memory: its rest is dropped.
    line_.append(part.substr(0, kLongestLine - std::min(line_.size(), kLongestLine)));
    if (newline == std::string_view::npos) {
      return;
    }
    end_line();
    bytes.remove_prefix(newline + 1);
  }
}

void Output::end_line() {
  if (!has_first_line_) {
    first_line_ = line_;
    has_first_line_ = true;
  }
  last_lines_.push_back(std::move(line_));
  line_.clear();
  if (last_lines_.size() > kLastLines) {
    last_lines_.pop_front();
  }
}

std::string Output::last_line() const {
  if (!line_.empty() || last_lines_.empty()) {
    return line_;
  }
  return last_lines_.back();
}

std::string Output::tail() const {
  std::string text;
  for (const std::string& line : last_lines_) {
    text += (text.empty() ? "" : "\n") + line;
  }
  if (!line_.empty()) {
    text += (text.empty() ? "" : "\n") + line_;
  }
  return text;
}

}  // namespace fanin::os
