#include "protocols/document_root.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <http_parser.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <optional>
#include <system_error>
#include <vector>

namespace fanin::protocols {
namespace {

constexpr int kBadRequest = 400;
constexpr int kNotFound = 404;

// The path of an absolute URL; empty if `url` is none. http_parser_parse_url() counts in 16 bits.
std::optional<std::string_view> find_path(std::string_view url) {
  http_parser_url parts{};
  if (url.size() > UINT16_MAX || http_parser_parse_url(url.data(), url.size(), 0, &parts) != 0 ||
      (parts.field_set & (1U << UF_HOST)) == 0) {
    return std::nullopt;
  }
  if ((parts.field_set & (1U << UF_PATH)) == 0) {
    return "/";
  }
  return url.substr(parts.field_data[UF_PATH].off, parts.field_data[UF_PATH].len);
}

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') {
    return c - '0';
  }
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// Empty for a broken escape, and for NUL, which would truncate a path in a system call.
std::optional<std::string> decode_percent(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) {
        return std::nullopt;
      }
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (c == '\0') {
      return std::nullopt;
    }
    decoded.push_back(c);
  }
  return decoded;
}

HttpTarget walk(std::string_view path) {
  std::vector<std::string_view> segments;
  bool directory = true;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view segment = path.substr(0, slash);
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
    directory = segment.empty() || segment == "." || segment == ".." || slash != std::string_view::npos;
    if (segment == "..") {
      if (segments.empty()) {
        return {"", kNotFound};
      }
      segments.pop_back();
    } else if (!segment.empty() && segment != ".") {
      segments.push_back(segment);
    }
  }
  if (directory) {
    segments.push_back("index.html");
  }
  HttpTarget target;
  for (const std::string_view segment : segments) {
    target.path.append(target.path.empty() ? "" : "/").append(segment);
  }
  return target;
}

}  // namespace

HttpTarget parse_http_target(std::string_view target) {
  if (!target.starts_with('/')) {
    const auto path = find_path(target);
    if (!path) {
      return {"", kBadRequest};
    }
    target = *path;
  }
  const auto decoded = decode_percent(target.substr(0, target.find_first_of("?#")));
  return decoded ? walk(*decoded) : HttpTarget{"", kBadRequest};
}

namespace {

constexpr int kPlaceFlags = O_PATH | O_CLOEXEC;  // names a file without opening it
constexpr int kReadFlags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

int open_beneath(int directory, const char* path, int flags) noexcept {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  long fd = -1;
  // EAGAIN: a concurrent rename, so that ".." could not be checked.
  for (int attempt = 0; attempt < 8; ++attempt) {
    fd = ::syscall(SYS_openat2, directory, path, &how, sizeof how);
    if (fd >= 0 || errno != EAGAIN) {
      break;
    }
  }
  return static_cast<int>(fd);
}

// The /proc path of an open file: opens that file even if another has its name now.
std::string proc_fd_path(const net::Descriptor& place) { return fmt::format("/proc/self/fd/{}", place.get()); }

std::string read_path(const net::Descriptor& place) {
  std::string name(PATH_MAX, '\0');
  const ssize_t length = ::readlink(proc_fd_path(place).c_str(), name.data(), name.size());
  name.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
  return name;
}

}  // namespace

DocumentRoot::DocumentRoot(const std::string& directory, Resolution resolution)
    : directory_(::open(directory.c_str(), kPlaceFlags | O_DIRECTORY)) {
  if (!directory_) {
    throw std::system_error(errno, std::generic_category(),
                            fmt::format("cannot serve --root {} (name a directory)", directory));
  }
  // Seccomp filters without the call return EPERM instead of ENOSYS: only success counts.
  const net::Descriptor probe(resolution == Resolution::kChecked ? -1
                                                                 : open_beneath(directory_.get(), ".", kPlaceFlags));
  kernel_resolves_ = static_cast<bool>(probe);
  if (!kernel_resolves_ && resolution == Resolution::kKernel) {
    throw std::system_error(errno, std::generic_category(), "openat2");
  }
  real_path_ = read_path(directory_);
  if (real_path_.empty() && !kernel_resolves_) {
    throw std::system_error(ENOSYS, std::generic_category(), "neither openat2 nor /proc is there to confine paths");
  }
}

int DocumentRoot::resolve(const std::string& path, net::Descriptor& place) const {
  place.reset(kernel_resolves_ ? open_beneath(directory_.get(), path.c_str(), kPlaceFlags)
                               : ::openat(directory_.get(), path.c_str(), kPlaceFlags));
  if (!place) {
    return errno;
  }
  if (kernel_resolves_) {
    return 0;
  }
  const std::string prefix = real_path_ == "/" ? real_path_ : real_path_ + "/";
  return read_path(place).starts_with(prefix) ? 0 : EXDEV;
}

int DocumentRoot::find(const std::string& path, struct stat& attributes) const {
  net::Descriptor place;
  if (const int error = resolve(path, place); error != 0) {
    return error;
  }
  if (::fstat(place.get(), &attributes) != 0) {
    return errno;
  }
  return S_ISREG(attributes.st_mode) ? 0 : ENOENT;
}

int DocumentRoot::open(const std::string& path, net::Descriptor& file, struct stat& attributes) const {
  net::Descriptor place;
  if (const int error = resolve(path, place); error != 0) {
    return error;
  }
  if (::fstat(place.get(), &attributes) != 0) {
    return errno;
  }
  if (!S_ISREG(attributes.st_mode)) {
    return ENOENT;
  }
  net::Descriptor opened(kernel_resolves_ ? open_beneath(directory_.get(), path.c_str(), kReadFlags)
                                          : ::open(proc_fd_path(place).c_str(), kReadFlags));
  // Checked again, because another file may have the name now; the open of a pipe would not block.
  if (!opened || ::fstat(opened.get(), &attributes) != 0) {
    return errno;
  }
  if (!S_ISREG(attributes.st_mode)) {
    return ENOENT;
  }
  file = std::move(opened);
  return 0;
}

}  // namespace fanin::protocols
