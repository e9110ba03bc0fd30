// The server half of http, over a small document root.
#include "protocols/fuzz/fuzzing.h"
#include "protocols/protocol_harness.h"

namespace {

using namespace fanin;

SessionFactory make_sessions() {
  static const ScratchDirectory root;
  root.write("index.html", "hello");
  root.write("a.txt", "abcdefghij");
  root.make_directory("sub");
  root.write("sub/index.html", "below");
  root.write("long", std::string(300'000, 'x'));  // sent through its descriptor
  root.link("/etc/passwd", "out");
  return find_protocol("http").make_sessions({.root = root.path("")});
}

std::string without_dates(std::string text) {
  constexpr std::size_t kDateLength = 37;
  for (std::size_t at = 0; (at = text.find("\r\nDate: ", at)) != std::string::npos;) {
    text.erase(at, kDateLength);
  }
  require(text.find("root:") == std::string::npos, "a file from outside the document root");
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const SessionFactory sessions = make_sessions();
  check_session(sessions, fuzzed_stream(data, size), without_dates);
  return 0;
}
