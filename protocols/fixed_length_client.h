#pragma once

#include <string>

#include "protocols/client_protocol.h"

namespace fanin {

// A fixed request whose replies have a fixed length and any content. state.offset counts their bytes.
class FixedLengthClient : public ClientProtocol {
 public:
  // `reply_bytes` is at least 1.
  FixedLengthClient(std::string request, std::size_t reply_bytes)
      : request_(std::move(request)), reply_bytes_(reply_bytes) {}

  void append_request(ClientState& state, std::string& out) override;
  ReplyOutcome consume(ClientState& state, std::string_view received) override;
  ReplyOutcome end_of_stream(ClientState& state) override { return {0, state.sent != state.completed}; }
  std::size_t request_bytes() const override { return request_.size(); }

 private:
  std::string request_;
  std::size_t reply_bytes_;
};

}  // namespace fanin
