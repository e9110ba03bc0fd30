#pragma once

#include <map>
#include <string>
#include <vector>

#include "harness/kernels/kernel_store.h"

namespace fanin::harness {

// The file system that a guest begins with: a cpio archive (newc) that depends on its files alone, not on their owners,
// times or order. Needs no root. A value.
class Initramfs {
 public:
  // A program or library of this machine, at a path of the guest. Throws std::invalid_argument if it cannot be read.
  void add_file(const std::string& path, const std::string& source);
  void add_text(const std::string& path, std::string text);
  void add_directory(const std::string& path);

  // Where the guest's files are from: path in the guest -> file here.
  const std::map<std::string, std::string>& sources() const noexcept { return sources_; }
  // Throws std::runtime_error.
  std::string archive() const;

 private:
  struct Entry {
    bool is_directory = false;
    std::string bytes;
  };

  std::map<std::string, Entry> entries_;  // sorted, so parents come before what is in them
  std::map<std::string, std::string> sources_;
};

// The libraries in the output of ldd. Throws std::invalid_argument naming one that is not found.
std::vector<std::string> parse_libraries(const std::string& ldd, const std::string& program);

// Adds a program and the libraries that it needs, at their paths.
void add_program(Initramfs& files, const std::string& path, const std::string& program, const RunTool& run = run_tool);

}  // namespace fanin::harness
