#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "net/descriptor.h"

namespace fanin::net {

enum class PortZero { kRefused, kAllowed };

// HOST:PORT or [V6]:PORT, without the brackets.
struct HostPort {
  std::string host;
  std::uint16_t port = 0;
};

// Throws std::invalid_argument naming the text if it is no port.
HostPort split_host_port(std::string_view text, PortZero zero = PortZero::kRefused);

// An IPv4, IPv6 or Unix-domain socket address. A value; any thread.
class Address {
 public:
  Address() = default;
  // From the kernel or the resolver; `size` is at most that of sockaddr_storage.
  Address(const sockaddr& address, socklen_t size) noexcept;
  // Parses a numeric host and a port. Throws std::invalid_argument naming the host if it is no address.
  static Address parse(std::string_view host, std::uint16_t port);
  // Parses "host:port" or "[v6]:port"; "localhost" is 127.0.0.1. Also "unix:/path", or "unix:@name" for an abstract
  // name, which has no file.
  static Address parse_target(std::string_view text, PortZero zero = PortZero::kRefused);
  static Address of_socket_file(std::string_view path);  // "@name": abstract
  static Address of_local_end(int fd);

  const sockaddr* data() const noexcept { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t size() const noexcept { return size_; }
  int family() const noexcept { return storage_.ss_family; }
  bool is_unix() const noexcept { return family() == AF_UNIX; }
  std::uint16_t port() const noexcept;  // 0 for a Unix-domain socket
  std::string host() const;             // not for a Unix-domain socket
  std::string path() const;             // for a Unix-domain socket: "/path", "@name"
  std::string text() const;             // "127.0.0.1:80", "[::1]:80", "unix:/path"
  bool is_loopback() const noexcept;

 private:
  sockaddr_storage storage_{};
  socklen_t size_ = 0;
};

struct ListenOptions {
  int backlog = 4096;
  bool reuse_port = false;  // SO_REUSEPORT: the kernel balances connections over the listeners of a port
  bool nonblocking = false;
};

// A listening socket; TCP with SO_REUSEADDR and TCP_NODELAY (which accepted sockets inherit on Linux). For a
// Unix-domain socket it replaces the file of a dead server; the caller removes the file (SocketFile). Such
// sockets cannot share an address, so reuse_port has no effect. Throws std::system_error or std::invalid_argument
// naming the address.
Descriptor listen_on(const Address& address, const ListenOptions& options);

// An inclusive range of TCP ports.
struct PortRange {
  std::uint32_t first = 0;
  std::uint32_t last = 0;

  std::uint32_t count() const noexcept { return last >= first ? last - first + 1 : 0; }
};

// The ports that the kernel chooses for connect(2) and for bind(2) to port 0: net.ipv4.ip_local_port_range, or the
// kernel's default if it cannot be read.
PortRange local_port_range() noexcept;

// The longer of the two ranges below and above `local`, without the privileged ports. May be empty. The kernel never
// chooses these ports itself.
PortRange range_outside(const PortRange& local) noexcept;

// Steers all connections of one client address to one of the `count` listeners that share this one's port: listener
// number `address modulo count` in the order of listen(2). IPv6 uses the last four bytes of the address. Without it the
// kernel hashes both addresses and ports. Attaches a classic BPF program (socket(7), SO_ATTACH_REUSEPORT_CBPF; Linux
// 4.5). Throws std::system_error.
void steer_by_source_ip(int listener, int family, unsigned count);

enum class Blocking { kYes, kNo };

// A socket for a connection, TCP with TCP_NODELAY. Throws std::system_error.
Descriptor make_stream_socket(int family, Blocking blocking);

// Makes close() send RST instead of FIN: no TIME_WAIT, but no orderly shutdown either.
void set_reset_on_close(int fd) noexcept;

// Raises the soft descriptor limit to the hard limit; returns the new limit.
std::uint64_t raise_descriptor_limit() noexcept;

// The file of a listening Unix-domain socket, which outlives the socket. The destructor removes it, in the process that
// made this object and in no fork of it. Movable.
class SocketFile {
 public:
  explicit SocketFile(const std::string& path);  // an abstract "@name" has no file
  ~SocketFile();
  SocketFile(SocketFile&& other) noexcept;
  SocketFile& operator=(SocketFile&&) = delete;
  SocketFile(const SocketFile&) = delete;
  SocketFile& operator=(const SocketFile&) = delete;

 private:
  std::string path_;  // empty: none, or moved from
  pid_t owner_;
};

// Removes the socket file of a dead server. Throws std::invalid_argument if `path` is no socket, or a server listens on
// it.
void remove_stale_socket(const std::string& path);

}  // namespace fanin::net
