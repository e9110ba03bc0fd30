#pragma once

#include <sys/stat.h>

#include <string>

#include "net/descriptor.h"

namespace fanin {

// A directory of which nothing outside is ever opened, whatever path or symbolic link is tried. Immutable; any thread.
class DocumentRoot {
 public:
  // kKernel: openat2 with RESOLVE_BENEATH. kChecked, for kernels without it: the path is resolved without opening
  // anything, and refused where it ended up elsewhere. kBest takes the first where it works.
  enum class Resolution { kBest, kKernel, kChecked };

  // Throws std::system_error where the directory cannot be opened.
  explicit DocumentRoot(const std::string& directory, Resolution resolution = Resolution::kBest);

  // Finds a regular file (nothing else is ever opened: a pipe would wait for its writer) and reads its attributes
  // without opening it. `path` is relative. Returns an errno, 0 where it is there.
  int find(const std::string& path, struct stat& attributes) const;

  // As find(), and opens it for reading. `file` is left alone where the result is not 0.
  int open(const std::string& path, Descriptor& file, struct stat& attributes) const;

 private:
  int resolve(const std::string& path, Descriptor& place) const;

  Descriptor directory_;
  std::string real_path_;
  bool kernel_resolves_ = false;
};

}  // namespace fanin
