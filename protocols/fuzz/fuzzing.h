#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "protocols/client_protocol.h"
#include "protocols/options.h"
#include "protocols/registry.h"

namespace fanin {

// The fuzz input: the stream, then choices for cutting and buffering. The choices are at the end, so that a seed is a
// plain file.
struct FuzzedStream {
  std::string_view whole;
  std::vector<std::string_view> parts;  // `whole`, cut
  std::size_t limit = 1;                // of the reply buffer
  std::uint8_t choice = 0;              // free for the target
};

FuzzedStream fuzzed_stream(const std::uint8_t* data, std::size_t size);

// Aborts with a message, which libFuzzer reports with the input.
void require(bool condition, const std::string& what);

// A session obeys the rules of ServerSession and has the same output for any cuts and any reply buffer. `normal`
// removes what may differ.
void check_session(const SessionFactory& sessions, const FuzzedStream& stream,
                   const std::function<std::string(std::string)>& normal = {});

// A client that has sent `requests` counts the same replies and finds the same fault for any cuts.
void check_client(ClientProtocol& client, const FuzzedStream& stream, int requests);

}  // namespace fanin
