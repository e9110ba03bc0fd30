#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocols/client_protocol.h"

namespace fanin {

// The exchange of a connection before its first request: a greeting of the server, and a message with its reply. Each
// step is a client; that of a greeting has an empty request. Without I/O; one object serves all connections of a
// thread, with one ClientState per connection for it alone.
class ConnectionSetup {
 public:
  enum class Progress : std::uint8_t { kWaiting, kNextStep, kDone, kFailed };

  // At least one step.
  explicit ConnectionSetup(std::vector<std::unique_ptr<ClientProtocol>> steps);

  // The bytes to send, at the start and after each kNextStep; empty if the server speaks first.
  std::string_view next_request(ClientState& state);
  // kFailed: the reply is wrong or too long.
  Progress consume(ClientState& state, std::string_view received);
  // Describes `received`, which has just failed.
  Mismatch describe(const ClientState& state, std::string_view received) const;

 private:
  std::vector<std::unique_ptr<ClientProtocol>> steps_;
  ReplyOutcome failed_;  // the last failed outcome
};

}  // namespace fanin
