#pragma once

#include <sys/epoll.h>

#include <array>
#include <memory>
#include <vector>

#include "loadgen/drivers/event_loop.h"
#include "loadgen/records/kernel_stamps.h"

namespace fanin::load {

// The epoll driver registers each connection once, edge-triggered for both directions. A request costs one send, one
// recv and its share of an epoll_wait.
class EpollLoop final : public EventLoop {
 public:
  EpollLoop(const LoadPlan& plan, const Share& share, const SourceAddresses& sources);

  const StampRecords* stamps() const noexcept override { return stamps_ ? &stamps_->records() : nullptr; }

 private:
  bool control(int operation, std::uint32_t index) noexcept;
  void start_io(int timer) override;
  void stop_io() noexcept override { epoll_.reset(); }
  bool watch(std::uint32_t index) override;
  void start_receiving(std::uint32_t index) override;
  void transmit(std::uint32_t index, std::string_view bytes, Lifetime lifetime) override;
  void detach(std::uint32_t) noexcept override {}  // close() removes it from the interest list
  void read_on(std::uint32_t index) override;
  int poll_once(TimePoint until) override;

  // The steps of poll_once(); each has one call site and is inline.
  inline int wait(TimePoint until);
  inline bool handle(const epoll_event& event);            // returns whether it handled a reply and nothing else
  inline bool receive(std::uint32_t index, bool closing);  // returns whether it handled a reply and the socket is empty
  inline ssize_t read(std::uint32_t index) noexcept;
  inline bool take(std::uint32_t index, std::size_t length);

  Descriptor epoll_;
  std::array<epoll_event, 256> events_{};
  std::vector<char> buffer_;
  std::unique_ptr<KernelStamps> stamps_;  // of active connections; null without --timestamps
};

}  // namespace fanin::load
