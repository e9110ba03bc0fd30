#include "net/socket.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/filter.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace fanin::net {
namespace {

constexpr std::string_view kUnix = "unix:";

void set_option(int fd, int level, int name, int value, const char* what) {
  check(::setsockopt(fd, level, name, &value, sizeof value), what);
}

}  // namespace

HostPort split_host_port(std::string_view text, PortZero zero) {
  const bool brackets = text.starts_with('[');
  const auto colon = brackets ? text.find(']') + 1 : text.rfind(':');
  if (brackets && colon == 0) {
    throw std::invalid_argument(fmt::format("'{}' has no closing bracket: write [ADDRESS]:PORT", text));
  }
  if (colon >= text.size() || text[colon] != ':') {
    throw std::invalid_argument(fmt::format("'{}' has no port: write {}:PORT", text, brackets ? "[ADDRESS]" : "HOST"));
  }
  const std::string_view host = brackets ? text.substr(1, colon - 2) : text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  unsigned port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size() || port > 65535 ||
      (port == 0 && zero == PortZero::kRefused)) {
    throw std::invalid_argument(
        fmt::format("'{}' is not a port from {} to 65535", digits, zero == PortZero::kRefused ? 1 : 0));
  }
  return {std::string(host), static_cast<std::uint16_t>(port)};
}

Address::Address(const sockaddr& address, socklen_t size) noexcept : size_(size) {
  std::memcpy(&storage_, &address, size);
}

Address Address::parse(std::string_view host, std::uint16_t port) {
  const std::string text(host == "localhost" ? std::string_view("127.0.0.1") : host);
  Address address;
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  if (::inet_pton(AF_INET, text.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&address.storage_, &v4, sizeof v4);
    address.size_ = sizeof v4;
  } else if (::inet_pton(AF_INET6, text.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::memcpy(&address.storage_, &v6, sizeof v6);
    address.size_ = sizeof v6;
  } else {
    throw std::invalid_argument(fmt::format("'{}' is not an IP address: give one such as 127.0.0.1 or ::1", text));
  }
  return address;
}

Address Address::of_socket_file(std::string_view path) {
  Address address;
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (path.size() < 2 || path.size() >= sizeof name.sun_path) {
    throw std::invalid_argument(fmt::format("'{}' is not a socket name: give a path, or @NAME, of at most {} bytes",
                                            path, sizeof name.sun_path - 1));
  }
  std::memcpy(name.sun_path, path.data(), path.size());
  // Abstract names begin with a zero byte and have none at their end.
  const bool abstract = path.front() == '@';
  if (abstract) {
    name.sun_path[0] = 0;
  }
  std::memcpy(&address.storage_, &name, sizeof name);
  address.size_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + (abstract ? 0 : 1));
  return address;
}

Address Address::parse_target(std::string_view text, PortZero zero) {
  if (text.starts_with(kUnix)) {
    return of_socket_file(text.substr(kUnix.size()));
  }
  const HostPort parts = split_host_port(text, zero);
  return parse(parts.host, parts.port);
}

Address Address::of_local_end(int fd) {
  Address address;
  address.size_ = sizeof address.storage_;
  check(::getsockname(fd, reinterpret_cast<sockaddr*>(&address.storage_), &address.size_), "getsockname");
  return address;
}

std::uint16_t Address::port() const noexcept {
  if (is_unix()) {
    return 0;
  }
  // sin_port and sin6_port are at the same offset.
  return ntohs(reinterpret_cast<const sockaddr_in*>(&storage_)->sin_port);
}

std::string Address::host() const {
  char text[INET6_ADDRSTRLEN] = "";
  const void* source = family() == AF_INET6
                           ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in6*>(&storage_)->sin6_addr)
                           : static_cast<const void*>(&reinterpret_cast<const sockaddr_in*>(&storage_)->sin_addr);
  ::inet_ntop(family(), source, text, sizeof text);
  return text;
}

std::string Address::path() const {
  const char* name = reinterpret_cast<const sockaddr_un*>(&storage_)->sun_path;
  const std::size_t length = size_ - offsetof(sockaddr_un, sun_path);
  if (length > 0 && name[0] == 0) {
    return "@" + std::string(name + 1, length - 1);
  }
  return {name, ::strnlen(name, length)};
}

std::string Address::text() const {
  if (is_unix()) {
    return fmt::format("{}{}", kUnix, path());
  }
  return family() == AF_INET6 ? fmt::format("[{}]:{}", host(), port()) : fmt::format("{}:{}", host(), port());
}

bool Address::is_loopback() const noexcept {
  if (is_unix()) {
    return true;
  }
  if (family() == AF_INET6) {
    const in6_addr& address = reinterpret_cast<const sockaddr_in6*>(&storage_)->sin6_addr;
    constexpr int kFirstOfV4 = 12;  // offset of the IPv4 address in an IPv4-mapped one
    return IN6_IS_ADDR_LOOPBACK(&address) || (IN6_IS_ADDR_V4MAPPED(&address) && address.s6_addr[kFirstOfV4] == 127);
  }
  return (ntohl(reinterpret_cast<const sockaddr_in*>(&storage_)->sin_addr.s_addr) >> 24) == 127;
}

Descriptor listen_on(const Address& address, const ListenOptions& options) {
  const std::string what = fmt::format("cannot listen on {}", address.text());
  const int type = SOCK_STREAM | SOCK_CLOEXEC | (options.nonblocking ? SOCK_NONBLOCK : 0);
  Descriptor fd(check(::socket(address.family(), type, 0), what.c_str()));
  if (address.is_unix()) {
    remove_stale_socket(address.path());
  } else {
    set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1, what.c_str());
    set_option(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1, what.c_str());
    if (options.reuse_port) {
      set_option(fd.get(), SOL_SOCKET, SO_REUSEPORT, 1, what.c_str());
    }
  }
  check(::bind(fd.get(), address.data(), address.size()), what.c_str());
  check(::listen(fd.get(), options.backlog), what.c_str());
  return fd;
}

PortRange local_port_range() noexcept {
  constexpr PortRange kDefault{.first = 32768, .last = 60999};
  std::ifstream file("/proc/sys/net/ipv4/ip_local_port_range");
  PortRange range;
  return file >> range.first >> range.last && range.last >= range.first ? range : kDefault;
}

PortRange range_outside(const PortRange& local) noexcept {
  const PortRange below{.first = 1024, .last = local.first - 1};
  const PortRange above{.first = local.last + 1, .last = 65535};
  return below.count() >= above.count() ? below : above;
}

void steer_by_source_ip(int listener, int family, unsigned count) {
  // Offset in the network header of the last four bytes of the source address.
  const unsigned source = family == AF_INET6 ? 20 : 12;
  std::array<sock_filter, 3> steps{
      sock_filter{BPF_LD | BPF_W | BPF_ABS, 0, 0, static_cast<unsigned>(SKF_NET_OFF) + source},
      sock_filter{BPF_ALU | BPF_MOD | BPF_K, 0, 0, count}, sock_filter{BPF_RET | BPF_A, 0, 0, 0}};
  const sock_fprog program{steps.size(), steps.data()};
  check(::setsockopt(listener, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program),
        "SO_ATTACH_REUSEPORT_CBPF");
}

Descriptor make_stream_socket(int family, Blocking blocking) {
  const int type = SOCK_STREAM | SOCK_CLOEXEC | (blocking == Blocking::kNo ? SOCK_NONBLOCK : 0);
  Descriptor fd(check(::socket(family, type, 0), "cannot make a socket"));
  if (family != AF_UNIX) {
    set_option(fd.get(), IPPROTO_TCP, TCP_NODELAY, 1, "TCP_NODELAY");
  }
  return fd;
}

void set_reset_on_close(int fd) noexcept {
  const linger reset{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
}

std::uint64_t raise_descriptor_limit() noexcept {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const rlim_t before = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_max : before;
}

namespace {

bool is_abstract(const std::string& path) noexcept { return path.starts_with('@'); }

}  // namespace

SocketFile::SocketFile(const std::string& path) : path_(is_abstract(path) ? "" : path), owner_(::getpid()) {}

SocketFile::SocketFile(SocketFile&& other) noexcept
    : path_(std::exchange(other.path_, std::string())), owner_(other.owner_) {}

SocketFile::~SocketFile() {
  if (!path_.empty() && ::getpid() == owner_) {
    ::unlink(path_.c_str());
  }
}

void remove_stale_socket(const std::string& path) {
  struct stat status {};
  if (is_abstract(path) || ::lstat(path.c_str(), &status) != 0) {
    return;
  }
  if (!S_ISSOCK(status.st_mode)) {
    throw std::invalid_argument(fmt::format("{} exists and is not a socket: choose another path", path));
  }
  const Address address = Address::of_socket_file(path);
  const Descriptor probe = make_stream_socket(address.family(), Blocking::kNo);
  // Any other result counts as alive: only without a listener is the connection refused.
  if (::connect(probe.get(), address.data(), address.size()) == 0 || errno != ECONNREFUSED) {
    throw std::invalid_argument(fmt::format("another server listens on {}: choose another path", address.text()));
  }
  ::unlink(path.c_str());
}

}  // namespace fanin::net
