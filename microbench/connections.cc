#include "microbench/connections.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <exception>
#include <memory>
#include <stdexcept>

#include "net/socket.h"

namespace fanin::microbench {
namespace {

constexpr int kDeliveryTimeoutMs = 5000;

// What the process holds beside the connections: standard streams, epoll, the child's command socket, the output files.
constexpr std::size_t kSpareDescriptors = 32;

// The place of the `i`-th of `active` connections that are spread evenly over `count`: the middle of its share, so that
// a scan that stops at the last ready descriptor is neither favoured nor punished.
std::size_t active_place(std::size_t i, std::size_t active, std::size_t count) {
  return (2 * i + 1) * count / (2 * active);
}

// The child: opens the far ends, then sends one byte on those that it is told to, until nobody is there to tell it.
void serve_far_ends(int command, const Address& target, std::size_t count) {
  std::vector<Descriptor> ends;
  ends.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    ends.push_back(make_stream_socket(target.family(), Blocking::kYes));
    set_reset_on_close(ends.back().get());
    check(::connect(ends.back().get(), target.data(), target.size()), "connect");
  }
  std::uint64_t active = 0;
  while (::read(command, &active, sizeof active) == sizeof active) {
    for (std::size_t i = 0; i < active; ++i) {
      check(::send(ends[active_place(i, active, count)].get(), "x", 1, MSG_NOSIGNAL), "send");
    }
  }
}

void wait_readable(int fd, const char* what) {
  pollfd one{fd, POLLIN, 0};
  if (check(::poll(&one, 1, kDeliveryTimeoutMs), "poll") == 0) {
    throw std::runtime_error(fmt::format("{} within {} ms", what, kDeliveryTimeoutMs));
  }
}

}  // namespace

Connections::Connections(std::size_t count) {
  const Descriptor listener =
      listen_on(Address::parse("127.0.0.1", 0), ListenOptions{.backlog = static_cast<int>(count)});
  const Address target = Address::of_local_end(listener.get());
  int pair[2];
  check(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), "socketpair");
  command_.reset(pair[0]);
  Descriptor far_command(pair[1]);
  child_ = check(::fork(), "fork");
  if (child_ == 0) {
    command_.reset();
    int status = 0;
    try {
      serve_far_ends(far_command.get(), target, count);
    } catch (const std::exception& error) {
      fmt::print(stderr, "fanin-micro: far end: {}\n", error.what());
      status = 1;
    }
    // Not exit(): the parent's buffers and objects are the parent's to flush and destroy.
    ::_exit(status);
  }
  server_ends_.reserve(count);
  while (server_ends_.size() < count) {
    wait_readable(listener.get(), "no connection arrived from the child");
    server_ends_.emplace_back(check(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC), "accept"));
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
  for (const Descriptor& end : server_ends_) {
    char byte = 0;
    // Not one of the active ones so far: EAGAIN.
    static_cast<void>(::recv(end.get(), &byte, 1, MSG_DONTWAIT));
  }
  const std::uint64_t active = count;
  check(::write(command_.get(), &active, sizeof active), "cannot tell the far ends to send");
  for (std::size_t i = 0; i < count; ++i) {
    wait_readable(server_ends_[active_place(i, count, server_ends_.size())].get(), "no byte arrived from the child");
  }
}

Connections& shared_connections(std::size_t count) {
  static std::unique_ptr<Connections> last;
  if (last == nullptr || last->descriptors().size() != count) {
    last.reset();
    const std::uint64_t limit = raise_descriptor_limit();
    if (count + kSpareDescriptors > limit) {
      throw std::runtime_error(fmt::format("needs {} descriptors, the limit is {}: raise it with ulimit -Hn",
                                           count + kSpareDescriptors, limit));
    }
    last = std::make_unique<Connections>(count);
  }
  return *last;
}

}  // namespace fanin::microbench
