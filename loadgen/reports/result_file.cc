#include "loadgen/reports/result_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "os/files.h"
#include "os/program.h"

namespace fanin::load {
ResultFile::ResultFile(const std::string& path)
    : what_(fmt::format("cannot write the result to {}", path)), path_(path), fd_(STDOUT_FILENO) {
  if (path != "-") {
    try {
      open(path);
    } catch (const std::system_error& error) {
      fail_output(error, "--json");
    }
  }
}

void ResultFile::open(const std::string& path) {
  std::error_code unknown;
  const auto status = std::filesystem::status(path, unknown);
  std::string real = path;
  bool in_place = std::filesystem::exists(status);
  if (std::filesystem::is_regular_file(status)) {
    real = std::filesystem::canonical(path, unknown).string();
    in_place = static_cast<bool>(unknown);  // open somewhere (/dev/stdout), and without a name
  }
  if (in_place) {
    owned_ = open_output_file(path, 0, what_);
  } else {
    path_ = std::move(real);
    std::string temporary = fmt::format("{}.{}.tmp", path_, ::getpid());
    owned_ = open_output_file(temporary, O_CREAT | O_TRUNC, what_);
    temporary_ = std::move(temporary);
  }
  fd_ = owned_.get();
}

ResultFile::~ResultFile() {
  if (!temporary_.empty()) {
    ::unlink(temporary_.c_str());
  }
}

void ResultFile::write(std::string_view text) {
  if (const Written written = write_bytes(fd_, text, Wait::kUntilTaken); written.error != 0) {
    if (fd_ != STDOUT_FILENO) {
      fail_output(std::system_error(written.error, std::generic_category(), what_), "--json");
    }
    note_output_error(written.error);
  }
  if (!temporary_.empty()) {
    if (::fsync(fd_) != 0 || ::rename(temporary_.c_str(), path_.c_str()) != 0) {
      fail_output(std::system_error(errno, std::generic_category(), what_), "--json");
    }
    temporary_.clear();
  }
}

}  // namespace fanin::load
