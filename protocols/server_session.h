#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace fanin {

// Where a session puts its replies: a buffer with a limit, so that no request can make the server hold unbounded
// memory. Borrows the buffer; used by one thread during one call.
class ReplyBuffer {
 public:
  ReplyBuffer(std::string& bytes, std::size_t limit) noexcept : bytes_(bytes), limit_(limit) {}

  std::size_t room() const noexcept { return bytes_.size() < limit_ ? limit_ - bytes_.size() : 0; }
  bool empty() const noexcept { return bytes_.empty(); }

  // Appends `bytes`, which must fit into room(); a single reply larger than the limit must be given in parts.
  void append(std::string_view bytes) { bytes_.append(bytes); }

  // Grows by `size` bytes (at most room()) and returns where they start, for the session to fill.
  char* extend(std::size_t size) {
    const std::size_t old_size = bytes_.size();
    bytes_.resize(old_size + size);
    return bytes_.data() + old_size;
  }

  // Gives back the last `size` bytes of an extend() that could not be filled.
  void shrink(std::size_t size) { bytes_.resize(bytes_.size() - size); }

  // The connection is to be closed once everything appended so far has been sent.
  void close_when_sent() noexcept { close_when_sent_ = true; }
  bool closing() const noexcept { return close_when_sent_; }

 private:
  std::string& bytes_;
  std::size_t limit_;
  bool close_when_sent_ = false;
};

// A way to say something on a connection at any time, from any thread, for protocols in which one connection's input is
// another's output. What is pushed is sent at once or the peer is cut off: nobody waits for a member that does not
// read.
class Channel {
 public:
  virtual ~Channel() = default;
  virtual void push(std::string_view bytes) = 0;
};

// The server's half of a protocol for one connection, without I/O: bytes in, replies out. Owned by its connection;
// one thread at a time.
class ServerSession {
 public:
  struct Progress {
    std::size_t consumed = 0;  // bytes of the input that are done with
    bool more = false;         // the session has more to send than the buffer had room for
  };

  virtual ~ServerSession() = default;

  // Called once, first. `channel` lives as long as the session; a session that answers only through ReplyBuffer ignores
  // it.
  virtual void attach(Channel& /*channel*/) {}

  // What the server says first, before it has heard anything.
  virtual void start(ReplyBuffer& /*out*/) {}

  // Takes input and appends what there is to answer. Consumes everything unless `out` runs out of room or the call has
  // cost enough (about a millisecond of CPU time, at least one request), so that a batch of expensive requests does not
  // block the other connections of a thread. The rest is then presented again once the replies have left, in front of
  // what arrives later. Called with empty input to go on after `more`.
  virtual Progress consume(std::string_view input, ReplyBuffer& out) = 0;
};

}  // namespace fanin
