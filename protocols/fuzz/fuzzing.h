#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "protocols/client_protocol.h"
#include "protocols/registry.h"

namespace fanin {

// What a fuzz target makes of its input: first how the stream is cut and buffered, then the stream itself. The choices
// are at the end, so that a seed is a plain file that anybody can read and write.
struct FuzzedStream {
  std::string_view whole;
  std::vector<std::string_view> parts;  // `whole`, cut
  std::size_t limit = 1;                // of the reply buffer
  std::uint8_t choice = 0;              // free for the target
};

FuzzedStream fuzzed_stream(const std::uint8_t* data, std::size_t size);

// Aborts with a message, which libFuzzer reports with the input that led to it.
void require(bool condition, const std::string& what);

// A session keeps to the rules of ServerSession and says the same however the stream is cut and however small the
// reply buffer is. `normal` takes out of the replies what may differ.
void check_session(const SessionFactory& sessions, const FuzzedStream& stream,
                   const std::function<std::string(std::string)>& normal = {});

// A client that has sent `requests` counts the same replies and finds the same fault however the stream is cut.
void check_client(ClientProtocol& client, const FuzzedStream& stream, int requests);

}  // namespace fanin
