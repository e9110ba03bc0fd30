#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "protocols/client_protocol.h"

namespace fanin {

// What a connection exchanges once, before its first request: a greeting that the server sends by itself, and a message
// with its reply. Each step is a client of its own, that of a greeting has an empty request. Without I/O; one object
// serves all connections of a thread, with a ClientState of each of them that is used for nothing else.
class ConnectionSetup {
 public:
  enum class Progress : std::uint8_t { kWaiting, kNextStep, kDone, kFailed };

  // One step at least.
  explicit ConnectionSetup(std::vector<std::unique_ptr<ClientProtocol>> steps);

  // What is to be sent now, at the beginning and after each kNextStep; empty where the server speaks first.
  std::string_view next_request(ClientState& state);
  // kFailed: the reply is wrong, or there is more than the reply.
  Progress consume(ClientState& state, std::string_view received);
  // What is to be told of `received`, which has just failed.
  Mismatch describe(const ClientState& state, std::string_view received) const;

 private:
  std::vector<std::unique_ptr<ClientProtocol>> steps_;
  ReplyOutcome failed_;  // the last outcome that was
};

}  // namespace fanin
