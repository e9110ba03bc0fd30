#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "net/clock.h"
#include "net/descriptor.h"
#include "net/socket.h"
#include "protocols/client_protocol.h"

namespace fanin::conformance {

// Whether this program, and so the server built with it, runs under AddressSanitizer or ThreadSanitizer: processes and
// threads cost many times as much, and resident memory shows no leaks.
#if defined(FANIN_ASAN) || defined(FANIN_TSAN)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

// Limit for anything that must happen. Generous: it bounds hangs, it measures nothing.
inline constexpr net::Nanoseconds kTimeout = std::chrono::seconds(kSanitized ? 40 : 10);

// Ends a case: GoogleTest reports its text as the failure.
class Failure : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The cases themselves lack a resource; this is no fault of the server.
class Shortage : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The end of a timeout. A value.
class Deadline {
 public:
  explicit Deadline(net::Nanoseconds timeout = kTimeout) : at_(net::now() + timeout) {}

  bool over() const noexcept { return net::now() >= at_; }
  // The remaining time for poll(2): rounded up, 0 at the end.
  int poll_timeout_ms() const noexcept;

 private:
  net::TimePoint at_;
};

// Polls until `holds` returns true, for conditions without a descriptor (files of /proc). Throws Failure naming `what`
// at the timeout.
void wait_until(std::string_view what, const std::function<bool()>& holds, net::Nanoseconds timeout = kTimeout);

// One connection to a server; verifies every reply. Non-blocking: drive() advances many of them together, so that no
// case depends on the order of service. Owns its socket, borrows the protocol. Movable; one thread.
class Client {
 public:
  // How the connection has ended, or that it is open.
  enum class Ending { kOpen, kOrderly, kReset };

  // Connects to the server's kernel; accept() may come later. `number` is part of the requests, so that a reply of
  // another connection is detected. `receive_buffer_bytes` > 0 sets SO_RCVBUF. Throws Failure or std::system_error.
  Client(const net::Address& server, protocols::ClientProtocol& protocol, std::uint32_t number,
         int receive_buffer_bytes = 0);

  // Queues requests, and a half-close if the protocol requires one.
  void ask(std::size_t requests = 1);
  // Queues bytes that are no request of the protocol.
  void ask_raw(std::string_view bytes) { outbox_.append(bytes); }
  // Shuts the sending side down once the queue is sent.
  void half_close() noexcept { half_close_ = true; }

  // Sends up to `limit` bytes of the queue and returns the bytes sent.
  std::size_t send_some(std::size_t limit = SIZE_MAX);
  // Reads once and verifies. Throws Failure for a wrong reply.
  void receive_some();

  std::uint32_t asked() const noexcept { return state_.sent; }
  std::uint32_t answered() const noexcept { return state_.completed; }
  bool answered_all() const noexcept { return answered() == asked(); }
  bool answered_or_ended() const noexcept { return ended() || answered_all(); }
  bool sent_all() const noexcept { return outbox_.empty(); }
  // Bytes, or a half-close.
  bool needs_to_send() const noexcept { return !outbox_.empty() || half_close_; }
  // The server's kernel has acknowledged all sent bytes.
  bool acknowledged() const;
  Ending ending() const noexcept { return ending_; }
  bool ended() const noexcept { return ending_ != Ending::kOpen; }
  std::uint64_t bytes_sent() const noexcept { return bytes_sent_; }
  std::uint64_t bytes_received() const noexcept { return bytes_received_; }
  std::uint32_t number() const noexcept { return state_.connection; }
  int fd() const noexcept { return socket_.get(); }
  const net::Address& local() const noexcept { return local_; }

  // Closes with FIN (RST if replies are unread), or with RST in any case.
  void close() noexcept { socket_.reset(); }
  void reset() noexcept;

 private:
  net::Descriptor socket_;
  protocols::ClientProtocol* protocol_;
  protocols::ClientState state_;
  std::string outbox_;
  std::uint64_t bytes_sent_ = 0;
  std::uint64_t bytes_received_ = 0;
  net::Address local_;
  bool half_close_ = false;
  bool send_failed_ = false;
  Ending ending_ = Ending::kOpen;
};

// `count` connections, numbered from `first_number`.
std::vector<Client> connect_many(std::size_t count, const net::Address& server, protocols::ClientProtocol& protocol,
                                 std::uint32_t first_number = 0);

// Whether a case needs no more of a connection.
using Done = std::function<bool(const Client&)>;

// Waits once for the clients that are not `done`, then sends and receives what is possible. Returns the number waited
// for; 0 returns at once. Throws Failure with their progress at the deadline, or if a connection ended before it was
// done; `what` names the wait in the message.
std::size_t step(std::span<Client> clients, std::string_view what, const Done& done, const Deadline& deadline);

// Sends and receives on all of them until each is `done`. `timeout`: without a byte from the server. Throws as step().
void drive(std::span<Client> clients, std::string_view what, const Done& done, net::Nanoseconds timeout = kTimeout);
inline void drive(Client& client, std::string_view what, const Done& done, net::Nanoseconds timeout = kTimeout) {
  drive(std::span(&client, 1), what, done, timeout);
}

// Each sends `requests` requests and receives all replies.
void round_trip(std::span<Client> clients, std::size_t requests = 1);
inline void round_trip(Client& client, std::size_t requests = 1) { round_trip(std::span(&client, 1), requests); }

// A new connection sends a request, gets its reply and closes: the server is alive.
void expect_service(const net::Address& server, protocols::ClientProtocol& protocol);

// Waits until the server program has read everything sent on these connections, so that later bytes arrive in another
// read.
void wait_until_read(std::span<const Client> clients, const net::Address& server);

// A peer that sends requests and reads no replies, with a small receive buffer so that the server's output soon blocks.
// Owns its connection, borrows the protocol. One thread.
class NonReadingClient {
 public:
  // Sends about `max_bytes` at most.
  NonReadingClient(const net::Address& server, protocols::ClientProtocol& protocol, std::uint32_t number,
                   std::uint64_t max_bytes);

  Client& client() noexcept { return client_; }

  // Sends what the socket takes. False once everything is sent, or after many failures in a row: the server has stopped
  // reading.
  bool push();

  // Repeats push() until it returns false, with pauses for the server.
  void push_until_blocked();

 private:
  Client client_;
  std::uint64_t max_bytes_;
  int stuck_ = 0;
};

}  // namespace fanin::conformance
