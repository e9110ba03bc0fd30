#include "os/result_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "os/files.h"
#include "os/program.h"

namespace fanin::os {

ResultFile::ResultFile(const std::string& path, std::string option)
    : option_(std::move(option)),
      what_(fmt::format("cannot write the result to {}", path)),
      path_(path),
      fd_(STDOUT_FILENO) {
  if (path != "-") {
    try {
      open(path);
    } catch (const std::system_error& error) {
      fail_output(error, option_);
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
      fail_output(std::system_error(written.error, std::generic_category(), what_), option_);
    }
    note_output_error(written.error);
  }
  if (!temporary_.empty()) {
    if (::fsync(fd_) != 0 || ::rename(temporary_.c_str(), path_.c_str()) != 0) {
      fail_output(std::system_error(errno, std::generic_category(), what_), option_);
    }
    temporary_.clear();
  }
}

std::unique_ptr<ResultFile> open_result_file(const std::string& path, const std::string& option,
                                             const std::vector<std::string>& inputs) {
  if (path.empty()) {
    return nullptr;
  }
  if (is_same_output(path, "-")) {
    throw std::invalid_argument(
        fmt::format("{} {}: is standard output, where the text goes: name a file", option, path));
  }
  for (const std::string& input : inputs) {
    if (is_same_output(path, input)) {
      throw std::invalid_argument(
          fmt::format("{} {}: would replace the input {}: name another file", option, path, input));
    }
  }
  return std::make_unique<ResultFile>(path, option);
}

}  // namespace fanin::os
