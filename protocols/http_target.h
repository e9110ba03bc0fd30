#pragma once

#include <string>
#include <string_view>

namespace fanin {

// Where a request target points below a document root.
struct HttpTarget {
  std::string path;  // relative, without "." and "..", e.g. "docs/index.html"; valid where status is 0
  int status = 0;    // 400 where the target is no path, 404 where it leaves the root
};

// Understands "/path?query" and "http://host/path". Decodes percent signs first and walks the segments afterwards, so
// that no spelling of ".." is left; what ends in a directory's slash gets index.html. That the path does not leave the
// root through a symbolic link is for whoever opens it.
HttpTarget parse_http_target(std::string_view target);

}  // namespace fanin
