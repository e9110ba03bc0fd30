#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "protocols/options.h"

namespace fanin::conformance {

// How the suite uses a protocol: options of both ends, and limits. A value.
struct ProtocolSetup {
  std::vector<std::string> server_options;
  ClientProtocolOptions client_options;
  // Allowed sizes of a payload.
  std::size_t shortest_payload = 1;
  std::size_t longest_payload = std::size_t{1} << 30;
  // Requests per burst, enough to fill the buffers many times.
  std::size_t burst = 4000;
  // Replies are about as long as their requests, so that all replies to a flood can be read.
  bool balanced = true;
  // Input of one connection reaches the others, and a connection that does not read is closed.
  bool broadcasts = false;
  // The server opens descriptors for its replies.
  bool opens_descriptors = false;
};

// The setup of a protocol, or the defaults. Throws std::system_error if a file to serve cannot be written.
ProtocolSetup make_setup(std::string_view protocol);

}  // namespace fanin::conformance
