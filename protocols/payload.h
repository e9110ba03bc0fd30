#pragma once

#include <string>

namespace fanin {

struct ClientProtocolOptions;

// The body of a request, and the length of the stamp at its front (0 for a fixed text).
struct Payload {
  std::string text;
  std::size_t stamp = 0;
};

// Raw bytes, as for echo.
Payload make_payload(const ClientProtocolOptions& options);

// One line with its newline, for line protocols. Throws std::invalid_argument for a text with an inner newline.
Payload make_line_payload(const ClientProtocolOptions& options);

char to_upper(char c) noexcept;
std::string to_upper(std::string text);

}  // namespace fanin
