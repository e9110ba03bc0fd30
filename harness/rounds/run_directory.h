#pragma once

#include <ctime>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "harness/json/json_reader.h"
#include "harness/suite/suite.h"
#include "net/descriptor.h"

namespace fanin::harness {

// SUITE-TIME: the name of `directory` if it is one, so that a run has one name, else with the time `now`.
std::string choose_run_id(const std::string& suite, const std::string& directory, std::time_t now);

// Locks a run directory for one process. Owns the file run.lock there, which holds the process's ID and which the
// destructor removes. A crash leaves the file without a lock, which does not matter. One thread.
class RunLock {
 public:
  RunLock() = default;
  // Throws std::invalid_argument naming the process that holds the lock, std::system_error if the file cannot be
  // written.
  explicit RunLock(const std::string& directory);
  RunLock(RunLock&&) noexcept = default;
  RunLock& operator=(RunLock&&) noexcept = default;
  ~RunLock();

  static constexpr const char* kFile = "run.lock";

 private:
  std::string path_;
  net::Descriptor file_;
};

// The file of finished rounds, one JSON line each. The rounds of a unit are appended together and synced before the
// next unit begins: a crash loses the current unit only. Owns the file; one thread.
class RoundsLog {
 public:
  // Creates the file, or opens it to go on. Throws std::system_error naming the path.
  explicit RoundsLog(const std::string& path);

  // Throws std::system_error naming the path (disk full, input/output error, file removed); what was written before
  // stays whole.
  void append(const std::vector<Json>& rounds);
  // Whether the path no longer leads to the file: it was moved or removed after it was opened, and all rounds with it.
  bool is_gone() const noexcept;

  // The rounds of a file. A last line that was cut off by a crash is removed from the file, and so are the rounds of a
  // unit that is not complete ("interleaved" says how many it has). Any other line that fails
  // check_round(), repeats another or fails `check_belongs`, which throws as JsonReader::fail() does, is an error:
  // std::invalid_argument with file, line and place, and what to do.
  static std::vector<Json> recover(const std::string& path,
                                   const std::function<void(const JsonReader&)>& check_belongs);

 private:
  std::string path_;
  net::Descriptor file_;
};

// Files that workloads name are in the directory of the suite. The generator reads copies in the run directory, where
// it runs: so a resumed run has the same files, and results contain no path of this machine.

// Throws std::invalid_argument naming the experiment and the file if a file is missing, unreadable, unusable for the
// generator, or has the name of a file that a run writes.
void check_suite_files(const Suite& suite, const std::filesystem::path& folder);

// Copies them. Throws std::filesystem::filesystem_error.
void copy_suite_files(const Suite& suite, const std::filesystem::path& folder, const std::filesystem::path& directory);

}  // namespace fanin::harness
