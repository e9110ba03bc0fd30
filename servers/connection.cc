#include "servers/connection.h"

#include <sys/socket.h>

#include <cerrno>
#include <vector>

#include "net/errno_policy.h"
#include "servers/counters.h"

namespace fanin {
namespace {

// The most that a connection may have waiting to be sent, whatever it asks for.
constexpr std::size_t kReplyLimit = 64 * 1024;

// A thread's buffers: idle connections hold none of their own.
struct Scratch {
  std::vector<char> input;
  std::string reply;
};
thread_local Scratch scratch;

}  // namespace

Connection::Connection(Descriptor socket, const Server& server)
    : socket_(std::move(socket)), session_(server.make_session()), server_(server) {}

Connection::Next Connection::start() {
  scratch.reply.clear();
  ReplyBuffer out(scratch.reply, kReplyLimit);
  session_->start(out);
  closing_ = out.closing();
  pending_ = scratch.reply;
  return next_ = pending_.empty() ? after_sending() : send_pending();
}

Connection::Next Connection::on_ready() {
  would_block_ = false;
  return next_ = next_ == Next::kRead ? receive() : send_pending();
}

Connection::Next Connection::receive() {
  scratch.input.resize(server_.options().read_cap);
  count(Count::kCallRecv);
  const ssize_t length = ::recv(fd(), scratch.input.data(), scratch.input.size(), 0);
  if (length > 0) {
    count(Count::kBytesReceived, static_cast<std::uint64_t>(length));
    return said_all_ ? Next::kRead : answer({scratch.input.data(), static_cast<std::size_t>(length)});
  }
  switch (length == 0 ? IoError::kPeerGone : classify_io(errno)) {
    case IoError::kWouldBlock:
      count(Count::kBlockRecv);
      would_block_ = true;
      return Next::kRead;
    case IoError::kInterrupted:
      return Next::kRead;
    case IoError::kPeerGone:
    case IoError::kBroken:
      break;
  }
  if (!said_all_) {
    count(length == 0 ? Count::kClosedByPeer : Count::kClosedOnError);
  }
  return Next::kClose;
}

Connection::Next Connection::answer(std::string_view input) {
  scratch.reply.clear();
  ReplyBuffer out(scratch.reply, kReplyLimit);
  const ServerSession::Progress progress = session_->consume(input, out);
  more_ = progress.more;
  closing_ |= out.closing();
  if (progress.consumed < input.size() || !unread_.empty()) {
    unread_ = std::string(input.substr(progress.consumed));  // a new string, because `input` may be the old one
  }
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
  if (pending_.empty()) {  // all is sent and the session has more to say
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
  pending_ = std::string();  // gives the memory back
  return after_sending();
}

Connection::Next Connection::after_sending() {
  if (more_ || !unread_.empty()) {
    return Next::kWrite;  // goes on when the socket has room: one buffer a turn, so that a long reply starves nobody
  }
  if (closing_) {
    // Not close(): with input unread that would send RST, which can overtake the reply. The peer's own end comes next.
    count(Count::kClosedByServer);
    ::shutdown(fd(), SHUT_WR);
    said_all_ = true;
  }
  return Next::kRead;
}

bool Connection::send_some(std::string_view bytes, std::size_t& sent) {
  count(Count::kCallSend);
  const ssize_t length = ::send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (length >= 0) {
    sent = static_cast<std::size_t>(length);
    count(Count::kBytesSent, sent);
    return true;
  }
  switch (classify_io(errno)) {
    case IoError::kWouldBlock:
      count(Count::kBlockSend);
      would_block_ = true;
      return true;
    case IoError::kInterrupted:
      return true;
    case IoError::kPeerGone:
    case IoError::kBroken:
      break;
  }
  count(Count::kClosedOnError);
  return false;
}

}  // namespace fanin
