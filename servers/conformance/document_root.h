#pragma once

#include <cstddef>
#include <string>

namespace fanin::conformance {

// A directory for one run of the suite with one file in it. Owns both: they are removed at the end. One thread.
class DocumentRoot {
 public:
  // Throws std::system_error where they cannot be written.
  DocumentRoot(const std::string& file, std::size_t bytes);
  DocumentRoot(const DocumentRoot&) = delete;
  DocumentRoot& operator=(const DocumentRoot&) = delete;
  ~DocumentRoot();

  const std::string& path() const noexcept { return path_; }

 private:
  std::string path_;
};

}  // namespace fanin::conformance
