#pragma once

#include <string>

#include "protocols/registry.h"

namespace fanin {

// The body of a request as the options ask for it, and how much of its front is a stamp (none for a fixed text).
struct Payload {
  std::string text;
  std::size_t stamp = 0;
};

// Raw bytes, as an echo takes them.
Payload make_payload(const ClientProtocolOptions& options);

// One line ending in a newline, for the protocols that answer line by line. Throws std::invalid_argument for a text
// with a newline inside.
Payload make_line_payload(const ClientProtocolOptions& options);

char to_upper(char c) noexcept;
std::string to_upper(std::string text);

}  // namespace fanin
