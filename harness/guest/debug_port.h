#pragma once

#include <cstdint>
#include <string_view>

#include "harness/guest/frames.h"

namespace fanin::guest {

// Sends a frame to QEMU's debug console, port 0xe9. A child does it, since the right to do so (iopl) would cost each
// context switch of whatever inherits it 132 instructions. Returns false with errno where there is no such right.
bool send_frame(FrameType type, std::uint32_t cell, std::string_view bytes);

}  // namespace fanin::guest
