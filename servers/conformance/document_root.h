#pragma once

#include <cstddef>
#include <string>

namespace fanin::conformance {

// A directory with one file for one run of the suite. Owns both: the destructor removes them. One thread.
class DocumentRoot {
 public:
  // Throws std::system_error if they cannot be written.
  DocumentRoot(const std::string& file, std::size_t bytes);
  DocumentRoot(const DocumentRoot&) = delete;
  DocumentRoot& operator=(const DocumentRoot&) = delete;
  ~DocumentRoot();

  const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

}  // namespace fanin::conformance
