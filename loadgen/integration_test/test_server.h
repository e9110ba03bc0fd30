#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "net/descriptor.h"
#include "net/socket.h"

namespace fanin::load {

// A small TCP server for tests that misbehaves on demand. Runs on a thread of its own until it is destroyed; after
// it has accepted its connections it allocates nothing.
class TestServer {
 public:
  enum class Behaviour {
    kEchoes,
    kWrongReply,   // echoes with one bit turned
    kCloseAtOnce,  // accepts and closes
    kCloseEarly,   // closes in an orderly way after a request, without a reply
    kHalfReply,    // sends half of what it got, then closes
    kReset,        // resets the connection after a request
    kSilent,       // reads and never answers
    kTooLong,      // echoes and adds a byte
    kFragments,    // echoes byte by byte
    kCloseAfter,   // echoes, then closes
    kHalfClose,    // ends its own stream after a request and goes on reading
    kScripted,     // says what its script says
  };

  // The replies of a scripted server to any request; an empty text is not sent. A read is taken for as many
  // requests as empty lines end in it, or for one.
  struct Script {
    std::string greeting;             // to a new connection
    std::string reply;                // to a request
    std::string closes_on;            // closes after the reply to a request that holds this
    std::optional<std::string> late;  // after a reply, when nothing has happened for 10 ms; then it closes
    // Also closed after such a time, without a request: so many connections, beginning with the fifth.
    int closes_silent = 0;
    std::string flood;  // after a reply, again and again for as long as the connection lives
  };

  explicit TestServer(Behaviour behaviour);
  explicit TestServer(Script script);
  ~TestServer();
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  const net::Address& address() const noexcept { return address_; }
  std::uint64_t accepted() const noexcept { return accepted_.load(); }
  std::uint64_t received_bytes() const noexcept { return received_bytes_.load(); }
  std::uint64_t received_lines() const noexcept { return received_lines_.load(); }

  // Stops reading until it is resumed.
  void stall() noexcept { stalled_.store(true); }
  void resume() noexcept;
  // Leaves further connections in the accept queue. Call it before the first connects.
  void accept_at_most(std::size_t connections) noexcept { limit_.store(connections); }
  void behave(Behaviour behaviour) noexcept { behaviour_.store(behaviour); }

 private:
  static constexpr std::size_t kMaxConnections = 4096;

  struct Connection {
    net::Descriptor fd;
    std::uint64_t number = 0;  // 1 for the first that was accepted
    bool asked = false;        // a scripted one has replied, and has more to say
    std::size_t flooded = 0;   // bytes of the flood, modulo its length
  };

  TestServer(Behaviour behaviour, Script script);
  void serve();
  void accept_all();
  bool answer(Connection& connection);
  bool use_protocol(Connection& connection, std::string_view received);
  bool handle(Connection& connection, short events);
  bool say_late(Connection& connection);
  bool flood(Connection& connection);
  void keep_if(std::size_t index, bool stays);
  void wake() const noexcept;

  std::atomic<Behaviour> behaviour_;
  Script script_;  // of the thread that serves
  std::atomic<bool> stalled_{false};
  std::atomic<std::size_t> limit_{kMaxConnections};
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> accepted_{0};
  std::atomic<std::uint64_t> received_bytes_{0};
  std::atomic<std::uint64_t> received_lines_{0};
  net::Descriptor listener_;
  net::Descriptor wake_;
  net::Address address_;
  std::vector<Connection> connections_;  // by place in the poll set
  std::thread thread_;
};

// An address of this machine without a listener.
net::Address refusing_address();

}  // namespace fanin::load
