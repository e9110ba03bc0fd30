#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "net/descriptor.h"
#include "net/socket.h"
#include "protocols/client_protocol.h"
#include "servers/conformance/patience.h"

namespace fanin::conformance {

// One connection to a server, whose every reply is verified. Non-blocking: drive() moves many of them on together, so
// that no case depends on who is served first. Owns its socket, borrows the protocol. Movable; one thread.
class Client {
 public:
  // How the connection has ended as seen from here, or that it has not.
  enum class Ending { kOpen, kOrderly, kReset };

  // Connects, as far as the server's kernel goes: it need not have been accepted yet. `number` goes into the requests,
  // so that a reply which belongs to another connection is found out. `receive_buffer_bytes` > 0 makes the socket's
  // receive buffer small. Throws Failure or std::system_error.
  Client(const Address& server, ClientProtocol& protocol, std::uint32_t number, int receive_buffer_bytes = 0);

  // Queues requests. Where the protocol asks for it, the sending side is shut down behind them.
  void ask(std::size_t requests = 1);
  // Queues bytes that the protocol does not know of.
  void ask_raw(std::string_view bytes) { outbox_.append(bytes); }
  // The sending side is shut down once all that is queued has been sent.
  void half_close() noexcept { half_close_ = true; }

  // Sends what the socket takes of the queue's first `limit` bytes and returns how much that was.
  std::size_t send_some(std::size_t limit = SIZE_MAX);
  // Reads once and verifies. Throws Failure for a wrong reply.
  void receive_some();

  std::uint32_t asked() const noexcept { return state_.sent; }
  std::uint32_t answered() const noexcept { return state_.completed; }
  bool answered_all() const noexcept { return answered() == asked(); }
  bool answered_or_ended() const noexcept { return ended() || answered_all(); }
  bool sent_all() const noexcept { return outbox_.empty(); }
  // Bytes, or the end of the sending side.
  bool needs_to_send() const noexcept { return !outbox_.empty() || half_close_; }
  // What has been sent so far has reached the server's kernel.
  bool acknowledged() const;
  Ending ending() const noexcept { return ending_; }
  bool ended() const noexcept { return ending_ != Ending::kOpen; }
  std::uint64_t bytes_sent() const noexcept { return bytes_sent_; }
  std::uint64_t bytes_received() const noexcept { return bytes_received_; }
  std::uint32_t number() const noexcept { return state_.connection; }
  int fd() const noexcept { return socket_.get(); }
  const Address& local() const noexcept { return local_; }

  // FIN (RST where replies are unread), or RST in any case.
  void close() noexcept { socket_.reset(); }
  void reset() noexcept;

 private:
  Descriptor socket_;
  ClientProtocol* protocol_;
  ClientState state_;
  std::string outbox_;
  std::uint64_t bytes_sent_ = 0;
  std::uint64_t bytes_received_ = 0;
  Address local_;
  bool half_close_ = false;
  bool send_failed_ = false;
  Ending ending_ = Ending::kOpen;
};

// `count` connections, numbered from `first_number`.
std::vector<Client> connect_many(std::size_t count, const Address& server, ClientProtocol& protocol,
                                 std::uint32_t first_number = 0);

// Which connections a case is through with.
using Done = std::function<bool(const Client&)>;

// One wait for those that are not `done`, and then whatever can be sent to or received from them at once. Returns how
// many were waited for; with none it returns at once. Throws Failure saying how far they got when the deadline passes,
// or where a connection has ended that can then never be done; `what` says in the message what was waited for.
std::size_t step(std::span<Client> clients, std::string_view what, const Done& done, const Deadline& deadline);

// Sends and receives on all of them until each is `done`. Throws as step() does.
void drive(std::span<Client> clients, std::string_view what, const Done& done, Nanoseconds patience = kPatience);
inline void drive(Client& client, std::string_view what, const Done& done, Nanoseconds patience = kPatience) {
  drive(std::span(&client, 1), what, done, patience);
}

// Each asks `requests` and gets all its replies.
void converse(std::span<Client> clients, std::size_t requests = 1);
inline void converse(Client& client, std::size_t requests = 1) { converse(std::span(&client, 1), requests); }

// A fresh connection asks once, gets its reply and closes: the server is alive.
void expect_service(const Address& server, ClientProtocol& protocol);

// Waits until the server program has read everything that has been sent on these connections: what comes next is then
// certain to be another read.
void wait_until_read(std::span<const Client> clients, const Address& server);

}  // namespace fanin::conformance
