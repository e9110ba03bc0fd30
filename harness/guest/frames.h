#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fanin::guest {

// What the guest of `fanin kernels` says to the host.
enum class FrameType : std::uint16_t {
  kHello = 1,       // JSON: {"release","version","page_bytes"}
  kCatalogue,       // fanin-server list --json
  kCheck,           // decimal: the clock's ns between the markers around the self-check
  kServerMaps,      // /proc/PID/maps, as are the generator's
  kGeneratorMaps,   //
  kLoad,            // fanin-load's JSON
  kServerCounters,  // fanin-server's last line
  kMemory,          // JSON: texts of /proc files before the cell, with its connections, and after it
  kError,           // a sentence: why the cell failed
  kSymbols,         // /proc/kallsyms
  kRun,             // run.json
  kBye,             // the last frame
};

// The cell of a frame that belongs to none.
inline constexpr std::uint32_t kNoCell = UINT32_MAX;

struct Frame {
  FrameType type;
  std::uint32_t cell;  // its number in the plan
  std::string bytes;
};

// A frame on its way: "FANINFRM", then type, cell, length, and the CRC-32 of these three and the bytes, each 4 bytes,
// little-endian, then the bytes.
std::string encode_frame(FrameType type, std::uint32_t cell, std::string_view bytes);

struct ParsedFrames {
  std::vector<Frame> frames;  // those before the first that is damaged
  std::string damage;         // where and how; empty: all frames are whole
};

// The frames of a stream. A stream that ends within a frame is damaged.
ParsedFrames parse_frames(std::string_view stream);

}  // namespace fanin::guest
