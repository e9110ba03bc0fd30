#pragma once

#include <memory>
#include <vector>

#include "protocols/client_protocol.h"
#include "protocols/request_mix.h"

namespace fanin {

// Requests of several classes on every connection, in the order of a RequestMix. Each class is a client of the same
// protocol with other options; the client that made a request verifies its reply.
class MixClient : public ClientProtocol {
 public:
  // One client per class of the mix, none with one request per connection.
  MixClient(std::shared_ptr<const RequestMix> mix, std::vector<std::unique_ptr<ClientProtocol>> clients);

  void append_request(ClientState& state, std::string& out) override;
  // Takes one reply at a time.
  ReplyOutcome consume(ClientState& state, std::string_view received) override;
  ReplyOutcome end_of_stream(ClientState& state) override;
  Mismatch describe(const ClientState& state, std::string_view received, const ReplyOutcome& outcome) const override;
  bool asks_to_close() const override;
  bool has_statuses() const override { return clients_.front()->has_statuses(); }
  // On average.
  std::size_t request_bytes() const override;

 private:
  // The client of the request after `others` requests in this life of the connection.
  ClientProtocol& client(const ClientState& state, std::uint32_t others) const noexcept;

  std::shared_ptr<const RequestMix> mix_;
  std::vector<std::unique_ptr<ClientProtocol>> clients_;
};

}  // namespace fanin
