#include "servers/listener.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <atomic>
#include <cerrno>
#include <ctime>
#include <mutex>
#include <new>

#include "net/descriptor.h"
#include "servers/counters.h"
#include "servers/stop.h"

namespace fanin::server {
namespace {

// The process's reserve descriptor: closed after EMFILE to accept one connection and refuse it. Meanwhile another
// thread's accept() may get its number, so a thread that accepts then must first restore the reserve, if need be by
// refusing its own connection. A listener without a reserve could never refuse again, and its peers would wait for
// ever.
class Reserve {
 public:
  // Frees the descriptor while `take` runs, and returns its result.
  template <typename Take>
  auto lend(Take take) noexcept {
    const std::lock_guard lock(mutex_);
    out_.store(true);  // before the number is free
    descriptor_.reset();
    auto taken = take();
    restore();
    return taken;
  }

  // Whether a connection that was accepted meanwhile may be kept. One load in the usual case.
  bool allows(net::Descriptor& socket) noexcept {
    if (!out_.load()) [[likely]] {
      return true;
    }
    const std::lock_guard lock(mutex_);
    restore();
    if (out_.load()) {
      socket.reset();
      restore();
      return false;
    }
    return true;
  }

 private:
  void restore() noexcept {
    if (!descriptor_) {
      descriptor_.reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    }
    out_.store(!descriptor_);
  }

  std::mutex mutex_;
  net::Descriptor descriptor_{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
  std::atomic<bool> out_{false};
};

Reserve& reserve() {
  static Reserve& instance = *new Reserve;  // never destroyed: detached threads may still accept when main returns
  return instance;
}

// Without the reserve only time helps: a short sleep bounds the CPU use.
void wait_a_little() noexcept {
  const timespec pause{0, 10'000'000};
  ::nanosleep(&pause, nullptr);
}

}  // namespace

Listener::Listener(const net::Address& address, const net::ListenOptions& options, std::size_t max_connections)
    : socket_(net::listen_on(address, options)), max_connections_(max_connections) {
  reserve();  // opened while descriptors are free
  if (options.nonblocking) {
    accept_flags_ |= SOCK_NONBLOCK;
  }
}

Listener Listener::sharing(const Listener& other, bool nonblocking) {
  Listener listener(net::Descriptor(net::check(::fcntl(other.fd(), F_DUPFD_CLOEXEC, 0), "fcntl")),
                    other.max_connections_);
  if (nonblocking) {
    listener.set_nonblocking(net::Blocking::kNo);
  }
  return listener;
}

void Listener::set_nonblocking(net::Blocking accepted) {
  const int flags = net::check(::fcntl(socket_.get(), F_GETFL), "fcntl");
  net::check(::fcntl(socket_.get(), F_SETFL, flags | O_NONBLOCK), "fcntl");
  accept_flags_ = SOCK_CLOEXEC | (accepted == net::Blocking::kNo ? SOCK_NONBLOCK : 0);
}

Listener::Accepted Listener::accept(std::size_t open) {
  count(Count::kCallAccept);
  net::Descriptor socket(::accept4(socket_.get(), nullptr, nullptr, accept_flags_));
  if (socket) {
    return admit(std::move(socket), open);
  }
  switch (net::classify_accept(errno)) {
    case net::AcceptError::kWouldBlock:
      if (stop::requested()) {
        return {Status::kStopped, {}};  // the only sign of shutdown() on a non-blocking Unix-domain listener
      }
      count(Count::kBlockAccept);
      return {Status::kNone, {}};
    case net::AcceptError::kRetry:
      return {Status::kAgain, {}};
    case net::AcceptError::kNoDescriptor:
      return accept_without_descriptor(open);
    case net::AcceptError::kNoResource:
      count(Count::kRefusedResources);
      wait_a_little();
      return {Status::kAgain, {}};
    case net::AcceptError::kStopped:
      return {Status::kStopped, {}};
    case net::AcceptError::kFatal:
      break;
  }
  net::throw_errno("accept");
}

Listener::Accepted Listener::on_accepted(int result, std::size_t open) {
  if (result >= 0) {
    return admit(net::Descriptor(result), open);
  }
  switch (net::classify_accept(-result)) {
    case net::AcceptError::kWouldBlock:
    case net::AcceptError::kNoDescriptor:
    case net::AcceptError::kNoResource:
      return {Status::kNone, {}};
    case net::AcceptError::kRetry:
      return {Status::kAgain, {}};
    case net::AcceptError::kStopped:
      return {Status::kStopped, {}};
    case net::AcceptError::kFatal:
      break;
  }
  errno = -result;
  net::throw_errno("accept");
}

Listener::Accepted Listener::admit(net::Descriptor socket, std::size_t open) {
  count(Count::kAccepted);
  if (!reserve().allows(socket)) {
    count(Count::kRefusedDescriptors);
    return {Status::kAgain, {}};
  }
  if (max_connections_ > 0 && open >= max_connections_) {
    count(Count::kRefusedMaxConnections);
    return {Status::kAgain, {}};
  }
  return {Status::kConnection, std::move(socket)};
}

// accept() allocates a descriptor before it looks at the queue, so EMFILE does not tell whether a connection waits:
// with a level-triggered listener, retrying spins. Freeing the reserve allows a look, and the connection is kept if a
// descriptor has become free meanwhile.
Listener::Accepted Listener::accept_without_descriptor(std::size_t open) {
  count(Count::kCallAccept);
  int error = 0;
  net::Descriptor socket = reserve().lend([&] {
    net::Descriptor taken(::accept4(socket_.get(), nullptr, nullptr, accept_flags_));
    error = taken ? 0 : errno;
    return taken;
  });
  if (socket) {
    return admit(std::move(socket), open);
  }
  switch (net::classify_accept(error)) {
    case net::AcceptError::kWouldBlock:
      return {Status::kNone, {}};
    case net::AcceptError::kStopped:
      return {Status::kStopped, {}};
    case net::AcceptError::kNoDescriptor:
    case net::AcceptError::kNoResource:
      wait_a_little();
      return {Status::kAgain, {}};
    case net::AcceptError::kRetry:
    case net::AcceptError::kFatal:
      break;
  }
  return {Status::kAgain, {}};
}

ConnectionLimit::ConnectionLimit(std::size_t limit, int workers)
    : limit_(limit), counts_(nullptr, Unmap{1 + static_cast<std::size_t>(workers)}) {
  announce_workers(workers);
  const std::size_t words = counts_.get_deleter().words;
  void* memory = ::mmap(nullptr, words * sizeof(std::atomic<std::size_t>), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    net::throw_errno("cannot map memory for the limit of connections");
  }
  counts_.reset(new (memory) std::atomic<std::size_t>[words] {});
}

void ConnectionLimit::Unmap::operator()(std::atomic<std::size_t>* counts) const noexcept {
  ::munmap(counts, words * sizeof(std::atomic<std::size_t>));
}

bool ConnectionLimit::enter(int worker) noexcept {
  count_taken(worker);
  if (limit_ == 0) {
    return true;
  }
  if (counts_[0].fetch_add(1) >= limit_) {
    counts_[0].fetch_sub(1);
    count(Count::kRefusedMaxConnections);
    return false;
  }
  counts_[1 + static_cast<std::size_t>(worker)].fetch_add(1);
  return true;
}

void ConnectionLimit::leave(int worker) noexcept {
  if (limit_ > 0) {
    counts_[1 + static_cast<std::size_t>(worker)].fetch_sub(1);
    counts_[0].fetch_sub(1);
  }
}

void ConnectionLimit::forget(int worker) noexcept {
  counts_[0].fetch_sub(counts_[1 + static_cast<std::size_t>(worker)].exchange(0));
}

}  // namespace fanin::server
