#include "os/temporary_directory.h"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace fanin::os {

TemporaryDirectory::TemporaryDirectory() {
  std::error_code error;
  path_ = (std::filesystem::temp_directory_path(error) / "fanin-XXXXXX").string();
  if (error || ::mkdtemp(path_.data()) == nullptr) {
    throw std::system_error(error ? error : std::error_code(errno, std::generic_category()),
                            "cannot make a temporary directory: set TMPDIR to a directory with room");
  }
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;  // what cannot be removed stays
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace fanin::os
