#include "harness/guest/guest_system.h"

#include <fcntl.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace fanin::guest {
namespace {

constexpr rlim_t kDescriptors = rlim_t{1} << 20;  // the kernel's fs.nr_open

void check(int result, const std::string& what) {
  if (result < 0) {
    throw std::system_error(errno, std::generic_category(), what);
  }
}

void mount_at(const char* type, const char* directory) {
  ::mkdir(directory, 0755);
  if (::mount(type, directory, type, 0, nullptr) != 0 && errno != EBUSY) {
    check(-1, std::string("cannot mount ") + type + " at " + directory);
  }
}

// The kernel has opened none, since the file system that init is in has no /dev/console.
void open_console() {
  const int console = ::open("/dev/console", O_RDWR);
  check(console, "cannot open /dev/console");
  for (int number = 0; number <= STDERR_FILENO; ++number) {
    ::dup2(console, number);
  }
  if (console > STDERR_FILENO) {
    ::close(console);
  }
}

void bring_up_loopback() {
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  check(socket, "cannot make a socket");
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  check(::ioctl(socket, SIOCGIFFLAGS, &request), "cannot read the flags of lo");
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
  check(::ioctl(socket, SIOCSIFFLAGS, &request), "cannot bring up lo");
  ::close(socket);
}

void write_setting(const std::string& path, const std::string& value) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  check(file, "cannot open " + path);
  check(static_cast<int>(::write(file, value.data(), value.size())), "cannot write '" + value + "' to " + path);
  ::close(file);
}

}  // namespace

void prepare_system() {
  mount_at("devtmpfs", "/dev");
  open_console();
  mount_at("proc", "/proc");
  mount_at("sysfs", "/sys");
  mount_at("tmpfs", "/tmp");
  bring_up_loopback();
  const rlimit limit{kDescriptors, kDescriptors};
  check(::setrlimit(RLIMIT_NOFILE, &limit), "cannot raise RLIMIT_NOFILE");
  // A cell whose program was killed for want of memory is no measurement.
  write_setting("/proc/sys/vm/panic_on_oom", "2");
}

void set_sysctls(const std::map<std::string, std::string>& values) {
  for (const auto& [name, value] : values) {
    std::string path = "/proc/sys/" + name;
    std::replace(path.begin(), path.end(), '.', '/');
    write_setting(path, value);
  }
}

void power_off() {
  ::sync();
  ::reboot(RB_POWER_OFF);
  for (;;) {  // an init that returns makes the kernel panic, which ends QEMU as well
    ::pause();
  }
}

std::string read_whole(const std::string& path) {
  std::string text;
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  std::array<char, 65536> buffer;
  for (ssize_t got = 0; file >= 0 && (got = ::read(file, buffer.data(), buffer.size())) != 0;) {
    if (got > 0) {
      text.append(buffer.data(), static_cast<std::size_t>(got));
    } else if (errno != EINTR) {
      break;
    }
  }
  if (file >= 0) {
    ::close(file);
  }
  return text;
}

}  // namespace fanin::guest
