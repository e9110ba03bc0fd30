#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace fanin::protocols {

// A session's reply buffer, with a limit that bounds the memory of a request. Borrows the buffer; used by one thread
// during one call.
class ReplyBuffer {
 public:
  ReplyBuffer(std::string& bytes, std::size_t limit) noexcept : bytes_(bytes), limit_(limit) {}

  std::size_t room() const noexcept { return bytes_.size() < limit_ ? limit_ - bytes_.size() : 0; }
  bool empty() const noexcept { return bytes_.empty(); }

  // Appends `bytes`, which must fit into room(); a longer reply must be appended in parts.
  void append(std::string_view bytes) { bytes_.append(bytes); }

  // Grows by `size` bytes (at most room()) and returns their start, for the session to fill.
  char* extend(std::size_t size) {
    const std::size_t old_size = bytes_.size();
    bytes_.resize(old_size + size);
    return bytes_.data() + old_size;
  }

  // Removes the last `size` bytes of an extend().
  void shrink(std::size_t size) { bytes_.resize(bytes_.size() - size); }

  // Closes the connection once everything appended so far is sent.
  void close_when_sent() noexcept { close_when_sent_ = true; }
  bool closing() const noexcept { return close_when_sent_; }

 private:
  std::string& bytes_;
  std::size_t limit_;
  bool close_when_sent_ = false;
};

// Sends on a connection at any time, from any thread, for protocols in which the input of one connection is the output
// of another. Pushed bytes are sent at once, or the peer is disconnected: no sender waits for a member that does not
// read.
class Channel {
 public:
  virtual ~Channel() = default;
  virtual void push(std::string_view bytes) = 0;
};

// The server half of a protocol for one connection, without I/O: bytes in, replies out. Owned by its connection; one
// thread at a time.
class ServerSession {
 public:
  struct Progress {
    std::size_t consumed = 0;  // consumed bytes of the input
    bool more = false;         // the session has more output than the buffer had room for
  };

  virtual ~ServerSession() = default;

  // Called once, first. `channel` lives as long as the session; sessions that answer only through ReplyBuffer ignore
  // it.
  virtual void attach(Channel& /*channel*/) {}

  // Output before any input.
  virtual void start(ReplyBuffer& /*out*/) {}

  // Takes input and appends replies. Consumes everything unless `out` is full or the call has cost enough (about a
  // millisecond of CPU time, at least one request), so that a batch of expensive requests does not block the other
  // connections of a thread. The rest is presented again once the replies are sent, before later input. Called with
  // empty input to continue after `more`.
  virtual Progress consume(std::string_view input, ReplyBuffer& out) = 0;
};

// Makes the session of a new connection. Any thread; outlives the sessions.
using SessionFactory = std::function<std::unique_ptr<ServerSession>()>;

}  // namespace fanin::protocols
