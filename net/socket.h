#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "net/descriptor.h"

namespace fanin {

enum class PortZero { kRefused, kAllowed };

// HOST:PORT or [V6]:PORT, the brackets taken away.
struct HostPort {
  std::string host;
  std::uint16_t port = 0;
};

// Throws std::invalid_argument naming what is no port.
HostPort split_host_port(std::string_view text, PortZero zero = PortZero::kRefused);

// An IPv4, IPv6 or Unix-domain socket address. A value; any thread.
class Address {
 public:
  Address() = default;
  // From what the kernel or the resolver gave; `size` is at most that of sockaddr_storage.
  Address(const sockaddr& address, socklen_t size) noexcept;
  // Parses a numeric host and a port. Throws std::invalid_argument naming the host that is not an address.
  static Address parse(std::string_view host, std::uint16_t port);
  // Parses "host:port" or "[v6]:port"; "localhost" means 127.0.0.1. Or "unix:/path", or "unix:@name" for a name in the
  // abstract name space, which needs no file.
  static Address parse_target(std::string_view text, PortZero zero = PortZero::kRefused);
  static Address of_socket_file(std::string_view path);  // "@name": abstract
  static Address of_local_end(int fd);

  const sockaddr* data() const noexcept { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t size() const noexcept { return size_; }
  int family() const noexcept { return storage_.ss_family; }
  bool is_unix() const noexcept { return family() == AF_UNIX; }
  std::uint16_t port() const noexcept;  // 0 of a Unix-domain socket
  std::string host() const;             // not of a Unix-domain socket
  std::string path() const;             // of a Unix-domain socket: "/path", "@name"
  std::string text() const;             // "127.0.0.1:80", "[::1]:80", "unix:/path"
  bool is_loopback() const noexcept;

 private:
  sockaddr_storage storage_{};
  socklen_t size_ = 0;
};

struct ListenOptions {
  int backlog = 4096;
  bool reuse_port = false;  // SO_REUSEPORT: several listeners share one port, the kernel spreads connections over them
  bool nonblocking = false;
};

// A listening socket; of TCP with SO_REUSEADDR and TCP_NODELAY (which accepted sockets inherit on Linux). The file of a
// Unix-domain one is replaced if its server is gone, and left behind for the caller to remove (net/socket_file.h); such
// sockets cannot share an address, so reuse_port has no effect. Throws std::system_error or std::invalid_argument
// naming the address.
Descriptor listen_on(const Address& address, const ListenOptions& options);

// Steers all connections of one client address to one of the `count` listeners that share this one's port: listener
// number `address modulo count` in the order of listen(2). IPv6 uses the last four bytes of the address. Without it the
// kernel hashes both addresses and ports. Attaches a classic BPF program (socket(7), SO_ATTACH_REUSEPORT_CBPF; Linux
// 4.5). Throws std::system_error.
void steer_by_source_ip(int listener, int family, unsigned count);

enum class Blocking { kYes, kNo };

// A socket for a connection, of TCP with TCP_NODELAY set. Throws std::system_error.
Descriptor make_stream_socket(int family, Blocking blocking);

// Makes close() send RST instead of FIN: no TIME_WAIT, but no orderly shutdown either.
void set_reset_on_close(int fd) noexcept;

// Soft limit on descriptors raised to the hard limit; returns what the process may hold now.
std::uint64_t raise_descriptor_limit() noexcept;

}  // namespace fanin
