#pragma once

#include <array>
#include <semaphore>
#include <string>
#include <vector>

#include "loadgen/drivers/connect.h"
#include "loadgen/drivers/load_thread.h"

namespace fanin::load {

// Limits how many threads connect at the same time, so that they do not overflow the server's accept queue.
using ConnectGate = std::counting_semaphore<>;

// A thread of the threads driver: one blocking connection, one request at a time. It reads each reply at once and
// thinks afterwards with the connection open, so think time is never part of a latency.
class BlockingClient : public LoadThread {
 public:
  // `plan`, `sources` and `gate` must outlive this.
  BlockingClient(const LoadPlan& plan, const Share& share, const SourceAddresses& sources, ConnectGate& gate);

  void connect(const Coordinator& coordinator) override;
  void drive(const Window& window, const Coordinator& coordinator) override;
  void disconnect() noexcept override;
  std::uint64_t unserved() const noexcept override;

 private:
  bool open();
  bool set_up(protocols::ConnectionSetup& setup);
  void close() noexcept;
  void break_connection(ErrorKind kind);
  void reopen_if_due(const Coordinator& coordinator);
  void await_end(const Coordinator& coordinator);
  void exchange(const Coordinator& coordinator);
  bool send_request();
  void receive_replies(const Coordinator& coordinator);
  bool read_once(const Coordinator& coordinator);
  void end_of_stream();
  void renew() noexcept;
  void wait_until_due(const Coordinator& coordinator);
  void wait_until(TimePoint until, const Coordinator& coordinator);
  void check_coordinator(const Coordinator& coordinator) noexcept;
  bool over() const noexcept;

  const SourceAddresses& sources_;
  ConnectGate& gate_;
  protocols::ClientProtocol& protocol_;
  net::Descriptor fd_;
  protocols::ClientState state_;
  std::vector<char> buffer_;
  std::string request_;
  TimePoint now_{};
  TimePoint retry_at_{};  // when a broken connection is reopened at the earliest
  TimePoint up_since_{};
  TimePoint down_since_{};
  std::uint64_t lives_ = 0;
  bool served_ = false;  // had a reply in an earlier life
  bool driving_ = false;
  bool interrupted_ = false;
};

}  // namespace fanin::load
