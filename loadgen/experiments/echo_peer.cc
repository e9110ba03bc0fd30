#include "loadgen/experiments/echo_peer.h"

#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "net/affinity.h"

namespace fanin::load {
namespace {

void take_connections(int epoll, int listener) noexcept {
  for (;;) {
    const int connection = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (connection < 0) {
      return;
    }
    epoll_event event{.events = EPOLLIN, .data = {.fd = connection}};
    if (::epoll_ctl(epoll, EPOLL_CTL_ADD, connection, &event) != 0) {
      ::close(connection);
    }
  }
}

// Requests of a calibration are far smaller than a socket buffer, so a send is complete.
void echo(int connection) noexcept {
  std::array<char, 65536> buffer;
  const ssize_t length = ::recv(connection, buffer.data(), buffer.size(), 0);
  const bool again = length < 0 && errno == EAGAIN;
  if (!again &&
      (length <= 0 || ::send(connection, buffer.data(), static_cast<std::size_t>(length), MSG_NOSIGNAL) < 0)) {
    ::close(connection);
  }
}

[[noreturn]] void serve(int listener) noexcept {
  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  epoll_event event{.events = EPOLLIN, .data = {.fd = listener}};
  if (epoll < 0 || ::epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) != 0) {
    ::_exit(1);
  }
  std::array<epoll_event, 256> events;
  for (;;) {
    const int count = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      fd == listener ? take_connections(epoll, listener) : echo(fd);
    }
  }
}

}  // namespace

EchoPeer::EchoPeer(const std::vector<int>& cpus) : address_(Address::parse("127.0.0.1", 0)) {
  const Descriptor listener = listen_on(address_, {.nonblocking = true});
  address_ = Address::of_local_end(listener.get());
  const pid_t parent = ::getpid();
  pid_ = check(::fork(), "fork");
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    std::signal(SIGINT, SIG_IGN);  // of the terminal: the parent ends it
    if (::getppid() != parent) {
      ::_exit(1);
    }
    try {
      if (!cpus.empty()) {
        bind_to_cpus(cpus);
      }
    } catch (const std::exception&) {
      ::_exit(1);  // the parent then cannot connect
    }
    serve(listener.get());
  }
}

EchoPeer::~EchoPeer() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

}  // namespace fanin::load
