// The client half of http.
#include "protocols/fuzz/fuzzing.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace fanin;
  static const auto client = find_protocol("http").make_client({});
  const FuzzedStream stream = fuzzed_stream(data, size);
  check_client(*client, stream, stream.choice % 8);
  return 0;
}
