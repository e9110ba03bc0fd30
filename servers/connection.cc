#include "servers/connection.h"

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "net/descriptor.h"
#include "servers/counters.h"
#include "servers/stop.h"

namespace fanin::server {
namespace {

// Limit of the replies that wait to be sent on one connection.
constexpr std::size_t kReplyLimit = 64 * 1024;
// Capacity of the reply buffer that an idle connection keeps.
constexpr std::size_t kKeptCapacity = 512;

// Buffers of a thread: idle connections have none.
struct Scratch {
  std::vector<char> input;
  std::string reply;
};
thread_local Scratch scratch;

}  // namespace

Connection::Connection(net::Descriptor socket, const Server& server)
    : socket_(std::move(socket)), session_(server.make_session()), server_(server) {
  session_->attach(*this);
}

Connection::~Connection() {
  if (next_ != Next::kClose && !write_shutdown_) {
    count(Count::kClosedOnError);
  }
}

Connection::Next Connection::start() {
  protocols::ReplyBuffer out(pending_, kReplyLimit);
  session_->start(out);
  closing_ = out.closing();
  return next_ = pending_.empty() ? after_sending() : Next::kWrite;
}

void Connection::serve() {
  for (Next next = start(); next != Next::kClose;) {
    next = on_ready();
  }
}

Connection::Next Connection::on_ready() {
  would_block_ = false;
  return next_ = next_ == Next::kRead ? receive_and_answer() : send_pending();
}

Connection::Next Connection::fetch() {
  would_block_ = false;
  const ssize_t length = receive();
  if (length <= 0) {
    return on_end(length < 0 ? errno : 0);
  }
  if (write_shutdown_) {
    return next_ = Next::kRead;
  }
  unread_.append(scratch.input.data(), static_cast<std::size_t>(length));
  return next_ = Next::kWork;
}

Connection::Next Connection::work() {
  std::string input;
  input.swap(unread_);
  consume(input, pending_);
  return next_ = pending_.empty() ? after_sending() : Next::kWrite;
}

Connection::Next Connection::on_received(std::string_view input) {
  count_received(input.size());
  if (write_shutdown_) {
    return next_ = Next::kRead;
  }
  if (next_ == Next::kWrite) {
    unread_.append(input);
    return next_;
  }
  consume(input, pending_);
  return next_ = pending_.empty() ? after_sending() : Next::kWrite;
}

Connection::Next Connection::on_end(int error) {
  if (error == 0 && next_ == Next::kWrite && !ended_) {
    ended_ = true;  // a half-close: earlier requests are still answered
    return next_;
  }
  switch (error == 0 ? net::IoError::kPeerGone : net::classify_io(error)) {
    case net::IoError::kWouldBlock:
    case net::IoError::kInterrupted:
      return next_;
    case net::IoError::kPeerGone:
    case net::IoError::kBroken:
      break;
  }
  if (!write_shutdown_) {
    count(error == 0 ? Count::kClosedByPeer : Count::kClosedOnError);
  }
  return next_ = Next::kClose;
}

Connection::Next Connection::on_sent(std::size_t length) {
  count(Count::kBytesSent, length);
  pending_.erase(0, length);
  if (!pending_.empty()) {
    return next_ = Next::kWrite;
  }
  if (pending_.capacity() > kKeptCapacity) {
    pending_ = std::string();
  }
  return more_ || !unread_.empty() ? work() : next_ = after_sending();
}

void Connection::push(std::string_view bytes) {
  count(Count::kCallSend);
  const ssize_t length = ::send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (length == static_cast<ssize_t>(bytes.size())) {
    count(Count::kBytesSent, bytes.size());
  } else {
    // The peer does not read or has gone. The connection's own loop sees the end of the stream and closes it.
    ::shutdown(fd(), SHUT_RDWR);
    server_.cut_off(fd());
  }
}

ssize_t Connection::receive() {
  scratch.input.resize(server_.options().read_cap);
  count(Count::kCallRecv);
  const ssize_t length = ::recv(fd(), scratch.input.data(), scratch.input.size(), 0);
  if (length > 0) {
    count_received(static_cast<std::size_t>(length));
  } else if (length < 0 && net::classify_io(errno) == net::IoError::kWouldBlock) {
    count(Count::kBlockRecv);
    would_block_ = true;
  }
  return length;
}

void Connection::count_received(std::size_t length) noexcept {
  count(Count::kBytesReceived, length);
  if (last_input_) {
    *last_input_ -= std::min(*last_input_, length);
  }
}

Connection::Next Connection::receive_and_answer() {
  const ssize_t length = receive();
  if (length <= 0) {
    return on_end(length < 0 ? errno : 0);
  }
  return write_shutdown_ ? Next::kRead : answer({scratch.input.data(), static_cast<std::size_t>(length)});
}

// Appends the replies to `input` to `replies`; keeps input without room for its reply.
void Connection::consume(std::string_view input, std::string& replies) {
  protocols::ReplyBuffer out(replies, kReplyLimit);
  const protocols::ServerSession::Progress progress = session_->consume(input, out);
  more_ = progress.more;
  closing_ |= out.closing();
  if (progress.consumed < input.size() || !unread_.empty()) {
    unread_ = std::string(input.substr(progress.consumed));  // a new string: `input` may point into the old one
  }
}

Connection::Next Connection::answer(std::string_view input) {
  scratch.reply.clear();
  consume(input, scratch.reply);
  std::size_t sent = 0;
  if (!scratch.reply.empty() && !send_some(scratch.reply, sent)) {
    return Next::kClose;
  }
  if (sent < scratch.reply.size()) {
    pending_.assign(scratch.reply, sent);
    return Next::kWrite;
  }
  return after_sending();
}

Connection::Next Connection::send_pending() {
  if (pending_.empty()) {  // all is sent and the session has more
    return answer(unread_);
  }
  std::size_t sent = 0;
  if (!send_some(pending_, sent)) {
    return Next::kClose;
  }
  if (sent < pending_.size()) {
    pending_.erase(0, sent);
    return Next::kWrite;
  }
  pending_ = std::string();  // frees the memory
  return after_sending();
}

Connection::Next Connection::after_sending() {
  if (more_ || !unread_.empty()) {
    // Continues when the socket is writable: one buffer or one call's work at a time, so that no connection starves the
    // others.
    return stop::timed_out() ? on_end(ETIMEDOUT) : Next::kWrite;
  }
  if (closing_ || answered_all()) {
    // Not close(): with unread input that would send RST, which can discard the reply. The peer closes next.
    count(Count::kClosedByServer);
    ::shutdown(fd(), SHUT_WR);
    write_shutdown_ = true;
  }
  return ended_ ? on_end(0) : Next::kRead;
}

// After a stop the server answers only what has arrived by then: a socket with SHUT_RD still receives, so a fast peer
// could keep the server busy for the whole drain timeout.
bool Connection::answered_all() noexcept {
  if (!stop::requested()) {
    return false;
  }
  if (!last_input_) {
    int waiting = 0;
    ::ioctl(fd(), FIONREAD, &waiting);
    last_input_ = static_cast<std::size_t>(waiting);
  }
  return *last_input_ == 0;
}

bool Connection::send_some(std::string_view bytes, std::size_t& sent) {
  count(Count::kCallSend);
  const ssize_t length = ::send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (length >= 0) {
    sent = static_cast<std::size_t>(length);
    count(Count::kBytesSent, sent);
    return true;
  }
  switch (net::classify_io(errno)) {
    case net::IoError::kWouldBlock:
      count(Count::kBlockSend);
      would_block_ = true;
      return true;
    case net::IoError::kInterrupted:
      return true;
    case net::IoError::kPeerGone:
    case net::IoError::kBroken:
      break;
  }
  count(Count::kClosedOnError);
  return false;
}

void serve_blocking(net::Descriptor socket, const Server& server) {
  Connection connection(std::move(socket), server);
  const stop::WatchConnection watch(connection.fd());
  connection.serve();
}

}  // namespace fanin::server
