// The client halves except http's; the last byte of the input selects one.
#include <array>
#include <memory>

#include "protocols/fuzz/fuzzing.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fanin;
  static const std::array<std::unique_ptr<ClientProtocol>, 6> clients{
      find_protocol("raw").make_client({.request = "x", .reply_delimiter = "\r\n"}),
      find_protocol("raw").make_client({.request = "x", .reply_delimiter = "aabaa"}),
      find_protocol("echo").make_client({.payload_bytes = 3}),
      find_protocol("upper").make_client({.payload_bytes = 8, .suffix = "!"}),
      find_protocol("bulk").make_client({.payload_bytes = 2, .reply_bytes = 3}),
      find_protocol("chat").make_client({.payload_bytes = 18}),
  };
  const FuzzedStream stream = fuzzed_stream(data, size);
  check_client(*clients[stream.choice % clients.size()], stream, 1 + stream.choice / 64);
  return 0;
}
