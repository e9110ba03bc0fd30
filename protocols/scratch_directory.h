#pragma once

#include <string>
#include <string_view>

namespace fanin {

// A temporary directory for a test or a fuzz target, removed at the end. Throws std::system_error if it cannot be made.
class ScratchDirectory {
 public:
  ScratchDirectory();
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  ~ScratchDirectory();

  std::string path(const std::string& name) const { return name.empty() ? path_ : path_ + "/" + name; }
  // Replaces the file by a new one, as an editor does.
  void write(const std::string& name, std::string_view content) const;
  void make_directory(const std::string& name) const;
  void link(const std::string& target, const std::string& name) const;

 private:
  std::string path_;
};

}  // namespace fanin
