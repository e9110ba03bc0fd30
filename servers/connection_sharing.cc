#include "servers/connection_sharing.h"

#include <sys/mman.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <new>

#include "net/descriptor.h"
#include "servers/counters.h"
#include "servers/stop.h"

namespace fanin::server {

namespace {

// A message of one byte with room for one descriptor (SCM_RIGHTS): the kernel installs the descriptor in the receiving
// process.
struct Message {
  char byte = 0;
  iovec data{&byte, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr header{.msg_iov = &data, .msg_iovlen = 1, .msg_control = control.data(), .msg_controllen = control.size()};
};

}  // namespace

ConnectionChannel::ConnectionChannel() {
  std::array<int, 2> ends{};
  check(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()), "socketpair");
  parent_.reset(ends[0]);
  workers_.reset(ends[1]);
}

void ConnectionChannel::give(Descriptor socket) {
  char notice = 0;
  count(Count::kCallHandOver, 2);
  check(::recv(parent_.get(), &notice, 1, MSG_DONTWAIT), "no worker is free");
  Message message;
  cmsghdr* const rights = CMSG_FIRSTHDR(&message.header);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof(int));
  const int fd = socket.get();
  std::memcpy(CMSG_DATA(rights), &fd, sizeof(fd));
  if (::sendmsg(parent_.get(), &message.header, MSG_NOSIGNAL) == 1) {
    count(Count::kHandedOver);
  } else {
    count(Count::kRefusedResources);  // closed as `socket` goes
  }
}

void ConnectionChannel::close() noexcept { ::shutdown(parent_.get(), SHUT_RDWR); }

Descriptor ConnectionChannel::take() {
  for (;;) {
    const char notice = 0;
    count(Count::kCallHandOver, 2);
    ::send(workers_.get(), &notice, 1, MSG_NOSIGNAL);
    Message message;
    const ssize_t length = ::recvmsg(workers_.get(), &message.header, MSG_CMSG_CLOEXEC);
    if (length == 0 || (length < 0 && (errno != EINTR || stop::requested()))) {
      return {};
    }
    const cmsghdr* const rights = length > 0 ? CMSG_FIRSTHDR(&message.header) : nullptr;
    if (rights != nullptr && rights->cmsg_type == SCM_RIGHTS) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(rights), sizeof(fd));
      return Descriptor(fd);
    }
    if (length > 0) {
      count(Count::kRefusedDescriptors);  // EMFILE in this process
    }
  }
}

ConnectionLimit::ConnectionLimit(std::size_t limit, int workers)
    : limit_(limit), counts_(nullptr, Unmap{1 + static_cast<std::size_t>(workers)}) {
  const std::size_t words = counts_.get_deleter().words;
  void* memory = ::mmap(nullptr, words * sizeof(std::atomic<std::size_t>), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    throw_errno("cannot map memory for the limit of connections");
  }
  counts_.reset(new (memory) std::atomic<std::size_t>[words] {});
}

void ConnectionLimit::Unmap::operator()(std::atomic<std::size_t>* counts) const noexcept {
  ::munmap(counts, words * sizeof(std::atomic<std::size_t>));
}

bool ConnectionLimit::enter(int worker) noexcept {
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
