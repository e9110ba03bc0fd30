#include <array>

#include "servers/descriptor_table.h"
#include "servers/epoll_connections.h"
#include "servers/selector/selector.h"

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

bool available() { return static_cast<bool>(Descriptor(::epoll_create1(EPOLL_CLOEXEC))); }
std::unique_ptr<Selector> make() { return std::make_unique<EpollSelector>(); }

}  // namespace

const SelectorMechanism kEpollMechanism{"epoll", available, make};

}  // namespace fanin::server
