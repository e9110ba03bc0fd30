// The part of a blocking client that reads: replies, the end of the stream and unsolicited bytes.
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "loadgen/drivers/blocking_client.h"
#include "loadgen/drivers/direct_io.h"
#include "net/descriptor.h"

namespace fanin::load {

void BlockingClient::receive_replies(const Coordinator& coordinator) {
  const TimePoint deadline = workload_.oldest_sent(0) + plan_.timeout;
  while (read_once(coordinator) && workload_.in_flight(0) > 0) {
    if (now_ >= deadline) {  // checked here too, since bytes may come without end
      break_connection(ErrorKind::kTimeout);
      return;
    }
    check_coordinator(coordinator);
    look_for_silence(now_);
    if (over()) {
      return;
    }
  }
}

// Returns whether the connection is still usable.
bool BlockingClient::read_once(const Coordinator& coordinator) {
  const ssize_t length = direct_recv(fd_.get(), buffer_.data(), buffer_.size());
  const net::IoError error = length < 0 ? net::classify_io(errno) : net::IoError::kInterrupted;
  now_ = net::now();
  if (length > 0) {
    const auto size = static_cast<std::size_t>(length);
    const protocols::ReplyOutcome outcome = take_replies(0, state_, {buffer_.data(), size}, now_);
    if (recorder_.counts(now_)) {
      recorder_.bytes_received(size);
    }
    if (outcome.mismatch) {
      faults_.keep_mismatch(protocol_, state_, {buffer_.data(), size}, outcome, now_);
      break_connection(classify_fault(outcome.fault));
    } else if (outcome.closes) {
      await_end(coordinator);
      renew();
    }
  } else if (length == 0) {
    end_of_stream();
  } else if (error != net::IoError::kWouldBlock && error != net::IoError::kInterrupted) {
    break_connection(ErrorKind::kReset);
  }
  return static_cast<bool>(fd_);
}

// With --close server the server may close while the client pauses after the last reply.
void BlockingClient::end_of_stream() {
  const bool agreed = plan_.close == CloseKind::kServer && state_.completed >= plan_.requests_per_connection;
  const protocols::ReplyOutcome outcome = take_end(0, state_, now_);
  if (outcome.closes || (agreed && workload_.in_flight(0) == 0)) {
    renew();
  } else if (plan_.connect_on_demand && outcome.completed > 0) {
    close();  // the next request reopens it
  } else {
    break_connection(ErrorKind::kClosedEarly);
  }
}

// With --close server: reads until the server has closed.
void BlockingClient::await_end(const Coordinator& coordinator) {
  if (plan_.close != CloseKind::kServer) {
    return;
  }
  const TimePoint since = now_;
  while (!over() && !workload_.finished(now_)) {
    const ssize_t length = direct_recv(fd_.get(), buffer_.data(), buffer_.size());
    const net::IoError error = length < 0 ? net::classify_io(errno) : net::IoError::kInterrupted;
    now_ = net::now();
    if (length == 0 || (error != net::IoError::kWouldBlock && error != net::IoError::kInterrupted)) {
      faults_.close_waits.closed(since, now_);
      return;
    }
    if (now_ >= since + plan_.timeout) {
      faults_.close_waits.given_up(since, now_, recorder_.window());
      recorder_.connection_error(ErrorKind::kNotClosed);
      recorder_.connections.failed = 1;
      return;
    }
    check_coordinator(coordinator);
  }
  end_close_wait(since, now_);
}

// Reads unsolicited bytes meanwhile, so that they are not taken for the reply to the next request.
void BlockingClient::wait_until(TimePoint until, const Coordinator& coordinator) {
  pollfd connection{.fd = fd_ ? fd_.get() : -1, .events = POLLIN | POLLRDHUP, .revents = 0};  // -1: none
  const timespec left = net::to_timespec(std::max(until - now_, Nanoseconds(0)));
  if (::ppoll(&connection, 1, &left, nullptr) > 0) {
    read_once(coordinator);
  }
}

}  // namespace fanin::load
