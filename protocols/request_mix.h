#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "protocols/client_protocol.h"

namespace fanin::protocols {

// The class of every request of a run. It follows from seed, connection and request number alone, so no state is
// needed: the protocol knows which reply is due, the recorder whose latency it has. Immutable.
class RequestMix {
 public:
  // What the weights distribute: requests, or connections, each of which has one class then.
  enum class Unit : std::uint8_t { kRequest, kConnection };

  // One class per weight, each above 0. `closes` says per class whether its requests ask the server to close the
  // connection; without it none does.
  RequestMix(std::uint64_t seed, std::span<const double> weights, std::vector<bool> closes = {});

  // Distributes `connections` by the weights, as exactly as whole numbers allow, at least one for each class. Those of
  // a class are spread evenly, so threads have about the same share of them. Precondition: as many connections as
  // classes.
  void distribute_connections(std::span<const double> weights, std::uint32_t connections);

  std::size_t classes() const noexcept { return ends_.size() + 1; }
  Unit unit() const noexcept { return class_of_.empty() ? Unit::kRequest : Unit::kConnection; }
  // Connections of a class. Precondition: the unit is the connection.
  std::uint32_t connections(std::size_t index) const noexcept;
  // Whether a request of this class is the last one of its connection.
  bool closes(std::size_t index) const noexcept { return closes_[index]; }

  // The share of this class in all requests; by connection: in all connections.
  double share(std::size_t index) const noexcept;

  // The class of request `number`, counted from 0 over all lives of the connection, modulo 2^32.
  std::size_t pick_class(std::uint32_t connection, std::uint32_t number) const noexcept {
    if (!class_of_.empty()) {
      return class_of_[connection % class_of_.size()];  // idle ones have numbers beyond those of active ones
    }
    const std::uint64_t drawn = draw(connection, number);
    std::size_t index = 0;
    while (index < ends_.size() && drawn >= ends_[index]) {
      ++index;
    }
    return index;
  }

 private:
  std::uint64_t draw(std::uint32_t connection, std::uint32_t number) const noexcept;

  std::uint64_t start_;
  std::vector<std::uint64_t> ends_;  // of the part of [0, 2^64) that is a class's; the last class has the rest
  std::vector<bool> closes_;
  std::vector<std::uint8_t> class_of_;  // of every active connection; empty: the unit is the request
};

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

}  // namespace fanin::protocols
