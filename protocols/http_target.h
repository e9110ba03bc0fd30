#pragma once

#include <string>
#include <string_view>

namespace fanin {

// The path of a request target below a document root.
struct HttpTarget {
  std::string path;  // relative, without "." and "..", e.g. "docs/index.html"; valid where status is 0
  int status = 0;    // 400 where the target is no path, 404 where it leaves the root
};

// Parses "/path?query" and "http://host/path". Decodes percent signs first and then resolves the segments, so no
// spelling of ".." remains; appends index.html to a directory's slash. The opener must check symbolic links.
HttpTarget parse_http_target(std::string_view target);

}  // namespace fanin
