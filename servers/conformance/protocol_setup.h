#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "protocols/registry.h"

namespace fanin::conformance {

// How the suite uses a protocol: what both ends are told, and how much it may ask of it. A value.
struct ProtocolSetup {
  std::vector<std::string> server_options;
  ClientProtocolOptions client_options;
  // What a request may carry.
  std::size_t shortest_payload = 1;
  std::size_t longest_payload = std::size_t{1} << 30;
  // Requests in one burst whose replies go through the buffers many times.
  std::size_t burst = 4000;
  // A reply is about as long as its request, so that all replies to a flood of requests can be read.
  bool balanced = true;
  // What one connection says reaches the others, and one that does not read is sent away.
  bool broadcasts = false;
  // The server opens descriptors of its own, for what it replies.
  bool opens_descriptors = false;
};

// The defaults where nothing else is known of the protocol. Throws std::system_error where a file that the server is to
// serve cannot be written.
ProtocolSetup setup_of(std::string_view protocol);

}  // namespace fanin::conformance
