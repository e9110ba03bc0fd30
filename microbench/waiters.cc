#include "microbench/waiters.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <exception>
#include <memory>
#include <stdexcept>

#include "microbench/requirements.h"
#include "net/socket.h"

namespace fanin::microbench {

namespace {

constexpr int kDeliveryTimeoutMs = 5000;

// The index of the `i`-th of `active` connections spread evenly over `count`: the middle of its share, which neither
// favours nor penalizes a scan that stops at the last ready descriptor.
std::size_t active_place(std::size_t i, std::size_t active, std::size_t count) {
  return (2 * i + 1) * count / (2 * active);
}

// The child: connects, then sends one byte on each connection that the parent names, until the parent ends.
void serve_far_ends(int command, const net::Address& target, std::size_t count) {
  std::vector<net::Descriptor> ends;
  ends.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    ends.push_back(net::make_stream_socket(target.family(), net::Blocking::kYes));
    net::set_reset_on_close(ends.back().get());
    net::check(::connect(ends.back().get(), target.data(), target.size()), "connect");
  }
  std::uint64_t active = 0;
  while (::read(command, &active, sizeof active) == sizeof active) {
    for (std::size_t i = 0; i < active; ++i) {
      net::check(::send(ends[active_place(i, active, count)].get(), "x", 1, MSG_NOSIGNAL), "send");
    }
  }
}

void wait_readable(int fd, const char* what) {
  pollfd one{fd, POLLIN, 0};
  if (net::check(::poll(&one, 1, kDeliveryTimeoutMs), "poll") == 0) {
    throw std::runtime_error(fmt::format("{} within {} ms", what, kDeliveryTimeoutMs));
  }
}

}  // namespace

Connections::Connections(std::size_t count) {
  const net::Descriptor listener =
      net::listen_on(net::Address::parse("127.0.0.1", 0), net::ListenOptions{.backlog = static_cast<int>(count)});
  const net::Address target = net::Address::of_local_end(listener.get());
  int pair[2];
  net::check(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), "socketpair");
  command_.reset(pair[0]);
  net::Descriptor far_command(pair[1]);
  child_ = net::check(::fork(), "fork");
  if (child_ == 0) {
    command_.reset();
    int status = 0;
    try {
      serve_far_ends(far_command.get(), target, count);
    } catch (const std::exception& error) {
      fmt::print(stderr, "fanin-micro: far end: {}\n", error.what());
      status = 1;
    }
    // Not exit(): the parent flushes its buffers and destroys its objects.
    ::_exit(status);
  }
  server_ends_.reserve(count);
  while (server_ends_.size() < count) {
    wait_readable(listener.get(), "no connection arrived from the child");
    server_ends_.emplace_back(net::check(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC), "accept"));
  }
}

Connections::~Connections() {
  command_.reset();
  while (::waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

void Connections::activate(std::size_t count) {
  if (count > server_ends_.size()) {
    throw std::invalid_argument(fmt::format("{} of {} connections cannot be active", count, server_ends_.size()));
  }
  for (const net::Descriptor& end : server_ends_) {
    char byte = 0;
    // Not one of the active ones so far: EAGAIN.
    static_cast<void>(::recv(end.get(), &byte, 1, MSG_DONTWAIT));
  }
  const std::uint64_t active = count;
  net::check(::write(command_.get(), &active, sizeof active), "cannot tell the far ends to send");
  for (std::size_t i = 0; i < count; ++i) {
    wait_readable(server_ends_[active_place(i, count, server_ends_.size())].get(), "no byte arrived from the child");
  }
}

namespace {

std::unique_ptr<Connections>& last_connections() {
  static std::unique_ptr<Connections> last;
  return last;
}

}  // namespace

void close_shared_connections() { last_connections().reset(); }

Connections& shared_connections(std::size_t count) {
  std::unique_ptr<Connections>& last = last_connections();
  if (last == nullptr || last->descriptors().size() != count) {
    last.reset();
    require_descriptors(count);
    last = std::make_unique<Connections>(count);
  }
  return *last;
}

SelectWaiter::SelectWaiter(const std::vector<net::Descriptor>& descriptors) {
  for (const net::Descriptor& descriptor : descriptors) {
    descriptors_.push_back(descriptor.get());
    limit_ = std::max(limit_, descriptor.get() + 1);
  }
  master_.resize((static_cast<std::size_t>(limit_) + kWordBits - 1) / kWordBits);
  ready_.resize(master_.size());
  for (const int fd : descriptors_) {
    const auto place = static_cast<std::size_t>(fd);
    master_[place / kWordBits] |= 1UL << (place % kWordBits);
  }
}

int SelectWaiter::wait() {
  std::copy(master_.begin(), master_.end(), ready_.begin());
  return static_cast<int>(
      net::check(::syscall(SYS_pselect6, limit_, ready_.data(), nullptr, nullptr, nullptr, nullptr), "select"));
}

PollWaiter::PollWaiter(const std::vector<net::Descriptor>& descriptors) {
  for (const net::Descriptor& descriptor : descriptors) {
    set_.push_back(pollfd{descriptor.get(), POLLIN, 0});
  }
}

EpollWaiter::EpollWaiter(const std::vector<net::Descriptor>& descriptors)
    : epoll_(net::check(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")), events_(1024) {
  for (std::size_t index = 0; index < descriptors.size(); ++index) {
    epoll_event event{.events = EPOLLIN, .data = {.u64 = index}};
    net::check(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptors[index].get(), &event), "epoll_ctl");
  }
}

}  // namespace fanin::microbench
