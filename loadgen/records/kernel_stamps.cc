#include "loadgen/records/kernel_stamps.h"

#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <sys/socket.h>

#include <cstring>
#include <ctime>

namespace fanin::load {
namespace {

constexpr std::size_t kControlSize = 256;  // a stamp, and the error of the error queue

Nanoseconds nanoseconds(const timespec& time) noexcept {
  return std::chrono::seconds(time.tv_sec) + Nanoseconds(time.tv_nsec);
}

Nanoseconds wall_clock() noexcept {
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME, &time);
  return nanoseconds(time);
}

Nanoseconds read_stamp(msghdr& message) noexcept {
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_TIMESTAMPING) {
      scm_timestamping stamps;
      std::memcpy(&stamps, CMSG_DATA(part), sizeof stamps);
      return nanoseconds({stamps.ts[0].tv_sec, stamps.ts[0].tv_nsec});
    }
  }
  return Nanoseconds(0);
}

// recvmsg() is the only call that returns stamps.
ssize_t receive_stamped(int fd, iovec data, int flags, Nanoseconds& stamp) noexcept {
  alignas(cmsghdr) char control[kControlSize];
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const ssize_t length = ::recvmsg(fd, &message, flags);
  stamp = length >= 0 ? read_stamp(message) : Nanoseconds(0);
  return length;
}

}  // namespace

void StampRecords::merge(const StampRecords& other) noexcept {
  read_lag.merge(other.read_lag);
  service.merge(other.service);
  unstamped += other.unstamped;
}

void KernelStamps::ask(std::uint32_t connection, int fd) noexcept {
  int flags = SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_RX_SOFTWARE;
  if (!sent_.empty()) {
    flags |= SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_OPT_TSONLY;  // without the bytes that were sent
    sent_[connection] = Nanoseconds(0);
  }
  ::setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof flags);
}

void KernelStamps::sent(std::uint32_t connection, int fd) noexcept {
  if (sent_.empty()) {
    return;
  }
  sent_[connection] = Nanoseconds(0);
  Nanoseconds stamp{0};
  while (receive_stamped(fd, {}, MSG_ERRQUEUE | MSG_DONTWAIT, stamp) >= 0) {
    sent_[connection] = stamp;  // a request in several segments has several: the last one counts
  }
}

ssize_t KernelStamps::receive(int fd, void* buffer, std::size_t size) noexcept {
  const ssize_t length = receive_stamped(fd, {buffer, size}, 0, received_);
  seen_ = wall_clock();
  return length;
}

void KernelStamps::replied(std::uint32_t connection) noexcept {
  if (received_ == Nanoseconds(0)) {
    ++records_.unstamped;
    return;
  }
  records_.read_lag.record(seen_ - received_);
  if (!sent_.empty() && sent_[connection] > Nanoseconds(0)) {
    records_.service.record(received_ - sent_[connection]);
  }
}

}  // namespace fanin::load
