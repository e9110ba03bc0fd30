// The server halves that read lines; the last byte of the input selects one.
#include <array>

#include "protocols/fuzz/fuzzing.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fanin;
  static const std::array<SessionFactory, 6> servers{
      find_protocol("upper").make_sessions({}),
      find_protocol("upper").make_sessions({.suffix = "-suffix"}),
      find_protocol("goodbye").make_sessions({.reply = ""}),
      find_protocol("work").make_sessions({.work = Nanoseconds(1), .work_share = 0.5}),
      find_protocol("bulk").make_sessions({.reply_bytes = 77}),
      find_protocol("chat").make_sessions({}),
  };
  FuzzedStream stream = fuzzed_stream(data, size);
  stream.limit += 16;  // a reply line has to fit as a whole
  check_session(servers[stream.choice % servers.size()], stream);
  return 0;
}
