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

// One connection: its socket, its session and its unsent replies. All models serve through it, so parsing, buffering,
// caps and back-pressure are the same everywhere. While a reply waits to be sent, nothing more is read from that
// connection, so a connection waits for one event at a time. Buffers belong to the thread; a connection keeps only
// unsent bytes. Owned by the model; used by one thread at a time.
class Connection : private protocols::Channel {
 public:
  // The event to wait for before the next call, or kClose: destroy the connection. Only fetch() returns kWork.
  enum class Next { kRead, kWrite, kWork, kClose };

  Connection(net::Descriptor socket, const Server& server);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  // Counts as closed on error if the connection has not ended, for example because the drain timeout has passed.
  ~Connection() override;

  int fd() const noexcept { return socket_.get(); }
  Next next() const noexcept { return next_; }

  // Call once, first: queues the protocol's greeting. A model uses one of the three kinds of I/O below.
  Next start();

  // 1. Readiness and blocking I/O.

  // start(), and all steps to the connection's end. For blocking sockets.
  void serve();

  // One step of next(): reads up to the read cap and answers, or sends. A batch of expensive requests takes several
  // steps with next() == kWrite; the socket is usually writable then. On a blocking socket it blocks.
  Next on_ready();

  // True if the last step got EAGAIN (non-blocking sockets): edge-triggered models stop there.
  bool would_block() const noexcept { return would_block_; }

  // 2. I/O on one thread, work on another. fetch() reads once and returns kWork if there is input to answer; work(), on
  // any thread, computes the replies without sending and returns the next event; on_ready() serves kWrite.
  Next fetch();
  Next work();

  // 3. Completion I/O: the model has done the I/O. In kWrite the model sends unsent() and reports on_sent(); with
  // nothing unsent it reports on_sent(0). Input that arrives meanwhile is kept; input_waiting() is its size, so that
  // the model can stop receiving. on_end() takes an errno, or 0 for the end of the stream; in kWrite the replies are
  // sent first.
  Next on_received(std::string_view input);
  Next on_end(int error);
  Next on_sent(std::size_t length);
  std::string_view unsent() const noexcept { return pending_; }
  std::size_t input_waiting() const noexcept { return unread_.size(); }

 private:
  void push(std::string_view bytes) override;
  ssize_t receive();  // into the thread's buffer; counts
  void count_received(std::size_t length) noexcept;
  Next receive_and_answer();
  Next answer(std::string_view input);
  void consume(std::string_view input, std::string& replies);
  Next send_pending();
  Next after_sending();
  bool answered_all() noexcept;
  // Sets `sent` to the bytes of `bytes` that were sent; 0 and would_block_ on EAGAIN. False if the connection is
  // broken.
  bool send_some(std::string_view bytes, std::size_t& sent);

  net::Descriptor socket_;
  std::unique_ptr<protocols::ServerSession> session_;
  const Server& server_;
  std::string pending_;  // replies that did not fit into the socket
  std::string unread_;   // input without room for its reply, or that the session left for another call
  Next next_ = Next::kRead;
  bool more_ = false;            // the session has more output
  bool closing_ = false;         // close when all is sent
  bool write_shutdown_ = false;  // SHUT_WR is done; input is discarded until the peer closes
  bool would_block_ = false;
  std::optional<std::size_t> last_input_;  // after a stop: bytes that had arrived and are unread
  bool ended_ = false;                     // the peer's stream ended while a reply was waiting to leave
};

// The body of a process that serves one connection at a time: serves it to its end; a stop reaches it.
void serve_blocking(net::Descriptor socket, const Server& server);

}  // namespace fanin::server
