#pragma once

#include <cstdint>

namespace fanin::ledger {

// Marks a point of a program for the QEMU plugin that counts its instructions (`fanin kernels`).
enum class Marker : std::uint8_t {
  kReply = 1,       // the generator has completed a request
  kCellBegins = 2,  // the guest's init begins a cell
  kCellEnds = 3,
  kCheckBegins = 4,  // the guest's init reads the clock right after this one, and right before the next
  kCheckEnds = 5,
};

// A marker is `nopl displacement(%rax,%rax,1)`: eight bytes, of which the last four are this number plus the marker's.
inline constexpr std::uint32_t kMarkerBase = 0x0fa41700;

// Executes the marker's no-op, one instruction. Other architectures than x86-64 have no ledger and no marker.
template <Marker kMarker>
[[gnu::always_inline]] inline void mark() noexcept {
#if defined(__x86_64__)
  // Written as bytes, since assemblers choose the encoding of a no-op.
  asm volatile(".byte 0x0f, 0x1f, 0x84, 0x00\n\t.long %c0" : : "i"(kMarkerBase + static_cast<std::uint32_t>(kMarker)));
#endif
}

}  // namespace fanin::ledger
