#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "loadgen/event_loop.h"
#include "net/buffer_ring.h"
#include "net/uring.h"

namespace fanin {

// The io_uring driver: one receive per connection that completes for every reply into buffers that the kernel picks
// itself, and sends that are handed over several at a time. A request costs two completions and its share of an
// io_uring_enter.
class UringLoop final : public EventLoop {
 public:
  UringLoop(const LoadPlan& plan, const Share& share, const SourceAddresses& sources);

 private:
  // What an operation is for, in the highest byte of its user_data; the rest names the connection or the send.
  enum class Kind : std::uint8_t { kConnect, kReceive, kSend, kTimer, kCancel };

  // A send on its way. Its bytes must stay where they are, whatever becomes of the connection.
  struct Send {
    std::string bytes;
    std::uint64_t connection = 0;  // its tag
    bool under_way = false;
  };

  static std::uint64_t packed(Kind kind, std::uint64_t what) noexcept {
    return static_cast<std::uint64_t>(kind) << 56 | what;
  }

  void start_io(int timer) override;
  void stop_io() noexcept override;
  bool watch(std::uint32_t index) override;
  void start_receiving(std::uint32_t index) override;
  void transmit(std::uint32_t index, std::string_view bytes) override;
  void let_go(std::uint32_t index) noexcept override;
  int turn(TimePoint until) override;

  io_uring_sqe* next_if_any() noexcept;
  io_uring_sqe* next();
  void enter(TimePoint until);
  void handle(std::uint64_t what, int result, unsigned flags, TimePoint at);
  void on_received(std::uint64_t tag, int result, unsigned flags, TimePoint at);
  void on_sent(std::uint32_t number, int result);
  void queue_send(std::uint32_t number, std::size_t from);
  void watch_timer();
  void cancel(Kind kind, std::uint64_t what) noexcept;

  io_uring ring_{};
  bool started_ = false;
  int timer_ = -1;
  std::optional<BufferRing> buffers_;
  std::vector<Send> sends_;
  std::vector<std::uint32_t> free_sends_;
  struct Completion {
    std::uint64_t what;
    int result;
    unsigned flags;
  };
  std::array<Completion, 256> batch_{};
};

// Why the io_uring driver cannot be used here, or nothing.
std::optional<std::string> why_no_uring_driver();

}  // namespace fanin
