#include "servers/listener.h"

#include <fcntl.h>

#include <cerrno>
#include <ctime>

#include "net/errno_policy.h"
#include "servers/counters.h"

namespace fanin {
namespace {

int open_reserve() noexcept { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

// Where even the reserve is gone there is nothing left but to let time pass: a short sleep bounds the CPU that this
// costs.
void wait_a_little() noexcept {
  const timespec pause{0, 10'000'000};
  ::nanosleep(&pause, nullptr);
}

}  // namespace

Listener::Listener(const Address& address, const ListenOptions& options, std::size_t max_connections)
    : socket_(listen_on(address, options)), max_connections_(max_connections), reserve_(open_reserve()) {
  if (options.nonblocking) {
    accept_flags_ |= SOCK_NONBLOCK;
  }
}

Listener::Listener(Listener&& other) noexcept
    : socket_(std::move(other.socket_)),
      max_connections_(other.max_connections_),
      accept_flags_(other.accept_flags_),
      reserve_(other.reserve_.exchange(-1)) {}

Listener::~Listener() { Descriptor(reserve_.exchange(-1)); }

void Listener::set_nonblocking(Blocking accepted) {
  const int flags = check(::fcntl(socket_.get(), F_GETFL), "fcntl");
  check(::fcntl(socket_.get(), F_SETFL, flags | O_NONBLOCK), "fcntl");
  accept_flags_ = SOCK_CLOEXEC | (accepted == Blocking::kNo ? SOCK_NONBLOCK : 0);
}

Listener::Accepted Listener::accept(std::size_t open) {
  count(Count::kCallAccept);
  Descriptor socket(::accept4(socket_.get(), nullptr, nullptr, accept_flags_));
  if (socket) {
    return admit(std::move(socket), open);
  }
  switch (classify_accept(errno)) {
    case AcceptError::kWouldBlock:
      count(Count::kBlockAccept);
      return {Status::kNone, {}};
    case AcceptError::kRetry:
      return {Status::kAgain, {}};
    case AcceptError::kNoDescriptor:
      return accept_without_descriptor();
    case AcceptError::kNoResource:
      count(Count::kRefusedResources);
      wait_a_little();
      return {Status::kAgain, {}};
    case AcceptError::kStopped:
      return {Status::kStopped, {}};
    case AcceptError::kFatal:
      break;
  }
  throw_errno("accept");
}

Listener::Accepted Listener::on_accepted(int result, std::size_t open) {
  if (result >= 0) {
    return admit(Descriptor(result), open);
  }
  switch (classify_accept(-result)) {
    case AcceptError::kWouldBlock:
    case AcceptError::kNoDescriptor:
    case AcceptError::kNoResource:
      return {Status::kNone, {}};
    case AcceptError::kRetry:
      return {Status::kAgain, {}};
    case AcceptError::kStopped:
      return {Status::kStopped, {}};
    case AcceptError::kFatal:
      break;
  }
  errno = -result;
  throw_errno("accept");
}

Listener::Accepted Listener::admit(Descriptor socket, std::size_t open) {
  count(Count::kAccepted);
  if (max_connections_ > 0 && open >= max_connections_) {
    count(Count::kRefusedMaxConnections);
    return {Status::kAgain, {}};
  }
  return {Status::kConnection, std::move(socket)};
}

// accept() wants a descriptor before it looks at the queue, so EMFILE says nothing about whether somebody waits: with a
// level-triggered listener, retrying spins. Giving up the reserve makes room to look, and to keep the connection if a
// descriptor has come free meanwhile.
Listener::Accepted Listener::accept_without_descriptor() {
  Descriptor reserve(reserve_.exchange(-1));
  if (!reserve) {
    reserve.reset(open_reserve());
    if (!reserve) {
      wait_a_little();
      return {Status::kAgain, {}};
    }
  }
  reserve.reset();
  count(Count::kCallAccept);
  Descriptor socket(::accept4(socket_.get(), nullptr, nullptr, accept_flags_));
  const AcceptError error = socket ? AcceptError::kRetry : classify_accept(errno);
  reserve.reset(open_reserve());
  Accepted result{error == AcceptError::kWouldBlock ? Status::kNone : Status::kAgain, {}};
  if (error == AcceptError::kStopped) {
    result.status = Status::kStopped;
  }
  if (socket) {
    count(Count::kAccepted);
    if (reserve) {
      result = {Status::kConnection, std::move(socket)};
    } else {
      count(Count::kRefusedDescriptors);
      socket.reset();
      reserve.reset(open_reserve());
    }
  }
  if (const int displaced = reserve_.exchange(reserve.release()); displaced >= 0) {
    Descriptor{displaced};
  }
  return result;
}

}  // namespace fanin
