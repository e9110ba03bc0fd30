// epoll: one thread, the kernel keeps the set of interest (level-triggered).
//
// Idea: register each descriptor once; the kernel keeps a list of those that are ready and returns just these. The
// registration changes only
//   when a connection turns from reading to writing or back, which happens when a reply does not fit into the socket.
// Costs per call: by the number of ready descriptors, not of watched ones. Per connection: one epoll_ctl and about 200
// bytes in the kernel. Needs of the kernel: epoll (Linux 2.6). Known limit: RLIMIT_NOFILE, fs.epoll.max_user_watches.
// Try: fanin-server epoll --port 7000, then `nc 127.0.0.1 7000`.
// From poll: the set of interest lives in the kernel, so neither side scans the idle ones.
#include <sys/epoll.h>

#include <array>

#include "servers/connection_table.h"
#include "servers/counters.h"
#include "servers/model.h"
#include "servers/stop.h"

namespace fanin {
namespace {

class EpollLoop {
 public:
  explicit EpollLoop(Server& server)
      : server_(server), table_(server), epoll_(check(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")) {
    for (const Listener& listener : server_.listeners()) {
      control(EPOLL_CTL_ADD, listener.fd(), EPOLLIN);
    }
  }

  void run() {
    std::array<epoll_event, 512> events;
    while (!table_.drained()) {
      const int ready =
          ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), stop::wait_timeout_ms());
      count_wait(ready);
      for (int i = 0; i < ready; ++i) {
        dispatch(events[static_cast<std::size_t>(i)].data.fd);
      }
    }
  }

 private:
  void dispatch(int fd) {
    Connection* connection = table_.find(fd);
    if (connection == nullptr) {
      accept_from(fd);
      return;
    }
    // EPOLLERR and EPOLLHUP come unasked: the next read or send says what they mean.
    const Connection::Next before = connection->next();
    const Connection::Next next = connection->on_ready();
    if (next == Connection::Next::kClose) {
      table_.close(*connection);  // closing removes it from the set
    } else if (next != before) {
      control(EPOLL_CTL_MOD, fd, events_for(next));
    }
  }

  void accept_from(int fd) {
    const auto open = [this] { return table_.size(); };
    const auto serve = [this](Descriptor socket) {
      if (const Connection* connection = table_.open(std::move(socket))) {
        control(EPOLL_CTL_ADD, connection->fd(), events_for(connection->next()));
      }
    };
    for (Listener& listener : server_.listeners()) {
      if (listener.fd() == fd && !accept_batch(listener, server_.options().accept_batch, open, serve)) {
        control(EPOLL_CTL_DEL, fd, 0);
        table_.begin_drain();
      }
    }
  }

  void control(int operation, int fd, std::uint32_t events) {
    count(Count::kCallEpollCtl);
    epoll_event event{.events = events, .data = {.fd = fd}};
    check(::epoll_ctl(epoll_.get(), operation, fd, &event), "epoll_ctl");
  }

  static std::uint32_t events_for(Connection::Next next) {
    return next == Connection::Next::kWrite ? EPOLLOUT : EPOLLIN;
  }

  Server& server_;
  ConnectionTable table_;
  Descriptor epoll_;
};

void run(Server& server) {
  server.set_nonblocking();
  EpollLoop(server).run();
}

}  // namespace

const ServerModel kEpoll{
    .name = "epoll", .summary = "one thread, epoll(7) level-triggered, registered once", .run = run, .family = "epoll"};

}  // namespace fanin
