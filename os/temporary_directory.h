#pragma once

#include <string>

namespace fanin::os {

// A new directory below TMPDIR, which only this user can read. Owns it: the destructor removes it with all that is in
// it. Throws std::system_error, with the advice to set TMPDIR.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory();

  const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

}  // namespace fanin::os
