#pragma once

#include <sys/stat.h>

#include <string>
#include <string_view>

#include "net/descriptor.h"

namespace fanin::protocols {

// The path of a request target below a document root.
struct HttpTarget {
  std::string path;  // relative, without "." and "..", e.g. "docs/index.html"; valid if status is 0
  int status = 0;    // 400 if the target is no path, 404 if it leaves the root
};

// Parses "/path?query" and "http://host/path". Decodes percent signs first and then resolves the segments, so no
// spelling of ".." remains; appends index.html to a directory's slash. The opener must check symbolic links.
HttpTarget parse_http_target(std::string_view target);

// A directory; nothing outside of it is ever opened, through any path or symbolic link. Immutable; any thread.
class DocumentRoot {
 public:
  // kKernel: openat2 with RESOLVE_BENEATH. kChecked, for kernels without it: resolves the path without opening
  // anything, and refuses it if it ends outside. kBest prefers the first.
  enum class Resolution { kBest, kKernel, kChecked };

  // Throws std::system_error if the directory cannot be opened.
  explicit DocumentRoot(const std::string& directory, Resolution resolution = Resolution::kBest);

  // Finds a regular file (nothing else is opened: a pipe would wait for its writer) and reads its attributes without
  // opening it. `path` is relative. Returns 0 or an errno.
  int find(const std::string& path, struct stat& attributes) const;

  // As find(), and opens it for reading. Changes `file` only if the result is 0.
  int open(const std::string& path, net::Descriptor& file, struct stat& attributes) const;

 private:
  int resolve(const std::string& path, net::Descriptor& place) const;

  net::Descriptor directory_;
  std::string real_path_;
  bool kernel_resolves_ = false;
};

}  // namespace fanin::protocols
