#pragma once

#include <sys/epoll.h>

#include <array>
#include <vector>

#include "loadgen/drivers/io_driver.h"
#include "loadgen/records/kernel_stamps.h"
#include "loadgen/schedule/pacing.h"
#include "net/descriptor.h"

namespace fanin::load {

class EventLoop;
struct Share;

// Registers each connection with epoll once, edge-triggered for both directions. A request costs one send, one recv and
// its share of an epoll_wait. Reads slow readers piece by piece. Owned by the EventLoop; one thread.
class EpollDriver final : public IoDriver {
 public:
  // `stamps` may be null. It and the others must outlive this.
  EpollDriver(EventLoop& loop, const LoadPlan& plan, const Share& share, KernelStamps* stamps);

  void start(int timer) override;
  void stop() noexcept override { epoll_.reset(); }
  bool watch(std::uint32_t index) override;
  void start_receiving(std::uint32_t index) override;
  void transmit(std::uint32_t index, std::string_view bytes, Lifetime lifetime) override;
  void detach(std::uint32_t) noexcept override {}  // close() removes it from the interest list
  int poll_once(TimePoint until) override;

 private:
  bool control(int operation, std::uint32_t index) noexcept;
  bool reads_slowly(std::uint32_t index) const noexcept;
  void read_piece(std::uint32_t index);
  bool read_due_pieces();
  void end_receiving(std::uint32_t index, ssize_t length);

  // The steps of poll_once(); each has one call site and is inline.
  inline int wait(TimePoint until);
  inline bool handle(const epoll_event& event);  // returns whether it handled a reply and nothing else
  inline bool receive(std::uint32_t index, int fd,
                      bool closing);  // returns whether it handled a reply and the socket is empty
  inline ssize_t read(int fd) noexcept;
  inline bool take(std::uint32_t index, std::size_t length);

  EventLoop& loop_;
  net::Descriptor epoll_;
  std::array<epoll_event, 256> events_{};
  std::vector<char> buffer_;
  Pacer reads_;                 // of slow readers
  KernelStamps* const stamps_;  // of active connections; null without --timestamps
};

}  // namespace fanin::load
