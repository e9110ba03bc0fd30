#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/descriptor.h"
#include "protocols/server_session.h"
#include "servers/server.h"

namespace fanin::server {

// One connection: its socket, its session, and what waits to be sent. All models serve through it, so that parsing,
// buffering, caps and back-pressure are the same everywhere. The rule: while a reply waits to leave, nothing more is
// read from that connection; so a connection waits for one thing at a time. Buffers are the thread's, a connection
// keeps only what could not be sent. Owned by the model; one thread at a time.
class Connection : private Channel {
 public:
  // What the model must wait for before it calls again, or that the connection is done and must be destroyed. kWork
  // comes from fetch() alone.
  enum class Next { kRead, kWrite, kWork, kClose };

  Connection(Descriptor socket, const Server& server);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  // One that is destroyed before it came to its end, such as when the drain timeout has passed, counts as closed on
  // error.
  ~Connection() override;

  int fd() const noexcept { return socket_.get(); }
  Next next() const noexcept { return next_; }

  // Call once, first: says what the protocol says on its own. The three shapes of I/O follow; a model uses one of them.
  Next start();

  // 1. Readiness and blocking.

  // One step of what next() asked for: a read of at most the read cap and its answers, or the sending of what waits. A
  // batch of expensive requests takes several steps: until it is worked off, next() is kWrite, for which there is room
  // as a rule. On a blocking socket it waits for that itself, so `while (connection.on_ready() != kClose)` serves a
  // connection to its end.
  Next on_ready();

  // True where the last step found nothing to read or no room to send (non-blocking sockets): edge-triggered models
  // stop there.
  bool would_block() const noexcept { return would_block_; }

  // 2. I/O on one thread, work on another. fetch() reads once and answers kWork where there is something to answer;
  // then work(), on any thread, makes the replies without sending and says what to wait for; kWrite is served by
  // on_ready().
  Next fetch();
  Next work();

  // 3. Completion: the model has done the I/O. In kWrite the model sends unsent() and reports with on_sent(); what
  // arrives meanwhile is kept, and input_waiting() tells how much, so that the model can stop asking for more. on_end()
  // takes 0 for the end of the stream, which in kWrite lets the replies leave first, or an errno. In kWrite with
  // nothing unsent the model reports on_sent(0).
  Next on_received(std::string_view input);
  Next on_end(int error);
  Next on_sent(std::size_t length);
  std::string_view unsent() const noexcept { return pending_; }
  std::size_t input_waiting() const noexcept { return unread_.size(); }

 private:
  void push(std::string_view bytes) override;
  ssize_t receive();  // into the thread's buffer; counts
  void took(std::size_t length) noexcept;
  Next receive_and_answer();
  Next answer(std::string_view input);
  void consume(std::string_view input, std::string& replies);
  Next send_pending();
  Next after_sending();
  bool answered_all() noexcept;
  // Bytes of `bytes` that were sent; 0 and would_block_ where there is no room; false where the connection is broken.
  bool send_some(std::string_view bytes, std::size_t& sent);

  Descriptor socket_;
  std::unique_ptr<ServerSession> session_;
  const Server& server_;
  std::string pending_;  // replies that did not fit into the socket
  std::string unread_;   // input that found no room for its reply, or that the session has left for another call
  Next next_ = Next::kRead;
  bool more_ = false;      // the session has more to say once there is room
  bool closing_ = false;   // the session wants the connection closed when all is sent
  bool said_all_ = false;  // our side is shut down; what still arrives is thrown away until the peer closes
  bool would_block_ = false;
  std::optional<std::size_t> last_input_;  // once a stop was asked for: input that had arrived, not yet taken
  bool ended_ = false;                     // the peer's stream ended while a reply was waiting to leave
};

}  // namespace fanin::server
