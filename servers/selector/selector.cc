#include "servers/selector/selector.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/select.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <vector>

#include "servers/connection_table.h"
#include "servers/counters.h"
#include "servers/epoll_connections.h"

namespace fanin::server {
namespace {

class EpollSelector : public Selector {
 public:
  bool add(int fd, Interest interest, ReadyHandler& handler) override {
    handlers_[fd] = &handler;
    return set_.add(fd, to_events(interest));
  }
  void change(int fd, Interest interest) override { set_.modify(fd, to_events(interest)); }
  void remove(int fd) override {
    handlers_[fd] = nullptr;
    set_.remove(fd);
  }

  void wait(int timeout_ms) override {
    for (const epoll_event& event : set_.wait(events_, timeout_ms)) {
      if (ReadyHandler* const handler = handlers_[event.data.fd]) {
        handler->on_ready();
      }
    }
  }

 private:
  static std::uint32_t to_events(Interest interest) { return interest == Interest::kWrite ? EPOLLOUT : EPOLLIN; }

  EpollSet set_;
  DescriptorTable<ReadyHandler*> handlers_;
  std::array<epoll_event, 512> events_;
};

class PollSelector : public Selector {
 public:
  bool add(int fd, Interest interest, ReadyHandler& handler) override {
    registered_[fd] = {&handler, entries_.size()};
    entries_.push_back({fd, to_events(interest), 0});
    return true;
  }
  void change(int fd, Interest interest) override { find_entry(fd).events = to_events(interest); }
  void remove(int fd) override {
    find_entry(fd).fd = -1;  // removed at the end of the round
    gaps_ = true;
  }

  void wait(int timeout_ms) override {
    int ready = ::poll(entries_.data(), entries_.size(), timeout_ms);
    count_wait(ready);
    for (std::size_t i = 0; i < entries_.size() && ready > 0; ++i) {
      if (entries_[i].fd >= 0 && entries_[i].revents != 0) {
        --ready;
        registered_[entries_[i].fd].handler->on_ready();
      }
    }
    if (gaps_) {
      fill_gaps();
    }
  }

 private:
  struct Registered {
    ReadyHandler* handler = nullptr;
    std::size_t place = 0;  // among the entries
  };

  static short to_events(Interest interest) { return interest == Interest::kWrite ? POLLOUT : POLLIN; }
  pollfd& find_entry(int fd) { return entries_[registered_[fd].place]; }

  void fill_gaps() {
    for (std::size_t i = 0; i < entries_.size();) {
      if (entries_[i].fd >= 0) {
        ++i;
        continue;
      }
      entries_[i] = entries_.back();
      entries_.pop_back();
      if (i < entries_.size() && entries_[i].fd >= 0) {
        registered_[entries_[i].fd].place = i;
      }
    }
    gaps_ = false;
  }

  std::vector<pollfd> entries_;
  DescriptorTable<Registered> registered_;
  bool gaps_ = false;
};

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

bool epoll_available() { return static_cast<bool>(net::Descriptor(::epoll_create1(EPOLL_CLOEXEC))); }
bool poll_available() { return ::poll(nullptr, 0, 0) == 0; }
bool select_available() {
  timeval at_once{};
  return ::select(0, nullptr, nullptr, nullptr, &at_once) == 0;
}

template <typename Mechanism>
std::unique_ptr<Selector> make() {
  return std::make_unique<Mechanism>();
}

// A row of the table of mechanisms.
struct SelectorMechanism {
  std::string_view name;
  bool (*available)();  // asks the system
  std::unique_ptr<Selector> (*make)();
};

constexpr std::array kBestFirst{SelectorMechanism{"epoll", epoll_available, make<EpollSelector>},
                                SelectorMechanism{"poll", poll_available, make<PollSelector>},
                                SelectorMechanism{"select", select_available, make<SelectSelector>}};

}  // namespace

std::unique_ptr<Selector> make_selector(std::string_view name) {
  std::string offered;
  for (const SelectorMechanism& mechanism : kBestFirst) {
    if (!mechanism.available()) {
      continue;
    }
    if (name.empty() || name == mechanism.name) {
      return mechanism.make();
    }
    offered += fmt::format("{}{}", offered.empty() ? "" : ", ", mechanism.name);
  }
  throw std::invalid_argument(
      fmt::format("--mechanism {} is not offered by this system: choose one of {}", name, offered));
}

}  // namespace fanin::server
