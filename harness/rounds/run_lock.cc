#include "harness/rounds/run_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace fanin::harness {
namespace {

// Its holder may have removed it between our open() and flock(): then the lock is one on a file that nobody else sees.
bool is_still_there(const Descriptor& file) {
  struct stat status {};
  return ::fstat(file.get(), &status) == 0 && status.st_nlink > 0;
}

std::string read_holder(const Descriptor& file) {
  std::array<char, 16> text{};
  const ssize_t got = ::pread(file.get(), text.data(), text.size(), 0);
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto end = std::find_if_not(text.begin(), text.begin() + std::max<ssize_t>(got, 0), is_digit);
  return end == text.begin() ? "unknown" : std::string(text.begin(), end);
}

}  // namespace

RunLock::RunLock(const std::string& directory) : path_(fmt::format("{}/{}", directory, kFile)) {
  do {
    file_.reset(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (!file_) {
      throw std::system_error(errno, std::generic_category(), fmt::format("cannot write {}", path_));
    }
    if (::flock(file_.get(), LOCK_EX | LOCK_NB) != 0) {
      const std::string holder = read_holder(file_);
      file_.reset();  // it is not ours to remove
      throw std::invalid_argument(
          fmt::format("{}: a run is under way in it (pid {}): wait for its end", directory, holder));
    }
  } while (!is_still_there(file_));
  const std::string id = fmt::format("{}\n", ::getpid());
  if (::ftruncate(file_.get(), 0) != 0 || ::write(file_.get(), id.data(), id.size()) < 0) {
    throw std::system_error(errno, std::generic_category(), fmt::format("cannot write {}", path_));
  }
}

RunLock::~RunLock() {
  if (file_) {
    ::unlink(path_.c_str());
  }
}

}  // namespace fanin::harness
