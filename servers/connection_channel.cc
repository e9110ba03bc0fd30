#include "servers/connection_channel.h"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "servers/counters.h"

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

Listener::Accepted ConnectionChannel::take() {
  const char notice = 0;
  count(Count::kCallHandOver, 2);
  ::send(workers_.get(), &notice, 1, MSG_NOSIGNAL);
  Message message;
  const ssize_t length = ::recvmsg(workers_.get(), &message.header, MSG_CMSG_CLOEXEC);
  if (length < 0 && errno == EINTR) {
    return {Listener::Status::kAgain, {}};
  }
  if (length <= 0) {
    return {Listener::Status::kStopped, {}};
  }
  const cmsghdr* const rights = CMSG_FIRSTHDR(&message.header);
  if (rights == nullptr || rights->cmsg_type != SCM_RIGHTS) {
    count(Count::kRefusedDescriptors);  // EMFILE in this process
    return {Listener::Status::kAgain, {}};
  }
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(rights), sizeof(fd));
  return {Listener::Status::kConnection, Descriptor(fd)};
}

}  // namespace fanin::server
