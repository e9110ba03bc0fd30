#include "loadgen/reports/result_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

namespace fanin {

ResultFile::ResultFile(const std::string& path)
    : what_(fmt::format("cannot write the result to {}", path)), path_(path), fd_(STDOUT_FILENO) {
  if (path == "-") {
    return;
  }
  std::error_code unknown;
  const auto status = std::filesystem::status(path, unknown);
  std::string real = path;
  bool in_place = std::filesystem::exists(status);
  if (std::filesystem::is_regular_file(status)) {
    real = std::filesystem::canonical(path, unknown).string();
    in_place = static_cast<bool>(unknown);  // open somewhere (/dev/stdout), and without a name
  }
  if (in_place) {
    owned_ = Descriptor(check(::open(path.c_str(), O_WRONLY | O_CLOEXEC), what_.c_str()));
  } else {
    path_ = std::move(real);
    std::string beside = fmt::format("{}.{}.tmp", path_, ::getpid());
    owned_ = Descriptor(check(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644), what_.c_str()));
    beside_ = std::move(beside);
  }
  fd_ = owned_.get();
}

ResultFile::~ResultFile() {
  if (!beside_.empty()) {
    ::unlink(beside_.c_str());
  }
}

void ResultFile::write(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd_, text.data(), text.size());
    if (written < 0 && errno != EINTR) {
      throw_errno(what_.c_str());
    }
    text.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
  }
  if (!beside_.empty()) {
    check(::fsync(fd_), what_.c_str());
    check(::rename(beside_.c_str(), path_.c_str()), what_.c_str());
    beside_.clear();
  }
}

}  // namespace fanin
