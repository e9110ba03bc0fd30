// The client halves of raw with a length or a pattern; the last byte of the input selects one.
#include <array>
#include <memory>

#include "protocols/fuzz/fuzzing.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fanin;
  static const std::array<std::unique_ptr<ClientProtocol>, 5> clients{
      find_protocol("raw").make_client({.request = "x", .reply_bytes = 3}),
      find_protocol("raw").make_client({.request = "x", .reply_pattern = "a+b|(?<=cd)e", .reply_limit = 7}),
      find_protocol("raw").make_client({.request = "x", .reply_pattern = "^(\\+.*|[$]-1)\r\n", .reply_limit = 20}),
      find_protocol("raw").make_client({.request = "x", .reply_pattern = "(ab)+(?=c)"}),
      find_protocol("raw").make_client({.request = "x", .reply_pattern = "(.)(.)\\1\\2", .expect = "abab"}),
  };
  const FuzzedStream stream = fuzzed_stream(data, size);
  check_client(*clients[stream.choice % clients.size()], stream, 1 + stream.choice / 64);
  return 0;
}
