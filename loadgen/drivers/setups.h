#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "loadgen/drivers/outbox.h"
#include "protocols/client_protocol.h"

namespace fanin::load {

// The exchanges of connections before they are usable: the protocol's set-up, and the request that verifies an idle
// connection. Holds the state of connections under way, and of those alone: active ones in their set-up, idle ones from
// their connect until they idle. Owned by Connections; one thread.
class Setups {
 public:
  // All arguments must outlive this.
  Setups(const LoopContext& context, LoopClock& clock, Outbox& outbox);

  // Whether the protocol has a set-up.
  bool needed() const noexcept { return setup_ != nullptr; }
  // Each restarts the connection's timeout, but verify().
  void begin_connect(std::uint32_t index, TimePoint at) { pending_[index] = {.state = {}, .since = at}; }
  void begin_setup(std::uint32_t index);
  void verify(std::uint32_t index);
  // Takes a part of the server's half of the set-up. kDone: it is over.
  protocols::ConnectionSetup::Progress received(std::uint32_t index, std::string_view bytes);
  // Takes a part of the reply that verifies. Returns the error if it ends the connection. `served`: it is complete.
  std::optional<ErrorKind> received_reply(std::uint32_t index, std::string_view bytes, bool& served);

  TimePoint since(std::uint32_t index) const { return pending_.at(index).since; }
  // Returns whether the connection was under way.
  bool erase(std::uint32_t index) noexcept { return pending_.erase(index) > 0; }
  // Connections that have been under way for the timeout.
  std::vector<std::uint32_t> find_late() const;

 private:
  struct Pending {
    protocols::ClientState state;
    TimePoint since;
  };

  void send_next(std::uint32_t index);

  const LoadPlan& plan_;
  const Share& share_;
  protocols::ClientProtocol& protocol_;
  protocols::ConnectionSetup* const setup_;  // null: none
  FaultLog& faults_;
  LoopClock& clock_;
  Outbox& outbox_;
  std::unordered_map<std::uint32_t, Pending> pending_;
  std::string request_;
};

}  // namespace fanin::load
