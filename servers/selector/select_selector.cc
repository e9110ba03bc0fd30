#include <sys/select.h>

#include <algorithm>
#include <array>

#include "servers/counters.h"
#include "servers/selector/selector.h"

namespace fanin::server {
namespace {

class SelectSelector : public Selector {
 public:
  bool add(int fd, Interest interest, ReadyHandler& handler) override {
    if (fd >= FD_SETSIZE) {
      count(Count::kRefusedFdSetsize);
      return false;
    }
    handlers_[static_cast<std::size_t>(fd)] = &handler;
    end_ = std::max(end_, fd + 1);
    change(fd, interest);
    return true;
  }
  void change(int fd, Interest interest) override {
    FD_CLR(fd, interest == Interest::kRead ? &writers_ : &readers_);
    FD_SET(fd, interest == Interest::kRead ? &readers_ : &writers_);
  }
  void remove(int fd) override {
    handlers_[static_cast<std::size_t>(fd)] = nullptr;
    FD_CLR(fd, &readers_);
    FD_CLR(fd, &writers_);
  }

  void wait(int timeout_ms) override {
    fd_set readable = readers_;
    fd_set writable = writers_;
    timeval timeout{timeout_ms / 1000, timeout_ms % 1000 * 1000};
    const int end = end_;
    int ready = ::select(end, &readable, &writable, nullptr, timeout_ms < 0 ? nullptr : &timeout);
    count_wait(ready);
    for (int fd = 0; fd < end && ready > 0; ++fd) {
      if (FD_ISSET(fd, &readable) || FD_ISSET(fd, &writable)) {
        --ready;
        if (ReadyHandler* const handler = handlers_[static_cast<std::size_t>(fd)]) {
          handler->on_ready();
        }
      }
    }
  }

 private:
  fd_set readers_{};
  fd_set writers_{};
  std::array<ReadyHandler*, FD_SETSIZE> handlers_{};  // by descriptor
  int end_ = 0;
};

bool available() {
  timeval at_once{};
  return ::select(0, nullptr, nullptr, nullptr, &at_once) == 0;
}
std::unique_ptr<Selector> make() { return std::make_unique<SelectSelector>(); }

}  // namespace

const SelectorMechanism kSelectMechanism{"select", available, make};

}  // namespace fanin::server
