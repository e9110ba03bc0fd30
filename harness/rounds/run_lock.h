#pragma once

#include <string>

#include "net/descriptor.h"

namespace fanin::harness {

// Keeps a run directory to one process, from the first look into it to the last file that is written. Owns the file
// run.lock there, which holds the process's id and goes away with the lock; a crash leaves a file that nobody holds,
// which is no obstacle. One thread.
class RunLock {
 public:
  RunLock() = default;
  // Throws std::invalid_argument naming the process where another one holds it, std::system_error where the file cannot
  // be written.
  explicit RunLock(const std::string& directory);
  RunLock(RunLock&&) noexcept = default;
  RunLock& operator=(RunLock&&) noexcept = default;
  ~RunLock();

  static constexpr const char* kFile = "run.lock";

 private:
  std::string path_;
  Descriptor file_;
};

}  // namespace fanin::harness
