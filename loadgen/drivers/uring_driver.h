#pragma once

#include <optional>
#include <string>
#include <vector>

#include "loadgen/drivers/io_driver.h"
#include "net/uring.h"

namespace fanin::load {

class EventLoop;
struct Share;

// Has one multishot receive per connection into provided buffers, and sends that are submitted in batches and post no
// completion on success. A request costs one completion and its share of an io_uring_enter. Owned by the EventLoop; one
// thread.
class UringDriver final : public IoDriver {
 public:
  // All arguments must outlive this.
  UringDriver(EventLoop& loop, const LoadPlan& plan, const Share& share);

  void start(int timer) override;
  void stop() noexcept override;
  bool watch(std::uint32_t index) override;
  void start_receiving(std::uint32_t index) override;
  void transmit(std::uint32_t index, std::string_view bytes, Lifetime lifetime) override;
  void detach(std::uint32_t index) noexcept override;
  int poll_once(TimePoint until) override;

 private:
  // The highest byte of user_data; the rest is the connection's tag or the number of the send.
  enum class Kind : std::uint8_t { kConnect, kReceive, kSend, kRoom, kTimer, kCancel };

  static constexpr std::size_t kMinBatch = 16;  // requests submitted together
  static constexpr std::size_t kMaxBatch = 64;

  struct Send {
    std::uint64_t connection = 0;  // its tag
    std::string_view bytes;
  };

  static constexpr std::uint64_t kTag = (std::uint64_t{1} << 56) - 1;

  static std::uint64_t packed(Kind kind, std::uint64_t what) noexcept {
    return static_cast<std::uint64_t>(kind) << 56 | what;
  }
  static constexpr std::uint64_t kSendNumber = 0xff;  // of a kSend: its place in sends_
  static Kind parse_kind(std::uint64_t user_data) noexcept { return static_cast<Kind>(user_data >> 56); }
  static Kind parse_kind(const io_uring_cqe& completion) noexcept { return parse_kind(completion.user_data); }

  io_uring_sqe* next() {
    io_uring_sqe* operation = ::io_uring_get_sqe(&ring_);
    return operation != nullptr ? operation : next_after_submission();
  }
  io_uring_sqe* next_after_submission();
  void receive(std::uint32_t index);
  void name_socket(io_uring_sqe& operation, std::uint32_t index) const noexcept;
  void submit();
  void submit_rest();
  static void check_entered(int result);  // throws std::system_error, unless the error passes
  void complete_sends(unsigned before);
  void save_unsent(const Send& send, int result);
  void enter(TimePoint until);
  void handle(const io_uring_cqe& completion);
  inline void on_received(std::uint64_t tag, int result, unsigned flags, TimePoint at);
  void watch_timer();
  void wait_for_room(std::uint32_t index);
  void drop_queued(std::uint64_t tag) noexcept;
  void cancel(Kind kind, std::uint64_t what);

  EventLoop& loop_;
  const LoadPlan& plan_;
  const std::uint32_t active_;  // connections
  const std::uint32_t idle_;
  io_uring ring_{};
  bool started_ = false;
  bool registers_;  // active sockets are registered files, which spares a look-up per operation
  int timer_ = -1;
  std::optional<net::BufferRing> buffers_;
  bool follows_up_ = false;          // a finished send may have to be followed by more bytes or a shutdown
  std::vector<Send> sends_;          // one more than a batch, submitted with the next poll
  std::vector<std::string> copies_;  // bytes of transient sends
  std::size_t queued_ = 0;           // used entries of sends_
};

}  // namespace fanin::load
