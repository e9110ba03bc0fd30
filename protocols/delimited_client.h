#pragma once

#include <string>
#include <vector>

#include "protocols/client_protocol.h"

namespace fanin {

// Finds the delimiter through any fragmentation with the Knuth-Morris-Pratt automaton; state.offset is its state.
class DelimitedClient : public ClientProtocol {
 public:
  // Neither may be empty.
  DelimitedClient(std::string request, std::string delimiter);

  void append_request(ClientState& state, std::string& out) override;
  ReplyOutcome consume(ClientState& state, std::string_view received) override;
  ReplyOutcome end_of_stream(ClientState& state) override { return {0, state.sent != state.completed}; }
  std::size_t request_bytes() const override { return request_.size(); }

 private:
  std::string request_;
  std::string delimiter_;
  std::vector<std::size_t> fallback_;
};

}  // namespace fanin
