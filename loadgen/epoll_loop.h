#pragma once

#include <sys/epoll.h>

#include <array>
#include <string>
#include <unordered_map>
#include <vector>

#include "loadgen/dial.h"
#include "loadgen/load_thread.h"
#include "loadgen/ring.h"
#include "loadgen/waiting.h"

namespace fanin {

// The epoll driver's thread: one event loop over all its connections. Each is registered once, edge-triggered for both
// directions, and never touched by epoll_ctl again. A request costs one send, one recv and its share of an epoll_wait.
class EpollLoop : public LoadThread {
 public:
  // `plan` and `sources` must outlive this.
  EpollLoop(const LoadPlan& plan, const Share& share, const SourceAddresses& sources);

  void connect(const Coordinator& coordinator) override;
  void drive(const Window& window, const Coordinator& coordinator) override;
  void disconnect() noexcept override;
  const SpinMeter& spin() const noexcept override { return spin_; }

 private:
  enum class Phase : std::uint8_t { kDown, kConnecting, kUp };

  // One connection, over all its lives. A run may hold a million: 32 bytes.
  struct Link {
    ClientState state;
    TimePoint opened;
    int fd = -1;
    std::uint16_t life = 0;  // tells events of a descriptor number apart from those of an earlier owner
    Phase phase = Phase::kDown;
    bool blocked : 1 = false;  // part of a request waits in blocked_ for room in the socket
    bool was_up : 1 = false;
    bool broke : 1 = false;
  };

  static constexpr std::uint64_t kTimerEvent = ~std::uint64_t{0};  // no index of a connection

  bool is_idle(std::uint32_t index) const noexcept { return index >= share_.connections; }

  // epoll_loop.cc: the traffic.
  void start_timer(TimePoint first);
  int wait(TimePoint until) noexcept;
  void handle(const epoll_event& event);
  void receive(std::uint32_t index, std::uint32_t events);
  bool consume(std::uint32_t index, std::size_t length);
  void end_of_stream(std::uint32_t index);
  void receive_idle(std::uint32_t index);
  void dispatch();
  void begin_request(std::uint32_t index);
  void send(std::uint32_t index, std::string_view bytes);
  void flush(std::uint32_t index);
  bool drained() const noexcept;

  // epoll_connections.cc: opening, breaking, closing, trying again.
  void pump_opens();
  void open(std::uint32_t index);
  void decide_connect(std::uint32_t index);
  void came_up(std::uint32_t index);
  void connect_failed(std::uint32_t index, int error);
  void break_link(std::uint32_t index, ErrorKind kind);
  void recycle(std::uint32_t index);
  void close_link(std::uint32_t index) noexcept;
  void tick(const Coordinator& coordinator);
  void sweep_timeouts();
  void retry_due();
  void give_up_without_progress();

  const SourceAddresses& sources_;
  ClientProtocol& protocol_;
  const bool timed_;  // wakes up for the schedule or for pauses, so that waits need an end of their own
  const bool spins_;
  SpinMeter spin_;
  Descriptor epoll_;
  Descriptor timer_;
  std::vector<Link> links_;  // active ones first, then idle ones
  std::array<epoll_event, 256> events_{};
  std::vector<char> buffer_;
  std::string request_;
  std::unordered_map<std::uint32_t, std::string> blocked_;
  TimePoint at_{};  // latest time known; read after every recv
  TimePoint next_tick_{};

  Ring<std::uint32_t> to_open_;
  struct Retry {
    TimePoint due;
    std::uint32_t index;
  };
  Ring<Retry> retries_;
  std::uint32_t connecting_ = 0;
  std::uint32_t up_ = 0;  // active ones
  bool driving_ = false;
  bool interrupted_ = false;
  std::size_t sweep_at_ = 0;
  std::uint64_t progress_ = 0;
  TimePoint progress_at_{};
};

}  // namespace fanin
