#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

#include "loadgen/report_json.h"
#include "net/descriptor.h"

namespace fanin {
namespace {

void write_all(int fd, std::string_view text, const std::string& what) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno != EINTR) {
      throw_errno(what.c_str());
    }
    text.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
  }
}

}  // namespace

void write_result(const std::string& path, const std::string& text) {
  const std::string what = fmt::format("cannot write the result to {}", path);
  if (path == "-") {
    write_all(STDOUT_FILENO, text, what);
    return;
  }
  const std::string beside = fmt::format("{}.{}.tmp", path, ::getpid());
  Descriptor file(check(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644), what.c_str()));
  try {
    write_all(file.get(), text, what);
    check(::fsync(file.get()), what.c_str());
    check(::rename(beside.c_str(), path.c_str()), what.c_str());
  } catch (const std::system_error&) {
    ::unlink(beside.c_str());
    throw;
  }
}

}  // namespace fanin
