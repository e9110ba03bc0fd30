#pragma once

#include <vector>

#include "loadgen/drivers/connect.h"
#include "loadgen/drivers/load_thread.h"
#include "loadgen/schedule/arrival.h"
#include "net/descriptor.h"

namespace fanin::load {

// Clients that die (--aborts): connections besides those that are measured. Every other one sends half of a request,
// stays for 10 ms, and resets; the others send a whole request and reset at once, so that the server replies to a
// connection that is gone. They are due at an even rate, of an interleaved target within its slices, from the beginning
// of the traffic to the end of the window. A thread of its own with any driver, so ordinary requests do not pay for it.
// It counts in the recorder's connections alone.
class AbortThread final : public LoadThread {
 public:
  // `plan` and `sources` must outlive this. Precondition: the plan has a rate of aborts.
  AbortThread(const LoadPlan& plan, const Share& share, const SourceAddresses& sources);

  void connect(const Coordinator& /*coordinator*/) override {}
  void drive(const Window& window, const Coordinator& coordinator) override;
  void disconnect() noexcept override { open_.clear(); }
  std::uint64_t unserved() const noexcept override { return 0; }

 private:
  struct Client {
    net::Descriptor fd;
    TimePoint until{};  // it is connected, and resets; else it gives up connecting
    bool connected = false;
    bool whole = false;   // sends a whole request
    bool counts = false;  // due within the window
  };

  void begin_due(TimePoint at);
  bool is_due(TimePoint at) noexcept;
  void begin(TimePoint at);
  void look_at_connects(TimePoint until);
  void send_request(Client& client);
  void end_due(TimePoint at);
  void reset(Client& client);
  void count(const Client& client, bool made) noexcept;
  TimePoint next_event(TimePoint at) noexcept;

  const SourceAddresses& sources_;
  Schedule schedule_;
  bool sends_whole_;  // some requests; a chat would distribute them
  std::vector<Client> open_;
  std::uint32_t begun_ = 0;
};

}  // namespace fanin::load
